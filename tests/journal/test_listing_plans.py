"""What is listed is found by an index: with the figures of a large journal, and seen in SQLite's own plan."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from change_events.journal import Journal, Query, RecordState, listing, schema
from tests.support.sealed import event_id, sealed

RARE = {
    "kind": "deployment", "phase": "planned", "severity": "critical", "outcome": "failed", "service": "shop",
    "environment": "staging", "tool": "ansible", "host": "web1", "run": "r", "parent": "p", "key": "k",
}  # fmt: skip


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "j.db") as journal:
        for number in range(30):
            journal.settle(sealed(number), ["a"])
        journal.delivered(*journal.claim(["a"], 25, 60))
        yield journal


def plan(journal, query):
    statement, values = listing.select(journal._connection, query)
    return [row[3] for row in journal._connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.mark.parametrize(
    "wanted",
    [
        *({name: value} for name, value in RARE.items()),
        {"undelivered": True},
        {"address": "aws_instance.web"},
        {"state": RecordState.STARTED},
        {"since": datetime(2026, 1, 1, tzinfo=UTC)},
        {"until": datetime(2026, 1, 1, tzinfo=UTC)},
        {"kind": "infrastructure", "service": "shop"},
        {"environment": "prod", "outcome": "failed", "since": datetime(2026, 1, 1, tzinfo=UTC)},
        {"host": "web1", "environment": "prod"},
    ],
    ids=str,
)
def test_what_is_rare_is_searched_for(journal, wanted):
    steps = plan(journal, Query(**wanted))
    assert any(step.startswith("SEARCH e ") for step in steps), steps
    # these hold nothing but what is asked for
    short = ("USING INDEX deliveries_undelivered", "USING INDEX events_running", "SCAN u")
    assert not any(step.startswith("SCAN") and not step.endswith(short) for step in steps), steps


@pytest.mark.parametrize("wanted", [{}, {"kind": "infrastructure"}, {"undelivered": True}, {"host": "h"}], ids=str)
def test_what_is_common_is_read_from_the_newest_back_without_sorting(journal, wanted, monkeypatch):
    monkeypatch.setattr(listing, "FEW", -1)
    steps = plan(journal, Query(**wanted))
    assert not any("TEMP B-TREE" in step for step in steps), steps
    assert not any(step == "SCAN e" for step in steps), steps


def test_the_page_before_is_read_from_its_end_on(journal):
    steps = plan(journal, Query(after=event_id(3)))
    assert "SEARCH e USING INDEX events_by_start (started_at>?)" in steps, steps
    assert [step for step in steps if "TEMP B-TREE" in step] == ["USE TEMP B-TREE FOR ORDER BY"], "of its own rows"


def test_filters_find_the_same_whichever_leads(journal, monkeypatch):
    queries = [Query(limit=None, **{name: getattr(Q, name)}) for Q in [sealed(1).event] for name in ("environment",)]
    queries += [Query(limit=None, undelivered=True), Query(limit=None, kind="infrastructure", phase="applied")]
    queries += [Query(limit=None, address="aws_instance"), Query(limit=None, address="aws_instance", kind="boot")]
    queries += [Query(limit=None, kind="boot"), Query(limit=None, kind="infrastructure", undelivered=True)]
    found = [[record.id for record in journal.list(query)] for query in queries]
    monkeypatch.setattr(listing, "FEW", -1)
    assert found == [[record.id for record in journal.list(query)] for query in queries]
    assert found[1] == [event_id(number) for number in range(29, 24, -1)]


def test_a_text_is_looked_for_in_the_newest_only_and_that_is_known(journal):
    query = Query(text="network", searched=10, limit=None)
    assert len(list(journal.list(query))) == 11, "ten, and the one where it ends"
    assert journal.searched_since(query) == sealed(19).event.started_at
    assert journal.searched_since(Query(text="network", searched=100)) is None
    assert len(list(journal.list(Query(text="network", limit=None)))) == 30


@pytest.mark.parametrize("asked", [{"tag": "a"}, {"actor": "bo"}, {"signal": "x"}])
def test_bodies_are_looked_at_of_the_newest_only(journal, asked):
    assert journal.searched_since(Query(searched=10, **asked)) == sealed(19).event.started_at
    assert journal.searched_since(Query(searched=100, **asked)) is None
    assert journal.searched_since(Query(searched=10, service="shop")) is None, "a column has it"


def test_a_large_file_of_an_older_version_gets_its_indexes_when_it_is_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "_LARGE", 5)
    path = tmp_path / "old.db"
    with Journal.open(path) as journal:
        for number in range(6):
            journal.settle(sealed(number), [])
        for name in listing.INDEXED:
            journal._connection.execute(f"DROP INDEX events_by_{name}")

    def indexes():
        return (
            sqlite3.connect(path)
            .execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'events_by%'")
            .fetchone()[0]
        )

    usual = indexes()
    Journal.open(path).close()
    assert indexes() == usual, "no run waits for them"
    Journal.open(path, index=True).close()
    assert indexes() == usual + len(listing.INDEXED)
