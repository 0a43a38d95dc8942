"""Two stages of one event at a destination: that it has started, and how it ended.

A started stage that has not arrived when the event is settled is superseded: the settled one says all of it, and the
row goes away. One that is being sent at that moment keeps its place at the head, so that the settled one behind it
comes second; where it then turns out not to have arrived, it goes away too.

There is no copy of the started event: as long as it is open, it is what the journal holds.
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
    """Whether the event has not been settled."""
    return connection.execute("SELECT 1 FROM events WHERE seq = ? AND state = 'started'", (seq,)).fetchone() is not None


def begun(connection: sqlite3.Connection, seq: int) -> list[str]:
    """Destinations to which the start was delivered, is being, or may have been: the end is delivered there as well."""
    rows = connection.execute(
        "SELECT destination FROM deliveries WHERE seq = ? AND stage = 'started' AND state IN ('leased', 'delivered') "
        "ORDER BY position",
        (seq,),
    )
    return [str(name) for (name,) in rows]


def supersede(connection: sqlite3.Connection, seq: int) -> None:
    """The event is settled: what of its start has not been sent is not sent any more."""
    connection.execute(f"DELETE FROM deliveries WHERE seq = ? AND {_OPEN} AND state <> 'leased'", (seq,))  # noqa: S608  # a constant of ours


def drop_overtaken(connection: sqlite3.Connection, name: str, now: float) -> None:
    """What was being sent to ``name`` when its event was settled, by someone who does not send it any more."""
    rows = connection.execute(_OVERTAKEN, (name,)).fetchall()
    gone = [
        (position,)
        for position, state, leased_at, lease_until in rows
        if state != "leased" or not destination_health.is_running(leased_at, lease_until, now)
    ]
    connection.executemany("DELETE FROM deliveries WHERE position = ?", gone)


def drop_if_overtaken(connection: sqlite3.Connection, position: int) -> None:
    """The same, of one row that is leased no longer."""
    connection.execute(
        f"DELETE FROM deliveries WHERE position = ? AND {_OPEN} AND state <> 'leased' AND {_SETTLED}",  # noqa: S608  # constants of ours
        (position,),
    )


def handle_of(connection: sqlite3.Connection, event_id: str, name: str) -> str | None:
    """The backend's own name of what this event's start became at destination ``name``."""
    row = connection.execute(
        "SELECT d.handle FROM deliveries d JOIN events e ON e.seq = d.seq "
        "WHERE e.id = ? AND d.destination = ? AND d.stage = 'started'",
        (event_id, name),
    ).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def keep_handles(connection: sqlite3.Connection, handles: Mapping[int, str]) -> None:
    """The backend's own names of what starts became there, by position, for the settled stages."""
    connection.executemany(
        "UPDATE deliveries SET handle = ? WHERE position = ? AND stage = 'started'",
        [(handle, position) for position, handle in handles.items()],
    )
