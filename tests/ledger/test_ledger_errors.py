"""What goes wrong when a ledger is read is one sentence with its remedy, and never a password."""

from __future__ import annotations

import contextlib
import socket
import threading

import psycopg
import pytest

from change_events.errors import LedgerError
from change_events.journal import Query
from change_events.journal.errors import JournalTooSlow
from change_events.ledger import access, schema
from change_events.ledger.source import LedgerSource
from tests.history.past import run
from tests.support.freezing import proxy
from tests.support.ledger import filled
from tests.support.postgres import HOST, server
from tests.support.speed import HANG

SECRET = "geheim"
UNREACHABLE = "check host and port, and that the server runs and may be reached from here"


@pytest.fixture(scope="module")
def url(postgres):
    with filled(postgres, [run(number) for number in range(9)]) as url:
        yield url


def error_of(url, **terms):
    """The text of the error with which a ledger is not read."""
    with pytest.raises(LedgerError) as raised:
        ask(url, **terms)
    text = str(raised.value)
    assert SECRET not in text
    assert "\n" not in text
    return text


def ask(url, **terms):
    with LedgerSource.open(url, **terms) as source:
        return list(source.list(Query()))


def altered(postgres, url, *statements):
    for statement in statements:
        postgres.execute(statement, database=url.rpartition("/")[2])


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{SECRET}@rest@host/db",
        f"postgresql://ann:x/{SECRET}@host/db",
        f"postgresql://ann:1/{SECRET}@host/db",
        f"postgresql://ann:x?{SECRET}",
        f"postgresql://ann:%zz{SECRET}@host/db",
        f"postgresql://ann:{SECRET}@[::1/db",
        f"postgresql://ann:{SECRET}@host/db?nosuch=1",
        f"postgresql://ann:{SECRET}\udcff@host/db",
    ],
)
def test_an_address_that_cannot_be_read_is_not_quoted(url):
    assert error_of(url).startswith("the address of the ledger cannot be read; expected postgresql://USER@HOST:PORT/DA")


@pytest.mark.parametrize("url", [f"mysql://u:{SECRET}@h/d", f"host=h password={SECRET}", ""])
def test_what_is_no_address_of_a_ledger_is_refused(url):
    assert error_of(url) == "this is not the address of a ledger; expected postgresql://USER@HOST:PORT/DATABASE"


def test_a_collector_is_named_where_the_database_is_needed():
    assert error_of(f"https://{SECRET}@x") == (
        "this is the address of a collector, and the database itself is needed; "
        "expected postgresql://USER@HOST:PORT/DATABASE"
    )


def test_no_server_there(postgres):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        text = error_of(f"postgresql://ann:{SECRET}@{HOST}:{port}/db")
    assert text.startswith(f"ledger {HOST}:{port}/db: connection to server at ")
    assert text.endswith(f"Connection refused; {UNREACHABLE}")


def test_no_such_host(postgres):
    text = error_of(f"postgresql://ann:{SECRET}@nowhere.invalid/db")
    assert "nowhere.invalid" in text
    assert text.endswith(UNREACHABLE)


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up(postgres):
    with socket.create_server((HOST, 0)) as silent:
        text = error_of(f"postgresql://ann:{SECRET}@{HOST}:{silent.getsockname()[1]}/db?connect_timeout=2")
    assert "timeout" in text
    assert text.endswith(UNREACHABLE)


@pytest.mark.parametrize("pooled", [False, True])
def test_wrong_passwords_users_and_databases(postgres, url, pooled):
    name = url.rpartition("/")[2]
    with postgres.pooler() if pooled else contextlib.nullcontext(postgres) as door:
        ask(door.url(name))
        shown = f"ledger {HOST}:{door.port}"
        for wrong in (door.url(name, password=SECRET), door.url(name, user="nobody", password=SECRET)):
            text = error_of(wrong)
            assert text.startswith(f"{shown}/{name}: ")
            assert text.endswith("; check user and password; PGPASSWORD or ~/.pgpass keep one")
        text = error_of(door.url("none"))
        reason = 'database "none" does not exist'
        remedy = "check its name: the server does not have this database, or forbids it"
        assert text == f"{shown}/none: {reason}; {remedy}"


def test_a_password_of_the_environment_is_taken(postgres, url, monkeypatch):
    name = url.rpartition("/")[2]
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    assert ask(f"postgresql://postgres@{HOST}:{postgres.port}/{name}")


def test_no_ledger_in_the_database(postgres, database):
    assert error_of(database).endswith("there is no ledger in this database; `tfevent events ledger init` makes one")


def test_a_schema_that_is_too_old_or_too_new(postgres, monkeypatch):
    with filled(postgres, ()) as url:
        monkeypatch.setattr(access, "OLDEST_READ", 100)
        assert error_of(url).endswith(
            f"it has schema {len(schema.MIGRATIONS)}, and this tfevent reads 100 or newer; "
            "`tfevent events ledger init` brings it up to date"
        )
        monkeypatch.undo()
        altered(postgres, url, "INSERT INTO tfevent.schema (version, oldest_writer) VALUES (98, 1)")
        assert ask(url) == [], "a newer one that an older tfevent may use"
        altered(postgres, url, "INSERT INTO tfevent.schema (version, oldest_writer) VALUES (99, 98)")
        assert error_of(url).endswith(f"a newer tfevent made it (schema 99, this one knows {len(schema.MIGRATIONS)}); "
                                      "upgrade tfevent")  # fmt: skip


def test_a_user_without_rights(postgres, url):
    name = url.rpartition("/")[2]
    postgres.execute("CREATE ROLE nobodys LOGIN PASSWORD 'known'")
    text = error_of(postgres.url(name, user="nobodys", password="known"))
    assert text.endswith("this user may not read it: `tfevent events ledger init --team NAME` says what to grant")


def test_too_many_connections_are_not_a_wrong_password(postgres, url):
    postgres.execute("CREATE ROLE crowd LOGIN PASSWORD 'known' CONNECTION LIMIT 0")
    text = error_of(postgres.url(url.rpartition("/")[2], user="crowd", password="known"))
    assert 'too many connections for role "crowd"' in text
    assert text.endswith("; try again, or use a pooler such as pgbouncer")


def test_a_pooler_that_takes_no_options_is_said(postgres, url):
    with postgres.pooler() as pooler:
        text = error_of(pooler.url(url.rpartition("/")[2]) + "?options=-csearch_path%3Dx")
    assert text.endswith("; leave it out of the address: a pooler does not pass it on")


@pytest.mark.parametrize(
    ("rest", "part"),
    [
        ("host/db?bogus=1", "and after `?` only parameters of libpq, such as sslmode=verify-full"),
        ("host/db?sslmode", "and after `?` only parameters of libpq, such as sslmode=verify-full"),
        ("host:abc/db", "with a number as its port"),
        ("a:1,b:x/db", "with a number as its port"),
        ("[::1/db", "with an address of IPv6 in [ and ]"),
        ("host/d%zz", "and %25 for a %"),
    ],
)
def test_the_part_of_an_address_that_is_wrong_is_named(rest, part):
    begin = "the address of the ledger cannot be read; expected postgresql://USER@HOST:PORT/DATABASE"
    assert error_of(f"postgresql://ann:{SECRET}@{rest}") == f"{begin}, {part}"
    assert error_of(f"postgresql://{rest}") == f"{begin}, {part}"


def test_a_question_that_takes_too_long_is_broken_off(postgres, url):
    with psycopg.connect(url) as other, LedgerSource.open(url, seconds=0.2) as source:
        other.execute("LOCK TABLE tfevent.events")
        with pytest.raises(JournalTooSlow, match="took too long and was broken off; ask for less"):
            next(source.list(Query()))
        other.rollback()
        assert len(list(source.list(Query()))) == 9, "the next question is answered"
    with LedgerSource.open(url, in_all=0.05) as source:
        threading.Event().wait(0.1)
        with pytest.raises(JournalTooSlow):
            next(source.list(Query()))


def test_a_server_that_falls_silent_is_given_up_by_the_client(postgres, url, monkeypatch):
    monkeypatch.setattr(access, "GRACE", 0.2)
    name = url.rpartition("/")[2]
    with proxy(postgres.port) as between:
        door = url.replace(f":{postgres.port}/", f":{between.port}/")
        with LedgerSource.open(door, seconds=0.3) as source:
            assert len(list(source.list(Query()))) == 9
            between.frozen.set()
            with pytest.raises(JournalTooSlow) as raised:
                next(source.list(Query()))
    assert str(raised.value) == (
        f"ledger {HOST}:{between.port}/{name}: the server did not answer in time; try again, and see whether it, or a "
        "pooler or proxy before it, still works"
    )


def test_a_question_can_be_broken_off_from_outside(postgres, url):
    with psycopg.connect(url) as other, LedgerSource.open(url) as source:
        other.execute("LOCK TABLE tfevent.events")
        timer = threading.Timer(0.3, source.interrupt)
        timer.start()
        with pytest.raises(JournalTooSlow):
            next(source.list(Query()))
        timer.join(HANG)
        other.rollback()


def test_nothing_can_be_written(postgres, url):
    with LedgerSource.open(url) as source, pytest.raises(LedgerError, match="read-only transaction"):
        source._ask("DELETE FROM tfevent.events", {})
    assert len(ask(url)) == 9


def test_all_answers_come_through_a_pooler(postgres, url):
    name = url.rpartition("/")[2]
    with postgres.pooler(size=1) as pooler, LedgerSource.open(pooler.url(name)) as first:
        listed = first.list(Query(limit=None))
        next(listed)
        assert len(ask(pooler.url(name))) == 9, "another reader has the only connection between two questions"
        assert len(list(listed)) == 8
    assert postgres.execute("SHOW statement_timeout", database=name) == [("0",)]


@pytest.mark.slow
def test_a_connection_that_is_lost(postgres):
    with server() as own, filled(own, [run(number) for number in range(9)]) as url, LedgerSource.open(url) as source:
        own.kill()
        with pytest.raises(LedgerError, match=r"; try again$"):
            next(source.list(Query()))
        own.start()
        assert len(ask(url)) == 9
