"""Recording events in the ledger: one, or many at once; again and in any order, with the same result."""

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
    """Several events as they are sent: their ids, what the tables hold of them as JSON, and their bodies."""

    ids: list[UUID]
    entries: str
    bodies: list[bytes]


def record(connection: psycopg.Connection, team: str, sealed: SealedEvent, state: RecordState) -> bool:
    """Record that an event has started, or how it ended.

    The end takes the place of the start. A start that comes after the end changes nothing, nor does what has been
    recorded before.

    Returns:
        Whether anything was written.

    Raises:
        ValueError: the id of the event is not a UUID.
        psycopg.Error: it was not recorded.
    """
    return record_all(connection, team, [(sealed, state)]) > 0


def record_all(connection: psycopg.Connection, team: str, events: Sequence[tuple[SealedEvent, RecordState]]) -> int:
    """The same of several events, in one statement: all of them, or none.

    Returns:
        How many events were written.

    Raises:
        ValueError: the id of an event is not a UUID.
        psycopg.Error: none was recorded.
    """
    return send(connection, team, prepared(events))


def prepared(events: Sequence[tuple[SealedEvent, RecordState]]) -> Prepared:
    """What is sent of several events. Raises ValueError: the id of an event is not a UUID."""
    entries = [entry_of(sealed.event, state) for sealed, state in events]
    return Prepared(
        [UUID(entry["id"]) for entry in entries],
        msgspec.json.encode(entries).decode(),
        [sealed.body for sealed, _ in events],
    )


def send(connection: psycopg.Connection, team: str, batch: Prepared) -> int:
    """Record what was prepared, as :func:`record_all` does, and give what that gives."""
    row = connection.execute(
        "SELECT tfevent.record_events(%s, %s::jsonb, %s::bytea[])", (team, batch.entries, batch.bodies)
    ).fetchone()
    return int(row[0]) if row else 0
