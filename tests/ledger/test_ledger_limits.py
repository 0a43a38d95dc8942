"""Commands that look after a ledger end in time, whatever the server does, and leave it consistent when interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import msgspec
import psycopg
import pytest

from change_events.errors import LedgerError
from change_events.ids import new_id
from change_events.journal.records import RecordState
from change_events.ledger import administration, cutting
from change_events.ledger.importing import BATCH, import_events
from change_events.ledger.prune_function import RECORDING
from tests.cli.home import ROOT, Home
from tests.ledger.test_ledger_errors import proxy
from tests.support.ledger import new_ledger
from tests.support.sealed import sealed
from tests.support.speed import HANG

EVENTS = BATCH + 9


@pytest.fixture
def url(postgres):
    with postgres.database(new_ledger) as made:
        yield made


def test_a_silent_server_ends_a_command(postgres, url, monkeypatch):
    monkeypatch.setattr(cutting, "GRACE", 0.2)
    with proxy(postgres.port) as between:
        door = url.replace(f":{postgres.port}/", f":{between.port}/")

        def command():
            with administration.connected(door, seconds=0.3) as (connection, _):
                connection.execute("SELECT 1")
                between.frozen.set()
                connection.execute("SELECT 1")

        with pytest.raises(LedgerError, match="the server did not answer in time"):
            command()


def test_a_busy_server_ends_a_command(url):
    def command():
        with administration.connected(url, seconds=0.3) as (connection, shown):
            administration.status(connection, shown)

    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE tfevent.events")
        with pytest.raises(LedgerError, match="too busy to do it in time; it was broken off and may be repeated"):
            command()


def test_what_a_command_has_done_is_undone_when_it_is_interrupted(url):
    def command():
        with administration.connected(url) as (connection, _):
            connection.execute("CREATE TABLE tfevent.half (id integer)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command()
    with psycopg.connect(url) as other:
        assert other.execute("SELECT to_regclass('tfevent.half')").fetchone() == (None,)


def test_an_interrupted_import_keeps_what_it_added_and_goes_on(tmp_path, url):
    home, lines = Home(tmp_path), tmp_path / "lines.jsonl"
    events = [sealed(1, id=new_id()) for _ in range(EVENTS)]
    lines.write_bytes(b"\n".join(msgspec.json.encode(one.event) for one in events))
    command = ["ledger", "import", "--ledger", url, "--team", "ops", str(lines)]
    with psycopg.connect(url, autocommit=True) as ledger:
        import_events(ledger, "ops", ((one, RecordState.SETTLED) for one in events[:BATCH]))
        ledger.execute("SELECT pg_advisory_lock(%s)", (RECORDING,))  # as if something was removed
        process = subprocess.Popen(
            [sys.executable, "-m", "tf_wrapper", "events", *command], cwd=ROOT, env=home.environ, stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + HANG
        while ledger.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=HANG)[1].decode()
        assert "interrupted: added events are kept; repeat the command to add the rest" in text
        assert process.returncode == 130
        ledger.execute("SELECT pg_advisory_unlock(%s)", (RECORDING,))
        assert ledger.execute("SELECT count(*) FROM tfevent.events").fetchone() == (BATCH,)
        assert f"{EVENTS - BATCH} events added, {BATCH} already there" in home.events(*command)
