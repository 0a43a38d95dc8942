"""Feeds of a list: valid Atom and JSON Feed, ids that stay, and texts that stay texts."""

from __future__ import annotations

import json
from datetime import datetime
from xml.etree import ElementTree as ET

import pytest

from change_events.model import Outcome
from change_events.redact import unseal
from change_events.server import feeds
from tests.history.past import run
from tests.server.team import EVENTS, NOW, SHOP, ids, many, recorded, request
from tests.support.hostile import ATTACKS, hostile

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "http://127.0.0.1:8123"


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    with recorded(tmp_path_factory.mktemp("team")) as journal:
        yield journal


def atom(source, **query):
    return ET.fromstring(feeds.atom(source, request(**query), BASE))


def json_feed(source, **query):
    return json.loads(feeds.json_feed(source, request(**query), BASE))


def texts(parent, name):
    return [found.text for found in parent.findall(ATOM + name)]


def test_atom_has_all_that_its_specification_demands(journal):
    feed = atom(journal, environment="prod")
    for element in (feed, *feed.findall(ATOM + "entry")):
        for name in ("id", "title", "updated"):
            (text,) = texts(element, name)
            assert text
            if name == "updated":
                assert datetime.fromisoformat(text).tzinfo
            if name == "id":
                assert text.startswith("urn:uuid:")
    assert texts(feed.find(ATOM + "author"), "name") == ["journal of web1"]
    links = {link.get("rel"): link.get("href") for link in feed.findall(ATOM + "link")}
    assert links == {"self": f"{BASE}/feed.atom?environment=prod", "alternate": f"{BASE}/list?environment=prod"}
    every = [one.text for one in feed.iter(ATOM + "id")]
    assert len(every) == len(set(every)) == 9


def test_entries_are_the_events_of_the_list_newest_first(journal):
    assert [
        one.removeprefix("urn:uuid:")
        for one in (entry.find(ATOM + "id").text for entry in atom(journal).findall(ATOM + "entry"))
    ] == ids()
    entry = atom(journal, outcome="partial", service="shop", tag="team=web").find(ATOM + "entry")
    assert entry.find(ATOM + "link").get("href") == f"{BASE}/event/{SHOP.id}"
    assert texts(entry.find(ATOM + "author"), "name") == ["deploy-bot"]
    (summary,) = texts(entry, "summary")
    assert summary.startswith(
        "partial, 1 min 00 s, terraform, deploy-bot; capacity reduced, downtime likely, reverted;"
    )
    assert "aws_lb_listener.https: ModifyListener" in summary
    assert "3 changes because var.size in prod.tfvars:4, c0ffee1" in summary


def test_json_feed_has_the_same(journal):
    feed = json_feed(journal, environment="prod")
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"{BASE}/feed.json?environment=prod"
    assert feed["title"] == "journal of web1: events in prod"
    assert [item["id"] for item in feed["items"]] == [
        one.text[9:] for one in atom(journal, environment="prod").iter(ATOM + "id")
    ][1:]
    assert all(item["content_text"] and item["url"].startswith(f"{BASE}/event/") for item in feed["items"])


def test_an_event_that_has_ended_keeps_its_id_and_is_newer(tmp_path):
    import msgspec

    event = run(5, now=NOW, id=ids()[0], outcome=None, ended_at=None, title="under way")
    with recorded(tmp_path, [event]) as journal:
        before = atom(journal).find(ATOM + "entry")
        ended = msgspec.structs.replace(event, outcome=Outcome.FAILED, ended_at=NOW, title="1 failed")
        journal.settle(unseal(msgspec.json.encode(ended)), [])
        after = atom(journal).find(ATOM + "entry")
    assert texts(before, "id") == texts(after, "id")
    assert texts(before, "updated") < texts(after, "updated")
    assert [texts(before, "title"), texts(after, "title")] == [["under way"], ["1 failed"]]


def test_a_feed_has_an_id_of_its_own_for_each_filter_and_no_entries_where_nothing_matches(journal):
    every = [texts(atom(journal, **query), "id")[0] for query in ({}, {"environment": "prod"}, {"environment": "dev"})]
    assert len(set(every)) == 3
    assert every[0] == texts(ET.fromstring(feeds.atom(journal, request(), "https://other.example")), "id")[0]
    empty = atom(journal, environment="dev")
    assert empty.findall(ATOM + "entry") == []
    assert datetime.fromisoformat(texts(empty, "updated")[0]) == NOW


def test_a_feed_is_bounded(tmp_path):
    with recorded(tmp_path, list(many(60))) as journal:
        assert len(json_feed(journal)["items"]) == len(atom(journal).findall(ATOM + "entry")) == 50


@pytest.mark.parametrize("attack", ["script", "bidi"])
def test_hostile_text_is_text_and_valid_xml(attack, tmp_path):
    with recorded(tmp_path, [hostile(event, ATTACKS[attack]) for event in EVENTS]) as journal:
        feed, other = atom(journal, text=""), json_feed(journal)
    assert {element.tag.removeprefix(ATOM) for element in feed.iter()} == {
        "feed", "id", "title", "updated", "link", "generator", "author", "name", "entry", "published", "category",
        "summary",
    }  # fmt: skip
    shown = "".join(feed.itertext()) + "".join(item["content_text"] + item["title"] for item in other["items"])
    assert shown.isprintable()
