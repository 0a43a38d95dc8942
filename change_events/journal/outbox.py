"""The outbox: which event is delivered where, in which order, and its progress.

A destination receives events in the order in which they were settled. Its oldest open row decides: while that is leased
by another process, nothing behind it is claimed. Parked and dropped rows are not open and block nothing. A lease
expires, so that a killed process blocks a destination for seconds, and its event is sent again with the same ID. A
failed destination backs off as a whole (:mod:`destination_health`). An event may have two rows, for its start and its
end (:mod:`stages`).

Times are seconds of the wall clock, because processes share them. The clock may be set: a lease or a wait is valid only
between its start and end, and never longer than any that is written.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.journal import destination_health, lifetime, stages
from change_events.journal.records import Delivery, DeliveryState, Progress, Stage, Standing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_LEASE = 3_600.0
MAX_WAIT = 86_400.0

_OPEN = (
    "SELECT d.position, d.state, d.attempts, d.leased_at, d.lease_until, e.id, b.body, d.stage, "
    "(SELECT s.handle FROM deliveries s WHERE s.seq = d.seq AND s.destination = d.destination AND s.stage = 'started') "
    "FROM deliveries d JOIN events e ON e.seq = d.seq JOIN bodies b ON b.seq = d.seq "
    "WHERE d.destination = ? AND d.state IN ('waiting', 'leased') ORDER BY d.position LIMIT ?"
)
_HEAD = (
    "SELECT state, leased_at, lease_until FROM deliveries "
    "WHERE destination = ? AND state IN ('waiting', 'leased') ORDER BY position LIMIT 1"
)
_OPEN_POSITION = (
    "SELECT position FROM deliveries WHERE destination = ? AND state IN ('waiting', 'leased') ORDER BY position"
)
_IS_WAITING = (
    "SELECT 1 FROM deliveries d JOIN events e ON e.seq = d.seq "
    "WHERE e.id = ? AND d.destination = ? AND d.state IN ('waiting', 'leased')"
)
_WAITING = "SELECT count(*) FROM deliveries WHERE destination = ? AND state IN ('waiting', 'leased')"


def enqueue(
    connection: sqlite3.Connection, seq: int, destinations: Iterable[str], now: float, stage: Stage = Stage.SETTLED
) -> None:
    """Add a waiting delivery for each destination; an existing one stays unchanged."""
    lived = lifetime.advance(connection, now)
    connection.executemany(
        "INSERT INTO deliveries (seq, destination, stage, state, since, lived, size) "
        "VALUES (?, ?, ?, 'waiting', ?, ?, (SELECT length(body) FROM bodies WHERE seq = ?)) "
        "ON CONFLICT (seq, destination, stage) DO NOTHING",
        [(seq, name, stage.value, now, lived, seq) for name in dict.fromkeys(destinations)],
    )


class Terms(msgspec.Struct, frozen=True):
    """The terms of a claim: number per destination, lease in seconds, and whether to override back-off.

    ``size``: bytes of bodies after which no more are claimed.
    """

    limit: int
    lease: float
    force: bool = False
    size: int | None = None


class _Row(NamedTuple):
    """An open delivery in the journal."""

    position: int
    attempts: int
    event_id: str
    body: bytes
    stage: Stage
    handle: str | None


def claim(connection: sqlite3.Connection, names: Sequence[str], terms: Terms, now: float) -> list[Delivery]:
    """Lease deliveries due at ``now``, oldest first, in the order of each destination."""
    claimed: list[Delivery] = []
    token = os.urandom(8).hex()
    for name in names:
        stages.drop_overtaken(connection, name, now)
        known = destination_health.read(connection, name)
        if known.asked(now) or (known.wait(now) and not terms.force):
            continue
        busy = max(0.0, known.busy_until - now)
        for position, attempts, event_id, body, stage, handle in _due(connection, name, terms, now):
            held = (event_id, name, position, token, attempts, body, known.failures, busy)
            claimed.append(Delivery(*held, stage, handle))
    until = now + min(terms.lease, MAX_LEASE)
    connection.executemany(
        "UPDATE deliveries SET state = 'leased', lease = ?, leased_at = ?, lease_until = ? WHERE position = ?",
        [(token, now, until, delivery.position) for delivery in claimed],
    )
    return claimed


def _due(connection: sqlite3.Connection, name: str, terms: Terms, now: float) -> Iterator[_Row]:
    """Return the rows that may be leased.

    A start is always the first of a batch: until it is about to be sent, its settled event can supersede it.
    """
    left = terms.size
    with closing(connection.execute(_OPEN, (name, terms.limit))) as rows:
        is_first = True
        for position, state, attempts, leased_at, lease_until, event_id, body, stage, handle in rows:
            if _is_leased(state, leased_at, lease_until, now) or (left is not None and left <= 0):
                return
            if stage == Stage.STARTED and not is_first:
                return
            is_first = False
            yield _Row(position, attempts, event_id, bytes(body), Stage(stage), handle)
            left = None if left is None else left - len(body)


def _is_leased(state: str, leased_at: float, lease_until: float, now: float) -> bool:
    return state == DeliveryState.LEASED and destination_health.is_running(leased_at, lease_until, now)


def standing_of(connection: sqlite3.Connection, name: str, now: float) -> Standing:
    """Return the health of this destination."""
    known = destination_health.read(connection, name)
    head = connection.execute(_HEAD, (name,)).fetchone()
    held = head is not None and _is_leased(head[0], head[1], head[2], now)
    return Standing(held, known.failures, known.wait(now), known.reason, known.asked(now))


def progress(connection: sqlite3.Connection, name: str) -> Progress:
    """Return the progress of this destination's queue."""
    head = connection.execute(f"{_OPEN_POSITION} LIMIT 1", (name,)).fetchone()
    tail = connection.execute(f"{_OPEN_POSITION} DESC LIMIT 1", (name,)).fetchone()
    return Progress(head[0], tail[0]) if head and tail else Progress()


def waiting(connection: sqlite3.Connection, names: Sequence[str]) -> int:
    """Return the number of open deliveries to these destinations."""
    return sum(int(connection.execute(_WAITING, (name,)).fetchone()[0]) for name in names)


def is_waiting(connection: sqlite3.Connection, event_id: str, name: str) -> bool:
    """Return whether a delivery of this event, start or end, to this destination is open."""
    return connection.execute(_IS_WAITING, (event_id, name)).fetchone() is not None


def delivered(
    connection: sqlite3.Connection,
    deliveries: Iterable[Delivery],
    handles: Mapping[int, str],
    skipped: Mapping[int, str],
) -> None:
    """Record deliveries, even if the lease has passed to another process.

    Args:
        connection: connection to the journal.
        deliveries: deliveries made or skipped.
        handles: the backend's IDs, by position.
        skipped: why nothing was sent, by position.
    """
    arrived = list(deliveries)
    connection.executemany(
        "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, reason = ?, next_at = 0, "
        "lease = NULL, lease_until = 0 WHERE position = ? AND state <> 'delivered'",
        [(skipped.get(delivery.position), delivery.position) for delivery in arrived],
    )
    stages.keep_handles(connection, handles)
    for name in {delivery.destination for delivery in arrived}:
        destination_health.answered(connection, name)


def retry(connection: sqlite3.Connection, delivery: Delivery, next_at: float, reason: str) -> bool:
    """Let a tried delivery wait; ``next_at`` is for display. False if its lease has passed to another process."""
    changed = connection.execute(
        "UPDATE deliveries SET state = 'waiting', attempts = attempts + 1, reason = ?, next_at = ?, "
        "lease = NULL, lease_until = 0 WHERE position = ? AND lease = ?",
        (reason, next_at, delivery.position, delivery.lease),
    ).rowcount
    stages.drop_if_overtaken(connection, delivery.position)
    return changed > 0


def release(connection: sqlite3.Connection, deliveries: Iterable[Delivery]) -> None:
    """Return deliveries that were not tried; they are due as before."""
    handed_back = list(deliveries)
    connection.executemany(
        "UPDATE deliveries SET state = 'waiting', lease = NULL, lease_until = 0 WHERE position = ? AND lease = ?",
        [(delivery.position, delivery.lease) for delivery in handed_back],
    )
    for delivery in handed_back:
        stages.drop_if_overtaken(connection, delivery.position)


def park(connection: sqlite3.Connection, delivery: Delivery, reason: str, now: float) -> None:
    """Park a delivery, unless its lease has passed to another process."""
    connection.execute(
        "UPDATE deliveries SET state = 'parked', attempts = attempts + 1, reason = ?, next_at = 0, since = ?, "
        "lived = ?, lease = NULL, lease_until = 0 WHERE position = ? AND lease = ?",
        (reason, now, lifetime.advance(connection, now), delivery.position, delivery.lease),
    )
    stages.drop_if_overtaken(connection, delivery.position)


def requeue(connection: sqlite3.Connection, names: Sequence[str], now: float) -> int:
    """Return parked deliveries of these destinations to their place in the queue. Returns their number."""
    changed = 0
    lived = lifetime.advance(connection, now)
    for name in names:
        destination_health.may_be_asked(connection, name)
        changed += connection.execute(
            "UPDATE deliveries SET state = 'waiting', next_at = 0, since = ?, lived = ? "
            "WHERE destination = ? AND state = 'parked'",
            (now, lived, name),
        ).rowcount
    return changed
