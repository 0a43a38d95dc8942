"""`tfevent events serve --collect` and destinations that deliver to it: processes and a database."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from change_events.ledger import tokens
from tests.cli.home import Home
from tests.support.ledger import new_ledger
from tests.support.postgres import postgres
from tests.support.sealed import sealed
from tests.support.selection import slow
from tests.support.serving import served
from tests.support.speed import HANG

__all__ = ["postgres"]


@pytest.fixture(scope="module")
def ledger(postgres):
    with postgres.database(new_ledger) as url:
        yield url


@pytest.fixture(scope="module")
def server(ledger, tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("server"))
    with served(home, "--collect", env={"TFEVENT_LEDGER": ledger}) as server:
        yield server
        code, said = server.end()
        assert (code, "tfel_" in said) == (0, False)


def token_of(ledger, team="ops", **terms):
    with psycopg.connect(ledger, autocommit=True) as owner:
        return tokens.create(owner, team, **{"may_write": True, "may_read": False} | terms)[1]


def rows(ledger, statement):
    with psycopg.connect(ledger) as owner:
        return owner.execute(statement).fetchall()


def test_programs_have_tokens_and_no_session_and_pages_have_sessions_and_no_token(server, ledger):
    bearer = {"authorization": f"Bearer {token_of(ledger)}"}
    with server.client() as reader:
        assert reader.get("/").status_code == 200
        assert reader.post("/v1/events", content=sealed(1).body).status_code == 401
        assert reader.post("/", content=b"").status_code == 405
    with server.stranger() as program:
        assert program.get("/", headers=bearer).status_code == 401
        assert program.get("/v1/health", headers=bearer).json()["team"] == "ops"
        for headers, status in (
            ({"host": "attacker.example"}, 403),
            ({"sec-fetch-site": "cross-site"}, 403),
            ({"x-large": "x" * 17_000}, 431),
        ):
            answer = program.post("/v1/events", content=sealed(1).body, headers=bearer | headers)
            assert (answer.status_code, answer.json()["status"]) == (status, status)
            assert answer.headers["content-type"] == "application/problem+json"
    assert rows(ledger, "SELECT count(*) FROM tfevent.events") == [(0,)]


def test_a_machine_delivers_and_doctor_looks_at_collector_token_and_clock(server, ledger, tmp_path):
    home, token = Home(tmp_path), token_of(ledger, "delivered")
    home.environ |= {"TFEVENT_LEDGER_URL": server.base, "TFEVENT_LEDGER_TOKEN": token, "TFEVENT_BUDGET": str(HANG)}
    done = home.run("send", "--kind", "deployment", "--service", "shop", "--title", "shop 2 deployed")
    assert done.returncode == 0, done.stderr
    assert rows(ledger, "SELECT title FROM tfevent.events WHERE team = 'delivered'") == [("shop 2 deployed",)]
    said = home.run("doctor").stdout.decode() + home.run("doctor", "--send-test").stdout.decode()
    assert "127.0.0.1 answers; the token is for team delivered; a test event" in said
    soon = token_of(ledger, "delivered", expires_at=datetime(2999, 1, 2, 3, 4, tzinfo=UTC))
    expires = home.run("doctor", env={"TFEVENT_LEDGER_TOKEN": soon}).stdout.decode()
    assert "the token is for team delivered, and expires 2999-01-02 03:04 UTC; a test event" in expires
    assert "it accepted a test event" in said
    assert token not in said + done.stderr.decode()


@pytest.mark.parametrize(
    ("terms", "says"),
    [slow({"may_write": False, "may_read": True}, "403"), (None, "401")],
)
def test_what_a_token_may_not_is_parked_with_what_to_do_and_delivered_with_another_one(
    server, ledger, tmp_path, terms, says
):
    home, team = Home(tmp_path), f"parked{says}"
    token = "tfel_" + "x" * 43 if terms is None else token_of(ledger, team, **terms)
    home.environ |= {"TFEVENT_LEDGER_URL": server.base, "TFEVENT_LEDGER_TOKEN": token, "TFEVENT_BUDGET": str(HANG)}
    done = home.run("send", "--kind", "deployment", "--title", "a new one")
    assert says in done.stderr.decode()
    assert "token create" in done.stderr.decode()
    assert token not in done.stderr.decode()
    assert says in home.run("doctor").stdout.decode()
    home.environ["TFEVENT_LEDGER_TOKEN"] = token_of(ledger, team)
    assert home.run("flush", "--parked").returncode == 0
    assert rows(ledger, f"SELECT count(*) FROM tfevent.events WHERE team = '{team}'") == [(1,)]


def test_without_a_ledger_it_is_refused_and_without_a_schema_it_does_not_start(postgres, tmp_path):
    home = Home(tmp_path)
    assert "--collect records in a ledger" in home.run("serve", "--collect").stderr.decode()
    with postgres.database() as empty:
        done = home.run("serve", "--collect", "--ledger", empty, "--port", "0")
        assert done.returncode == 69
        assert "there is no ledger in this database" in done.stderr.decode()
    done = home.run("serve", "--collect", "--ledger", "postgresql://u:geheim@127.0.0.1:1/none", "--port", "0")
    assert done.returncode == 69
    assert "geheim" not in done.stderr.decode()


def test_a_ledger_is_asked_through_the_server_with_a_token_that_may_read(server, ledger, tmp_path):
    home = Home(tmp_path)
    event = sealed(71)
    with server.stranger() as program:
        writer = {"authorization": f"Bearer {token_of(ledger, 'asked')}", "content-type": "application/json"}
        assert program.post("/v1/events", content=event.body, headers=writer).status_code == 200
    reader = token_of(ledger, "asked", may_write=False, may_read=True)
    env = {"TFEVENT_LEDGER": server.base, "TFEVENT_LEDGER_TOKEN": reader}
    assert home.events("list", env=env).startswith(event.event.id)
    assert home.events("show", "last", "--json", env=env)
    other = token_of(ledger, "empty", may_write=False, may_read=True)
    assert home.events("list", env={**env, "TFEVENT_LEDGER_TOKEN": other}) == ""
    refused = home.run("list", env={**env, "TFEVENT_LEDGER_TOKEN": token_of(ledger, "asked")})
    assert refused.returncode == 69
    assert b"this token is for recording events, and not for reading them" in refused.stderr
