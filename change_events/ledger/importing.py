"""Events of a journal, or of lines of JSON, in batches; again with the same result, so that it can be continued."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from change_events.ledger.writing import record_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import psycopg

    from change_events.journal.records import RecordState
    from change_events.model import SealedEvent

BATCH = 500  # events of one statement
_BYTES = 4_000_000  # of bodies, likewise


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
    while batch := _batch(rest):
        written += record_all(connection, team, batch)
        read += len(batch)
        step(len(batch))
    return Imported(read, written)


def _batch(rest: Iterable[tuple[SealedEvent, RecordState]]) -> list[tuple[SealedEvent, RecordState]]:
    batch, size = [], 0
    for sealed, state in itertools.islice(rest, BATCH):
        batch.append((sealed, state))
        size += len(sealed.body)
        if size >= _BYTES:
            break
    return batch
