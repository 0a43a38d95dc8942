"""Imports events of a journal or JSON lines in batches; idempotent, so that it can be resumed."""

from __future__ import annotations

import itertools
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from change_events.ledger.cutting import bounded
from change_events.ledger.entries import storable
from change_events.ledger.writing import Prepared, prepared, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    import psycopg

    from change_events.journal.drift_checks import LastCheck
    from change_events.journal.records import RecordState
    from change_events.model import SealedEvent

SECONDS = 120.0  # time limit of one statement
BATCH = 1_000  # events per statement
CONNECTIONS = 3
"""That one import has at most: others are to have some, too."""
_BYTES = 4_000_000  # of bodies per statement
_BELOW_TIME = 80  # bits of an id below its time
_CANCEL = 5.0  # seconds for cancelling a statement
_LATEST = 4_102_444_800_000  # the year 2100: later months are not created


class Imported(NamedTuple):
    """The number of events read, and how many of them were new."""

    read: int
    written: int


def import_events(
    connection: psycopg.Connection,
    team: str,
    events: Iterable[tuple[SealedEvent, RecordState]],
    step: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Record all of these events.

    Args:
        connection: connection of a user who may write events of the team; each batch is a transaction. More connections
            are opened as the same user, so that several batches are recorded concurrently.
        team: the team of the events.
        events: events in any order, each with its state: started or ended.
        step: called with the number of events read since the last call.

    Raises:
        ValueError: the id of an event is not a UUID.
        psycopg.Error: a batch was not recorded; most of those before it are.
    """
    read = 0
    rest = iter(events)
    with _BatchWriter(connection, team) as writer:
        while batch := _batch(rest):
            writer.take(prepared(batch))
            read += len(batch)
            step(len(batch))
        return Imported(read, writer.finish())


class _BatchWriter:
    """Connections that record batches concurrently while the next one is prepared.

    The server has one process per connection, and most of the work is updating indexes. The first
    connection is the caller's; another one is opened when all are busy, as long as the server accepts it.
    """

    def __init__(self, connection: psycopg.Connection, team: str) -> None:
        self._team = team
        self._first = connection
        self._all = [connection]
        self._idle = [connection]
        self._busy: dict[Future[int], psycopg.Connection] = {}
        self._most = CONNECTIONS
        self._months: set[tuple[int, int]] = set()
        self._pool = ThreadPoolExecutor(CONNECTIONS)
        self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for pending batches; cancel them on an interruption. After a read error, sent batches are kept."""
        import psycopg

        if error is not None and not isinstance(error, Exception):
            for connection in self._busy.values():
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=_CANCEL)
        self._pool.shutdown()
        for connection in self._all[1:]:
            connection.close()

    def take(self, batch: Prepared) -> None:
        """Start to record a batch. Raises psycopg.Error if an earlier one was not recorded."""
        connection = self._free()
        self._make_months(connection, batch)
        self._busy[self._pool.submit(_record, connection, self._team, batch)] = connection

    def finish(self) -> int:
        """Wait for all batches, and return the number of new events. Raises psycopg.Error as :meth:`take`."""
        while self._busy:
            self._collect()
        return self._written

    def _free(self) -> psycopg.Connection:
        """Return an idle connection."""
        self._collect(patiently=False)
        if not self._idle and len(self._all) < self._most:
            self._open()
        while not self._idle:
            self._collect()
        return self._idle.pop()

    def _collect(self, *, patiently: bool = True) -> None:
        """Collect finished batches and their connections; if ``patiently``, wait for at least one."""
        for future in wait(self._busy, None if patiently else 0, FIRST_COMPLETED).done:
            self._idle.append(self._busy.pop(future))
            self._written += future.result()

    def _open(self) -> None:
        """Open another connection as the same user; if the server refuses it, continue with the open ones."""
        import psycopg

        try:
            info = self._first.info
            opened = psycopg.connect(info.dsn, password=info.password, autocommit=True, prepare_threshold=None)
        except psycopg.Error:
            self._most = len(self._all)
            return
        self._all.append(opened)
        self._idle.append(opened)

    def _make_months(self, connection: psycopg.Connection, batch: Prepared) -> None:
        """Create each month in its own transaction, so that others wait neither for all of them nor for a batch."""
        for one in batch.ids:
            at = datetime.fromtimestamp(min(one.int >> _BELOW_TIME, _LATEST) / 1000, UTC)
            if (month := (at.year, at.month)) not in self._months:
                self.finish()
                with bounded(connection, SECONDS):
                    connection.execute("SELECT tfevent.make_months(%s, %s)", (self._team, [one]))
                self._months.add(month)


def import_checks(connection: psycopg.Connection, team: str, machine: str, checks: Sequence[LastCheck]) -> int:
    """Record the last drift check of each directory, unless the ledger has a newer one of this machine.

    Args:
        connection: as for events.
        team: the team of the events.
        machine: the machine that ran them.
        checks: checks of its journal.

    Returns:
        The number of checks given.

    Raises:
        psycopg.Error: a batch was not recorded; those before it are.
    """
    for first in range(0, len(checks), BATCH):
        rows = [
            msgspec.structs.asdict(one)
            | {name: storable(getattr(one, name)) for name in ("directory", "workspace", "terms")}
            | {"reason": one.reason and storable(one.reason), "drift": msgspec.json.encode(one.drift).decode()}
            for one in checks[first : first + BATCH]
        ]
        with bounded(connection, SECONDS):
            connection.execute(
                "SELECT tfevent.record_checks(%s, %s, %s::jsonb)",
                (team, storable(machine), msgspec.json.encode(rows).decode()),
            )
    return len(checks)


def _record(connection: psycopg.Connection, team: str, batch: Prepared) -> int:
    with bounded(connection, SECONDS):
        return send(connection, team, batch)


def _batch(rest: Iterable[tuple[SealedEvent, RecordState]]) -> list[tuple[SealedEvent, RecordState]]:
    batch, size = [], 0
    for sealed, state in itertools.islice(rest, BATCH):
        batch.append((sealed, state))
        size += len(sealed.body)
        if size >= _BYTES:
            break
    return batch
