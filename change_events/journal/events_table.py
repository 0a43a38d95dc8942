"""Writes and reads events: plain functions over an open connection, inside the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.journal.event_columns import columns_of, hosts_of, search_text
from change_events.journal.listing import SELECT
from change_events.journal.records import (
    Columns,
    DeliveryState,
    DeliveryStatus,
    DestinationCounts,
    JournalCounts,
    Owed,
    RecordState,
    Stage,
    from_micros,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from change_events.model import ChangeEvent, SealedEvent

_NAMES = Columns.__struct_fields__

_INSERT = (
    f"INSERT INTO events (seq, {', '.join(_NAMES)}) VALUES (?, {', '.join('?' for _ in _NAMES)}) "  # noqa: S608  # names are ours
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _NAMES[1:])}"
)
_INSERT_BODY = (
    "INSERT INTO bodies (seq, search, body) VALUES (?, ?, ?) "
    "ON CONFLICT (seq) DO UPDATE SET search = excluded.search, body = excluded.body"
)


def put(connection: sqlite3.Connection, sealed: SealedEvent, state: RecordState, number: int | None = None) -> int:
    """Insert or replace an event; a settled event never becomes a started one again. Returns its ``seq``.

    ``number`` is the ``seq`` of a new event that does not follow the last one.
    """
    event = sealed.event
    row = connection.execute("SELECT seq, state FROM events WHERE id = ?", (event.id,)).fetchone()
    if row and row[1] == RecordState.SETTLED and state is RecordState.STARTED:
        return int(row[0])
    if number is None:  # SQLite's own choice follows the highest, which is below zero where there is only history
        (number,) = connection.execute("SELECT max(coalesce(max(seq), 0), 0) + 1 FROM events").fetchone()
    connection.execute(_INSERT, (number, *columns_of(event, state)))
    (seq,) = connection.execute("SELECT seq FROM events WHERE id = ?", (event.id,)).fetchone()
    connection.execute(_INSERT_BODY, (seq, search_text(event), sealed.body))
    connection.execute("DELETE FROM hosts WHERE seq = ?", (seq,))
    connection.executemany(
        "INSERT OR IGNORE INTO hosts (host, seq) VALUES (?, ?)", [(host, seq) for host in hosts_of(event)]
    )
    return int(seq)


def same_key(connection: sqlite3.Connection, event: ChangeEvent, since: int, until: int) -> str | None:
    """Return the ID of another event with this one's key that started between two times (microseconds)."""
    row = connection.execute(
        "SELECT id FROM events WHERE key = ? AND started_at BETWEEN ? AND ? AND id <> ? "
        "ORDER BY started_at DESC LIMIT 1",
        (event.dedup_key, since, until, event.id),
    ).fetchone()
    return row and str(row[0])


def is_settled(connection: sqlite3.Connection, event_id: str) -> bool:
    """Return whether the event exists and is settled."""
    return bool(connection.execute("SELECT 1 FROM events WHERE id = ? AND state = 'settled'", (event_id,)).fetchone())


def discard(connection: sqlite3.Connection, event_id: str) -> bool:
    """Remove a started event unless it is settled or its start was delivered; returns whether it is gone."""
    connection.execute(
        "DELETE FROM events WHERE id = ? AND state = 'started' AND NOT EXISTS "
        "(SELECT 1 FROM deliveries d WHERE d.seq = events.seq AND d.state IN ('leased', 'delivered'))",
        (event_id,),
    )
    return connection.execute("SELECT 1 FROM events WHERE id = ?", (event_id,)).fetchone() is None


def find(connection: sqlite3.Connection, prefix: str, limit: int) -> list[tuple[object, ...]]:
    """Return the rows whose ID begins with ``prefix``; only the exact ID if there is one."""
    exact = connection.execute(f"{SELECT} WHERE e.id = ?", (prefix,)).fetchall()
    if exact:
        return exact
    return connection.execute(
        f"{SELECT} WHERE e.id >= ? AND e.id < ? ORDER BY e.id LIMIT ?",
        (prefix, prefix + "\U0010ffff", limit),
    ).fetchall()


def body(connection: sqlite3.Connection, seq: int) -> bytes | None:
    """Return the event's JSON; None if it was pruned meanwhile."""
    row = connection.execute("SELECT body FROM bodies WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else bytes(row[0])


def deliveries(connection: sqlite3.Connection, seqs: Iterable[int]) -> dict[int, tuple[DeliveryStatus, ...]]:
    """Return the deliveries of these events in the order of enqueueing."""
    by_event: dict[int, list[DeliveryStatus]] = {seq: [] for seq in seqs}
    rows = connection.execute(
        "SELECT seq, destination, state, attempts, reason, next_at, stage FROM deliveries "  # noqa: S608  # only marks
        f"WHERE seq IN ({', '.join('?' for _ in by_event)}) ORDER BY position",
        tuple(by_event),
    )
    for seq, destination, state, attempts, reason, next_at, stage in rows:
        due = from_micros(int(next_at * 1_000_000)) if next_at and state == DeliveryState.WAITING else None
        by_event[seq].append(DeliveryStatus(destination, DeliveryState(state), attempts, reason, due, Stage(stage)))
    return {seq: tuple(statuses) for seq, statuses in by_event.items()}


def counts(connection: sqlite3.Connection) -> JournalCounts:
    """Return counts of the whole journal."""
    events, size, pruned, dropped = connection.execute("SELECT events, bytes, pruned, dropped FROM totals").fetchone()
    (started,) = connection.execute("SELECT count(*) FROM events WHERE state = 'started'").fetchone()
    by_name: dict[str, dict[str, int]] = {}
    for name, state, number in connection.execute(
        "SELECT destination, state, count(*) FROM deliveries GROUP BY destination, state"
    ):
        by_name.setdefault(name, {})[state] = number
    # More than the rows count: some that were dropped went with their events.
    for name, number in connection.execute("SELECT name, dropped FROM destinations WHERE dropped > 0"):
        by_name.setdefault(name, {})[DeliveryState.DROPPED] = number
    destinations = {name: DestinationCounts(**states) for name, states in by_name.items()}
    return JournalCounts(events, started, size, pruned, dropped, destinations)


def owed(connection: sqlite3.Connection) -> dict[str, Owed]:
    """Return the open deliveries by destination, without destinations that have everything."""
    by_destination: dict[str, dict[str, float]] = {}
    for name, parked, number, since in connection.execute(
        "SELECT destination, state = 'parked' AS parked, count(*), min(since) FROM deliveries "
        "WHERE state IN ('waiting', 'leased', 'parked') GROUP BY destination, parked"
    ):
        kind = "parked" if parked else "waiting"
        by_destination.setdefault(name, {}).update({kind: number, f"{kind}_since": since})
    return {name: msgspec.convert(figures, Owed) for name, figures in by_destination.items()}
