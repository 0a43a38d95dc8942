"""Events with unknown destinations, because a settings file had a mistake when they were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


class Unrouted(NamedTuple):
    """One event and the invalid file that it waits for.

    Attributes:
        event_id: empty for the current event.
        file: absolute path of the settings file.
        wanted: names of the destinations requested by its sender; None if conditions decide.
    """

    event_id: str
    file: str
    wanted: tuple[str, ...] | None = None


def note(connection: sqlite3.Connection, seq: int, waits: Iterable[Unrouted]) -> None:
    """Let the event wait for these files only."""
    connection.execute("DELETE FROM unrouted WHERE seq = ?", (seq,))
    connection.executemany(
        "INSERT OR IGNORE INTO unrouted (seq, file, wanted) VALUES (?, ?, ?)",
        [(seq, one.file, None if one.wanted is None else msgspec.json.encode(one.wanted).decode()) for one in waits],
    )


def read(connection: sqlite3.Connection) -> list[Unrouted]:
    """Return all waiting events, oldest first."""
    rows = connection.execute("SELECT e.id, u.file, u.wanted FROM unrouted u JOIN events e USING (seq) ORDER BY u.seq")
    return [
        Unrouted(event_id, file, None if wanted is None else msgspec.json.decode(wanted, type=tuple[str, ...]))
        for event_id, file, wanted in rows
    ]


def take(connection: sqlite3.Connection, waiting: Unrouted) -> int | None:
    """Stop waiting for this file; returns the event's ``seq``, None if another process was first."""
    row = connection.execute(
        "SELECT u.seq FROM unrouted u JOIN events e USING (seq) WHERE e.id = ? AND u.file = ?", waiting[:2]
    ).fetchone()
    if row is None:
        return None
    connection.execute("DELETE FROM unrouted WHERE seq = ? AND file = ?", (row[0], waiting.file))
    return int(row[0])
