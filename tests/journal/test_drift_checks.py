"""The last check of each directory in the journal: newest wins, bounded, and notices once a day."""

from __future__ import annotations

import sqlite3

import pytest

from change_events.journal import Journal, drift_checks, schema
from change_events.journal.drift_checks import KnownDrift, LastCheck
from change_events.model.retention import Retention

DAY = 86_400.0


def last(directory="/code/a", at=1000.0, **fields):
    return LastCheck(directory=directory, workspace=fields.pop("workspace", "default"), checked_at=at, **fields)


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal.db", caps=Retention(days=30)) as journal:
        yield journal


def test_what_is_kept_is_read_back(journal):
    known = KnownDrift("a.b", "update", {"size": "f"}, 900.0, "a")
    full = last(known_at=1000.0, clean_at=800.0, revision=3, terms="t", reason="locked", drift=(known,))
    other = last(workspace="eu")
    journal.keep_drift_checks([full, other])
    assert journal.drift_checks() == [full, other]


def test_an_older_check_does_not_replace_a_newer_one(journal):
    journal.keep_drift_checks([last(at=2000.0, revision=2)])
    journal.keep_drift_checks([last(at=1000.0, revision=1)])
    assert [one.revision for one in journal.drift_checks()] == [2]


def test_directories_that_are_no_longer_checked_are_forgotten(journal, monkeypatch):
    journal.keep_drift_checks([last("/code/old"), last("/code/new", at=1000.0 + 31 * DAY)])
    assert [one.directory for one in journal.drift_checks()] == ["/code/new"]
    monkeypatch.setattr(drift_checks, "MOST", 2)
    journal.keep_drift_checks([last(f"/code/{n}", at=1000.0 + 31 * DAY + n) for n in range(1, 4)])
    assert [one.directory for one in journal.drift_checks()] == ["/code/2", "/code/3"]


def test_a_notice_is_fresh_once_a_day(journal):
    assert journal.note_today(["a", "b"], "2026-11-30") == ["a", "b"]
    assert journal.note_today(["a", "c"], "2026-11-30") == ["c"]
    assert journal.note_today(["a"], "2026-12-01") == ["a"]


def test_a_journal_of_an_older_version_gets_the_table(tmp_path):
    path = tmp_path / "old.db"
    before = schema.MIGRATIONS.index(schema._DRIFT_CHECKS)
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, str(path), schema.MIGRATIONS[:before])
    connection.close()
    with Journal.open(path) as journal:
        assert journal.drift_checks() == []
        journal.keep_drift_checks([last()])
        assert journal.drift_checks() == [last()]
