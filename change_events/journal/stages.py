"""The two stages of one event at a destination: its start and its end.

A started stage that is not delivered when the event is settled is superseded and removed: the settled one includes it.
A stage being sent at that moment keeps its place at the head, so that the settled one comes second; if it turns out not
to be delivered, it is removed too.

There is no copy of the started event: while it is open, it is the journal's event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.journal import destination_health

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

_OPEN = "stage = 'started' AND state IN ('waiting', 'leased', 'parked')"
_SETTLED = "seq IN (SELECT e.seq FROM events e WHERE e.state = 'settled')"
_OVERTAKEN = (
    "SELECT d.position, d.state, d.leased_at, d.lease_until FROM deliveries d JOIN events e ON e.seq = d.seq "
    "WHERE d.destination = ? AND d.stage = 'started' AND d.state IN ('waiting', 'leased', 'parked') "
    "AND e.state = 'settled'"
)


def is_open(connection: sqlite3.Connection, seq: int) -> bool:
    """Return whether the event is not settled."""
    return connection.execute("SELECT 1 FROM events WHERE seq = ? AND state = 'started'", (seq,)).fetchone() is not None


def begun(connection: sqlite3.Connection, seq: int) -> list[str]:
    """Return the destinations to which the start was, is being or may have been delivered: the end is delivered too."""
    rows = connection.execute(
        "SELECT destination FROM deliveries WHERE seq = ? AND stage = 'started' AND state IN ('leased', 'delivered') "
        "ORDER BY position",
        (seq,),
    )
    return [str(name) for (name,) in rows]


def supersede(connection: sqlite3.Connection, seq: int) -> None:
    """Remove the unsent started stages of a settled event."""
    connection.execute(f"DELETE FROM deliveries WHERE seq = ? AND {_OPEN} AND state <> 'leased'", (seq,))  # noqa: S608  # a constant of ours


def drop_overtaken(connection: sqlite3.Connection, name: str, now: float) -> None:
    """Remove a started stage to ``name`` that was being sent when its event was settled, if its sender is gone."""
    rows = connection.execute(_OVERTAKEN, (name,)).fetchall()
    gone = [
        (position,)
        for position, state, leased_at, lease_until in rows
        if state != "leased" or not destination_health.is_running(leased_at, lease_until, now)
    ]
    connection.executemany("DELETE FROM deliveries WHERE position = ?", gone)


def drop_if_overtaken(connection: sqlite3.Connection, position: int) -> None:
    """The same for one row that is no longer leased."""
    connection.execute(
        f"DELETE FROM deliveries WHERE position = ? AND {_OPEN} AND state <> 'leased' AND {_SETTLED}",  # noqa: S608  # constants of ours
        (position,),
    )


def handle_of(connection: sqlite3.Connection, event_id: str, name: str) -> str | None:
    """Return the backend's ID of this event's start at destination ``name``."""
    row = connection.execute(
        "SELECT d.handle FROM deliveries d JOIN events e ON e.seq = d.seq "
        "WHERE e.id = ? AND d.destination = ? AND d.stage = 'started'",
        (event_id, name),
    ).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def keep_handles(connection: sqlite3.Connection, handles: Mapping[int, str]) -> None:
    """Store the backend's IDs of starts, by position, for the settled stages."""
    connection.executemany(
        "UPDATE deliveries SET handle = ? WHERE position = ? AND stage = 'started'",
        [(handle, position) for position, handle in handles.items()],
    )
