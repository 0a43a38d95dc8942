"""A ledger that nobody has looked after for months, and imports whose sources end early: events are recorded."""

from __future__ import annotations

import threading
import time

import msgspec
import psycopg
import pytest

from change_events.ids import new_id
from change_events.journal.records import RecordState
from change_events.ledger import importing
from change_events.ledger.importing import import_events
from change_events.ledger.tables import PARTITIONED
from change_events.ledger.writing import record, record_all
from tests.ledger.people import connect, hire
from tests.ledger.test_ledger_recording import figures, rows, story
from tests.support.sealed import sealed
from tests.support.speed import HANG

STARTED, SETTLED = RecordState.STARTED, RecordState.SETTLED
WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%record_events%%'
    AND datname = current_database()
"""
PLACE = "SELECT DISTINCT tableoid::regclass::text FROM tfevent.events"


def unattended(ledger):
    """Remove the months that were made ahead, this one included: as if they had been made for earlier ones."""
    for (name,) in rows(ledger, "SELECT relname FROM pg_class WHERE relname ~ '^events_[0-9]{6}$'"):
        for table in PARTITIONED:
            ledger.execute(f"DROP TABLE tfevent.{table}_{name[-6:]}")
    return rows(ledger, "SELECT 'tfevent.events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')")


def test_a_month_that_nobody_made_ahead_is_made_by_who_records(ledger):
    hire(ledger)
    month = unattended(ledger)
    with connect(ledger, "ops_writer") as writer:
        assert record(writer, "ops", sealed(1, id=new_id()), SETTLED)
        assert record_all(writer, "ops", [(sealed(2, id=new_id()), SETTLED)] * 2) == 1
    assert rows(ledger, PLACE) == month
    with connect(ledger, "keeper") as keeper:
        today = "(now() AT TIME ZONE 'UTC')::date"
        assert rows(keeper, f"SELECT * FROM tfevent.prune({today})") == [("other", 0)]
    with connect(ledger, "ops_reader") as reader:
        assert rows(reader, "SELECT count(*) FROM tfevent.events JOIN tfevent.bodies USING (team, id)") == [(2,)]


def test_while_a_long_query_keeps_the_month_from_being_made_events_are_kept_in_the_others(ledger):
    hire(ledger)
    month = unattended(ledger)
    with (
        connect(ledger, "ops_writer") as writer,
        psycopg.connect(ledger.info.dsn, password=ledger.info.password) as own,
    ):
        own.execute("SELECT count(*) FROM tfevent.events")
        assert record(writer, "ops", sealed(1, id=new_id()), SETTLED)
        assert rows(ledger, PLACE) == [("tfevent.events_other",)]
        with connect(ledger, "keeper") as keeper:
            today = "(now() AT TIME ZONE 'UTC')::date"
            assert rows(keeper, f"SELECT * FROM tfevent.prune({today}, true)") == [("other", 0)]
        own.rollback()
        assert record(writer, "ops", sealed(2, id=new_id()), SETTLED)
    assert rows(ledger, PLACE) == month
    assert figures(ledger)["events"] == figures(ledger)["bodies"] == 2


def test_what_was_read_before_a_source_failed_is_recorded(ledger, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    events = [(sealed(1, id=new_id()), SETTLED) for _ in range(4)]

    def source():
        yield from events
        raise LookupError

    with pytest.raises(LookupError):
        import_events(ledger, "ops", source())
    assert figures(ledger)["events"] == 4
    no_id = (sealed(1, id="none"), SETTLED)
    with pytest.raises(ValueError, match="not a UUID"):
        import_events(ledger, "ops", [*events, no_id, *events])
    with pytest.raises(psycopg.Error):
        import_events(ledger, "no team!", events)
    assert ledger.execute("SELECT 1").fetchone() == (1,)


def stories(number):
    """Starts, ends and doubles that lie in several batches."""
    events = [(one, state) for n in range(number) for one, state in zip(story(n), (STARTED, SETTLED), strict=True)]
    return [*events[1::2], *events, *events[::-1]]


def test_batches_are_recorded_side_by_side_by_several_connections(ledger, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 5)
    events, done = stories(12), []
    with psycopg.connect(ledger.info.dsn, password=ledger.info.password) as other:
        other.execute("LOCK TABLE tfevent.stacks IN EXCLUSIVE MODE")
        with psycopg.connect(ledger.info.dsn, password=ledger.info.password, autocommit=True) as own:
            thread = threading.Thread(target=lambda: done.append(import_events(own, "ops", events)))
            thread.start()
            until = time.monotonic() + HANG
            while rows(ledger, WAITING)[0][0] < importing.CONNECTIONS and time.monotonic() < until:
                time.sleep(0.01)
            waiting = rows(ledger, WAITING)[0][0]
            other.rollback()
            thread.join(HANG)
    assert waiting == importing.CONNECTIONS
    assert [one.read for one in done] == [len(events)]
    known = figures(ledger)
    assert import_events(ledger, "ops", events).written == 0
    assert figures(ledger) == known
    assert (known["events"], known["touched"]) == (12, 48)
    assert rows(ledger, "SELECT DISTINCT state FROM tfevent.events") == [("settled",)]


def test_where_the_server_takes_no_other_connection_one_does_it(ledger, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 5)
    hire(ledger)
    with connect(ledger, "ops_writer") as writer:
        ledger.execute("ALTER ROLE ops_writer CONNECTION LIMIT 1")
        try:
            assert import_events(writer, "ops", stories(12)).read == 60
        finally:
            ledger.execute("ALTER ROLE ops_writer CONNECTION LIMIT -1")
    assert figures(ledger)["events"] == 12


def test_large_batches_are_the_same_as_small_ones(ledger):
    """Starts, ends and doubles of one batch, in any order."""
    starts = [sealed(1, id=new_id()) for _ in range(40)]
    ends = [msgspec.structs.replace(one.event, title="the end") for one in starts]
    both = [(one, RecordState.STARTED) for one in starts] + [
        (sealed(1, id=one.id, title=one.title), SETTLED) for one in reversed(ends)
    ]
    assert record_all(ledger, "ops", [*both[20:], *both[:60], *both[:20]]) == 40
    assert record_all(ledger, "ops", both) == 0
    assert rows(ledger, "SELECT DISTINCT state, title FROM tfevent.events") == [("settled", "the end")]
    body = "SELECT count(*) FROM tfevent.bodies WHERE convert_from(body, 'UTF8')::json ->> 'id' = id::text"
    assert rows(ledger, body) == [(40,)]
