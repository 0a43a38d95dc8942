"""Events made of history: written once, below the others, and never in their way.

Their ``seq`` is below zero and grows with their time, so that what asks for the record before another one is not led
astray by the order in which history was read. Plain functions inside the caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.errors import JournalError
from change_events.journal import ledger, outbox, touched
from change_events.journal.records import RecordState, to_micros

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from change_events.model import SealedEvent
    from change_events.model.retention import Retention

_LOWEST = -(2**62)  # plus the microseconds since 1970
_SECOND = 1_000_000  # microseconds
_FULL = 0.9  # of the journal's caps: the rest is for what happens from now on


class Origin(msgspec.Struct, frozen=True):
    """What a piece of history is known by.

    Attributes:
        version: digest of what it says: the same in whatever place it is found.
        source: digest of where it was found, a bucket's object or a folder.
        place: digest of the version in there, an object's version or a file.
        spans: versions that lie between it and the one before, and could not be read.
        order: among those of one second, which is as exact as a store's times are: a serial.
    """

    version: str
    source: str
    place: str
    spans: int = 0
    order: int = 0


def put(
    connection: sqlite3.Connection,
    sealed: SealedEvent,
    origin: Origin,
    destinations: Sequence[str],
    *,
    now: float,
    caps: Retention,
) -> bool:
    """Write an event unless it is there, also from another place; one that spans more is replaced.

    Returns:
        Whether it was written.

    Raises:
        JournalError: the journal is nearly at its caps, so that what happens would leave for what has happened.
    """
    if (known := _known(connection, origin)) is not None:
        outbox.enqueue(connection, known, destinations, now)
        return False
    events, size = connection.execute("SELECT events, bytes FROM totals").fetchone()
    if events >= caps.events * _FULL or size + len(sealed.body) >= caps.bytes * _FULL:
        raise JournalError(
            "the journal is nearly full, and history would replace what is recorded from now on: "
            "set a higher `keep.events` or `keep.mib`"
        )
    seq = _below(connection, to_micros(sealed.event.started_at) + min(origin.order, _SECOND - 1))
    ledger.put(connection, sealed, RecordState.SETTLED, seq)
    connection.execute(
        "INSERT INTO backfilled (seq, version, source, place, spans, at) VALUES (?, ?, ?, ?, ?, ?)",
        (seq, origin.version, origin.source, origin.place, origin.spans, int(now * 1_000_000)),
    )
    touched.record(connection, seq, sealed.event)
    outbox.enqueue(connection, seq, destinations, now)
    return True


def places(connection: sqlite3.Connection, source: str) -> set[str]:
    """The places of a source of which there is an event that spans nothing."""
    rows = connection.execute("SELECT place FROM backfilled WHERE source = ? AND spans = 0", (source,))
    return {str(place) for (place,) in rows}


def _known(connection: sqlite3.Connection, origin: Origin) -> int | None:
    """The ``seq`` of the event of it, if there is one; one of its place that spans more versions is removed."""
    other = "SELECT seq FROM backfilled WHERE version = ? AND source <> ?"
    if row := connection.execute(other, (origin.version, origin.source)).fetchone():
        return int(row[0])
    own = "SELECT seq, spans FROM backfilled WHERE source = ? AND place = ?"
    for seq, spans in connection.execute(own, (origin.source, origin.place)).fetchall():
        if spans <= origin.spans:
            return int(seq)
        touched.forget(connection, [seq])
        connection.execute("DELETE FROM events WHERE seq = ?", (seq,))
    return None


def _below(connection: sqlite3.Connection, micros: int) -> int:
    seq = _LOWEST + micros
    while connection.execute("SELECT 1 FROM events WHERE seq = ?", (seq,)).fetchone():
        seq += 1
    return seq
