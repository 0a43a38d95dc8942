"""Runs and their parents, the hosts a playbook met, senders' own keys; and a journal of the first form goes on."""

import sqlite3
import threading

import pytest

from change_events.journal import Journal, Query
from change_events.journal.schema import MIGRATIONS
from change_events.model import Actor, HostRun, Trace
from tests.support.sealed import EPOCH, event_id, sealed


@pytest.fixture
def clock():
    """Seconds that only the test moves."""
    return [EPOCH.timestamp() + 100.0]


@pytest.fixture
def journal(tmp_path, clock):
    with Journal.open(tmp_path / "journal.db", clock=lambda: clock[0]) as journal:
        yield journal


def ids(records):
    return [record.id for record in records]


def met(number, *names, **fields):
    return sealed(number, hosts=tuple(HostRun(name=name, status="changed") for name in names), **fields)


def test_a_host_finds_the_runs_that_met_it(journal):
    journal.settle(met(1, "web1", "web2"), [])
    journal.settle(met(2, "web2"), [])
    journal.settle(sealed(3), [])
    assert ids(journal.list(Query(host="web1"))) == [event_id(1)]
    assert ids(journal.list(Query(host="web2"))) == [event_id(2), event_id(1)]
    assert ids(journal.list(Query(host="web"))) == []


def test_settling_again_replaces_the_hosts(journal):
    journal.start(met(1, "web1"))
    journal.settle(met(1, "web2"), [])
    assert ids(journal.list(Query(host="web1"))) == []
    assert ids(journal.list(Query(host="web2"))) == [event_id(1)]


def test_an_explicit_event_is_about_the_machine_it_was_sent_from(journal):
    journal.settle(sealed(1, explicit=True, actor=Actor(host="build-7")), [])
    journal.settle(sealed(2, actor=Actor(host="build-7")), [])
    assert ids(journal.list(Query(host="build-7"))) == [event_id(1)]


def test_runs_know_their_parent_and_their_children(journal):
    journal.settle(sealed(1, trace=Trace(run_id="r1")), [])
    journal.settle(sealed(2, trace=Trace(run_id="r2", parent_run_id="r1")), [])
    assert ids(journal.list(Query(run="r1"))) == [event_id(1)]
    (child,) = journal.list(Query(parent="r1"))
    assert (child.id, child.run, child.parent) == (event_id(2), "r2", "r1")


def test_a_key_is_recorded_once_within_its_window(journal, clock):
    assert journal.settle(sealed(1, dedup_key="k"), ["a"], dedup_window=60) is None
    clock[0] = EPOCH.timestamp() + 50
    assert journal.settle(sealed(2, dedup_key="k"), ["a"], dedup_window=60) == event_id(1)
    assert journal.settle(sealed(3, dedup_key="other"), ["a"], dedup_window=60) is None
    clock[0] = EPOCH.timestamp() + 70
    assert journal.settle(sealed(4, dedup_key="k"), ["a"], dedup_window=60) is None, "the first was 69 s ago"
    assert ids(journal.list()) == [event_id(4), event_id(3), event_id(1)]
    assert journal.waiting(["a"]) == 3


def test_without_a_window_a_key_is_only_a_word(journal):
    journal.settle(sealed(1, dedup_key="k"), [])
    assert journal.settle(sealed(2, dedup_key="k"), []) is None


def test_of_many_processes_with_one_key_one_records(tmp_path):
    path = tmp_path / "journal.db"
    Journal.open(path).close()
    earlier = []

    def settle(number):
        with Journal.open(path, clock=lambda: EPOCH.timestamp() + 10) as journal:
            earlier.append(journal.settle(sealed(number, dedup_key="k"), [], dedup_window=60))

    threads = [threading.Thread(target=settle, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert earlier.count(None) == 1
    assert len(set(earlier)) == 2


def test_a_journal_of_the_first_form_is_brought_forward(tmp_path):
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as old:
        for statement in MIGRATIONS[0]:
            old.execute(statement)
        old.execute("PRAGMA user_version = 1")
        old.execute(
            "INSERT INTO events (id, state, started_at, kind, phase, severity, title) "
            "VALUES ('x', 'settled', 1, 'infrastructure', 'applied', 'info', 'old')"
        )
    old.close()
    with Journal.open(path) as journal:
        (record,) = journal.list()
        assert (record.title, record.run, record.parent) == ("old", None, None)
        journal.settle(met(1, "web1", trace=Trace(run_id="r")), [])
        assert ids(journal.list(Query(host="web1", run="r"))) == [event_id(1)]


def test_removing_an_event_removes_its_hosts(journal):
    journal.start(met(1, "web1"))
    journal.discard(event_id(1))
    assert ids(journal.list(Query(host="web1"))) == []
    with sqlite3.connect(journal.path) as raw:
        assert raw.execute("SELECT count(*) FROM hosts").fetchone() == (0,)
    raw.close()
