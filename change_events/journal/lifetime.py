"""The time of use of the journal: a measure of age that is immune to wrong clocks.

Ages decide what is dropped. By the wall clock, one run on a machine whose clock is years ahead (or was years behind: no
battery, no network yet) would make everything too old at once. So the times between writes are added up, at most a day
each: a jump counts as a day, a clock set back as nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

DAY = 86_400.0


def advance(connection: sqlite3.Connection, now: float) -> float:
    """Return the journal's age in seconds, advanced to ``now`` (seconds since 1970)."""
    lived, seen_at = connection.execute("SELECT lived, seen_at FROM totals").fetchone()
    step = min(max(0.0, now - seen_at), DAY) if seen_at else 0.0
    connection.execute("UPDATE totals SET lived = ?, seen_at = ?", (lived + step, now))
    return float(lived + step)
