"""Removing what is old, month by month, so that nobody who records or reads waits long."""

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
_SECONDS = 600.0  # that a step may take
_WAIT, _LONGEST_WAIT = 0.1, 1.0  # seconds for a lock, during which others wait behind it: first, and after many tries
_PAUSE = 3  # so many times as long is nothing asked before the next try
_THINGS = 2_000  # of a step


def prune(connection: psycopg.Connection, before: date) -> Iterator[tuple[str, int]]:
    """Remove the months that end before a day, the oldest first; each is a transaction of its own.

    Args:
        connection: of a user with the role tfevent_retention; one that commits by itself.
        before: the day; not one to come.

    Yields:
        Each month that has been removed by this call, with the number of its events; then ``other``.

    Raises:
        psycopg.Error: this user may not, the day is one to come, or others use a month for too long. What was given
            before is removed.
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
    """What a function gives that waits shortly for its locks, again until it gets them."""
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
