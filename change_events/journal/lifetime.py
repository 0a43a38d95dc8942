"""How long the journal has been in use: a measure of age that no wrong clock can leap over.

Ages decide what is given up. By the wall clock, one run on a machine whose clock is years ahead (or was years behind:
no battery, no network yet) would make all that waits too old at once. So what is counted is the time between one write
and the next, a day at most each: a leap counts as a day, a clock that goes back as nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

DAY = 86_400.0


def advance(connection: sqlite3.Connection, now: float) -> float:
    """The journal's age in seconds, brought forward to ``now`` (seconds since 1970)."""
    lived, seen_at = connection.execute("SELECT lived, seen_at FROM totals").fetchone()
    step = min(max(0.0, now - seen_at), DAY) if seen_at else 0.0
    connection.execute("UPDATE totals SET lived = ?, seen_at = ?", (lived + step, now))
    return float(lived + step)
