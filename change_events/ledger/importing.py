"""Events of a journal, or of lines of JSON, in batches; again with the same result, so that it can be continued."""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import msgspec

from change_events.ledger.cutting import bounded
from change_events.ledger.entries import storable
from change_events.ledger.writing import record_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import psycopg

    from change_events.journal.drift_checks import LastCheck
    from change_events.journal.records import RecordState
    from change_events.model import SealedEvent

SECONDS = 120.0  # that one statement may take
BATCH = 500  # events of one statement
_BYTES = 4_000_000  # of bodies, likewise
_BELOW_TIME = 80  # bits of an id
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
    while batch := _batch(rest):
        _make_months(connection, team, batch, months)
        with bounded(connection, SECONDS):
            written += record_all(connection, team, batch)
        read += len(batch)
        step(len(batch))
    return Imported(read, written)


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


def _make_months(
    connection: psycopg.Connection,
    team: str,
    batch: Sequence[tuple[SealedEvent, RecordState]],
    known: set[tuple[int, int]],
) -> None:
    """Make the months of these events, each in a transaction of its own, so that nobody waits for all of them."""
    for sealed, _ in batch:
        with suppress(ValueError):  # of an id that is none: it is refused with the batch
            event_id = UUID(sealed.event.id)
            at = datetime.fromtimestamp(min(event_id.int >> _BELOW_TIME, _LATEST) / 1000, UTC)
            if (month := (at.year, at.month)) not in known:
                with bounded(connection, SECONDS):
                    connection.execute("SELECT tfevent.make_months(%s, %s)", (team, [event_id]))
                known.add(month)


def _batch(rest: Iterable[tuple[SealedEvent, RecordState]]) -> list[tuple[SealedEvent, RecordState]]:
    batch, size = [], 0
    for sealed, state in itertools.islice(rest, BATCH):
        batch.append((sealed, state))
        size += len(sealed.body)
        if size >= _BYTES:
            break
    return batch
