"""The timeline: changes in a window of time, in lanes, and those to read first."""

from __future__ import annotations

from datetime import UTC
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.server import times, urls
from change_events.server.axis import axis
from change_events.server.figures import figures_of, looks_into_bodies
from change_events.server.filters import ADDED, NAMES, MomentError, query_for, read_filters
from change_events.server.histogram import histogram
from change_events.server.look_first import look_first
from change_events.server.page import Page
from change_events.server.parameters import ParameterError, check_parameters
from change_events.server.rows import event_row
from change_events.server.running_in import counted_with, running_in
from change_events.server.timeline_lanes import BY, MOST_READ, Asked, lanes
from change_events.server.timeline_sentences import title, under
from change_events.server.windows import WindowError, moment_in_reach, window_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.journal import Query, Record
    from change_events.journal.records import Figures
    from change_events.report.visible import Verbatim
    from change_events.server.page import PageRequest
    from change_events.server.rows import EventRow

ROWS = 50
READ = 300
"""Events whose body is read, for signals and causes."""

_COUNTED = 100_000
_ID = 64  # characters
_YES = "yes"
_PARAMETERS = (
    *("window", "from", "to", "at", "lanes", "plans", "all", "before", ADDED),
    *(name for name in NAMES if name not in ("since", "until")),
)


class Moves(NamedTuple):
    """Links to other windows: ``later`` is empty if this one ends now."""

    earlier: Verbatim
    now: Verbatim
    later: Verbatim | str
    closer: Verbatim
    wider: Verbatim


class Day(NamedTuple):
    """Rows of one day; ``name`` is empty if all are of today."""

    name: str
    rows: Sequence[EventRow]


class Chip(NamedTuple):
    """A filter in use, and this view without it."""

    name: str
    text: str
    href: Verbatim


class Choice(NamedTuple):
    """A link in a row of choices."""

    words: str
    href: Verbatim
    current: bool


def build(source: Source, request: PageRequest) -> Page:
    """Return the page. Raises JournalError."""
    try:
        return _Timeline(source, request).page()
    except (WindowError, MomentError, ParameterError) as error:
        context = {"title": "This window cannot be shown", "text": str(error), "link": urls.page("timeline")}
        return Page("error.html", context, 400)


class _Timeline:
    """One view of the events."""

    def __init__(self, source: Source, request: PageRequest) -> None:
        self.source = source
        self.request = request
        check_parameters(request, _PARAMETERS)
        self.filters = read_filters(request.query).having(since="", until="")
        self.plans = _flag(request, "plans")
        self.all_lanes = _flag(request, "all")
        self.by = request.query.get("lanes") or BY[0]
        if self.by not in BY:
            raise WindowError(f"{self.by!r} cannot be shown by itself; expected {', '.join(BY)}")
        self.everything = query_for(self.filters, request, 0)
        if not self.plans and not self.filters.phase:
            self.everything = msgspec.structs.replace(self.everything, phase="applied")
        self.window = window_of(source, self.everything, request)
        self.query = msgspec.structs.replace(self.everything, since=self.window.start, until=self.window.until)
        self.moment = self._moment()
        self.earlier: list[Record] = []

    def page(self) -> Page:
        """Return the page."""
        figures, records = self._read()
        is_whole = figures.events <= MOST_READ
        self.earlier = running_in(self.source, self.everything, self.window.start)
        figures = counted_with(figures, self.earlier)
        if is_whole:
            records += self.earlier
        rows = [event_row(record, self.request) for record in records[:READ]]
        looks = look_first(self.source, records[: len(rows)], rows, self.request)
        looks = looks._replace(more=looks.more or len(rows) < figures.events)
        asked = Asked(
            self.source, self.query, self.filters, self.window, self.request, self.by, all_lanes=self.all_lanes
        )
        listed, more = self._rows(records, rows)
        last, newest = self._outside() if not figures.events else (None, None)
        by_event = {(record.id, record.teams): row for record, row in zip(records, rows, strict=False)}
        context = {
            "title": title(figures, self.filters, self.window, looks, self.request),
            "current": "timeline",
            "searched": self.filters.text,
            "under": under(figures, rows),
            "looks": looks.first,
            "chips": [Chip(name, text, self.href(without=name)) for name, text in self.filters.given()],
            "windows": self._windows(),
            "moves": self._moves(),
            "label": self.window.label(self.request),
            "by": [Choice(name, self.href(lanes=name), name == self.by) for name in BY],
            "phases": self._phases(),
            "histogram": histogram(self.source, self.everything, self.window, self.request, self._between),
            "axis": axis(self.window, self.moment, self.request),
            "lanes": lanes(asked, records, self.earlier, by_event, figures.events),
            "all_lanes": self.href(all=_YES),
            "rows": listed,
            "days": list(_days(listed, self.request)),
            "more": self.href(before=listed[-1].id) + "#in-window" if more and listed else "",
            "before": self.request.query.get("before", ""),
            "suspects": urls.suspects(before=(self.moment or self.window.end).isoformat()),
            "suspects_at": times.short(self.moment or self.window.end, self.request),
            "filters": self.filters,
            "last": last,
            "newest": newest,
            "start": _milliseconds(self.window.start),
            "end": _milliseconds(self.window.end),
            "now": _milliseconds(self.request.now),
        }
        return Page("timeline.html", context)

    def href(self, *, without: str = "", **changed: str) -> Verbatim:
        """Return the URL of this view with changes; empty values are removed."""
        kept = {name: self.request.query.get(name, "") for name in ("from", "to", "window", "lanes", "plans", "at")}
        filters = dict(self.filters.having(**{without: ""}).given()) if without else dict(self.filters.given())
        return urls.page("timeline", **{**kept, **filters, **changed})

    def _read(self) -> tuple[Figures, list[Record]]:
        """Return the counts of the window, and its newest events (all if they are few)."""
        if (
            looks_into_bodies(self.query) and not self.request.several_teams
        ):  # otherwise one event may have several records
            records = list(self.source.list(self._limited(MOST_READ + 1)))
            if len(records) <= MOST_READ:
                return figures_of(records), records
        figures = self.source.figures(self.query, most=_COUNTED)
        return figures, list(self.source.list(self._limited(MOST_READ if figures.events <= MOST_READ else READ)))

    def _moment(self) -> datetime | None:
        text = self.request.query.get("at", "").strip()
        return moment_in_reach(text, self.request) if text else None

    def _limited(self, limit: int, before: str | None = None) -> Query:
        return msgspec.structs.replace(self.query, limit=limit, before=before)

    def _rows(self, records: Sequence[Record], rows: Sequence[EventRow]) -> tuple[Sequence[EventRow], bool]:
        """Return the rows below the chart, and whether there are more."""
        if before := self.request.query.get("before", "")[:_ID]:
            ids = [record.id for record in self.earlier]
            after = self.earlier[ids.index(before) + 1 :] if before in ids else self.earlier
            found = [*self.source.list(self._limited(ROWS + 1, before)), *after]
            return [event_row(record, self.request) for record in found[:ROWS]], len(found) > ROWS
        return rows[:ROWS], len(records) > ROWS

    def _windows(self) -> list[Choice]:
        to = "" if self.window.is_now else self.request.query.get("to", "") or self.window.end.isoformat()
        return [
            Choice(words, self.href(**{"window": name, "to": to, "from": ""}), name == self.window.name)
            for name, words in (("1h", "1 h"), ("4h", "4 h"), ("24h", "24 h"), ("7d", "7 d"), ("30d", "30 d"))
        ]

    def _moves(self) -> Moves:
        half = self.window.width / 2
        later = self.window.end + half
        name = self.window.name
        return Moves(
            earlier=self._between(self.window.start - half, self.window.end - half, name),
            now=self.href(**{"window": name or "24h", "from": "", "to": ""}),
            later="" if self.window.is_now else self._between(self.window.start + half, later, name),
            closer=self._between(self.window.start + half / 2, self.window.end - half / 2),
            wider=self._between(self.window.start - half, self.window.end + half),
        )

    def _between(self, start: datetime, end: datetime, name: str = "") -> Verbatim:
        """Return the URL of a window; one of a named width that would end in the future ends now."""
        if name and end >= self.request.now:
            return self.href(**{"window": name, "from": "", "to": ""})
        if name:
            return self.href(**{"window": name, "from": "", "to": _short(end)})
        return self.href(**{"window": "", "from": _short(start), "to": _short(min(end, self.request.now))})

    def _phases(self) -> list[Choice]:
        return [
            Choice("applied", self.href(plans=""), not self.plans),
            Choice("with plans", self.href(plans=_YES), self.plans),
        ]

    def _outside(self) -> tuple[EventRow | None, EventRow | None]:
        """Return the last change before the window, and the newest of all, with few queries."""
        newest = self._newest()
        if newest is None or newest.started_at < self.window.start:
            return newest, newest
        return self._newest(until=self.window.start), newest

    def _newest(self, until: datetime | None = None) -> EventRow | None:
        found = next(iter(self.source.list(msgspec.structs.replace(self.everything, until=until, limit=1))), None)
        return event_row(found, self.request) if found else None


def _days(rows: Sequence[EventRow], request: PageRequest) -> Iterator[Day]:
    """Yield rows by the reader's calendar; if all are of today, without a name."""
    groups = [list(group) for _, group in groupby(rows, key=lambda row: times.day(row.started_at, request))]
    is_today = len(groups) == 1 and times.day(groups[0][0].started_at, request) == times.day(request.now, request)
    for group in groups:
        yield Day("" if is_today else times.day(group[0].started_at, request), group)


def _flag(request: PageRequest, name: str) -> bool:
    """Return whether a parameter is set. Raises ParameterError."""
    if request.query.get(name, "") not in ("", _YES):
        raise ParameterError(f"`{name}` is a flag: expected `{_YES}`.")
    return bool(request.query.get(name))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _short(moment: datetime) -> str:
    """Format a time for a URL: `2026-11-24T03:30Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
