"""A ledger is brought forward, never back; what fails leaves it as it was, and an older writer keeps working."""

from __future__ import annotations

import psycopg
import pytest

from change_events.errors import LedgerError
from change_events.journal.records import RecordState
from change_events.ledger import schema
from change_events.ledger.schema import MIGRATIONS, Migration, Version
from change_events.ledger.writing import record
from tests.ledger.people import connect, hire
from tests.ledger.test_ledger_recording import figures, rows, story
from tests.support.sealed import sealed

LATER = Migration(("ALTER TABLE tfevent.events ADD COLUMN region text", "CREATE TABLE tfevent.extra (n integer)"))
NEXT = len(MIGRATIONS) + 1


def test_an_older_ledger_keeps_its_events_and_its_older_writers(ledger):
    hire(ledger)
    with connect(ledger, "ops_writer") as writer:  # it has begun before, and goes on
        record(writer, "ops", story(1)[1], RecordState.SETTLED)
        before = figures(ledger)
        assert schema.migrate(ledger, (*MIGRATIONS, LATER)) == (NEXT - 1, NEXT)
        assert figures(ledger) == before
        assert record(writer, "ops", story(2)[1], RecordState.SETTLED)
        assert schema.version(writer) == Version(NEXT, 1)
    for table in ("events", "extra"):
        owner = rows(
            ledger, "SELECT relowner::regrole::text FROM pg_class WHERE oid = %s::regclass", f"tfevent.{table}"
        )
        assert owner == [("tfevent_owner",)]


def test_a_newer_ledger_is_left_alone(ledger):
    schema.migrate(ledger, (*MIGRATIONS, LATER))
    with pytest.raises(LedgerError, match="a newer tfevent"):
        schema.migrate(ledger)
    assert record(ledger, "ops", sealed(1), RecordState.SETTLED)


def test_a_migration_that_fails_changes_nothing(ledger):
    known = rows(ledger, "SELECT relname FROM pg_class WHERE relnamespace = 'tfevent'::regnamespace ORDER BY 1")
    with pytest.raises(psycopg.Error):
        schema.migrate(ledger, (*MIGRATIONS, LATER, Migration(("SELECT 1/0",))))
    assert rows(ledger, "SELECT relname FROM pg_class WHERE relnamespace = 'tfevent'::regnamespace ORDER BY 1") == known
    assert schema.version(ledger).schema == NEXT - 1
    assert ledger.execute("SELECT current_user").fetchone() == ("postgres",)


def test_a_database_of_another_encoding_is_refused(postgres):
    postgres.execute(
        "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    try:
        with psycopg.connect(postgres.url("latin")) as connection, pytest.raises(LedgerError, match="LATIN1"):
            schema.migrate(connection)
    finally:
        postgres.execute("DROP DATABASE latin")
