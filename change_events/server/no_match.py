"""Explains an empty list: the filter that excludes all events, the number without it, and near matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Kind, Outcome, Phase
from change_events.query.selection import RUNNING
from change_events.server import urls
from change_events.server.filters import Filters, query_for
from change_events.signals.names import NAMES
from change_events.text.near_names import near_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.history.source import Source
    from change_events.report.visible import Verbatim
    from change_events.server.page import PageRequest

_COUNTED = 1_000
_KNOWN = 2_000
_ADDRESSES = 20_000
_NEAR = 4
_LIKE = 0.5
_FIXED = {
    "outcome": (*(one.value for one in Outcome), RUNNING),
    "kind": tuple(one.value for one in Kind),
    "phase": tuple(one.value for one in Phase),
    "signal": NAMES,
}


class Near(NamedTuple):
    """A near match, and the list with it."""

    name: str
    href: Verbatim


class Without(NamedTuple):
    """The number of events without one filter."""

    name: str
    number: str
    href: Verbatim
    near: list[Near]


def culprits(source: Source, filters: Filters, request: PageRequest) -> list[Without]:
    """Return the filters without which there are events; none if several exclude them all."""
    found = []
    for name, text in filters.given():
        rest = filters.having(**{name: ""})
        figures = source.figures(query_for(rest, request, 1), most=_COUNTED)
        if figures.events:
            number = f"{'more than ' if figures.more else ''}{figures.events:,}"
            near = [Near(one, urls.events(filters.having(**{name: one}))) for one in _near(source, name, text)]
            found.append(Without(name, number, urls.events(rest), near))
    return found


def _near(source: Source, name: str, text: str) -> Sequence[str]:
    known: Sequence[str] = _FIXED.get(name, ())
    if name in ("environment", "service", "tool"):
        known = source.values_of(name, limit=_KNOWN)
    elif name in ("host", "address"):
        known = source.addresses(limit=_ADDRESSES)
    others = [one for one in known if one != text]
    return near_names(text, others, most=_NEAR, cutoff=_LIKE)
