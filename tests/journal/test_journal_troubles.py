"""Damaged files, full disks, read-only homes, newer and older schemas."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from change_events.errors import JournalError
from change_events.journal import Journal, JournalCorrupt, Query, files, schema
from tests.support.sealed import event_id, sealed
from tests.support.speed import HANG

if TYPE_CHECKING:
    from pathlib import Path


def damage(path: Path, offset: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[offset : offset + 4096] = b"\xa5" * min(4096, len(data) - offset)
    path.write_bytes(data)


@pytest.fixture
def path(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        for number in range(50):
            journal.settle(sealed(number), ["a"])
    return tmp_path / "journal.db"


def test_a_damaged_file_is_reported_with_its_name(path):
    damage(path)
    with pytest.raises(JournalCorrupt, match=re.escape(str(path))):
        Journal.open(path)
    assert path.exists()


def test_repair_moves_the_damaged_file_aside_and_begins_anew(path):
    damage(path)
    with Journal.open(path, repair=True) as journal:
        journal.settle(sealed(99), ["a"])
        assert journal.get(event_id(99)) is not None
        (notice,) = journal.notices
    (aside,) = path.parent.glob("journal.db.corrupt-*[0-9]")
    assert str(aside) in notice
    assert aside.read_bytes()[:4] == b"\xa5" * 4
    assert oct(path.stat().st_mode)[-3:] == "600"


def test_damage_that_only_a_write_finds_is_repaired_too(path):
    with sqlite3.connect(path) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
    connection.close()
    damage(path, (root - 1) * 4096)
    with Journal.open(path) as journal, pytest.raises(JournalCorrupt):
        journal.settle(sealed(99), [])
    with Journal.open(path, repair=True) as journal:
        journal.settle(sealed(99), ["a"])
        assert [record.id for record in journal.list()] == [event_id(99)]
        assert len(journal.notices) == 1


def test_a_file_that_another_process_has_replaced_is_left_alone(path):
    damaged = files.identity(str(path))
    assert files.move_aside(str(path), damaged)
    Journal.open(path).close()
    assert files.move_aside(str(path), damaged) is None
    assert path.exists()


def test_names_of_moved_files_do_not_collide(tmp_path):
    path = tmp_path / "journal.db"
    aside = set()
    for _ in range(3):
        path.write_text("damaged")
        aside.add(files.move_aside(str(path), files.identity(str(path))))
    assert len(aside) == 3
    assert len(list(tmp_path.iterdir())) == 3


def test_many_processes_repair_one_file_once_and_keep_all_their_events(path):
    damage(path)
    code = textwrap.dedent("""
        import sys
        from change_events.journal import Journal
        from tests.support.sealed import sealed
        with Journal.open(sys.argv[1], repair=True) as journal:
            journal.settle(sealed(int(sys.argv[2])), ["a"])
    """)
    run = [subprocess.Popen([sys.executable, "-c", code, str(path), str(number)]) for number in range(100, 112)]
    assert [process.wait() for process in run] == [0] * 12
    assert len(list(path.parent.glob("journal.db.corrupt-*[0-9]"))) == 1
    with Journal.open(path) as journal:
        assert {r.id for r in journal.list(Query(limit=None))} == {event_id(n) for n in range(100, 112)}


def test_no_sqlite_file_at_all(tmp_path):
    path = tmp_path / "journal.db"
    path.write_text("this is my shopping list, not a journal\n" * 50)
    with pytest.raises(JournalCorrupt):
        Journal.open(path)
    assert path.read_text().startswith("this is my shopping list")


@pytest.mark.parametrize("place", ["/proc/nowhere/journal.db", "/dev/null/journal.db"])
def test_a_place_that_cannot_be_written(place):
    with pytest.raises(JournalError, match=rf"{place}: .*TFEVENT_JOURNAL"):
        Journal.open(place, repair=True)


def test_a_folder_in_place_of_the_file(tmp_path):
    with pytest.raises(JournalError, match="TFEVENT_JOURNAL"):
        Journal.open(tmp_path, repair=True)


def test_a_full_disk(path):
    with Journal.open(path) as journal:
        (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
        journal._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match="disk is full"):
            journal.settle(sealed(99, message="x" * 100_000), ["a"])
        assert journal.get(event_id(99)) is None, "nothing by halves"
        assert journal.counts().events == 50


def test_the_system_refusing_to_write_more(path):
    code = textwrap.dedent("""
        import resource, sys
        from change_events.errors import JournalError
        from change_events.journal import Journal
        from tests.support.sealed import sealed
        with Journal.open(sys.argv[1]) as journal:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            try:
                journal.settle(sealed(99, message="x" * 400_000), ["a"])
            except JournalError as error:
                print(error)
    """)
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert str(path) in done.stdout
    assert "TFEVENT_JOURNAL" in done.stdout
    with Journal.open(path) as journal:
        assert journal.counts().events == 50


def test_a_lock_that_is_never_released(path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Journal.open(path) as journal:
        journal.patience = 0.2
        with pytest.raises(JournalError, match="another process"):
            journal.settle(sealed(99), [])
        assert journal.get(event_id(1)) is not None, "readers do not wait for writers"
    holder.close()


def test_a_newer_schema_is_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="newer tfevent"):
        Journal.open(path, repair=True)
    assert path.read_bytes() == before


def test_an_older_schema_is_brought_forward_with_its_events(path):
    later = (*schema.MIGRATIONS, ("ALTER TABLE events ADD COLUMN note TEXT", "UPDATE events SET note = 'old'"))
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, str(path), later)
    schema.migrate(connection, str(path), later)
    assert schema.version(connection) == len(later)
    assert connection.execute("SELECT count(*) FROM events WHERE note = 'old'").fetchone() == (50,)
    connection.close()


def test_a_migration_that_fails_leaves_the_old_schema(path):
    broken = (*schema.MIGRATIONS, ("ALTER TABLE events ADD COLUMN note TEXT", "UPDATE nowhere SET x = 1"))
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, str(path), broken)
    assert schema.version(connection) == len(schema.MIGRATIONS)
    assert "note" not in {row[1] for row in connection.execute("PRAGMA table_info(events)")}
    connection.close()


@pytest.mark.parametrize("repair", [True, False])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path, repair):
    path = tmp_path / "main.tf"
    path.write_text('resource "null_resource" "a" {}\n' * 50)
    path.chmod(0o644)
    with pytest.raises(JournalError, match="not a journal and stays unchanged"):
        Journal.open(path, repair=repair)
    assert [file.name for file in tmp_path.iterdir()] == ["main.tf"]
    assert path.read_text() == 'resource "null_resource" "a" {}\n' * 50
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("version", [0, 3, 999])
def test_the_database_of_another_program_is_left_as_it_is(tmp_path, version):
    path = tmp_path / "app.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE events (day TEXT)" if version else "CREATE TABLE things (day TEXT)")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="another program"):
        Journal.open(path, repair=True)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (before, 0o644)


def test_to_open_it_twice_in_a_process_leaves_the_first_ones_locks(path):
    """POSIX takes all locks of a process away when it closes any descriptor of the file; SQLite knows only its own.

    Without its lock, another process that closes the journal takes itself for the last one and removes the log.
    """
    words = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('DELETE FROM events'); c.commit(); c.close()"
    )
    with Journal.open(path) as first:
        assert list(first.list())
        Journal.open(path).close()
        subprocess.run([sys.executable, "-c", f"{words}; c.close()", path], check=True, timeout=HANG)
        assert path.with_name(f"{path.name}-wal").exists()
        assert list(first.list()) == []
