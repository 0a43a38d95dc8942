"""Events reach a real ledger through the outbox, also through a pooler; what is wrong is said, and nothing is lost."""

from __future__ import annotations

import socket
import sys
import time

import msgspec
import psycopg
import pytest

from change_events.delivery import deliver, probe
from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, Response, Result
from change_events.journal import Journal
from change_events.ledger import schema
from tests.ledger.people import PASSWORD, hire, url_of
from tests.ledger.test_ledger_recording import rows, story
from tests.support.sealed import sealed
from tests.support.speed import HANG


@pytest.fixture
def shared(ledger):
    hire(ledger)
    return ledger


def to(url, team="ops", **options):
    return DestinationSettings("ledger", "ledger", {"url": url, "team": team, **options})


def sent(settings, event, seconds=30.0):
    """What comes of one attempt."""
    with open_transport(settings) as transport:
        return send_event(settings, transport, event, Effort(time.monotonic() + seconds, attempts=1))


def shown(text):
    return PASSWORD not in text and "p%40ss" not in text


def test_start_and_end_go_through_the_outbox_once(shared, tmp_path):
    start, end = story()
    settings = to(url_of(shared, "ops_writer"))
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.start(start, ["ledger"])
        deliver(journal, [settings], budget=60)
        assert rows(shared, "SELECT state FROM tfevent.events") == [("started",)]
        journal.settle(end, ["ledger"])
        for _ in range(2):
            deliver(journal, [settings], budget=60)
        assert journal.counts().waiting == journal.counts().parked == 0
    assert rows(shared, "SELECT team, state FROM tfevent.events") == [("ops", "settled")]
    assert rows(shared, "SELECT body FROM tfevent.bodies") == [(end.body,)]


def test_a_pooler_in_transaction_mode_changes_nothing(shared, postgres, tmp_path):
    with postgres.pooler(size=2) as pooler, Journal.open(tmp_path / "journal.db") as journal:
        url = pooler.url(shared.info.dbname)
        for number in range(12):
            journal.settle(sealed(number), ["a", "b", "c"])
        names = [msgspec.structs.replace(to(url, name), name=name) for name in "abc"]
        deliver(journal, names, budget=60)
        assert journal.counts().delivered == 36, {two.reason for one in journal.list() for two in one.deliveries}
    assert rows(shared, "SELECT team, count(*) FROM tfevent.events GROUP BY team ORDER BY team") == [
        (team, 12) for team in "abc"
    ]


def test_what_libpq_finds_is_used_where_no_password_is_given(shared, monkeypatch):
    plain = url_of(shared, "ops_writer").replace(":p%40ss%2Fw%3Ard%25", "")
    assert PASSWORD not in plain
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    assert sent(to(plain), sealed(1)).result is Result.PARK
    assert sent(to(plain, password=PASSWORD), sealed(1)).result is Result.DELIVERED
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert sent(to(plain), sealed(2)).result is Result.DELIVERED


def test_what_a_person_has_to_mend_is_parked_with_the_remedy(shared, postgres, database):
    right = url_of(shared, "ops_writer")
    wrong = {
        "does not accept user and password": to(right, password="other"),
        "may not write events of this team": to(right, "shop"),
        "there is no ledger in this database": to(database),
        "does not have this database": to(postgres.url("nowhere")),
        "correct them": to(postgres.url("postgres", "nobody_at_all")),
    }
    for words, settings in wrong.items():
        verdict = sent(settings, sealed(1))
        assert (verdict.result, words in verdict.reason) == (Result.PARK, True), verdict.reason
        assert shown(verdict.reason)
        assert postgres.password not in verdict.reason
    assert rows(shared, "SELECT count(*) FROM tfevent.events") == [(0,)]


def test_a_schema_that_this_version_cannot_write_to_is_said(shared):
    settings = to(url_of(shared, "ops_writer"))
    shared.execute("INSERT INTO tfevent.schema (version, oldest_writer) VALUES (99, 1)")
    assert sent(settings, sealed(1)).result is Result.DELIVERED  # newer, and takes what we send
    shared.execute("UPDATE tfevent.schema SET oldest_writer = 99 WHERE version = 99")
    verdict = sent(settings, sealed(2))
    assert (verdict.result, "upgrade tfevent" in verdict.reason) == (Result.PARK, True)
    shared.execute("DELETE FROM tfevent.schema WHERE version > 0")
    assert "ledger init" in sent(settings, sealed(2)).reason


def test_what_passes_is_tried_again(shared, postgres):
    right = url_of(shared, "ops_writer")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused = sent(to(f"postgresql://ops_writer@127.0.0.1:{port}/x"), sealed(1))
    assert (refused.result, refused.reason) == (Result.RETRY, "connection refused")
    shared.execute(f"ALTER ROLE ops_writer IN DATABASE {shared.info.dbname} SET default_transaction_read_only = on")
    standby = sent(to(right), sealed(1))
    assert (standby.result, "primary" in standby.reason) == (Result.RETRY, True), standby.reason
    shared.execute(f"ALTER ROLE ops_writer IN DATABASE {shared.info.dbname} RESET ALL")
    shared.execute("ALTER ROLE ops_writer CONNECTION LIMIT 0")
    try:
        full = sent(to(right), sealed(1))
    finally:
        shared.execute("ALTER ROLE ops_writer CONNECTION LIMIT -1")
    assert (full.result, "too many connections" in full.reason) == (Result.RETRY, True), full.reason
    assert sent(to(right), sealed(1)).result is Result.DELIVERED


@pytest.mark.slow
def test_a_lock_and_a_server_that_says_nothing_end_at_the_deadline(shared):
    right = url_of(shared, "ops_writer")
    with psycopg.connect(shared.info.dsn, password=shared.info.password) as other:
        other.execute("LOCK TABLE tfevent.events IN ACCESS EXCLUSIVE MODE")
        verdict = sent(to(right), sealed(1), seconds=2)
        assert (verdict.result, "in time" in verdict.reason) == (Result.RETRY, True), verdict.reason
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        verdict = sent(to(f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/x"), sealed(1), seconds=2)
    assert (verdict.result, verdict.reason) == (Result.RETRY, "it did not answer in time")


def test_a_connection_that_was_cut_is_made_anew(shared):
    settings = to(url_of(shared, "ops_writer"))
    with open_transport(settings) as transport:
        for number in (1, 2):
            effort = Effort(time.monotonic() + HANG)
            assert send_event(settings, transport, sealed(number), effort).result is Result.DELIVERED
            shared.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ops_writer'")


def test_doctor_checks_user_schema_and_clock(shared, database, monkeypatch):
    settings = to(url_of(shared, "ops_writer"))
    well = probe(settings, budget=30)
    assert (well.ok, "answers" in well.text) == (True, True)
    assert not probe(to(url_of(shared, "ops_writer"), password="other"), budget=30).ok
    missing = probe(to(database), budget=30)
    assert (missing.ok, "ledger init" in missing.text) == (False, True)
    tested = probe(settings, budget=30, send_test=True)
    assert tested.ok, tested.text
    assert rows(shared, "SELECT title FROM tfevent.events") == [("tfevent test event",)]


def test_doctor_sees_what_would_keep_events_out_without_sending_any(shared, postgres):
    may_not = "this user may not write events of this team; `tfevent events ledger init --team NAME` says what to grant"
    for settings in (
        to(url_of(shared, "ops_writer"), team="shop"),
        to(url_of(shared, "ops_reader")),
        to(url_of(shared, "all_reader")),
        to(url_of(shared, "keeper")),
        to(url_of(shared, "stranger")),
    ):
        found = probe(settings, budget=30)
        assert (found.ok, may_not in found.text) == (False, True), found.text
    shared.execute(f"ALTER ROLE ops_writer IN DATABASE {shared.info.dbname} SET default_transaction_read_only = on")
    found = probe(to(url_of(shared, "ops_writer")), budget=30)
    assert (found.ok, "it is read-only" in found.text) == (False, True), found.text
    shared.execute(f"ALTER ROLE ops_writer IN DATABASE {shared.info.dbname} RESET ALL")
    shared.execute("INSERT INTO tfevent.members (role, team, may) VALUES ('all_reader', '*', 'write')")
    assert not probe(to(url_of(shared, "all_reader")), budget=30).ok, "a member, but without the role"
    for url in (url_of(shared, "ops_writer"), postgres.url(shared.info.dbname)):
        assert probe(to(url), budget=30).ok
    assert rows(shared, "SELECT count(*) FROM tfevent.events") == [(0,)]


def test_a_parameter_that_a_pooler_refuses_is_named(shared, postgres):
    with postgres.pooler() as pooler:
        verdict = sent(to(pooler.url(shared.info.dbname) + "?options=-cjit%3Doff"), sealed(1))
    assert verdict.result is Result.RETRY
    assert verdict.reason.startswith("a pooler does not pass on a parameter in `url`; leave it out"), verdict.reason


def test_a_missing_extra_is_one_line(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "psycopg", None)
        verdict = sent(to("postgresql://x@127.0.0.1/x"), sealed(1))
    assert verdict.result is Result.RETRY
    assert verdict.reason == "it needs the package psycopg: pip install 'tfevent[server]'"


def test_an_event_of_an_older_tfevent_is_taken(shared):
    """The last release's entries: of what was added since, they have nothing."""
    entry = {
        "id": "019ab000-0000-7000-8000-000000000000", "state": "settled", "started_at": "2026-11-19T23:00:00Z",
        "kind": "custom", "phase": "applied", "severity": "info", "title": "t", "search": "t", "backfilled": False,
    }  # fmt: skip
    text = msgspec.json.encode([entry]).decode()
    body = msgspec.json.encode({"id": entry["id"]})
    shared.execute("SELECT tfevent.record_events('ops', %s, %s::bytea[])", (text, [body]))
    assert schema.version(shared).oldest_writer == 1
    assert rows(shared, "SELECT title FROM tfevent.events") == [("t",)]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("the database system is starting up", Result.RETRY),
        ("the database system is not yet accepting connections", Result.RETRY),
        ("the database system is in recovery mode", Result.RETRY),
        ("the database system is shutting down", Result.RETRY),
        ('database "events" does not exist', Result.PARK),
        ('role "ops" does not exist', Result.PARK),
        ('role "ops" is not permitted to log in', Result.PARK),
        ('too many connections for database "events"', Result.RETRY),
        ("remaining connection slots are reserved for non-replication superuser connections", Result.RETRY),
        ("pgbouncer cannot connect to server", Result.RETRY),
        ("im Moment geht das nicht", Result.RETRY),
    ],
)
def test_a_refusal_is_judged_by_what_is_said(text, result):
    assert get("ledger").judge(Response(500, {}, text.encode())).result is result
