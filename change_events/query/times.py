"""Parses times and durations as users write them, with error messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from change_events.text.times import parse_duration, parse_moment

_AHEAD = timedelta(minutes=5)  # tolerated clock difference of another machine


def moment(text: str) -> datetime:
    """Parse an age relative to now, a time of day, or an ISO 8601 date or time (local).

    Raises:
        ValueError: the text is none of these; the message lists the formats.
    """
    try:
        return parse_moment(text, datetime.now(UTC))
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time; expected an age (90m, 2h, 3d, 1w), a time of day (14:05) or a timestamp such as "
            "2026-11-24T14:00"
        ) from None


def check_past(at: datetime, now: datetime) -> None:
    """Raise ValueError for a future time, apart from clock differences."""
    if at > now + _AHEAD:
        local = f"{at.astimezone():%Y-%m-%d %H:%M:%S %z}"
        raise ValueError(f"{local} is in the future: expected an age such as 20m, or a time before now")


def duration(text: str) -> timedelta:
    """Parse a duration.

    Raises:
        ValueError: it is none, or zero; the message lists the formats.
    """
    try:
        found = timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        found = timedelta()
    if not found:
        raise ValueError(f"{text!r} is not a duration; expected a number and a unit (90m, 2h, 3d, 1w)")
    return found
