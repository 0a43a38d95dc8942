"""Opens the file, and runs transactions."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, TypeVar

from change_events.journal import files, schema

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_LOCK_WAIT = 0.1  # seconds that SQLite itself waits for a lock; the journal's `patience` rules the rest


def opened(path: str, *, index: bool = False) -> sqlite3.Connection:
    """Open the file in WAL mode and migrate it to the newest schema; a file that is not a journal stays unchanged.

    Raises sqlite3.Error, OSError and JournalError.

    Args:
        path: the file.
        index: also create missing indexes of a large file.
    """
    connection = sqlite3.connect(path, timeout=_LOCK_WAIT, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        schema.refuse(connection, path)
        files.make_private(path)  # before SQLite makes the files beside it, which get its mode
        if schema.version(connection) == 0:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before the first table
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        schema.migrate(connection, path)
        schema.make_indexes(connection, large=index)
    except BaseException:
        connection.close()
        raise
    return connection


def transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], _T], *, durable: bool) -> _T:
    """Return the result of ``work`` in one transaction; ``durable`` forces it to the disk."""
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
