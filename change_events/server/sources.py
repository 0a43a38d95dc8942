"""Sources of the pages: one per request, opened in the thread that uses it."""

from __future__ import annotations

import socket
import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Protocol

from change_events.journal.event_reads import EventReads
from change_events.journal.read_only import ReadOnlyJournal
from change_events.journal.schema import migrate
from change_events.journal.touched_reads import TouchedReads
from change_events.server.policy import QUERY_SECONDS
from change_events.server.watching import JournalWatcher

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from change_events.history.source import Source
    from change_events.server.watching import Watcher

_PATIENCE = 2.0  # seconds to wait for a lock


class Sources(Protocol):
    """Access to the journal or ledger that is served.

    Attributes:
        name: its name on each page, without secrets.
    """

    name: str

    def open(self, teams: Collection[str] | None = None) -> AbstractContextManager[Source]:
        """Open a source for one thread; an empty one if nothing was recorded yet. Raises JournalError.

        Args:
            teams: only these teams may be read; None for no limit.
        """

    def watcher(self) -> Watcher:
        """Return the watcher of new events, for all readers."""

    def is_live(self, source: Source, /) -> bool:
        """Return whether new events can be seen."""

    def interrupt(self) -> None:
        """Cancel all running queries; may be called by another thread."""


class JournalSources:
    """The journal of this machine, opened for each request; it may appear or be replaced at any time.

    Args:
        path: its file, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.name = f"journal of {socket.gethostname()}"
        self._open: set[ReadOnlyJournal] = set()
        self._lock = threading.Lock()

    @contextmanager
    def open(self, _teams: Collection[str] | None = None) -> Iterator[Source]:
        """See the protocol; a journal has no teams, and ignores them."""
        journal = ReadOnlyJournal.open(self.path, patience=_PATIENCE, seconds=QUERY_SECONDS)
        if journal is None:
            with closing(_EmptyJournal()) as empty:
                yield empty
            return
        with self._lock:
            self._open.add(journal)
        try:
            yield journal
        finally:
            with self._lock:
                self._open.discard(journal)
            journal.close()

    def watcher(self) -> Watcher:
        """See the protocol."""
        return JournalWatcher(self.path)

    def is_live(self, source: Source, /) -> bool:
        """See the protocol."""
        return not getattr(source, "is_snapshot", False)

    def interrupt(self) -> None:
        """See the protocol."""
        with self._lock:
            for journal in self._open:
                journal.interrupt()


class _EmptyJournal(EventReads, TouchedReads):
    """An empty journal."""

    def __init__(self) -> None:
        super().__init__(":memory:", repair=False, patience=0, index=False)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def _open_file(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(connection, ":memory:")
        return connection
