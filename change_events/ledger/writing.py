"""Records events in the ledger, one or many at once; idempotent, and independent of order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import msgspec

from change_events.ledger.entries import entry_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from change_events.journal.records import RecordState
    from change_events.model import SealedEvent


class Prepared(NamedTuple):
    """Several events ready to send: their ids, their entries as JSON, and their bodies."""

    ids: list[UUID]
    entries: str
    bodies: list[bytes]


def record(connection: psycopg.Connection, team: str, sealed: SealedEvent, state: RecordState) -> bool:
    """Record the start or the end of an event.

    The end replaces the start. A start after the end has no effect, nor has a repetition.

    Returns:
        Whether anything was written.

    Raises:
        ValueError: the id of the event is not a UUID.
        psycopg.Error: it was not recorded.
    """
    return record_all(connection, team, [(sealed, state)]) > 0


def record_all(connection: psycopg.Connection, team: str, events: Sequence[tuple[SealedEvent, RecordState]]) -> int:
    """Record several events in one statement: all of them, or none.

    Returns:
        The number of events written.

    Raises:
        ValueError: the id of an event is not a UUID.
        psycopg.Error: none was recorded.
    """
    return send(connection, team, prepared(events))


def prepared(events: Sequence[tuple[SealedEvent, RecordState]]) -> Prepared:
    """Return several events ready to send. Raises ValueError if an id is not a UUID."""
    entries = [entry_of(sealed.event, state) for sealed, state in events]
    return Prepared(
        [UUID(entry["id"]) for entry in entries],
        msgspec.json.encode(entries).decode(),
        [sealed.body for sealed, _ in events],
    )


def send(connection: psycopg.Connection, team: str, batch: Prepared) -> int:
    """Record prepared events, and return the number written, like :func:`record_all`."""
    row = connection.execute(
        "SELECT tfevent.record_events(%s, %s::jsonb, %s::bytea[])", (team, batch.entries, batch.bodies)
    ).fetchone()
    return int(row[0]) if row else 0
