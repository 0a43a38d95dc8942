"""How each destination is doing, across runs and processes: one row each, inside the caller's transaction.

The row is the memory of a circuit breaker: a destination whose turn ended in a failure that may pass is left alone
until ``due_at``, longer from failure to failure; until ``asked_until`` because it asked for that itself. It also
remembers until when earlier requests count against the destination's rate, and how many of its deliveries the caps have
dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

_STEP = 60.0  # seconds by which clocks are corrected in passing


class Row(NamedTuple):
    """What is remembered of one destination."""

    failures: int = 0
    failed_at: float = 0.0
    due_at: float = 0.0
    reason: str = ""
    busy_until: float = 0.0
    asked_until: float = 0.0

    def asked(self, now: float) -> float:
        """Seconds for which it has asked to be left alone."""
        return self.asked_until - now if is_running(self.failed_at, self.asked_until, now) else 0.0

    def wait(self, now: float) -> float:
        """Seconds for which it is still left alone."""
        return self.due_at - now if is_running(self.failed_at, self.due_at, now) else 0.0


def is_running(begun: float, end: float, now: float) -> bool:
    """Whether a period of the wall clock still runs. A clock that was set back to before it began ends it."""
    return begun - _STEP <= now < end


def read(connection: sqlite3.Connection, name: str) -> Row:
    """What is remembered of this destination."""
    row = connection.execute(
        "SELECT failures, failed_at, due_at, coalesce(reason, ''), busy_until, asked_until FROM destinations "
        "WHERE name = ?",
        (name,),
    ).fetchone()
    return Row(*row) if row else Row()


class Failure(NamedTuple):
    """A turn that ended in a failure that may pass: when, until when it is left alone and has asked for it, and why."""

    now: float
    due_at: float
    asked_until: float
    reason: str


def failed(connection: sqlite3.Connection, name: str, failure: Failure) -> int:
    """Leave it alone. Returns how many turns in a row have failed."""
    _touch(connection, name)
    connection.execute(
        "UPDATE destinations SET failures = failures + 1, failed_at = ?, due_at = ?, asked_until = ?, reason = ? "
        "WHERE name = ?",
        (*failure, name),
    )
    return read(connection, name).failures


def answered(connection: sqlite3.Connection, name: str) -> None:
    """It works: whatever it answered, it was no failure that may pass."""
    connection.execute(
        "UPDATE destinations SET failures = 0, due_at = 0, asked_until = 0, reason = NULL "
        "WHERE name = ? AND failures > 0",
        (name,),
    )


def may_be_asked(connection: sqlite3.Connection, name: str) -> None:
    """A person has mended something: what it asked for before does not count any more."""
    connection.execute("UPDATE destinations SET asked_until = 0 WHERE name = ?", (name,))


def keep_pace(connection: sqlite3.Connection, name: str, busy_until: float) -> None:
    """Until ``busy_until``, requests made by now count against its rate."""
    _touch(connection, name)
    connection.execute("UPDATE destinations SET busy_until = ? WHERE name = ?", (busy_until, name))


def count_dropped(connection: sqlite3.Connection, name: str, number: int) -> None:
    """So many of its deliveries were given up."""
    _touch(connection, name)
    connection.execute("UPDATE destinations SET dropped = dropped + ? WHERE name = ?", (number, name))


def _touch(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT INTO destinations (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
