"""Watches the journal or a ledger for new events by polling, once for all listeners."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from change_events.errors import JournalError
from change_events.journal import files, schema
from change_events.journal.records import to_micros
from change_events.server.policy import STREAMS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from datetime import datetime

_Answer = TypeVar("_Answer")
_THREADS = 4
_MOST = 50
"""Events that are announced at once; who missed more loads the page anew."""

_COLUMNS = "seq, id, state, outcome, severity"
_NEW = f"SELECT {_COLUMNS} FROM events WHERE seq > ? ORDER BY seq DESC LIMIT {_MOST}"  # noqa: S608  # names are ours
_LATELY = (
    f"SELECT {_COLUMNS} FROM (SELECT * FROM events ORDER BY started_at DESC, seq DESC LIMIT 200) "  # noqa: S608  # as above
    f"WHERE seq > 0 AND (started_at >= :at OR ended_at >= :at) ORDER BY seq DESC LIMIT {_MOST}"
)
_POLLS_AWAY = 4
"""After so many polls that failed one after another, a journal is away."""

_RUNNING = "SELECT seq FROM events WHERE state = 'started'"


class News(NamedTuple):
    """One event that was recorded or settled.

    Attributes:
        position: position of the event in the journal; increasing.
        id: id of the event.
        outcome: its outcome; `running` before there is one.
        severity: its severity.
        team: its team, in a ledger.
    """

    position: int
    id: str
    outcome: str
    severity: str
    team: str = ""


GONE = News(0, "", "", "")
"""Instead of an event: what was recorded has been removed."""

AWAY, BACK = News(0, "", "away", ""), News(0, "", "back", "")
"""Instead of an event: what is recorded cannot be read from now on; it can be read again."""


class Watcher(Protocol):
    """Detects new events. Only ``since`` may be called from several threads at once.

    Attributes:
        seconds: interval of polls.
        is_away: whether the last poll could not read the source.
    """

    @property
    def seconds(self) -> float:
        """As above."""

    @property
    def is_away(self) -> bool:
        """As above."""

    def start(self) -> None:
        """Start; events recorded before are not new."""

    def poll(self) -> Sequence[News]:
        """Return events recorded or settled since the last call or the start, oldest first; once :data:`GONE` alone."""

    def since(self, position: int, moment: datetime | None = None) -> Sequence[News]:
        """Return events after this position, or started or ended after the moment; the newest, oldest first."""

    def close(self) -> None:
        """Close the connections."""


class JournalWatcher:
    """The journal's file, which may appear or be replaced.

    Args:
        path: the file.
    """

    seconds = 0.5

    def __init__(self, path: str) -> None:
        self._path = path
        self._failed = 0
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._version = 0
        self._last = 0
        self._running: frozenset[int] = frozenset()

    @property
    def is_away(self) -> bool:
        """See the protocol; a locked file counts as available."""
        return self._failed >= _POLLS_AWAY

    def start(self) -> None:
        """See the protocol."""
        with suppress(sqlite3.Error):
            if connection := self._opened():
                self._last = _newest(connection)
                self._running = _running(connection)
                self._version = connection.execute("PRAGMA data_version").fetchone()[0]

    def since(self, position: int, moment: datetime | None = None) -> Sequence[News]:
        """See the protocol."""
        try:
            if files.identity(self._path) is None:
                return ()
            with closing(_connected(self._path)) as connection:
                if moment is None:
                    return _news(connection.execute(_NEW, (position,)))
                return _news(connection.execute(_LATELY, {"at": to_micros(moment)}))
        except sqlite3.Error:
            return ()

    def poll(self) -> Sequence[News]:
        """See the protocol."""
        try:
            found = self._polled()
        except (
            sqlite3.Error,
            JournalError,
        ):  # locked, replaced, removed, or of another version: retried at the next poll
            self._failed += 1
            self.close()
            return ()
        self._failed = 0
        return found

    def _polled(self) -> Sequence[News]:
        had = self._identity is not None
        connection = self._opened()
        if connection is None:
            self._identity = None
            return (GONE,) if had else ()
        if schema.check(connection, self._path):  # created, but still empty
            return ()
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return ()
        found = self._changes(connection)
        self._version = version
        return found

    def close(self) -> None:
        """See the protocol."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection | None:
        identity = files.identity(self._path)
        if self._connection is not None and identity != self._identity:
            self.close()
            self._last, self._running = 0, frozenset()  # another file: everything is new
        if self._connection is None and identity is not None:
            self._connection, self._identity, self._version = _connected(self._path), identity, 0
        return self._connection

    def _changes(self, connection: sqlite3.Connection) -> Sequence[News]:
        running = _running(connection)
        ended = [seq for seq in self._running - running if seq <= self._last]
        marks = ", ".join("?" * len(ended[:_MOST]))
        settled = f"SELECT {_COLUMNS} FROM events WHERE seq IN ({marks})"  # noqa: S608  # marks are ours
        found = [*_news(connection.execute(settled, ended[:_MOST])), *_news(connection.execute(_NEW, (self._last,)))]
        self._last, self._running = max(self._last, _newest(connection)), running
        return found


def _connected(path: str) -> sqlite3.Connection:
    uri = f"{Path(path).absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=0.1, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _newest(connection: sqlite3.Connection) -> int:
    return max(0, connection.execute("SELECT max(seq) FROM events").fetchone()[0] or 0)


def _running(connection: sqlite3.Connection) -> frozenset[int]:
    return frozenset(seq for (seq,) in connection.execute(_RUNNING))


def _news(rows: sqlite3.Cursor) -> list[News]:
    found = [News(seq, id_, outcome if state == "settled" else "running", severity)
             for seq, id_, state, outcome, severity in rows]  # fmt: skip
    return sorted(found)


class TooManyStreamsError(Exception):
    """The limit of open streams is reached."""


class Broadcast:
    """Polls while there are listeners, and passes the results to each.

    Args:
        watcher: detects new events.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._listeners: dict[asyncio.Queue[Sequence[News] | None], Collection[str] | None] = {}
        self._polling: asyncio.Task[None] | None = None
        self._is_away = False
        self._ended = False
        self._threads = ThreadPoolExecutor(_THREADS, "watcher")  # not joined at the end of the process

    @contextlib.asynccontextmanager
    async def listen(
        self, position: int | None, moment: datetime | None, teams: Collection[str] | None = None
    ) -> AsyncIterator[asyncio.Queue[Sequence[News] | None]]:
        """Open a queue of new events, ended by None.

        Args:
            position: last position seen by the listener, if any.
            moment: time of the listener's page; later events are queued first.
            teams: teams of the announced events; None for all.

        Raises:
            TooManyStreamsError: the limit of listeners is reached.
        """
        if len(self._listeners) >= STREAMS or self._ended:
            raise TooManyStreamsError
        queue: asyncio.Queue[Sequence[News] | None] = asyncio.Queue(maxsize=100)
        self._listeners[queue] = teams
        if self._polling is None:
            self._polling = asyncio.get_running_loop().create_task(self._poll())
        try:
            if self._is_away:
                queue.put_nowait((AWAY,))
            if (position is not None or moment is not None) and (
                missed := _of(teams, await self._asked(self._watcher.since, position or 0, moment))
            ):
                queue.put_nowait(missed)
            yield queue
        finally:
            del self._listeners[queue]

    def end(self) -> None:
        """End every stream at once."""
        self._ended = True
        for queue in self._listeners:
            _put(queue, None)
        if self._polling is not None:
            self._polling.cancel()

    async def _poll(self) -> None:
        try:
            await self._asked(self._watcher.start)
            while self._listeners:
                found = await self._asked(self._watcher.poll)
                if self._is_away != self._watcher.is_away:
                    self._is_away = self._watcher.is_away
                    self._say((AWAY,) if self._is_away else (BACK,))
                if found:
                    self._say(found)
                await asyncio.sleep(self._watcher.seconds)
            self._watcher.close()
        finally:
            self._polling = None
            self._is_away = False

    async def _asked(self, question: Callable[..., _Answer], *arguments: object) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, question, *arguments)

    def _say(self, found: Sequence[News]) -> None:
        for queue, teams in self._listeners.items():
            if heard := _of(teams, found):
                _put(queue, heard)


def _of(teams: Collection[str] | None, found: Sequence[News]) -> Sequence[News]:
    """Return the news for a reader of these teams."""
    return found if teams is None else [one for one in found if one.team in teams or not one.id]


def _put(queue: asyncio.Queue[Sequence[News] | None], found: Sequence[News] | None) -> None:
    if queue.full():  # the client does not read: drop the oldest
        queue.get_nowait()
    queue.put_nowait(found)
