"""Age limits: many backends refuse or silently drop events that are too old or in the future."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.destinations.base import Limits
    from change_events.model import ChangeEvent

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def out_of_time(event: ChangeEvent, limits: Limits, now: float) -> str | None:
    """Return why the event cannot be sent any more, or not yet, as a clause; None if it can.

    Args:
        event: its end time is used, or its start time if it has none.
        limits: limits of the backend.
        now: seconds since 1970.
    """
    moment = event.ended_at or event.started_at
    age = now - moment.timestamp()
    shown_time = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if limits.max_age is not None and age > limits.max_age:
        return f"it takes events of the last {span(limits.max_age)} only, and this one is of {shown_time}"
    if limits.max_ahead is not None and -age > limits.max_ahead:
        return (
            f"it takes events up to {span(limits.max_ahead)} ahead, and this one is of {shown_time}; "
            "set this machine's clock, then `tfevent events flush --parked`"
        )
    return None


def span(seconds: float) -> str:
    """Return a duration in the largest suitable unit: ``18 hours``."""
    for size, name in _UNITS:
        number = int(seconds // size)
        if number > 1 or (number == 1 and seconds % size == 0):
            return f"{number} {name}" + ("s" if number > 1 else "")
    return "1 second" if seconds >= 1 else "less than a second"
