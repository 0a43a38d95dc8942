"""What the functions of a ledger refuse, whoever calls them: one writer must not spoil what all others read."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import psycopg
import pytest

from change_events.journal.records import RecordState
from change_events.ledger.entries import entry_of
from change_events.ledger.importing import import_events
from change_events.ledger.prune_function import RECORDING
from change_events.ledger.writing import record, record_all
from tests.ledger.people import connect, hire
from tests.ledger.test_ledger_recording import figures, rows
from tests.support.sealed import sealed
from tests.support.speed import HANG

SETTLED = RecordState.SETTLED
ONE = sealed(1)
REFUSED = (psycopg.DataError, psycopg.errors.CheckViolation)
CHECK = {
    "directory": "/srv/net", "workspace": "default", "checked_at": 1.5, "known_at": 1.5, "clean_at": None,
    "revision": 1, "terms": "", "reason": None, "drift": "[]",
}  # fmt: skip


def send(connection, body=ONE.body, **fields):
    """What a writer may send without tfevent."""
    entry = entry_of(ONE.event, SETTLED) | fields
    connection.execute(
        "SELECT tfevent.record_events('ops', %s::jsonb, %s::bytea[])", (msgspec.json.encode([entry]).decode(), [body])
    )


COLUMNS = (
    {"started_at": "infinity"},
    {"started_at": "-infinity"},
    {"ended_at": "infinity"},
    {"started_at": "20000-01-01T00:00:00Z"},
    {"started_at": "0001-01-01T00:00:00Z BC"},
    {"outcome": "zzz"},
    {"kind": "zzz"},
    {"phase": "zzz"},
    {"severity": "zzz"},
)
BODIES = (
    b"garbage", b"[]", b"null", b"\xff\x00", b"", b"{}", b'{"id": null}', b"[" * 100_000, sealed(2).body, None,
)  # fmt: skip


def test_columns_that_nobody_could_read_are_refused(ledger):
    for fields in COLUMNS:
        with pytest.raises(REFUSED):
            send(ledger, **fields)
    assert figures(ledger)["events"] == 0
    send(ledger)


def test_a_body_that_is_not_the_events_is_refused(ledger):
    for body in BODIES:
        with pytest.raises((*REFUSED, psycopg.OperationalError)):
            send(ledger, body)
    assert figures(ledger)["bodies"] == 0


def test_texts_that_postgresql_cannot_hold_and_other_forms_of_ids_are_taken(ledger):
    odd = sealed(2, title="a\0b", message='"id": "x" \\u0000 \U0001f600')
    assert record(ledger, "ops", odd, SETTLED)
    assert record(ledger, "ops", sealed(3, id=sealed(3).event.id.upper()), SETTLED)
    assert figures(ledger)["events"] == 2


def test_checks_at_no_time_are_refused(ledger):
    for name in ("checked_at", "known_at", "clean_at"):
        for at in ("NaN", "Infinity", 1e300):
            text = msgspec.json.encode([CHECK | {name: at}]).decode()
            with pytest.raises(REFUSED):
                ledger.execute("SELECT tfevent.record_checks('ops', 'm', %s)", (text,))


def test_pruning_waits_for_writers_before_it_locks_a_table(ledger):
    """The other way round, both would wait for each other, and one of them be aborted."""
    hire(ledger)
    record(ledger, "ops", sealed(1, id="01600000-0000-7000-8000-000000000001"), SETTLED)
    failed = []

    def prune():
        try:
            with connect(ledger, "keeper") as keeper:
                keeper.execute("SELECT tfevent.prune((now() AT TIME ZONE 'UTC')::date)")
        except psycopg.Error as error:
            failed.append(error)

    with connect(ledger, "ops_writer") as writer, writer.transaction():
        writer.execute("SELECT pg_advisory_xact_lock_shared(%s)", (RECORDING,))  # what a recording does first
        thread = threading.Thread(target=prune)
        thread.start()
        until = time.monotonic() + HANG
        while not rows(ledger, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert record(writer, "ops", sealed(2), SETTLED)
    thread.join(HANG)
    assert not failed


def test_a_day_to_come_prunes_nothing_and_a_trial_only_counts(ledger):
    hire(ledger)
    record(ledger, "ops", sealed(1, id="01600000-0000-7000-8000-000000000001"), SETTLED)
    with connect(ledger, "keeper") as keeper:
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="lies in the future"):
            keeper.execute("SELECT tfevent.prune(current_date + 2)")
        for _ in range(2):
            assert rows(keeper, "SELECT * FROM tfevent.prune('2017-12-01', true)") == [("2017-11", 1), ("other", 0)]
        assert figures(ledger)["events"] == 1
        assert rows(keeper, "SELECT * FROM tfevent.prune('2017-12-01')") == [("2017-11", 1), ("other", 0)]
    assert figures(ledger)["events"] == 0


def monthly(number):
    """One event in each month of 2015 from its first on."""
    starts = (datetime(2015, month, 3, tzinfo=UTC) for month in range(1, number + 1))
    ids = (UUID(int=int(start.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62) for start in starts)
    return [(sealed(1, id=str(one)), SETTLED) for one in ids]


def test_one_transaction_makes_few_months_and_an_import_each_by_itself(ledger):
    """One that makes many keeps everybody from reading and writing until it has ended."""
    hire(ledger)
    made = "SELECT count(*) FROM pg_class WHERE relname ~ '^events_2015[0-9]{2}$'"
    with connect(ledger, "ops_writer") as writer:
        assert record_all(writer, "ops", monthly(4)) == 4
        assert rows(ledger, made) == [(2,)]
        ids = [sealed.event.id for sealed, _ in monthly(7)]
        writer.execute("SELECT tfevent.make_months('ops', %s::uuid[])", (ids,))
        assert rows(ledger, made) == [(3,)]
        assert import_events(writer, "ops", monthly(6)) == (6, 2)
        assert rows(ledger, made) == [(6,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute("SELECT tfevent.make_months('shop', '{}')")
    assert rows(ledger, "SELECT count(*) FROM tfevent.events_other") == [(0,)]
