"""An event that several teams have recorded, and one that nobody can read: shown with its team, hiding no other."""

from __future__ import annotations

import json

import msgspec
import psycopg
import pytest

from change_events.journal import Query
from change_events.journal.records import RecordState
from change_events.ledger.entries import entry_of
from change_events.ledger.source import LedgerSource
from change_events.ledger.variants import UNREADABLE
from change_events.ledger.writing import record
from tests.cli.home import Home
from tests.ledger.people import hire, url_of
from tests.support.ledger import filled
from tests.support.sealed import sealed

SETTLED = RecordState.SETTLED
EVENTS = [sealed(number, title=f"event {number}").event for number in range(4)]
FORGED, BROKEN = EVENTS[2].id, sealed(9).event.id


@pytest.fixture(scope="module")
def shared(postgres):
    """Four events of ops; others have one as it is, two with another title, and one with a body of its own."""
    with filled(postgres, EVENTS) as url, psycopg.connect(url, autocommit=True) as ledger:
        hire(ledger)
        record(ledger, "shop", sealed(1, title="event 1"), SETTLED)
        record(ledger, "shop", sealed(2, title="FORGED"), SETTLED)
        record(ledger, "abc", sealed(3, title="FORGED, too"), SETTLED)
        entry = msgspec.json.encode([entry_of(sealed(9, title="broken").event, SETTLED)]).decode()
        body = msgspec.json.encode({"id": BROKEN, "started_at": "infinity"})
        ledger.execute("SELECT tfevent.record_events('shop', %s, %s::bytea[])", (entry, [body]))
        ledger.execute("SELECT tfevent.record_checks('ops', 'm', %s)", (json.dumps([DRIFT]),))
        yield ledger


DRIFT = {
    "directory": "/srv", "workspace": "default", "checked_at": 1, "revision": 1, "terms": "", "drift": "no JSON",
}  # fmt: skip


def summary(source, **terms):
    return [(record.title, record.event.title, record.teams, record.others) for record in source.list(Query(**terms))]


def test_what_differs_is_listed_with_its_team_and_what_is_equal_once(shared):
    with LedgerSource.open(url_of(shared, "all_reader")) as source:
        listed = summary(source)
        assert listed[0] == ("broken", "broken", ("shop",), ())
        assert sorted(listed[1:3]) == [
            ("FORGED, too", "FORGED, too", ("abc",), ("ops",)),
            ("event 3", "event 3", ("ops",), ("abc",)),
        ]
        assert sorted(listed[3:5]) == [
            ("FORGED", "FORGED", ("shop",), ("ops",)),
            ("event 2", "event 2", ("ops",), ("shop",)),
        ]
        assert listed[5:] == [
            ("event 1", "event 1", ("ops", "shop"), ()),
            ("event 0", "event 0", ("ops",), ()),
        ]
        shown = source.get(FORGED)
        assert (shown.event.title, shown.teams, shown.others) == ("event 2", ("ops",), ("shop",))
        assert source.get(EVENTS[3].id).event.title == "event 3", "what was recorded first"
        pages, last = [], None
        while page := summary(source, limit=1, before=last):
            pages += page
            last = next(iter(source.list(Query(limit=1, before=last)))).id
        assert sorted(pages) == sorted(listed)


def test_an_event_that_cannot_be_read_is_named_and_hides_no_other(shared):
    with LedgerSource.open(url_of(shared, "shop_reader")) as source:
        assert len(summary(source)) == 3
        event = source.get(BROKEN).event
        assert [signal.name for signal in event.signals] == [UNREADABLE]
        assert event.message == "team shop recorded an event that this tfevent cannot read"
    with LedgerSource.open(url_of(shared, "ops_reader")) as source:
        assert source.drift_checks() == []


def test_the_commands_name_teams(shared, tmp_path):
    home = Home(tmp_path)
    home.environ["TFEVENT_LEDGER"] = url_of(shared, "all_reader")
    listed = [line.split("\t") for line in home.events("list").splitlines()]
    assert {line[3]: line[6] for line in listed} == {
        "broken": "ledger", "event 3": "ledger: ops", "FORGED, too": "ledger: abc",
        "event 2": "ledger: ops", "FORGED": "ledger: shop",
        "event 1": "ledger", "event 0": "ledger",
    }  # fmt: skip
    found = [json.loads(line) for line in home.events("list", "--json").splitlines()]
    assert {one["title"]: (one["teams"], one["differing_teams"]) for one in found if one["id"] == FORGED} == {
        "event 2": (["ops"], ["shop"]), "FORGED": (["shop"], ["ops"]),
    }  # fmt: skip
    shown = home.events("show", FORGED)
    assert "event 2" in shown
    assert "team shop has recorded this event differently: --team shop shows it" in shown
    assert "FORGED" in home.events("show", FORGED, "--team", "shop")
    assert json.loads(home.events("show", FORGED, "--json"))["differing_teams"] == ["shop"]
    assert "cannot read" in home.events("show", BROKEN)
