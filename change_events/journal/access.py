"""Access to the journal's file: waits for locks of other processes, and starts again if the file is damaged."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import TYPE_CHECKING, TypeVar

from change_events.journal import connections, files
from change_events.journal.errors import JournalCorrupt, explain, is_busy, is_corrupt, not_a_journal

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
IMPATIENCE = 0.05  # seconds to wait for a lock that was waited for in vain a moment ago
_MOMENT = 10.0
_locked_at: dict[str, float] = {}  # path → when this process gave up waiting for its lock, by time.monotonic


class Access:
    """One open connection, and its transactions.

    Attributes:
        path: the file.
        patience: seconds to wait for another process's lock before giving up.
        notices: sentences for the user, e.g. that a file was moved aside.
    """

    def __init__(self, path: str, *, repair: bool, patience: float, index: bool) -> None:
        self.path = path
        self.patience = patience
        self.notices: list[str] = []
        self._repair = repair
        self._index = index
        self._identity: tuple[int, int] | None = None
        self._connection = self._connect()

    def _read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return self._patiently(lambda: work(self._connection), self._begin_anew)

    def _write(self, work: Callable[[sqlite3.Connection], _T], *, durable: bool = False) -> _T:
        done = self._patiently(
            lambda: connections.transaction(self._connection, work, durable=durable), self._begin_anew
        )
        _locked_at.pop(self.path, None)
        return done

    def _connect(self) -> sqlite3.Connection:
        return self._patiently(self._open_file, self._move_aside)

    def _open_file(self) -> sqlite3.Connection:
        files.prepare(self.path)
        self._identity = files.identity(self.path)
        return connections.opened(self.path, index=self._index)

    def _patiently(self, work: Callable[[], _T], mend: Callable[[], None]) -> _T:
        """Run ``work``: wait for locks, ``mend`` a damaged file once if allowed, convert errors."""
        deadline = time.monotonic() + self._waits()
        mended = False
        while True:
            try:
                return work()
            except OSError as error:
                raise explain(error, self.path) from error
            except sqlite3.Error as error:
                if is_busy(error) and time.monotonic() < deadline:
                    time.sleep(0.002 + os.urandom(1)[0] / 10_000)  # spreads the waiters over 2 to 28 ms
                elif is_corrupt(error) and self._repair and not mended:
                    mended = True
                    mend()
                else:
                    if is_busy(error):
                        _locked_at[self.path] = time.monotonic()
                    raise explain(error, self.path) from error

    def _waits(self) -> float:
        """Return the seconds to wait for a lock: a long wait once, since a command asks for it many times."""
        given_up = _locked_at.get(self.path)
        if given_up is None or time.monotonic() - given_up > _MOMENT:
            return self.patience
        return min(self.patience, IMPATIENCE)

    def _begin_anew(self) -> None:
        self._connection.close()
        self._move_aside()
        self._connection = self._connect()

    def _move_aside(self) -> None:
        if not files.is_journal(self.path):
            raise not_a_journal(self.path)
        try:
            aside = files.move_aside(self.path, self._identity)
        except OSError as error:
            raise JournalCorrupt(
                f"journal {self.path}: the file is damaged and cannot be moved aside ({error.strerror})"
            ) from error
        if aside is not None:
            self.notices.append(f"the journal was damaged: moved to {aside}, a new one was begun")
