"""Events of a journal, or of lines of JSON, in batches; again with the same result, so that it can be continued."""

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

SECONDS = 120.0  # that one statement may take
BATCH = 1_000  # events of one statement
CONNECTIONS = 3
"""That one import has at most: others are to have some, too."""
_BYTES = 4_000_000  # of bodies, likewise
_BELOW_TIME = 80  # bits of an id
_CANCEL = 5.0  # seconds for asking the server to break off a statement
_LATEST = 4_102_444_800_000  # the year 2100: no month that is made lies there


class Imported(NamedTuple):
    """How many events were read, and how many of them the ledger did not have."""

    read: int
    written: int


def import_events(
    connection: psycopg.Connection,
    team: str,
    events: Iterable[tuple[SealedEvent, RecordState]],
    step: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Record all of them.

    Args:
        connection: of somebody who may write events of the team; each batch is a transaction of its own. More are
            opened as the same user, so that several batches are recorded at once.
        team: whose they are.
        events: in any order, each with what is known of it: its start or its end.
        step: is given how many have been read since the last time.

    Raises:
        ValueError: the id of an event is not a UUID.
        psycopg.Error: a batch was not recorded; most of those before it are.
    """
    read = 0
    rest = iter(events)
    with _Lanes(connection, team) as lanes:
        while batch := _batch(rest):
            lanes.take(prepared(batch))
            read += len(batch)
            step(len(batch))
        return Imported(read, lanes.finish())


class _Lanes:
    """Connections that record batches side by side while the next one is prepared.

    The server has one process for each connection, and making the indexes of events is most of the work. The first
    connection is the one that is given; another one is opened when all are busy, as long as the server takes any.
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
        """Wait for what is under way; an interruption breaks it off. What failed to be read leaves what was sent."""
        import psycopg

        if error is not None and not isinstance(error, Exception):
            for connection in self._busy.values():
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=_CANCEL)
        self._pool.shutdown()
        for connection in self._all[1:]:
            connection.close()

    def take(self, batch: Prepared) -> None:
        """Record a batch soon. Raises psycopg.Error: one of those before was not recorded."""
        connection = self._free()
        self._make_months(connection, batch)
        self._busy[self._pool.submit(_record, connection, self._team, batch)] = connection

    def finish(self) -> int:
        """Wait for all batches; how many of their events were new. Raises psycopg.Error as :meth:`take`."""
        while self._busy:
            self._collect()
        return self._written

    def _free(self) -> psycopg.Connection:
        """A connection that does nothing."""
        self._collect(patiently=False)
        if not self._idle and len(self._all) < self._most:
            self._open()
        while not self._idle:
            self._collect()
        return self._idle.pop()

    def _collect(self, *, patiently: bool = True) -> None:
        """Take back the connections that have done their batches: at least one, or those that there are."""
        for future in wait(self._busy, None if patiently else 0, FIRST_COMPLETED).done:
            self._idle.append(self._busy.pop(future))
            self._written += future.result()

    def _open(self) -> None:
        """Open another connection as the same user; where the server refuses it, those there are have to do."""
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
        """Each in a transaction of its own, so that nobody waits for all of them, nor one of them for a batch."""
        for one in batch.ids:
            at = datetime.fromtimestamp(min(one.int >> _BELOW_TIME, _LATEST) / 1000, UTC)
            if (month := (at.year, at.month)) not in self._months:
                while self._busy:
                    self._collect()
                with bounded(connection, SECONDS):
                    connection.execute("SELECT tfevent.make_months(%s, %s)", (self._team, [one]))
                self._months.add(month)


def import_checks(connection: psycopg.Connection, team: str, machine: str, checks: Sequence[LastCheck]) -> int:
    """Record the last drift check of each directory, unless the ledger has a newer one of this machine.

    Args:
        connection: as for events.
        team: whose they are.
        machine: that made them.
        checks: of its journal.

    Returns:
        How many were given.

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
