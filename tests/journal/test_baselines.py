"""What the journal keeps of runs that changed nothing: one row a stack, bounded, and no event."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from change_events.ids import new_id
from change_events.journal import Journal, Query, baselines, schema, spool
from change_events.model import ChangeEvent, Kind, Outcome, Phase, Playbook, Tool, Vcs
from change_events.model.retention import Retention
from change_events.redact import Redactor

START = datetime(2026, 11, 1, tzinfo=UTC)


def run(minute=0, path="prod", commit="c1", **fields):
    known = {
        "id": new_id(), "kind": Kind.INFRASTRUCTURE, "phase": Phase.APPLIED, "title": "", "outcome": Outcome.NO_CHANGE,
        "started_at": START + timedelta(minutes=minute), "tool": Tool(name="terraform", directory=f"/code/{path}"),
        "vcs": Vcs(repository="acme/infra", path=path, commit=commit),
    }  # fmt: skip
    return Redactor().seal(ChangeEvent(**{**known, **fields}))


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


def kept(journal, text=b"acme/infra"):
    return [(one.vcs.path, one.vcs.commit) for one in journal.baselines(text)]


def test_the_newest_of_each_stack_is_kept_and_is_no_event(journal):
    for one in (run(1), run(3, commit="c3"), run(2, commit="c2"), run(2, "staging")):
        journal.start(one)
        assert journal.discard(one.event.id, one)
    assert kept(journal) == [("prod", "c3"), ("staging", "c1")]
    assert kept(journal, b"acme/other") == []
    assert not list(journal.list(Query(limit=None)))


def test_a_playbook_has_one_for_each_choice_of_hosts_and_tasks(journal):
    for at, fields in enumerate(({}, {"limit": "web"}, {"tags": ("a",)}, {"limit": "web"})):
        one = run(at, commit=f"c{at}", playbook=Playbook(file="site.yml", **fields))
        journal.discard(one.event.id, one)
    assert [commit for _, commit in kept(journal)] == ["c3", "c2", "c0"]


def test_they_are_bounded_in_number_size_and_age(tmp_path, monkeypatch):
    monkeypatch.setattr(baselines, "MOST", 3)
    with Journal.open(tmp_path / "journal.db", caps=Retention(days=2)) as journal:
        for at in range(5):
            journal.discard(new_id(), run(at, f"p{at}"))
        assert [path for path, _ in kept(journal)] == ["p4", "p3", "p2"]
        journal.discard(new_id(), run(9, tool=Tool(name="terraform", directory="x" * baselines.LARGEST)))
        assert len(kept(journal)) == 3
        journal.discard(new_id(), run(3 * 24 * 60, "new"))
        assert [path for path, _ in kept(journal)] == ["new"]


def test_one_of_a_locked_journal_is_kept_beside_it(tmp_path):
    path = tmp_path / "journal.db"
    one = run()
    spool.keep(path, spool.Entry("discard", 1.0, one.event.id, body=one.body))
    spool.keep(path, spool.Entry("discard", 1.0, new_id()))
    with Journal.open(path) as journal:
        assert kept(journal) == [("prod", "c1")]


def test_a_journal_of_an_older_version_gets_the_table(tmp_path):
    path = tmp_path / "journal.db"
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, str(path), schema.MIGRATIONS[:9])
    connection.close()
    with Journal.open(path) as journal:
        journal.discard(new_id(), run())
        assert kept(journal) == [("prod", "c1")]
