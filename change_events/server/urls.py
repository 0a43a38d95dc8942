"""All URLs of the server's pages; links are created only here."""

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
    """Return the URL of a page with these parameters; empty ones are omitted."""
    return _with(ROUTES[name], ((key, value) for key, value in query.items() if value))


def events(filters: Filters = ALL, *, before: str = "", after: str = "") -> Verbatim:
    """Return the URL of a page of the list."""
    return _with(ROUTES["list"], [*filters.given(), *_given(before=before, after=after)])


@lru_cache(maxsize=1_000)
def filtered(**filters: str) -> Verbatim:
    """Return the URL of the list with only these filters."""
    return events(Filters(**filters))


def event(event_id: str, *, team: str = "") -> Verbatim:
    """Return the URL of an event, as recorded by a team."""
    return _with(_of_event("event", event_id), _given(team=team))


def event_json(event_id: str, *, team: str = "") -> Verbatim:
    """Return the URL of an event as JSON."""
    return _with(_of_event("event_json", event_id), _given(team=team))


def _of_event(name: str, event_id: str) -> str:
    return ROUTES[name].format(id=quote(event_id[:_ID], safe="", errors="replace"))


def thing(at: str, *, until: str = "", team: str = "") -> Verbatim:
    """Return the URL of a resource or host; ``until``: cursor of an older page, ``team``: its team."""
    return page("thing", at=at, until=until, team=team)


def suspects(before: str = "", **scope: str | None) -> Verbatim:
    """Return the URL of the suspects before a time."""
    return page("suspects", before=before, **scope)


def atom(filters: Filters = ALL) -> Verbatim:
    """Return the URL of the Atom feed of a list."""
    return _with(ROUTES["atom"], filters.given())


def atom_of(**filters: str) -> Verbatim:
    """Return the URL of the Atom feed of the list with only these filters."""
    return atom(Filters(**filters))


def json_feed(filters: Filters = ALL) -> Verbatim:
    """Return the URL of the JSON Feed of a list."""
    return _with(ROUTES["json_feed"], filters.given())


def static(name: str) -> Verbatim:
    """Return the URL of a static file."""
    return Verbatim(ROUTES["static"].format(name=quote(name, safe="")))


def _given(**query: str) -> Iterable[tuple[str, str]]:
    return ((key, value) for key, value in query.items() if value)


def _with(path: str, query: Iterable[tuple[str, str]]) -> Verbatim:
    text = urlencode([(name, value[:LONGEST]) for name, value in query], errors="replace")
    return Verbatim(f"{path}?{text}" if text else path)
