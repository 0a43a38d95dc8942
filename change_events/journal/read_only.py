"""Read-only access to the journal: nothing is migrated, pruned, repaired or delivered."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from change_events.journal import files, schema
from change_events.journal.errors import primary_code
from change_events.journal.event_reads import EventReads
from change_events.journal.touched_reads import TouchedReads

if TYPE_CHECKING:
    import os
    from types import TracebackType

_STEPS = 20_000  # of SQLite's machine between two looks at the clock: some milliseconds
_SIDE_FILES = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


class ReadOnlyJournal(EventReads, TouchedReads):
    """A :class:`~change_events.history.source.Source` over the file of a journal. Use one per thread, and close it.

    Killed runs stay ``started`` here until the next command with write access settles them.

    Args:
        path: the file.
        patience: seconds to wait for a lock of another process.
        seconds: time limit of queries.

    Attributes:
        is_snapshot: it shows the journal at the time of opening, since SQLite's side files cannot be created.
    """

    def __init__(self, path: str, *, patience: float, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self.is_snapshot = False
        super().__init__(path, repair=False, patience=patience, index=False)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, patience: float, seconds: float) -> ReadOnlyJournal | None:
        """Open it; None if nothing was recorded yet.

        Raises:
            JournalLocked: another process keeps it locked.
            JournalError: it cannot be read, or has an older schema.
            JournalCorrupt: it is damaged.
        """
        where = str(Path(path).absolute())
        if not files.is_there(where):
            return None
        journal = cls(where, patience=patience, seconds=seconds)
        try:
            if journal._is_new():
                journal.close()
                return None
        except BaseException:
            journal.close()
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def interrupt(self) -> None:
        """Interrupt the current query, in any thread, and every later one."""
        self._until = 0.0

    def _open_file(self) -> sqlite3.Connection:
        try:
            return self._opened("mode=ro")
        except sqlite3.Error as error:
            # The files beside it can be made by no one who cannot write there: then no other process writes either.
            if primary_code(error) not in _SIDE_FILES or files.has_log(self.path):
                raise
            self.is_snapshot = True
            return self._opened("mode=ro&immutable=1")

    def _opened(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(f"{Path(self.path).as_uri()}?{mode}", uri=True, timeout=0.1, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.set_progress_handler(lambda: time.monotonic() > self._until, _STEPS)
            schema.version(connection)  # opens it: before, SQLite has only the name
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_new(self) -> bool:
        """Return whether the file was just created and is empty. Raises JournalError."""
        return self._read(lambda connection: schema.check(connection, self.path))
