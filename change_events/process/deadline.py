"""When to stop waiting, where that may be brought nearer by someone else."""

from __future__ import annotations

import time


class Deadline:
    """When to stop waiting; it can be brought nearer from another thread, while someone waits.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def hasten(self, seconds: float) -> None:
        """Be over in so many seconds at the latest."""
        self._end = min(self._end, time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds until it is over; negative once it is."""
        return self._end - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no one waits any more."""
        return self.left() <= 0
