"""Texts that readers look for: found by the index, in the order of time, with other filters, of their teams only."""

from __future__ import annotations

import itertools
from datetime import timedelta

import msgspec
import psycopg
import pytest

from change_events.journal import Query
from change_events.ledger import text_reads
from change_events.ledger.source import LedgerSource
from tests.history.past import NOW, change, new_id, run
from tests.ledger.people import hire, url_of
from tests.support.ledger import fill, filled

NUMBER = 120
FIND = "SELECT id::text FROM tfevent.with_text(%s, %s, NULL, NULL, NULL, NULL, true, 1000)"


def made(number):
    """Events of six months. Of some the id was made long after the start, as of what is backfilled."""
    event = run(
        number * 2_200,
        change(f"aws_instance.web{number}"),
        service=f"service{number % 7}",
        title=f"{'rare' if number % 50 == 3 else 'usual'} one, 100%_{number} \\ done",
    )
    late = {"id": new_id(NOW - timedelta(days=number % 5 * 30))} if number % 11 == 0 else {}
    return msgspec.structs.replace(event, **late)


EVENTS = [made(number) for number in range(NUMBER)]


@pytest.fixture(scope="module")
def shared(postgres):
    """A ledger of two teams, which have some events together, and its users."""
    with filled(postgres, EVENTS, ["ops", "ops", "shop"]) as url, psycopg.connect(url, autocommit=True) as ledger:
        fill(url, [msgspec.structs.replace(event, message="theirs") for event in EVENTS[:20:3]], ["shop"])
        hire(ledger)
        yield ledger


def answers(source, query):
    """Ids and teams; what teams have recorded differently has no order of its own."""
    found = [(record.id, record.teams, record.others) for record in source.list(query)]
    return [sorted(same) for _, same in itertools.groupby(found, key=lambda one: one[0])]


QUERIES = {
    "rare": Query(text="Rare"),
    "usual": Query(text="usual"),
    "both": Query(text="one, 100"),
    "none": Query(text="nowhere"),
    "wildcards are letters": Query(text="100%_1"),
    "a backslash": Query(text="_3 \\ done"),
    "with a column": Query(text="usual", service="service3"),
    "rare with a column": Query(text="rare", service="service4"),
    "address": Query(text="usual", address="aws_instance.web7"),
    "since": Query(text="usual", since=NOW - timedelta(days=9)),
    "until": Query(text="rare", until=NOW - timedelta(days=60)),
}


@pytest.mark.parametrize(("user", "looked_at"), [("ops_reader", 5), ("all_reader", 5), ("all_reader", 1_000)])
def test_the_index_finds_what_looking_at_each_event_finds(shared, monkeypatch, user, looked_at):
    monkeypatch.setattr(text_reads, "_LOOKED_AT", looked_at)
    monkeypatch.setattr(text_reads, "_LEAST", min(looked_at, 5))
    monkeypatch.setattr(text_reads, "_FOUND", 3)
    monkeypatch.setattr(text_reads, "_FEW", looked_at)
    with LedgerSource.open(url_of(shared, user)) as by_index, LedgerSource.open(url_of(shared, user)) as plain:
        assert by_index.finds_texts
        plain.finds_texts = False
        pages = {"before": EVENTS[30].id}, {"after": EVENTS[90].id}, {}
        for (name, query), page, limit in itertools.product(QUERIES.items(), pages, (4, None)):
            asked = msgspec.structs.replace(query, limit=limit, **page)
            assert answers(by_index, asked) == answers(plain, asked), (name, page, limit)
        for name, query in QUERIES.items():
            for most in (3, 1_000):
                assert by_index.figures(query, most=most) == plain.figures(query, most=most), name
            spans = msgspec.structs.replace(query, since=NOW - timedelta(days=200), until=NOW)
            width = timedelta(days=20)
            assert by_index.counted(spans, width=width) == plain.counted(spans, width=width), name
        assert answers(by_index, Query(text="rare")) != []


def test_few_events_are_looked_at_without_asking_the_index(shared, monkeypatch):
    few = Query(text="rare", since=NOW - timedelta(days=9), until=NOW)
    with LedgerSource.open(url_of(shared, "all_reader")) as source:
        found = list(source.list(few))
        assert found

        def asked(*_):
            raise AssertionError("the index was asked")

        monkeypatch.setattr(source, "_ids_with_text", asked)
        assert [one.id for one in source.list(few)] == [one.id for one in found]
        assert source.figures(few, most=1_000).events == len(found)
        assert sum(one.number for one in source.counted(few, width=timedelta(days=1))) == len({one.id for one in found})
        assert source.figures(Query(text="usual"), most=20).more, "the newest say enough"


def test_a_text_is_looked_for_in_all_events_where_an_index_finds_it(shared):
    with LedgerSource.open(url_of(shared, "ops_reader")) as source:
        assert source.searched_since(Query(text="usual", searched=5)) is None
        assert source.searched_since(Query(text="to", searched=5)) is not None, "too short for the index"
        assert len(list(source.list(Query(text="rare", searched=1, limit=None)))) == 2
        source.finds_texts = False
        assert list(source.list(Query(text="rare", searched=1, limit=None))) == []


@pytest.mark.parametrize(("user", "teams"), [("ops_reader", {"ops"}), ("shop_reader", {"shop"}), ("no_reader", set())])
def test_the_function_finds_only_in_teams_that_the_session_may_read(shared, user, teams):
    with psycopg.connect(url_of(shared, user), autocommit=True) as reader:
        for asked in (["ops", "shop"], ["*"], ["ops"], ["shop"], [None], []):
            reader.execute("SELECT set_config('tfevent.teams', %s, false)", (",".join(filter(None, asked)),))
            found = {event_id for (event_id,) in reader.execute(FIND, (asked, "one"))}
            expected = {
                event_id
                for (event_id,) in shared.execute(
                    "SELECT id::text FROM tfevent.events WHERE team = ANY (%s)", (list(teams & set(asked)),)
                )
            }
            assert found == expected


@pytest.mark.parametrize("text", ["", "%", "\\", "\\%", "_" * 90, "'; DROP TABLE tfevent.bodies; --", "%s %1$s"])
def test_no_text_makes_the_function_fail(shared, text):
    with psycopg.connect(url_of(shared, "ops_reader"), autocommit=True) as reader:
        found = reader.execute(FIND, (["ops"], text)).fetchall()
        assert len(found) == (80 if text in {"", "%", "\\"} else 0)


@pytest.mark.parametrize("user", ["ops_writer", "stranger", "keeper"])
def test_who_does_not_read_may_not_find(shared, user):
    with psycopg.connect(url_of(shared, user)) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        other.execute(FIND, (["ops"], "rare"))
