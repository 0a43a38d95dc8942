"""Events from history: written once, below all others, and never in their way.

Their ``seq`` is negative and grows with their time, so that queries for the previous record do not depend on the order
in which history was read. Plain functions inside the caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.errors import JournalError
from change_events.journal import events_table, outbox, touched
from change_events.journal.records import RecordState, to_micros

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from change_events.model import ChangeEvent, SealedEvent
    from change_events.model.retention import Retention

_LOWEST = -(2**62)  # plus the microseconds since 1970
_SECOND = 1_000_000  # microseconds
_FULL = 0.9  # of the journal's caps: the rest is for what happens from now on


class Origin(msgspec.Struct, frozen=True):
    """The identity of a piece of history.

    Attributes:
        version: digest of its content, equal in all sources.
        source: digest of its source: a bucket's object or a folder.
        place: digest of the version in the source: an object's version or a file.
        spans: number of unreadable versions between it and the previous one.
        order: order within one second, the precision of a store's times: a serial.
    """

    version: str
    source: str
    place: str
    spans: int = 0
    order: int = 0


class _PlacedTool(msgspec.Struct, frozen=True):
    directory: str | None = None


class _Placed(msgspec.Struct, frozen=True):
    tool: _PlacedTool = _PlacedTool()


def put(
    connection: sqlite3.Connection,
    sealed: SealedEvent,
    origin: Origin,
    destinations: Sequence[str],
    *,
    now: float,
    caps: Retention,
) -> bool:
    """Write an event unless it is there already, even from another source.

    It replaces an event that spans more, and an event without a directory if it has one.

    Returns:
        Whether it was written.

    Raises:
        JournalError: the journal is nearly at its caps, and current events take precedence.
    """
    if (known := _known(connection, sealed.event, origin)) is not None:
        outbox.enqueue(connection, known, destinations, now)
        return False
    events, size = connection.execute("SELECT events, bytes FROM totals").fetchone()
    if events >= caps.events * _FULL or size + len(sealed.body) >= caps.bytes * _FULL:
        raise JournalError(
            "the journal is nearly full, and history would replace what is recorded from now on: "
            "set a higher `keep.events` or `keep.mib`"
        )
    seq = _below(connection, to_micros(sealed.event.started_at) + min(origin.order, _SECOND - 1))
    events_table.put(connection, sealed, RecordState.SETTLED, seq)
    connection.execute(
        "INSERT INTO backfilled (seq, version, source, place, spans, at) VALUES (?, ?, ?, ?, ?, ?)",
        (seq, origin.version, origin.source, origin.place, origin.spans, int(now * 1_000_000)),
    )
    touched.record(connection, seq, sealed.event)
    outbox.enqueue(connection, seq, destinations, now)
    return True


def places(connection: sqlite3.Connection, source: str, *, joined: bool = False) -> set[str]:
    """Return the places of a source with an event that spans nothing; with ``joined``, one of a directory."""
    rows = connection.execute("SELECT place, seq FROM backfilled WHERE source = ? AND spans = 0", (source,)).fetchall()
    return {str(place) for place, seq in rows if not joined or _is_joined(connection, seq)}


def withdraw_unjoined(connection: sqlite3.Connection, event: ChangeEvent, origin: Origin) -> None:
    """Remove events of a piece of history without a directory, if it turns out to be this event's."""
    if not _has_directory(event):
        return
    for seq, _ in [*_elsewhere(connection, origin), *_here(connection, origin)]:
        if not _is_joined(connection, seq):
            _remove(connection, seq)


def _known(connection: sqlite3.Connection, event: ChangeEvent, origin: Origin) -> int | None:
    """Return the ``seq`` of its event, if there is one; events that this one replaces are removed."""
    joins = _has_directory(event)
    for seq, _ in _elsewhere(connection, origin):
        if not joins or _is_joined(connection, seq):
            return seq
        _remove(connection, seq)
    for seq, spans in _here(connection, origin):
        if spans < origin.spans or (spans == origin.spans and (not joins or _is_joined(connection, seq))):
            return seq
        _remove(connection, seq)
    return None


def _elsewhere(connection: sqlite3.Connection, origin: Origin) -> list[tuple[int, int]]:
    """Return ``seq`` and ``spans`` of the events of this version from other sources."""
    statement = "SELECT seq, spans FROM backfilled WHERE version = ? AND source <> ?"
    return connection.execute(statement, (origin.version, origin.source)).fetchall()


def _here(connection: sqlite3.Connection, origin: Origin) -> list[tuple[int, int]]:
    statement = "SELECT seq, spans FROM backfilled WHERE source = ? AND place = ?"
    return connection.execute(statement, (origin.source, origin.place)).fetchall()


def _remove(connection: sqlite3.Connection, seq: int) -> None:
    touched.forget(connection, [seq])
    connection.execute("DELETE FROM events WHERE seq = ?", (seq,))


def _has_directory(event: ChangeEvent) -> bool:
    return event.tool is not None and event.tool.directory is not None


def _is_joined(connection: sqlite3.Connection, seq: int) -> bool:
    """Return whether a recorded event has a directory; an unreadable one stays unchanged."""
    (body,) = connection.execute("SELECT body FROM bodies WHERE seq = ?", (seq,)).fetchone() or (b"",)
    try:
        return msgspec.json.decode(bytes(body), type=_Placed).tool.directory is not None
    except msgspec.DecodeError:
        return True


def _below(connection: sqlite3.Connection, micros: int) -> int:
    seq = _LOWEST + micros
    while connection.execute("SELECT 1 FROM events WHERE seq = ?", (seq,)).fetchone():
        seq += 1
    return seq
