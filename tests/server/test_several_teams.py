"""Pages of a ledger for whoever reads several teams: whose an event is, and an address for each version of one."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import msgspec
import pytest

from change_events.history.suspects import Incident, suspects
from change_events.ids import new_id
from change_events.ledger.source import LedgerSource
from change_events.model import Outcome
from change_events.server import feeds
from change_events.server.page import PageRequest
from change_events.server.parameters import ParameterError
from change_events.server.rendering import render
from change_events.server.teams import as_recorded, chosen_team
from tests.history.past import change, journal_of, run
from tests.server.team import ZONE, page
from tests.support.ledger import fill, filled

NODE = "aws_instance.same"
ATOM = "{http://www.w3.org/2005/Atom}"


def fresh(minutes_ago, **more):
    size = change(NODE, attributes={"size": ("1", str(minutes_ago))})
    return run(minutes_ago, size, **{"now": datetime.now(UTC), "id": new_id(), **more})


FIRST = fresh(5, title="ops: went well")
SECOND = msgspec.structs.replace(FIRST, title="shop: has failed", outcome=Outcome.FAILED)
BEFORE = fresh(20, title="shop: before")  # of the same moment as the others: their order is what counts


@pytest.fixture(scope="module")
def source(postgres):
    """One event that two teams have recorded differently, in this order, and one of a team alone."""
    with filled(postgres, [FIRST], ["ops"]) as url:
        fill(url, [SECOND, BEFORE], ["shop"])
        with LedgerSource.open(url) as source:
            yield source


def request(path=None, **query):
    return PageRequest(
        path=path or {}, query=query, now=datetime.now(UTC), zone=ZONE, zone_name="Berlin", source_name="ledger",
        live=True, several_teams=True,
    )  # fmt: skip


def html(source, name, path=None, **query):
    from importlib import import_module

    asked = request(path, **query)
    answer = import_module(f"change_events.server.pages.{name}").build(source, asked)
    return answer.status, render(answer, asked)


@pytest.mark.parametrize(("team", "title", "other"), [("", "ops: went well", "shop"), ("ops", "ops: went well", "shop"),
                                                      ("shop", "shop: has failed", "ops")])  # fmt: skip
def test_each_version_of_an_event_has_an_address_and_leads_to_the_other(source, team, title, other):
    query = {"team": team} if team else {}
    status, text = html(source, "event", {"id": FIRST.id}, **query)
    assert status == 200
    assert f"<h1><bdi>{title}</bdi></h1>" in text
    assert f'<a href="/event/{FIRST.id}?team={other}">recorded otherwise by team <bdi>{other}</bdi></a>' in text
    shown = re.search(rf'<a href="/event/{FIRST.id}.json\?team=(\w+)">JSON</a>', text)[1]
    assert as_recorded(source, FIRST.id, shown).title == title


@pytest.mark.parametrize(("name", "query"), [("listing", {}), ("timeline", {"window": "24h"}), ("suspects", {}),
                                             ("timeline", {"lanes": "stack"}), ("stacks", {})])  # fmt: skip
def test_rows_lead_to_the_version_that_they_show(source, name, query):
    _, text = html(source, name, **query)
    for team in ("ops", "shop"):
        assert f'href="/event/{FIRST.id}?team={team}"' in text
    assert f'href="/event/{FIRST.id}"' not in text


def test_an_event_is_shown_of_no_team_that_is_not_read_or_has_not_recorded_it(source):
    status, text = html(source, "event", {"id": FIRST.id}, team="others")
    assert status == 400
    assert "is not a team whose events you read here" in text
    [before] = [one for one in source.list() if one.title == "shop: before"]
    assert html(source, "event", {"id": before.id}, team="ops")[0] == 404
    assert html(source, "event", {"id": before.id}, team="shop")[0] == 200
    assert html(source, "event", {"id": before.id}, tema="shop")[0] == 400


def test_of_a_journal_no_team_can_be_asked_for(tmp_path):
    with journal_of(tmp_path, FIRST) as journal:
        assert page(journal, "event", {"id": FIRST.id}).status == 200
        assert page(journal, "event", {"id": FIRST.id}, team="ops").status == 400
        with pytest.raises(ParameterError, match="is not a team"):
            chosen_team(journal, request(team="ops"))


def test_entries_of_a_feed_have_ids_addresses_and_teams_of_their_own(source):
    atom = ET.fromstring(feeds.atom(source, request(), "http://h"))
    entries = atom.findall(f"{ATOM}entry")
    assert len(entries) == len({entry.findtext(f"{ATOM}id") for entry in entries}) == 3
    assert len({entry.find(f"{ATOM}link").get("href") for entry in entries}) == 3
    for entry in entries:
        uuid.UUID(entry.findtext(f"{ATOM}id").removeprefix("urn:uuid:"))
        team = "ops" if entry.findtext(f"{ATOM}title").startswith("ops") else "shop"
        assert f", team {team}, " in entry.findtext(f"{ATOM}summary")
        assert team in {tag.get("term") for tag in entry.findall(f"{ATOM}category")}
    items = msgspec.json.decode(feeds.json_feed(source, request(), "http://h"))["items"]
    assert len({item["id"] for item in items}) == len({item["url"] for item in items}) == 3


def test_what_another_team_has_changed_is_neither_routine_nor_known_to_a_suspect(postgres, tmp_path):
    routine = [fresh(minutes, title=f"{minutes}") for minutes in (50, 40, 30, 20)]
    mine = fresh(5, title="mine", stack="network")
    with filled(postgres, routine, ["shop"]) as url, journal_of(tmp_path, mine) as journal:
        fill(url, [mine], ["ops"])
        incident = Incident(datetime.now(UTC))
        [alone] = suspects(journal, incident, limit=None).suspects
        with LedgerSource.open(url) as both:
            among = {one.title: one for one in suspects(both, incident, limit=None).suspects}
    assert [one.factor for one in among["mine"].reasons] == [one.factor for one in alone.reasons]
    assert among["mine"].score == pytest.approx(alone.score, abs=0.2)
    assert "routine" in {one.factor for one in among["20"].reasons}


def test_cards_suspects_and_rows_say_whose_an_event_is(source):
    label = '<span class="lbl"><bdi>shop</bdi></span>'
    _, text = html(source, "timeline", window="24h")
    assert label in text.partition('<ol class="look"')[2].partition("</ol>")[0]
    assert label in html(source, "suspects")[1]
