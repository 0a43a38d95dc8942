"""A ledger with events in it, for the tests of what reads one."""

from __future__ import annotations

import contextlib
from itertools import cycle
from typing import TYPE_CHECKING

import msgspec
import psycopg

from change_events.journal.records import RecordState
from change_events.ledger import schema
from change_events.ledger.writing import record
from change_events.redact import unseal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from change_events.model import ChangeEvent
    from tests.support.postgres import Server


def new_ledger(url: str) -> None:
    """Make a ledger in a database."""
    with psycopg.connect(url) as connection:
        schema.migrate(connection)
        schema.make_text_index(connection)


def fill(url: str, events: Iterable[ChangeEvent], teams: Sequence[str] = ("ops",)) -> None:
    """Record events as they are, for the teams in turn; one without an outcome is only started."""
    with psycopg.connect(url) as connection:
        for event, team in zip(events, cycle(teams), strict=False):
            state = RecordState.STARTED if event.outcome is None else RecordState.SETTLED
            record(connection, team, unseal(msgspec.json.encode(event)), state)


@contextlib.contextmanager
def filled(server: Server, events: Iterable[ChangeEvent], teams: Sequence[str] = ("ops",)) -> Iterator[str]:
    """The URL of a new ledger with these events."""
    with server.database(new_ledger) as url:
        fill(url, events, teams)
        yield url
