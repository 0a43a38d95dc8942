"""Events of a journal, or of lines of JSON, in batches; again with the same result, so that it can be continued."""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.ledger.cutting import bounded
from change_events.ledger.entries import storable
from change_events.ledger.writing import Prepared, prepared, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import psycopg

    from change_events.journal.drift_checks import LastCheck
    from change_events.journal.records import RecordState
    from change_events.model import SealedEvent

SECONDS = 120.0  # that one statement may take
BATCH = 1_000  # events of one statement
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
        connection: of somebody who may write events of the team; each batch is a transaction of its own.
        team: whose they are.
        events: in any order, each with what is known of it: its start or its end.
        step: is given how many have been read since the last time.

    Raises:
        ValueError: the id of an event is not a UUID.
        psycopg.Error: a batch was not recorded; those before it are.
    """
    read = written = 0
    rest = iter(events)
    months: set[tuple[int, int]] = set()
    sent: Future[int] | None = None
    with _beside(connection) as pool:
        while batch := _batch(rest):
            ready = prepared(batch)
            written += sent.result() if sent else 0
            sent = pool.submit(_record, connection, team, ready, months)
            read += len(batch)
            step(len(batch))
        written += sent.result() if sent else 0
    return Imported(read, written)


@contextmanager
def _beside(connection: psycopg.Connection) -> Iterator[ThreadPoolExecutor]:
    """A thread that sends one batch while the next one is prepared; an interruption breaks off what it waits for."""
    import psycopg

    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool
        except Exception:  # of what is read: what has been sent is recorded
            raise
        except BaseException:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=_CANCEL)
            raise


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


def _record(connection: psycopg.Connection, team: str, batch: Prepared, known: set[tuple[int, int]]) -> int:
    """Record a batch, after making its months, each in a transaction of its own, so that nobody waits for all."""
    for one in batch.ids:
        at = datetime.fromtimestamp(min(one.int >> _BELOW_TIME, _LATEST) / 1000, UTC)
        if (month := (at.year, at.month)) not in known:
            with bounded(connection, SECONDS):
                connection.execute("SELECT tfevent.make_months(%s, %s)", (team, [one]))
            known.add(month)
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
