"""The window of a timeline: from its URL, or wide enough to contain events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.errors import TfeventError
from change_events.server import times
from change_events.server.filters import moment_of

if TYPE_CHECKING:
    from change_events.history.source import Source
    from change_events.journal import Query
    from change_events.server.page import PageRequest

WIDTHS = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_WORDS = {"1h": "an hour", "4h": "4 hours", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}
_ENOUGH = 5
"""Events that a window has at least where none was asked for, unless even the widest has fewer."""

_AHEAD = timedelta(minutes=1)
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC)
_NARROWEST, _WIDEST = timedelta(minutes=1), timedelta(days=400)


class WindowError(TfeventError):
    """A window cannot be shown; the text has the valid range."""


class Window(NamedTuple):
    """A period from ``start`` up to ``end``.

    Attributes:
        name: name in :data:`WIDTHS`; empty for any other width.
        is_now: it ends now, so that new events belong to it.
    """

    start: datetime
    end: datetime
    name: str
    is_now: bool

    @property
    def width(self) -> timedelta:
        """Its duration."""
        return self.end - self.start

    @property
    def until(self) -> datetime:
        """The upper limit of its events' starts: a window up to now includes clocks slightly ahead."""
        return self.end + _AHEAD if self.is_now else self.end

    def share(self, moment: datetime) -> float:
        """Return the position of a time in it, in percent."""
        return (moment - self.start) / self.width * 100

    def words(self, request: PageRequest) -> str:
        """Return e.g. `in 4 hours`, `in 4 hours up to Tue 24 Nov, 03:30`, `from Mon 23 Nov, 02:10 to 03:30`."""
        if self.name:
            return f"in {_WORDS[self.name]}" + ("" if self.is_now else f" up to {times.short(self.end, request)}")
        return f"from {times.short(self.start, request)} to {times.short(self.end, request)}"

    def label(self, request: PageRequest) -> str:
        """Return e.g. `Mon 23 Nov 23:30 to Tue 24 Nov 03:30`, without repeating an equal day."""
        start, end = (moment.astimezone(request.zone) for moment in (self.start, self.end))
        day = "" if start.date() == end.date() else f"{end:%a} {end.day} {end:%b} "
        return f"{start:%a} {start.day} {start:%b} {start:%H:%M} to {day}{end:%H:%M}"


def window_of(source: Source, query: Query, request: PageRequest) -> Window:
    """Return the window of a URL: `from` and `to`, or `window` and `to`; otherwise the narrowest with events.

    Args:
        source: the source, for the age of the newest events.
        query: the filters.
        request: the request.

    Raises:
        MomentError: a time is invalid.
        WindowError: the window is invalid or unknown.
    """
    given = {name: request.query.get(name, "").strip() for name in ("from", "to", "window")}
    end = moment_in_reach(given["to"], request) if given["to"] else request.now
    end = min(end, request.now)
    is_now = end == request.now
    if given["from"]:
        start = moment_in_reach(given["from"], request)
        if not _NARROWEST <= end - start <= _WIDEST:
            raise WindowError("a window is between a minute and 400 days long, and begins before now")
        return Window(start, end, "", is_now)
    if given["window"]:
        if given["window"] not in WIDTHS:
            raise WindowError(f"{given['window']!r} is not a window; expected {', '.join(WIDTHS)}")
        return Window(end - WIDTHS[given["window"]], end, given["window"], is_now)
    return _with_events(source, query, end, is_now=is_now)


def moment_in_reach(text: str, request: PageRequest) -> datetime:
    """Parse a time of a URL that leaves years on both sides for arithmetic.

    Raises:
        MomentError: the time is invalid.
        WindowError: the time is too early or too late.
    """
    moment = moment_of(text, request)
    if not _EARLIEST <= moment < _LATEST:
        raise WindowError(f"{text!r} is out of reach; expected a time from 1970 to 2499")
    return moment


def _with_events(source: Source, query: Query, end: datetime, *, is_now: bool) -> Window:
    wanted = msgspec.structs.replace(query, until=end if not is_now else None, limit=_ENOUGH)
    newest = [record.started_at for record in islice(source.list(wanted), _ENOUGH)]
    if newest and newest[0] < end - WIDTHS["30d"]:
        return Window(newest[0] - WIDTHS["24h"] + _NARROWEST, newest[0] + _NARROWEST, "24h", is_now=False)
    enough = newest[-1] if len(newest) == _ENOUGH else None
    for name, width in WIDTHS.items():
        if name != "1h" and ((enough and enough >= end - width) or (not newest and name == "24h")):
            return Window(end - width, end, name, is_now)
    name = "30d"
    if newest:
        name = next(name for name, width in WIDTHS.items() if newest[-1] >= end - width or name == "30d")
    return Window(end - WIDTHS[name], end, name, is_now)
