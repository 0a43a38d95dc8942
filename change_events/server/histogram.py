"""A histogram over a longer time than the window, drawn as one path, with the window and links to days."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.journal.counting import Count
from change_events.server import times
from change_events.server.figures import looks_into_bodies, without_bodies
from change_events.server.running_in import running_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from change_events.history.source import Source
    from change_events.journal import Query
    from change_events.report.visible import Verbatim
    from change_events.server.page import PageRequest
    from change_events.server.windows import Window

BINS = 144
BODIES = 10_000
"""Events that are looked at for a text, a person, a tag or a signal, of which a journal has no index."""

HEIGHT = 44
_WINDOWS = 16  # width of the histogram in windows
_MOST_DAYS = 480
_LOOKED_AT = 50  # events before it
_STEPS = ((21, 1), (150, 7), (_MOST_DAYS, 30))  # (largest number of days, days per link)
_NAME, _NUMBER = 7, 2.5  # widths of labels in percent
_BAD = ("failed", "partial", "unknown")


class Mark(NamedTuple):
    """A bin with failures or severe signals: position in percent and pixels; ``signal`` adds a triangle."""

    x: float
    y: float
    width: float
    height: float
    signal: bool
    top: float


class DayLink(NamedTuple):
    """A day, or the first of several; ``words`` is its label, empty without room."""

    x: float
    width: float
    words: str
    name: str
    href: Verbatim


class Histogram(NamedTuple):
    """The drawing.

    Attributes:
        label: description of its range.
        path: SVG path of all bins, in a box of :data:`BINS` by :data:`HEIGHT`.
        brush: start and width of the window, in percent.
        now: position of the current time in percent.
        start, end: in milliseconds since 1970, for the script.
    """

    label: str
    path: str
    marks: Sequence[Mark]
    days: Sequence[DayLink]
    brush: tuple[float, float]
    now: float
    start: int
    end: int


def histogram(
    source: Source, query: Query, window: Window, request: PageRequest, href: Callable[[datetime, datetime], Verbatim]
) -> Histogram:
    """Return the histogram around a window: events by start, including those that lasted into its range.

    Args:
        source: the source.
        query: the filters.
        window: the window.
        request: the request, for days in the reader's zone.
        href: returns the URL of a window.
    """
    first, last, days = _range(window, request)
    width = (last - first) / BINS
    width = timedelta(microseconds=math.ceil(width / timedelta(microseconds=1)))
    skipped = _skipped(source, msgspec.structs.replace(query, since=first, until=last), window, width)
    counted = _counted(source, query, (first, last), width, skipped)
    totals: Counter[int] = Counter()
    for found in counted:
        totals[found.span] += found.number
    most = max(totals.values(), default=1)
    number = totals.total()

    def x(moment: datetime) -> float:
        return round((moment - first) / (last - first) * 100, 2)

    return Histogram(
        label=f"{days} days, {number:,} change{'' if number == 1 else 's'}"
        + (f", counted since {times.short(first + skipped * width, request)}" if skipped else ""),
        path="".join(_bar(span, _height(count, most)) for span, count in sorted(totals.items())),
        marks=list(_marks(counted, totals, most)),
        days=[
            DayLink(x(start), round(x(end) - x(start), 2), words, name, href(start, min(end, request.now)))
            for start, end, words, name in _days(first, last, days, request)
        ],
        brush=(max(0.0, x(window.start)), round(min(100.0, x(window.end)) - max(0.0, x(window.start)), 2)),
        now=x(request.now),
        start=round(first.timestamp() * 1000),
        end=round(last.timestamp() * 1000),
    )


def _counted(
    source: Source, query: Query, between: tuple[datetime, datetime], width: timedelta, skipped: int
) -> Sequence[Count]:
    """Return the counts, without ``skipped`` spans at the beginning."""
    first, last = between
    start = first + skipped * width
    by = ("outcome", "severity")
    found = source.counted(msgspec.structs.replace(query, since=start, until=last), by=by, width=width)
    if skipped:
        return [one._replace(span=one.span + skipped) for one in found]
    earlier = running_in(source, query, first, most=_LOOKED_AT)
    return [*found, *(Count(0, (record.outcome, record.severity), 1) for record in earlier)]


def _skipped(source: Source, query: Query, window: Window, width: timedelta) -> int:
    """Return how many spans to skip since too many bodies would be read; spans of the window are never skipped."""
    if not (source.called == "journal" and looks_into_bodies(query) and query.since):
        return 0
    number = 0
    for one in reversed(source.counted(without_bodies(query), width=width)):
        number += one.number
        if number > BODIES:
            return max(0, min(one.span + 1, (window.start - query.since) // width))
    return 0


def _range(window: Window, request: PageRequest) -> tuple[datetime, datetime, int]:
    """Return the start of a day, the end of a day, in UTC, and the number of days."""
    days = min(_MOST_DAYS, max(3, math.ceil(window.width * _WINDOWS / timedelta(days=1))))
    end = window.end.astimezone(request.zone).date()
    today = request.now.astimezone(request.zone).date()
    last = min(today, end + timedelta(days=days // 8))  # room after the window, up to today
    last = max(last, end)
    return _midnight(last - timedelta(days=days - 1), request), _midnight(last + timedelta(days=1), request), days


def _midnight(day: object, request: PageRequest) -> datetime:
    return datetime.combine(day, time(), request.zone).astimezone(UTC)  # type: ignore[arg-type]  # a date


def _height(count: int, most: int) -> int:
    return max(3, round(count / most * (HEIGHT - 6)))


def _bar(span: int, height: int) -> str:
    return f"M{span} {HEIGHT}v-{height}h.8v{height}z"


def _marks(counted: Sequence[Count], totals: Counter[int], most: int) -> Iterator[Mark]:
    bad: Counter[int] = Counter()
    grave = set()
    for found in counted:
        outcome, severity = found.values
        if outcome in _BAD:
            bad[found.span] += found.number
        elif severity == "error":
            grave.add(found.span)
    for span in sorted({*bad, *grave}):
        height = _height(bad[span], most) if bad[span] else 0
        top = HEIGHT - _height(totals[span], most) - 7
        yield Mark(
            round(span / BINS * 100, 2), HEIGHT - height, round(0.8 / BINS * 100, 2), height, span in grave, max(0, top)
        )


def _days(
    first: datetime, last: datetime, days: int, request: PageRequest
) -> Iterator[tuple[datetime, datetime, str, str]]:
    """Yield start, end, label if there is room, and name of each day or group of days."""
    step = next(step for most, step in _STEPS if days <= most)
    day = first.astimezone(request.zone).date()
    room = 100 / math.ceil(days / step)
    month = 0
    while (start := _midnight(day, request)) < last:
        end = min(_midnight(day + timedelta(days=step), request), last)
        dated = f"{day.day} {day:%b}"
        name = f"{day:%a} {dated}" if step == 1 else dated
        number = str(day.day) if day.month == month else dated  # otherwise the month would be unclear
        yield start, end, name if room > _NAME else number if room > _NUMBER else "", name
        month = day.month
        day += timedelta(days=step)
