"""Months are removed one by one, while others record and read."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from change_events.ids import new_id
from change_events.journal.records import RecordState
from change_events.ledger import removing
from change_events.ledger.importing import import_events
from change_events.ledger.writing import record
from tests.cli.home import ROOT, Home
from tests.ledger.people import connect, hire, url_of
from tests.ledger.test_ledger_recording import figures, rows, story
from tests.ledger.test_ledger_refusals import monthly
from tests.support.sealed import sealed
from tests.support.speed import HANG

SETTLED = RecordState.SETTLED
BEFORE = "2016-01-01"
LEFT = "SELECT relname FROM pg_class WHERE relname ~ '^[a-z]+_2015[0-9]{2}$'"


@pytest.fixture
def old(ledger):
    """A ledger with an event in each of three months of 2015, and a thing of another event."""
    hire(ledger)
    import_events(ledger, "ops", monthly(3))
    record(ledger, "ops", story(1)[1], SETTLED)
    return ledger


def removed(ledger, before=BEFORE):
    with connect(ledger, "keeper") as keeper:
        return list(removing.prune(keeper, before))


def test_months_go_one_by_one_and_once(old):
    ledger, known = old, figures(old)
    ledger.execute("INSERT INTO tfevent.things (team, stack, address, kind) VALUES ('ops', 0, 'unused', 'host')")
    assert removed(ledger) == [("2015-01", 1), ("2015-02", 1), ("2015-03", 1), ("other", 0)]
    now = figures(ledger)
    assert (now["events"], now["bodies"]) == (known["events"] - 3, known["bodies"] - 3)
    assert now["things"], "those that an event is left of stay"
    assert not rows(ledger, LEFT)
    assert not rows(ledger, "SELECT 1 FROM tfevent.things WHERE address = 'unused'")
    assert removed(ledger) == [("other", 0)]


def test_what_is_gone_meanwhile_is_not_counted_and_days_to_come_are_refused(old):
    with connect(old, "keeper") as keeper:
        going = removing.prune(keeper, BEFORE)
        assert next(going) == ("2015-01", 1)
        assert removed(old, "2015-03-01") == [("2015-02", 1), ("other", 0)]
        assert list(going) == [("2015-03", 1), ("other", 0)]
        for call in ("prune_month('2999-01-01')", "prune_others('2999-01-01')"):
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                keeper.execute(f"SELECT tfevent.{call}")
    with connect(old, "ops_writer") as writer, pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute("SELECT tfevent.prune_month('2015-01-01')")


def test_behind_a_long_reader_others_go_on_and_so_does_it_when_that_has_ended(old):
    done = []
    with psycopg.connect(old.info.dsn, password=old.info.password) as reader, connect(old, "ops_writer") as writer:
        reader.execute("SELECT count(*) FROM tfevent.events")
        thread = threading.Thread(target=lambda: done.extend(removed(old)))
        thread.start()
        until = time.monotonic() + HANG
        while not rows(old, "SELECT 1 FROM pg_locks WHERE NOT granted"):
            assert time.monotonic() < until
        for _ in range(3):  # each of them waits behind it as long as it waits for its lock, no longer
            assert record(writer, "ops", sealed(1, id=new_id()), SETTLED)
        assert not done
        assert thread.is_alive()
        reader.rollback()
        thread.join(HANG)
    assert done == [("2015-01", 1), ("2015-02", 1), ("2015-03", 1), ("other", 0)]


def test_one_that_gives_up_or_is_interrupted_says_so_and_goes_on_when_repeated(old, tmp_path):
    home = Home(tmp_path)
    command = ["ledger", "prune", "--before", BEFORE, "--ledger", url_of(old, "keeper")]
    with psycopg.connect(old.info.dsn, password=old.info.password) as reader:
        reader.execute("LOCK TABLE tfevent.bodies_201502 IN ACCESS SHARE MODE")
        with connect(old, "keeper") as keeper, pytest.MonkeyPatch.context() as patch:
            patch.setattr(removing, "PATIENCE", 0.0)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                list(removing.prune(keeper, BEFORE))
        assert len(rows(old, LEFT)) == 14
        process = subprocess.Popen(
            [sys.executable, "-m", "tf_wrapper", "events", *command], cwd=ROOT, env=home.environ, stderr=subprocess.PIPE
        )
        until = time.monotonic() + HANG
        while not rows(old, "SELECT 1 FROM pg_locks WHERE NOT granted"):
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=HANG)[1].decode()
        assert "interrupted: the months that are printed are removed; repeat the command" in text
        assert process.returncode == 130
    assert home.events(*command).splitlines() == ["2015-02  1 event", "2015-03  1 event", "2 events removed"]
