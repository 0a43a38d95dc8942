"""A destination's rate limit: a token bucket that never exceeds the backend's limit in any period.

The usual bucket of ``n`` tokens, refilled at ``n`` per period, allows nearly twice as many in its first period. This
one holds a tenth of them and is refilled with the rest, so that any period has at most ``n`` requests.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.destinations.base import Rate

_BURST = 10  # one in so many may come at once


class RateLimiter:
    """Decides when the next request may be made; always, without a rate.

    Args:
        rate: the backend's limit.
        clock: seconds, monotonic.
    """

    def __init__(self, rate: Rate | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        burst = 1 + rate.requests // _BURST if rate else 1
        self._interval = rate.seconds / (rate.requests - burst + 1) if rate else 0.0
        self._slack = (burst - 1) * self._interval
        self._busy_until = 0.0

    def wait(self) -> float:
        """Return the seconds until a request may be made; 0 for now."""
        return max(0.0, self.busy() - self._slack) if self.rate else 0.0

    def spend(self) -> None:
        """Count a request made now."""
        self._busy_until = max(self._busy_until, self._clock()) + self._interval

    def busy(self) -> float:
        """Return the seconds until all counted requests are forgotten."""
        return max(0.0, self._busy_until - self._clock())

    def learn(self, busy: float) -> None:
        """Take over the count of another flush; more than a full bucket means that the clock was set."""
        most = self._slack + self._interval
        self._busy_until = max(self._busy_until, self._clock() + min(busy, most))

    def words(self) -> str:
        """The rate as a clause."""
        if self.rate is None:
            return "no rate limit"
        plural = "" if self.rate.requests == 1 else "s"
        return f"rate limit reached: {self.rate.requests} request{plural} per {self.rate.seconds:g} s"
