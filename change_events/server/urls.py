"""Every address of the server's pages: links are made here and nowhere else."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from change_events.report.visible import Verbatim
from change_events.server.filters import LONGEST, Filters

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUTES = {
    "timeline": "/",
    "list": "/list",
    "event": "/event/{id}",
    "event_json": "/event/{id}.json",
    "thing": "/thing",
    "suspects": "/suspects",
    "stacks": "/stacks",
    "atom": "/feed.atom",
    "json_feed": "/feed.json",
    "static": "/static/{name}",
}
"""Page → path; what is in braces is a variable of the path."""

ALL = Filters()
_ID = 64  # characters


def page(name: str, **query: str | None) -> Verbatim:
    """A page with these parameters; empty ones are left out."""
    return _with(ROUTES[name], ((key, value) for key, value in query.items() if value))


def events(filters: Filters = ALL, *, before: str = "", after: str = "") -> Verbatim:
    """A page of the list."""
    return _with(ROUTES["list"], [*filters.given(), *_given(before=before, after=after)])


@lru_cache(maxsize=1_000)
def filtered(**filters: str) -> Verbatim:
    """The list with these filters and no others."""
    return events(Filters(**filters))


def event(event_id: str, *, team: str = "") -> Verbatim:
    """The page of an event, as a team has recorded it."""
    return _with(_of_event("event", event_id), _given(team=team))


def event_json(event_id: str, *, team: str = "") -> Verbatim:
    """The event itself, as JSON."""
    return _with(_of_event("event_json", event_id), _given(team=team))


def _of_event(name: str, event_id: str) -> str:
    return ROUTES[name].format(id=quote(event_id[:_ID], safe="", errors="replace"))


def thing(at: str, *, until: str = "", team: str = "") -> Verbatim:
    """What changed a resource or a host; ``until`` is the cursor of an older page, ``team`` whose it is."""
    return page("thing", at=at, until=until, team=team)


def suspects(before: str = "", **scope: str | None) -> Verbatim:
    """What changed before a moment."""
    return page("suspects", before=before, **scope)


def atom(filters: Filters = ALL) -> Verbatim:
    """The Atom feed of a list."""
    return _with(ROUTES["atom"], filters.given())


def atom_of(**filters: str) -> Verbatim:
    """The Atom feed of the list with these filters and no others."""
    return atom(Filters(**filters))


def json_feed(filters: Filters = ALL) -> Verbatim:
    """The JSON Feed of a list."""
    return _with(ROUTES["json_feed"], filters.given())


def static(name: str) -> Verbatim:
    """A style sheet or the script."""
    return Verbatim(ROUTES["static"].format(name=quote(name, safe="")))


def _given(**query: str) -> Iterable[tuple[str, str]]:
    return ((key, value) for key, value in query.items() if value)


def _with(path: str, query: Iterable[tuple[str, str]]) -> Verbatim:
    text = urlencode([(name, value[:LONGEST]) for name, value in query], errors="replace")
    return Verbatim(f"{path}?{text}" if text else path)
