"""Recording events in the ledger: one, or many at once; again and in any order, with the same result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.ledger.entries import entry_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from change_events.journal.records import RecordState
    from change_events.model import SealedEvent


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
    entries = msgspec.json.encode([entry_of(sealed.event, state) for sealed, state in events]).decode()
    row = connection.execute(
        "SELECT tfevent.record_events(%s, %s::jsonb, %s::bytea[])",
        (team, entries, [sealed.body for sealed, _ in events]),
    ).fetchone()
    return int(row[0]) if row else 0
