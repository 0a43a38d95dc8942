"""Back-off of a destination after a temporary failure."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from change_events.delivery.event_age import span

if TYPE_CHECKING:
    from change_events.journal import Standing

FIRST, LONGEST = 15.0, 300.0


def wait_after(failures: int, asked: float | None) -> float:
    """Return the seconds until the next attempt.

    Args:
        failures: number of failed flushes in a row before this one.
        asked: wait requested by the backend. It is used as is at first, and as the minimum from the second failure on:
            a backend that always answers "in a second" must not be tried by every run.

    Returns:
        15 s, doubled with each failure up to 5 min, minus a random part of up to a half, so that many machines do not
        retry at the same time.
    """
    if asked is not None and failures == 0:
        return asked
    ceiling = min(LONGEST, FIRST * (1 << min(failures, 10)))
    chance = int.from_bytes(os.urandom(4)) / 2**32
    return max(asked or 0.0, ceiling * (1 - chance / 2))


def left_alone(standing: Standing, now: float) -> str:
    """Return the state of a failing destination at ``now`` (seconds since 1970), as a clause."""
    if standing.asked:
        until = datetime.fromtimestamp(now + standing.asked, UTC)
        return f"waiting until {until:%Y-%m-%d %H:%M:%S} UTC as requested by the backend ({standing.reason})"
    wait = f"next retry in {span(standing.wait)}, " if standing.wait else ""
    times = "once" if standing.failures == 1 else f"{standing.failures} times in a row"
    return f"{wait}it has failed {times} ({standing.reason})"
