"""A journal that somebody keeps locked holds nobody up for long, and costs no event."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from change_events.files import rundir
from change_events.journal import Journal, Query, RecordState, spool
from change_events.recording import EventWriter
from change_events.redact import Redactor
from change_events.settings import Settings
from tests.support.sealed import event_id, sealed
from tests.support.selection import slow
from tests.support.speed import HANG, limit, stopwatch

EVENTS = Path(sys.executable).with_name("tfevent")
ENOUGH = 1.0 * 5 + 3.0  # seconds: the wait for the lock on the busiest machine, and processes that start there


@contextmanager
def locked(path: Path, mode: str = "EXCLUSIVE"):
    """Somebody holds the journal."""
    connection = sqlite3.connect(path, isolation_level=None)
    if mode == "locking_mode":
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        mode = "EXCLUSIVE"
    connection.execute(f"BEGIN {mode}")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "state" / "journal.db"
    Journal.open(path).close()
    return path


def environment(path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TFEVENT_")}
    return {**kept, "TFEVENT_STATE_DIR": str(path.parent), "TFEVENT_JOURNAL": str(path)}


def events(*words, environ, **options):
    with stopwatch() as took:
        done = subprocess.run(
            [EVENTS, "events", *words],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG,
            **options,
        )
    return done, took.seconds


def recorded(path):
    with Journal.open(path) as journal:
        return [(record.state, record.event.title) for record in journal.list(Query(limit=None))]


@pytest.mark.parametrize(
    ("mode", "words", "title"),
    [
        ("EXCLUSIVE", ("send", "--title", "one"), "one"),
        slow("EXCLUSIVE", ("start", "--service", "shop"), "shop started"),
        ("EXCLUSIVE", ("stop", "--service", "shop", "--exit-code", "0"), "shop stopped"),
        slow("IMMEDIATE", ("send", "--title", "one"), "one"),
        ("locking_mode", ("send", "--title", "one"), "one"),
    ],
)
def test_an_event_is_kept_beside_a_locked_journal_and_taken_in_later(path, tmp_path, mode, words, title):
    environ = environment(path)
    free, usual = events("send", "--title", "before", environ=environ, cwd=tmp_path)
    with locked(path, mode):
        done, took = events(*words, environ=environ, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "the event is spooled" in done.stderr
        assert "not recorded" not in done.stderr
        assert took - usual < limit(ENOUGH)
    listed = events("list", environ=environ, cwd=tmp_path)[0].stdout
    assert title in listed.lower() or title in listed
    assert [state for state, _ in recorded(path)] == [RecordState.SETTLED] * 2
    assert not spool.waits(path)
    assert free.returncode == 0


def test_leftover_runs_do_not_each_wait_for_the_lock(path, tmp_path, monkeypatch):
    """20.7 s with three of them, once."""
    environ = environment(path)
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(path.parent))
    for number in range(6):
        run = rundir.create(str(path.parent), event_id(number))
        run.write_facts(id=event_id(number), owner="command", started_at=time.time())
        Path(run.file("checkpoint")).write_bytes(sealed(number, outcome=None, ended_at=None).body)
        run.release()
    with locked(path):
        done, took = events("send", "--title", "mine", environ=environ, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert took < limit(ENOUGH + 2)
    events("list", environ=environ, cwd=tmp_path)
    assert len(recorded(path)) == 7, "the six killed ones, and ours"


def test_both_steps_and_what_was_forgotten_are_taken_in_in_their_order(path, tmp_path):
    said = []
    recording = EventWriter(Settings(journal=path), Redactor(), say=said.append)
    begun, dropped = (sealed(number, outcome=None, ended_at=None).event for number in (1, 2))
    with locked(path):
        assert recording.begin(begun).recorded
        recording.start(dropped)
        assert recording.discard(dropped.id)
        settled = recording.settle(sealed(1).event)
        assert settled.recorded
        assert not settled.lost
    assert len(said) == 1, "one line is enough"
    with Journal.open(path) as journal:
        (record,) = journal.list(Query(limit=None))
        assert (record.id, record.state) == (event_id(1), RecordState.SETTLED)
    assert not spool.waits(path)


def test_what_is_kept_is_for_its_owner_only(path):
    with locked(path):
        EventWriter(Settings(journal=path), Redactor(), say=lambda _: None).settle(sealed(1).event)
        folder = Path(f"{path}-spool")
        (file,) = folder.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_kept_waits_as_long_as_the_journal_is_locked(path):
    recording = EventWriter(Settings(journal=path), Redactor(), say=lambda _: None)
    with locked(path):
        recording.settle(sealed(1).event)
        with Journal.open(path, patience=0.1) as journal:
            assert list(journal.list()) == []
    assert [title for _, title in recorded(path)] == [recording.sealed(sealed(1).event).event.title]


def test_taken_in_twice_changes_nothing(path):
    entry = spool.Entry("settle", time.time(), event_id(1), sealed(1).body, ("hook",))
    for _ in range(2):
        spool.keep(path, entry)
        with Journal.open(path) as journal:
            (record,) = journal.list(Query(limit=None))
            assert [status.destination for status in record.deliveries] == ["hook"]


def test_what_cannot_be_read_is_set_aside_and_holds_nothing_up(path):
    spool.keep(path, spool.Entry("settle", time.time(), event_id(1), sealed(1).body))
    folder = Path(f"{path}-spool")
    (folder / "0-1-settle").write_bytes(b"not ours")
    assert len(recorded(path)) == 1
    assert [file.name for file in folder.iterdir()] == ["0-1-settle.unreadable"]
