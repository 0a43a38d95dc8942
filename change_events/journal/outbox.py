"""The outbox: which event goes where, in what order, and how far it has come.

A destination gets its events in the order in which they were settled. Its oldest open row decides: while that
one is leased by another process or not due yet, nothing behind it is handed out. A parked row is not open and
holds nobody up. A lease ends by itself, so a killed process holds a destination up for seconds, and its event
is sent again with the same id.

Times are seconds of the wall clock, because processes share them; a lease or a due time further ahead than
any we write (the clock was set back) does not count.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from change_events.journal.records import Delivery, DeliveryState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

MAX_LEASE = 3_600.0
MAX_WAIT = 86_400.0

_OPEN = (
    "SELECT d.position, d.state, d.attempts, d.next_at, d.lease_until, e.id, b.body "
    "FROM deliveries d JOIN events e ON e.seq = d.seq JOIN bodies b ON b.seq = d.seq "
    "WHERE d.destination = ? AND d.state IN ('waiting', 'leased') ORDER BY d.position LIMIT ?"
)


def enqueue(connection: sqlite3.Connection, seq: int, destinations: Iterable[str]) -> None:
    """One waiting delivery per destination; one that exists already stays as it is."""
    connection.executemany(
        "INSERT INTO deliveries (seq, destination, state) VALUES (?, ?, 'waiting') "
        "ON CONFLICT (seq, destination) DO NOTHING",
        [(seq, name) for name in dict.fromkeys(destinations)],
    )


class Terms(msgspec.Struct, frozen=True):
    """How much to claim per destination, for how many seconds, and whether also what is not due yet."""

    limit: int
    lease: float
    force: bool = False


def claim(connection: sqlite3.Connection, names: Sequence[str], terms: Terms, now: float) -> list[Delivery]:
    """Lease what is due at ``now``, oldest first, each destination in order."""
    claimed: list[Delivery] = []
    token = os.urandom(8).hex()
    until = now + min(terms.lease, MAX_LEASE)
    for name in names:
        for position, state, attempts, next_at, lease_until, event_id, body in connection.execute(
            _OPEN, (name, terms.limit)
        ).fetchall():
            held = state == DeliveryState.LEASED and _ahead(lease_until, now, MAX_LEASE)
            early = state == DeliveryState.WAITING and _ahead(next_at, now, MAX_WAIT) and not terms.force
            if held or early:
                break
            claimed.append(Delivery(event_id, name, position, token, attempts, bytes(body)))
    connection.executemany(
        "UPDATE deliveries SET state = 'leased', lease = ?, lease_until = ? WHERE position = ?",
        [(token, until, delivery.position) for delivery in claimed],
    )
    return claimed


def is_held(connection: sqlite3.Connection, name: str, now: float) -> bool:
    """Whether the oldest open row of ``name`` is leased, that is, somebody is sending it right now."""
    row = connection.execute(_OPEN, (name, 1)).fetchone()
    return row is not None and row[1] == DeliveryState.LEASED and _ahead(row[4], now, MAX_LEASE)


def _ahead(moment: float, now: float, farthest: float) -> bool:
    return now < moment <= now + farthest


def delivered(connection: sqlite3.Connection, delivery: Delivery) -> None:
    """It has arrived: true whoever holds the lease by now."""
    connection.execute(
        "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, reason = NULL, next_at = 0, "
        "lease = NULL, lease_until = 0 WHERE position = ? AND state <> 'delivered'",
        (delivery.position,),
    )


def retry(connection: sqlite3.Connection, delivery: Delivery, next_at: float, reason: str) -> None:
    """It failed and waits until ``next_at``; nothing happens if the lease has passed to another process."""
    connection.execute(
        "UPDATE deliveries SET state = 'waiting', attempts = attempts + 1, reason = ?, next_at = ?, "
        "lease = NULL, lease_until = 0 WHERE position = ? AND lease = ?",
        (reason, next_at, delivery.position, delivery.lease),
    )


def release(connection: sqlite3.Connection, delivery: Delivery) -> None:
    """It was not tried after all, and is due as before."""
    connection.execute(
        "UPDATE deliveries SET state = 'waiting', lease = NULL, lease_until = 0 WHERE position = ? AND lease = ?",
        (delivery.position, delivery.lease),
    )


def park(connection: sqlite3.Connection, delivery: Delivery, reason: str) -> None:
    """It needs a person; nothing happens if the lease has passed to another process."""
    connection.execute(
        "UPDATE deliveries SET state = 'parked', attempts = attempts + 1, reason = ?, next_at = 0, "
        "lease = NULL, lease_until = 0 WHERE position = ? AND lease = ?",
        (reason, delivery.position, delivery.lease),
    )


def requeue(connection: sqlite3.Connection, names: Sequence[str]) -> int:
    """Parked deliveries of these destinations wait again, in their old place. Returns how many."""
    changed = 0
    for name in names:
        changed += connection.execute(
            "UPDATE deliveries SET state = 'waiting', next_at = 0 WHERE destination = ? AND state = 'parked'",
            (name,),
        ).rowcount
    return changed
