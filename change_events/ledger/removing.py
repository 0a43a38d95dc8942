"""Prunes a ledger month by month, so that writers and readers wait only briefly."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from change_events.ledger.cutting import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import psycopg

OTHER = "other"
"""What stands for the events outside the months."""
PATIENCE = 120.0
"""Seconds in which a step is tried again while others use what it removes."""
_SECONDS = 600.0  # time limit of a step
_WAIT, _LONGEST_WAIT = 0.1, 1.0  # seconds to wait for a lock, which blocks others: initial and maximum
_PAUSE = 3  # pause before a retry, as a multiple of the wait
_THINGS = 2_000  # per step


def prune(connection: psycopg.Connection, before: date) -> Iterator[tuple[str, int]]:
    """Remove the months that end before a day, the oldest first, each in its own transaction.

    Args:
        connection: autocommit connection of a user with the role tfevent_retention.
        before: the day, not in the future.

    Yields:
        Each month removed by this call, with the number of its events; then ``other``.

    Raises:
        psycopg.Error: the user lacks the right, the day is in the future, or a month is in use for too long. Months
            yielded before have been removed.
    """
    with bounded(connection, _SECONDS):
        found = connection.execute("SELECT month FROM tfevent.prune(%s, true)", (before,)).fetchall()
    for (month,) in found:
        if month != OTHER:
            number = _step(connection, "SELECT tfevent.prune_month(%s::date)", f"{month}-01")
            if number is not None:
                yield month, number
    yield OTHER, _step(connection, "SELECT tfevent.prune_others(%s)", before)
    last: int | None = 0
    while last is not None:
        last = _step(connection, "SELECT tfevent.prune_things(%s, %s)", last, _THINGS)


def _step(connection: psycopg.Connection, statement: str, *values: Any) -> Any:
    """Return the result of a function that waits briefly for its locks, retried until it gets them."""
    import psycopg

    until, wait = time.monotonic() + PATIENCE, _WAIT
    while True:
        try:
            with bounded(connection, _SECONDS):
                connection.execute(f"SET LOCAL lock_timeout = {round(wait * 1_000)}".encode())
                row = connection.execute(statement.encode(), values).fetchone()
                return row[0] if row else None
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if time.monotonic() > until:
                raise
        time.sleep(_PAUSE * wait)
        wait = min(wait * 1.5, _LONGEST_WAIT)
