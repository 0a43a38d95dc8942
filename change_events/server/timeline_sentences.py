"""The sentence above the timeline: number and selection of changes, and how many to read first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.server.filters import Filters, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.journal.records import Figures
    from change_events.server.look_first import Looks
    from change_events.server.page import PageRequest
    from change_events.server.rows import EventRow
    from change_events.server.windows import Window

_NUMBERS = ("no", "one", "two", "three")
_WRONG = {"failed": "failed", "partial": "partial", "unknown": "unknown", "running": "running now"}


class Part(NamedTuple):
    """A part of the line below the sentence."""

    words: str
    strong: bool


def title(figures: Figures, filters: Filters, window: Window, looks: Looks, request: PageRequest) -> str:
    """Return e.g. `14 changes in 4 hours, three worth a look first`; `…, 7 worth a look: the gravest three first`."""
    before, after = _described(filters)
    number = f"{'More than ' if figures.more else ''}{figures.events:,}" if figures.events else "No"
    noun = "change" if figures.events == 1 and not figures.more else "changes"
    head = " ".join([number, *before, noun, window.words(request)])
    return ", ".join([head, *after, *([_worth(looks)] if looks.first else [])])


def _worth(looks: Looks) -> str:
    least = "at least " if looks.more else ""
    if looks.number == len(looks.first):
        return f"{least}{_NUMBERS[looks.number]} worth a look first"
    return f"{least}{looks.number} worth a look: the gravest {_NUMBERS[len(looks.first)]} first"


def under(figures: Figures, rows: Sequence[EventRow]) -> list[Part]:
    """Return e.g. `1 failed, 1 partial, 1 unknown, 1 running now; 5 carry signals`."""
    parts = [
        Part(f"{figures.outcomes[name]:,} {words}", strong=True)
        for name, words in _WRONG.items()
        if figures.outcomes.get(name)
    ]
    with_signals = sum(1 for row in rows if row.signals)
    if with_signals:
        of = f" of the newest {len(rows)}" if len(rows) < figures.events else ""
        parts.append(
            Part(f"{with_signals}{of} carr{'ies a signal' if with_signals == 1 else 'y signals'}", strong=False)
        )
    return parts


def _described(filters: Filters) -> tuple[list[str], list[str]]:
    words = [phrase(name, text) for name, text in filters.given()]
    return [one.text for one in words if one.before_noun], [one.text for one in words if not one.before_noun]


def filter_names(filters: Filters) -> Iterator[tuple[str, str, Filters]]:
    """Yield each filter in use: name, value, and the filters without it."""
    return ((name, text, filters.having(**{name: ""})) for name, text in filters.given())
