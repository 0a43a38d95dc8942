"""Times and durations as users write them: ``2h``, ``14:05``, ``2026-11-24``, ``2026-11-24T14:00+01:00``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from datetime import tzinfo

_DURATION = lazy_pattern(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_CLOCK = lazy_pattern(r"([01]?\d|2[0-3]):([0-5]\d)")
_EPOCH = lazy_pattern(r"@(\d+(?:\.\d+)?)")
_MINUTE, _HOUR = 60, 3_600
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def parse_moment(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Parse a time, and return it in UTC.

    Args:
        text: an age relative to ``now``; a time of day, the last one before ``now`` in local time; an
            ISO 8601 date or time (local without a zone); or ``@`` and seconds since 1970, as ``date +@%s``
            prints them.
        now: the current time, in UTC.
        zone: the local time zone; None for that of the machine.

    Raises:
        ValueError, OverflowError: the text has none of these forms, or is too long ago for a date.
    """
    text = text.strip()
    if (seconds := _seconds(text)) is not None:
        return now - timedelta(seconds=seconds)
    if epoch := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(float(epoch[1]), UTC)
    if clock := _CLOCK.fullmatch(text):
        return _last_at(int(clock[1]), int(clock[2]), now, zone)
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _last_at(hour: int, minute: int, now: datetime, zone: tzinfo | None) -> datetime:
    """Return when the local clock last showed this time, by the UTC offset of that day."""
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)  # of that day
        if found <= now:
            return found
    return found


def parse_duration(text: str) -> float:
    """Parse a duration (``90s``, ``2h``, ``1d``) to seconds. Raises ValueError."""
    seconds = _seconds(text.strip())
    if seconds is None:
        raise ValueError(text)
    return seconds


def _seconds(text: str) -> float | None:
    found = _DURATION.fullmatch(text)
    return float(found[1]) * _UNITS[found[2]] if found else None


def short_duration(seconds: float) -> str:
    """Return a duration in its largest unit: ``40 s``, ``12 min``, ``5 h``, ``3 d``; never below zero."""
    seconds = max(0.0, seconds)
    for unit, size, most in (("s", 1, 60), ("min", 60, 3_600), ("h", 3_600, 2 * 86_400)):
        if seconds < most:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 86_400)} d"


def lasted(seconds: float) -> str:
    """Return a duration in full: ``0.4 s``, ``12 s``, ``2 min 05 s``, ``1 h 03 min``; never below zero."""
    seconds = max(0.0, seconds)  # the clock may have been set back
    if seconds < 10:  # noqa: PLR2004 - below ten seconds the tenths matter
        return f"{seconds:.1f} s"
    if round(seconds) < _MINUTE:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _UNITS['m']} min {whole % _UNITS['m']:02d} s"
    return f"{whole // _UNITS['h']} h {whole % _UNITS['h'] // _UNITS['m']:02d} min"
