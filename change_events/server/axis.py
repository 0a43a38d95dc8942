"""The axis of a timeline: round times in the reader's zone, the current time, and the selected time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.server.page import PageRequest
    from change_events.server.windows import Window

_STEPS = tuple(timedelta(minutes=minutes) for minutes in (
    1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 7 * 1_440, 14 * 1_440, 30 * 1_440, 60 * 1_440
))  # fmt: skip
_MOST = 9
_DAY = timedelta(days=1)
_ROOM = 6  # width of a label in percent
_ROOM_OF_NOW = 9.5  # plus half of the preceding label


class Tick(NamedTuple):
    """A line, and its label if there is room; ``half`` if a phone has no room for it."""

    x: float
    words: str
    half: bool


class Axis(NamedTuple):
    """Positions in percent; None for times outside of the window."""

    ticks: Sequence[Tick]
    now: float | None
    now_words: str
    moment: float | None
    moment_words: str


def axis(window: Window, moment: datetime | None, request: PageRequest) -> Axis:
    """Return the axis of a window.

    Args:
        window: the window.
        moment: the selected time.
        request: the request, for the zone.
    """
    picked = round(window.share(moment), 2) if moment and window.start <= moment <= window.end else None
    now = 100.0 if window.is_now else None
    last = 100 - (_ROOM_OF_NOW if window.is_now else _ROOM / 2)
    ticks = []
    for number, (at, words) in enumerate(_ticks(window, request)):
        x = round(window.share(at), 2)
        is_free = _ROOM / 2 < x < last and (picked is None or abs(x - picked) > _ROOM)
        ticks.append(Tick(x, words if is_free else "", half=number % 2 == 1))
    return Axis(ticks, now, _clock(request.now, request), picked, _clock(moment, request) if moment else "")


def _ticks(window: Window, request: PageRequest) -> Iterator[tuple[datetime, str]]:
    """Yield multiples of a step since the reader's midnight; days by calendar, since their lengths differ."""
    step = next((step for step in _STEPS if window.width / step <= _MOST), _STEPS[-1])
    day = window.start.astimezone(request.zone).date()
    while (midnight := datetime.combine(day, time(), request.zone).astimezone(UTC)) < window.end:
        if step >= _DAY:
            if midnight > window.start and day.toordinal() % (step // _DAY) == 0:
                yield midnight, f"{day:%a} {day.day} {day:%b}"
        else:
            yield from _of_day(midnight, step, window, request)
        day += _DAY


def _of_day(
    midnight: datetime, step: timedelta, window: Window, request: PageRequest
) -> Iterator[tuple[datetime, str]]:
    for number in range(_DAY // step):
        at = midnight + number * step
        if window.start < at < window.end:
            local = at.astimezone(request.zone)
            is_day = number == 0 and step >= timedelta(hours=3)
            yield at, f"{local:%a} {local.day}" if is_day else f"{local:%H:%M}"


def _clock(moment: datetime, request: PageRequest) -> str:
    return f"{moment.astimezone(request.zone):%H:%M}"
