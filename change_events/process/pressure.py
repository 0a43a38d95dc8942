"""How much longer things take because the machine is busy."""

from __future__ import annotations

import threading
from pathlib import Path

MOST = 5.0


def stretch(thread: int | None = None) -> float:
    """How many times as long as on an idle machine one of our threads takes: 1.0 to 5.0.

    From the scheduler's own figures of the thread: the time in which it ran, and the time in which it could have run
    and had to wait (https://docs.kernel.org/scheduler/sched-stats.html, ``/proc/<pid>/schedstat``). 1.0 where the
    system does not say.

    Args:
        thread: native id of a thread of this process; the calling one's without.
    """
    number = thread or threading.get_native_id()
    try:
        ran, waited, _ = map(int, Path(f"/proc/self/task/{number}/schedstat").read_text("ascii").split())
    except (OSError, ValueError):
        return 1.0
    return min(MOST, 1 + waited / ran) if ran else 1.0
