"""Where the pages get their answers from: a source for each request, opened in the thread that asks it."""

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
    """What the server knows of the place where events are recorded.

    Attributes:
        name: what each page calls it; without secrets.
    """

    name: str

    def open(self, teams: Collection[str] | None = None) -> AbstractContextManager[Source]:
        """A source for one thread; nothing where nothing was recorded yet. Raises JournalError.

        Args:
            teams: no other teams' events may be read; None for no limit.
        """

    def watcher(self) -> Watcher:
        """What notices new events, for all readers."""

    def is_live(self, source: Source, /) -> bool:
        """Whether what is recorded from now on can be seen."""

    def interrupt(self) -> None:
        """Break off every answer that is being made; may be called by another thread."""


class JournalSources:
    """The journal of this machine, as it is at each request; it may appear or be replaced meanwhile.

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
        """As the protocol says; a journal knows no teams, and is not shown by them."""
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
        """As the protocol says."""
        return JournalWatcher(self.path)

    def is_live(self, source: Source, /) -> bool:
        """As the protocol says."""
        return not getattr(source, "is_snapshot", False)

    def interrupt(self) -> None:
        """As the protocol says."""
        with self._lock:
            for journal in self._open:
                journal.interrupt()


class _EmptyJournal(EventReads, TouchedReads):
    """A journal in which nothing was recorded."""

    def __init__(self) -> None:
        super().__init__(":memory:", repair=False, patience=0, index=False)

    def close(self) -> None:
        """Forget it."""
        self._connection.close()

    def _open_file(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(connection, ":memory:")
        return connection
