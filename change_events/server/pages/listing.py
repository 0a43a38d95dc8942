"""The list of events, newest first, a hundred per page, with the filters of the URL."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from change_events.query.selection import SEARCHED
from change_events.server import list_sentences, times, urls
from change_events.server.facets import facets
from change_events.server.figures import IN_BODIES, figures_of
from change_events.server.filters import (
    ADDED,
    FLAG,
    Filters,
    MomentError,
    moment_of,
    names_of,
    query_for,
    read_filters,
    typed_by_mistake,
)
from change_events.server.no_match import culprits
from change_events.server.page import Page
from change_events.server.parameters import ParameterError, check_parameters, refusal
from change_events.server.rows import event_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.journal.records import Figures
    from change_events.report.visible import Verbatim
    from change_events.server.page import PageRequest
    from change_events.server.rows import EventRow

EVENTS = 100
COUNTED = 5_000
_COUNTED_BODIES = 300  # if every body has to be read
_COUNTED_OF_DAY = 1_000
_ID = 64  # characters
_MISTAKES = 5


class Slice(NamedTuple):
    """The events of a page, and whether there are older and newer ones."""

    records: list[Record]
    newer: bool
    older: bool


class Day(NamedTuple):
    """The events of one day on the page, and the number of all events of the day."""

    name: str
    words: str
    rows: list[EventRow]


class Chip(NamedTuple):
    """A filter in use, and the list without it."""

    name: str
    text: str
    href: Verbatim


def build(source: Source, request: PageRequest) -> Page:
    """Return the page. Raises JournalError."""
    filters = read_filters(request.query)
    names = names_of(source)
    try:
        _check(names, filters, request)
        found = _slice(source, filters, request)
    except ParameterError as error:
        return refusal(error, urls.events())
    except MomentError as error:
        return Page("error.html", {"title": "This time cannot be read", "text": str(error), "link": urls.events()}, 400)
    figures = _figures(source, filters, request, found)
    rows = [event_row(record, request) for record in found.records]
    context = {
        "title": list_sentences.sentence(figures, filters, request) if figures.events else _none(filters, request),
        "current": "list",
        "searched": filters.text,
        "filters": filters,
        "chips": list(_chips(filters)),
        "any_events": bool(figures.events),
        "absent": "" if rows else _absent(source, request),
        "days": list(_days(source, filters, request, found, rows)),
        "page_words": list_sentences.page_words(rows) if rows else "",
        "facets": facets(figures, filters, rows),
        "facets_of": f"of the newest {figures.events:,}" if figures.more else "",
        "culprits": culprits(source, filters, request) if not figures.events else [],
        "newer": urls.events(filters, after=rows[0].id) if rows and found.newer else "",
        "older": urls.events(filters, before=rows[-1].id) if rows and found.older else "",
        "older_than": rows[-1].when if rows else "",
        "note": _note(source, filters, request, figures),
        "mistakes": list(typed_by_mistake(request.query))[:_MISTAKES],
        "names": ", ".join(names),
    }
    return Page("list.html", context)


def _check(names: Sequence[str], filters: Filters, request: PageRequest) -> None:
    """Raise ParameterError or MomentError for an invalid URL."""
    check_parameters(request, (*names, ADDED, "before", "after"))
    if request.query.get("undelivered", FLAG) not in ("", FLAG):
        raise ParameterError(f"`undelivered` is a flag: expected `{FLAG}`.")
    if not (filters.since and filters.until):
        return
    if moment_of(filters.since, request) >= moment_of(filters.until, request):
        raise MomentError(f"since {filters.since!r} is not before until {filters.until!r}: nothing is in between.")


def _slice(source: Source, filters: Filters, request: PageRequest) -> Slice:
    before, after = (request.query.get(name, "")[:_ID] or None for name in ("before", "after"))
    if after:
        found = list(source.list(query_for(filters, request, EVENTS + 1, after=after)))
        if len(found) > EVENTS:
            return Slice(found[1:], newer=True, older=True)
        before = None  # the newest page is complete
    found = list(source.list(query_for(filters, request, EVENTS + 1, before=before)))
    return Slice(found[:EVENTS], newer=bool(before), older=len(found) > EVENTS)


def _absent(source: Source, request: PageRequest) -> str:
    """Return why a page that begins at an event is empty."""
    before = request.query.get("before", "")[:_ID]
    if before and (found := source.get(before)) and found.id == before:
        return "There is nothing older than the event that this address begins with."
    return (
        f"The event that this address begins with is not in this {source.called}, or not among what may be read of it: "
        "it was removed, or never there."
    )


def _figures(source: Source, filters: Filters, request: PageRequest, found: Slice) -> Figures:
    """Return the counts of the whole list; without a query if the newest page has all of it."""
    is_first = not (request.query.get("before") or request.query.get("after"))
    if is_first and not found.older and not request.several_teams:  # otherwise one event may have several rows
        return figures_of(found.records)
    if is_first and not found.records:
        return figures_of(())
    most = _COUNTED_BODIES if any(getattr(filters, name) for name in IN_BODIES) else COUNTED
    return source.figures(query_for(filters, request, 1), most=most)


def _none(filters: Filters, request: PageRequest) -> str:
    return f"No {list_sentences.described(filters, request, one=True)}" if filters else "No events yet"


def _chips(filters: Filters) -> Iterator[Chip]:
    for name, text in filters.given():
        yield Chip(name, text, urls.events(filters.having(**{name: ""})))


def _days(source: Source, filters: Filters, request: PageRequest, found: Slice, rows: list[EventRow]) -> Iterator[Day]:
    """Yield days by the reader's calendar; the source counts a day that continues beyond the page."""
    groups = [list(group) for _, group in groupby(rows, key=lambda row: _date(row, request))]
    for place, group in enumerate(groups):
        is_cut = (place == 0 and found.newer) or (place == len(groups) - 1 and found.older)
        words = _cut_day(source, filters, request, group[0]) if is_cut else list_sentences.rows_words(group)
        yield Day(times.day(group[0].started_at, request), words, group)


def _date(row: EventRow, request: PageRequest) -> object:
    return row.started_at.astimezone(request.zone).date()


def _cut_day(source: Source, filters: Filters, request: PageRequest, row: EventRow) -> str:
    day = row.started_at.astimezone(request.zone).date()
    start, end = (datetime.combine(one, time(), request.zone) for one in (day, day + timedelta(days=1)))
    if filters.since:
        start = max(start, moment_of(filters.since, request))
    if filters.until:
        end = min(end, moment_of(filters.until, request))
    of_day = filters.having(since=start.isoformat(), until=end.isoformat())
    figures = source.figures(query_for(of_day, request, 1), most=_COUNTED_OF_DAY)
    return list_sentences.day_words(figures)


def _note(source: Source, filters: Filters, request: PageRequest, figures: Figures) -> str:
    """Return how far back a text was searched if not all events were."""
    if not filters.text or figures.more:
        return ""
    oldest = source.searched_since(query_for(filters, request, 1))
    if oldest is None:
        return ""
    return (
        f"Only the newest {SEARCHED:,} events were searched; `since` a date before {oldest:%Y-%m-%d} searches others."
    )
