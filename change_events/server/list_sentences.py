"""The sentence above a list: number, selection and period of events, and the number of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.server import times
from change_events.server.filters import Filters, moment_of, phrase
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from change_events.journal.records import Figures
    from change_events.server.page import PageRequest
    from change_events.server.rows import EventRow

_WRONG = ("failed", "partial", "unknown", "running")


def sentence(figures: Figures, filters: Filters, request: PageRequest) -> str:
    """Return e.g. `4,118 events in prod since 1 November: 31 failed, 9 partial`.

    Beyond the count limit: `More than 5,000 events; of the newest 5,000: 31 failed`.
    """
    number = f"{'More than ' if figures.more else ''}{figures.events:,}"
    wrong = "" if filters.outcome else ", ".join(_wrong(figures.outcomes))
    head = f"{number} {described(filters, request, one=figures.events == 1 and not figures.more)}"
    return f"{head}{_newest(figures)}: {wrong}" if wrong else head


def _newest(figures: Figures) -> str:
    """Return which events are counted if there are more."""
    return f"; of the newest {figures.events:,}" if figures.more else ""


def described(filters: Filters, request: PageRequest, *, one: bool = False) -> str:
    """Return e.g. `failed events in prod since 1 November`."""
    before: list[str] = []
    after: list[str] = []
    for name, text in filters.given():
        if name in ("since", "until"):
            after.append(f"{name} {_moment(text, request)}")
        else:
            words = phrase(name, text)
            (before if words.before_noun else after).append(words.text)
    return " ".join([*before, "event" if one else "events", *after])


def _moment(text: str, request: PageRequest) -> str:
    """Return a date for the start of a day, otherwise date and time."""
    moment = moment_of(text, request)
    local = moment.astimezone(request.zone)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return times.date(moment, request)
    shown = times.short(moment, request)
    return f"{shown}:{local:%S}" if local.second else shown


def _wrong(outcomes: dict[str, int]) -> Iterator[str]:
    return (f"{outcomes[name]:,} {name}" for name in _WRONG if outcomes.get(name))


def page_words(rows: list[EventRow]) -> str:
    """Return e.g. `This page has 100, from 03:16 back to Sun 22 Nov, 21:04`."""
    if len(rows) == 1:
        return f"This page has one, of {rows[0].when}."
    return f"Newest first. This page has {len(rows)}, from {rows[0].when} back to {rows[-1].when}."


def day_words(figures: Figures) -> str:
    """Return e.g. `96 events, 2 failed`, or `more than 1,000 events; of the newest 1,000: 2 failed`."""
    head = f"{figures.events:,} event{'' if figures.events == 1 else 's'}"
    if figures.more:
        wrong = ", ".join(_wrong(figures.outcomes))
        return f"more than {head}{_newest(figures)}: {wrong}" if wrong else f"more than {head}"
    return ", ".join([head, *_wrong(figures.outcomes)])


def rows_words(rows: Iterable[EventRow]) -> str:
    """Return e.g. `96 events, 2 failed, 6 with signals`, for a day that is completely on the page."""
    found = list(rows)
    outcomes: dict[str, int] = {}
    for row in found:
        outcomes[row.look.word] = outcomes.get(row.look.word, 0) + 1
    risky = sum(1 for row in found if row.signals)
    parts = [number_of(len(found), "event"), *_wrong(outcomes)]
    return ", ".join([*parts, f"{risky} with signals"] if risky else parts)
