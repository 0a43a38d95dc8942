"""The journal as it is read by who must not change it: no byte of the file changes, and each trouble has its words."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from change_events.errors import JournalError
from change_events.history.why import why
from change_events.journal import Journal, JournalCorrupt, JournalLocked, Query
from change_events.journal.read_only import ReadOnlyJournal
from change_events.journal.schema import MIGRATIONS
from tests.history.past import change, run, settle


def read(path, *, patience=5.0, seconds=60.0):
    return ReadOnlyJournal.open(path, patience=patience, seconds=seconds)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        settle(journal, run(20, change("a.b")), run(10, change("a.b")))
    return path


def listed(path):
    with closing(read(path)) as journal:
        return [record.title for record in journal.list(Query())]


def test_reading_changes_not_a_byte(path):
    before = path.read_bytes()
    with closing(read(path)) as journal:
        assert len(list(journal.list(Query()))) == 2
        assert len(why(journal, "a.b", limit=5).entries) == 2
    assert path.read_bytes() == before


def test_nothing_can_be_written_through_it(path):
    with closing(read(path)) as journal, pytest.raises(JournalError):
        journal._write(lambda connection: connection.execute("DELETE FROM events"))
    assert len(listed(path)) == 2


def test_what_is_not_there_is_not_made(tmp_path):
    assert read(tmp_path / "none" / "journal.db") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_which_nothing_was_recorded_yet_is_none(tmp_path):
    (tmp_path / "journal.db").touch()
    assert read(tmp_path / "journal.db") is None


def test_what_a_process_records_meanwhile_is_seen(path):
    with Journal.open(path) as writer, closing(read(path)) as reader:
        settle(writer, run(1, title="just now"))
        assert next(reader.list(Query())).title == "just now"


def test_a_name_with_signs_that_mean_something_in_an_address_is_a_name(path):
    odd = path.with_name("50% a?b#c&mode=rwc.db")
    path.rename(odd)
    assert len(listed(odd)) == 2


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (len(MIGRATIONS) - 1, rf"older tfevent \(schema {len(MIGRATIONS) - 1}.*`tfevent events list` brings it up"),
        (len(MIGRATIONS) + 1, "newer tfevent .*upgrade tfevent"),
        (0, "database of another program"),
    ],
)
def test_another_schema_is_left_as_it_is(path, version, said):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(JournalError, match=said):
        read(path)
    assert path.read_bytes() == before


def test_a_damaged_file_stays_where_it_is(path):
    path.write_bytes(b"no database" * 500)
    with pytest.raises(JournalCorrupt, match="the file is damaged"):
        read(path)
    assert [found.name for found in path.parent.iterdir() if found.name.startswith("journal.db")] == ["journal.db"]


def test_a_lock_is_waited_for_and_then_named(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE totals SET pruned = pruned")
        with pytest.raises(JournalLocked, match="another process keeps it locked"):
            read(path, patience=0.05)
    assert len(listed(path)) == 2


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(JournalError, match="it is not a file"):
        read(tmp_path / "pipe")


def test_a_question_that_takes_too_long_is_broken_off(path):
    with closing(read(path, seconds=0)) as journal, pytest.raises(JournalError, match="took too long"):
        journal._read(
            lambda connection: connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
            ).fetchall()
        )


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_journal_in_a_folder_that_cannot_be_written_is_read(path):
    path.parent.chmod(0o500)
    try:
        assert len(listed(path)) == 2
    finally:
        path.parent.chmod(0o700)


def test_a_page_is_found_by_the_index_of_starts(path):
    """What ``before`` leaves out is not gone through."""
    with closing(read(path)) as journal:
        connection = journal._connection
        where = "(e.started_at, e.seq) < (SELECT b.started_at, b.seq FROM events b WHERE b.id = 'x')"
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN SELECT e.id FROM events e WHERE {where} ORDER BY e.started_at DESC, e.seq DESC"
        ).fetchall()
    assert "USING" in plan[0][3]
    assert "events_by_start (started_at<?)" in plan[0][3]


def test_a_copy_without_the_files_beside_it_is_read(path, tmp_path):
    with Journal.open(path) as writer:
        settle(writer, run(5))
        shutil.copy(path, tmp_path / "copy.db")
    assert len(listed(tmp_path / "copy.db")) >= 2


def test_the_start_of_the_oldest_event_that_a_text_is_looked_for_in(path):
    with closing(read(path)) as journal:
        newest, oldest = journal.list(Query())
        assert journal.searched_since(Query(text="x", searched=1)) == oldest.started_at
        assert newest.started_at - oldest.started_at == timedelta(minutes=10)
