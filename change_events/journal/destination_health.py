"""The health of each destination across runs and processes: one row each, inside the caller's transaction.

The row is a circuit breaker: after a flush that ended in a temporary failure, the destination backs off until
``due_at``, longer with each failure, and until ``asked_until`` at its own request. The row also has the time until
which earlier requests count against the rate limit, and the number of dropped deliveries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

_STEP = 60.0  # seconds by which clocks are corrected in passing


class Row(NamedTuple):
    """The stored health of one destination."""

    failures: int = 0
    failed_at: float = 0.0
    due_at: float = 0.0
    reason: str = ""
    busy_until: float = 0.0
    asked_until: float = 0.0

    def asked(self, now: float) -> float:
        """Remaining seconds of back-off at its own request."""
        return self.asked_until - now if is_running(self.failed_at, self.asked_until, now) else 0.0

    def wait(self, now: float) -> float:
        """Remaining seconds of back-off."""
        return self.due_at - now if is_running(self.failed_at, self.due_at, now) else 0.0


def is_running(begun: float, end: float, now: float) -> bool:
    """Return whether a period of the wall clock still runs. A clock set back to before its start ends it."""
    return begun - _STEP <= now < end


def read(connection: sqlite3.Connection, name: str) -> Row:
    """Return the health of this destination."""
    row = connection.execute(
        "SELECT failures, failed_at, due_at, coalesce(reason, ''), busy_until, asked_until FROM destinations "
        "WHERE name = ?",
        (name,),
    ).fetchone()
    return Row(*row) if row else Row()


class Failure(NamedTuple):
    """A flush that ended in a temporary failure: when, back-off, requested wait, and reason."""

    now: float
    due_at: float
    asked_until: float
    reason: str


def failed(connection: sqlite3.Connection, name: str, failure: Failure) -> int:
    """Record a failure. Returns the number of failed flushes in a row."""
    _touch(connection, name)
    connection.execute(
        "UPDATE destinations SET failures = failures + 1, failed_at = ?, due_at = ?, asked_until = ?, reason = ? "
        "WHERE name = ?",
        (*failure, name),
    )
    return read(connection, name).failures


def answered(connection: sqlite3.Connection, name: str) -> None:
    """Record that it works: its answer was not a temporary failure."""
    connection.execute(
        "UPDATE destinations SET failures = 0, due_at = 0, asked_until = 0, reason = NULL "
        "WHERE name = ? AND failures > 0",
        (name,),
    )


def may_be_asked(connection: sqlite3.Connection, name: str) -> None:
    """Discard requested waits, since the user has fixed the cause."""
    connection.execute("UPDATE destinations SET asked_until = 0 WHERE name = ?", (name,))


def keep_pace(connection: sqlite3.Connection, name: str, busy_until: float) -> None:
    """Record that requests so far count against its rate until ``busy_until``."""
    _touch(connection, name)
    connection.execute("UPDATE destinations SET busy_until = ? WHERE name = ?", (busy_until, name))


def count_dropped(connection: sqlite3.Connection, name: str, number: int) -> None:
    """Count dropped deliveries."""
    _touch(connection, name)
    connection.execute("UPDATE destinations SET dropped = dropped + ? WHERE name = ?", (number, name))


def _touch(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT INTO destinations (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
