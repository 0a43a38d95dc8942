"""A collector whose user of the database has not the rights, or whose ledger takes nothing: each answer says so."""

from __future__ import annotations

import httpx
import psycopg
import pytest

from change_events.errors import LedgerError
from tests.collector.recorder import recording
from tests.ledger.people import PASSWORD, url_of
from tests.support.collector import collecting
from tests.support.ledger import new_ledger
from tests.support.postgres import postgres
from tests.support.sealed import sealed
from tests.support.speed import HANG

__all__ = ["postgres"]


@pytest.fixture
def ledger(postgres):
    """A ledger, a connection of its owner, and its URL for a user with all roles of a collector and no team."""
    with postgres.database(new_ledger) as url, psycopg.connect(url, autocommit=True) as owner:
        if not owner.execute("SELECT 1 FROM pg_roles WHERE rolname = 'bare'").fetchone():
            roles = "tfevent_collector, tfevent_writer, tfevent_reader"
            owner.execute(f"CREATE ROLE bare LOGIN PASSWORD '{PASSWORD}' IN ROLE {roles}")
        yield url, owner, url_of(owner, "bare")


def answers(client):
    """Status and text of health and of an event that is sent."""
    posted = client.post("/v1/events", content=sealed(1).body, headers={"content-type": "application/json"})
    both = (client.get("/v1/health"), posted)
    return [(one.status_code, one.json().get("detail", "")) for one in both]


def may(owner, team, right):
    owner.execute("INSERT INTO tfevent.members (role, team, may) VALUES ('bare', %s, %s)", (team, right))


def test_a_user_of_the_database_without_a_team_is_named_at_the_start_in_health_and_by_each_answer(ledger):
    url, owner, bare = ledger
    with pytest.raises(LedgerError, match="may record events of no team"), recording(url, via=bare):
        pass
    may(owner, "web", "write")
    with recording(url, via=bare) as collector, collector.client(collector.token(may_read=True)) as client:
        with collector.client("") as nobody:
            assert nobody.get("/v1/health").status_code == 200
        for status, detail in answers(client):
            assert status == 503
            assert "has not the rights" in detail
        assert len(collector.reported) == 1
        may(owner, "ops", "write")
        (health, detail), posted = answers(client)
        assert (health, posted) == (503, (200, ""))
        assert "has not the rights" in detail
        may(owner, "ops", "read")
        assert [status for status, _ in answers(client)] == [200, 200]


def test_a_reader_without_the_right_is_not_answered_that_there_is_nothing(ledger):
    url, owner, bare = ledger
    may(owner, "web", "read")
    with collecting(url, bare) as running:

        def ask():
            headers = {"authorization": f"Bearer {running.token('ops')}"}
            return httpx.post(f"{running.url}/v1/queries/known", content=b"{}", headers=headers, timeout=HANG)

        refused = ask()
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "has not the rights" in refused.json()["detail"]
        may(owner, "ops", "read")
        assert ask().status_code == 200


def test_a_ledger_that_is_read_only_or_became_too_new_takes_nothing_and_health_says_so(ledger):
    url, owner, bare = ledger
    may(owner, "ops", "write")
    standby = f"{bare}?options=-cdefault_transaction_read_only%3Don"
    with recording(url, via=standby) as collector, collector.client() as client:
        for status, detail in answers(client):
            assert status == 503
            assert "read-only" in detail
    with recording(url, via=bare) as collector, collector.client() as client:
        assert [status for status, _ in answers(client)] == [200, 200]
        owner.execute("INSERT INTO tfevent.schema VALUES (99, 99, now())")
        for status, detail in answers(client):
            assert status == 503
            assert "no schema" in detail


def test_a_ledger_that_became_too_new_answers_nothing_over_a_connection_that_was_kept(ledger):
    url, owner, bare = ledger
    may(owner, "ops", "read")
    with collecting(url, bare) as running:
        headers = {"authorization": f"Bearer {running.token('ops')}"}

        def ask():
            return httpx.post(f"{running.url}/v1/queries/known", content=b"{}", headers=headers, timeout=HANG)

        assert ask().status_code == 200
        owner.execute("INSERT INTO tfevent.schema VALUES (99, 99, now())")
        for _ in range(2):
            refused = ask()
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert ["a newer tfevent made it" in line for line in running.reported] == [True]
        owner.execute("UPDATE tfevent.schema SET oldest_writer = 1 WHERE version = 99")
        assert ask().status_code == 200
