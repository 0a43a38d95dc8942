"""Facets of a list: filters with the number of events for each value."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from change_events.server import urls
from change_events.server.rows import outcome_look
from change_events.server.signal_views import gravest_first
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from change_events.journal.records import Figures
    from change_events.report.visible import Verbatim
    from change_events.server.filters import Filters
    from change_events.server.rows import EventRow
    from change_events.server.signal_views import SignalView

_MOST = 8
_OUTCOMES = ("failed", "partial", "unknown", "running", "cancelled", "declined", "succeeded", "no_change")


class Choice(NamedTuple):
    """One value: ``href`` adds the filter, or removes it if ``current``; ``icon`` is empty for none."""

    words: str
    number: str
    href: Verbatim
    icon: str
    current: bool


class Facet(NamedTuple):
    """One filter and its values, at most :data:`_MOST`."""

    title: str
    choices: list[Choice]


def facets(figures: Figures, filters: Filters, rows: Iterable[EventRow]) -> list[Facet]:
    """Return the facets with a choice of values, or in use."""
    columns = (
        ("Kind", "kind", figures.kinds),
        ("Environment", "environment", figures.environments),
        ("Service", "service", figures.services),
        ("Tool", "tool", figures.tools),
    )
    found = [_outcomes(figures, filters), _signals(filters, rows)]
    found += [Facet(title, list(_choices(name, values, filters))) for title, name, values in columns]
    return [one for one in found if len(one.choices) > 1 or any(choice.current for choice in one.choices)]


def _outcomes(figures: Figures, filters: Filters) -> Facet:
    known = [name for name in _OUTCOMES if name in figures.outcomes]
    return Facet(
        "Outcome",
        [
            _choice(filters, "outcome", name, figures.outcomes[name], look.word, icon=look.icon)
            for name in known
            if (look := outcome_look(name))
        ],
    )


def _signals(filters: Filters, rows: Iterable[EventRow]) -> Facet:
    """Return the facet of signals, counted on the page alone, since no column has them."""
    shown: list[SignalView] = [one for row in rows for one in row.signals]
    counted = Counter(one.name for one in shown)
    tones = {one.name: one for one in reversed(gravest_first(shown))}
    choices = [
        _choice(filters, "signal", name, number, tones[name].words, icon=tones[name].tone)
        for name, number in counted.most_common(_MOST)
    ]
    return Facet("Signals on this page", choices)


def _choices(name: str, values: Mapping[str, int], filters: Filters) -> Iterator[Choice]:
    for value, number in sorted(values.items(), key=lambda item: (-item[1], item[0]))[:_MOST]:
        yield _choice(filters, name, value, number, one_line(value, 60) or "(empty)")


def _choice(filters: Filters, name: str, value: str, number: int, words: str, *, icon: str = "") -> Choice:
    current = getattr(filters, name) == value
    href = urls.events(filters.having(**{name: "" if current else value}))
    return Choice(words, f"{number:,}", href, icon, current)
