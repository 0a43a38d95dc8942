"""What the document of an explicit event may ask for: two steps, one event of a key, destinations, a look ahead."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from change_events.errors import InputError
from change_events.ids import new_id
from change_events.journal import Journal, Query
from change_events.recording.document_run import DocumentRun
from tests.cli.home import Home
from tests.support.receiver import Receiver
from tests.support.scene import Scene
from tests.support.speed import PATIENCE
from tests.support.trusted import TRUST


@pytest.fixture
def said():
    return []


@pytest.fixture
def send(tmp_path, said):
    """``send(event, **words)`` hands over one document; ``send.preview`` only asks what it would do."""
    environ = journal_of(tmp_path)

    def handed(method):
        def hand_over(event, **words):
            handover = DocumentRun("ansible", tmp_path, environ, said.append)
            event = {"kind": "deployment", "explicit": True, **event}
            return getattr(handover, method)({"api": 1, "event": event, "context": False, **words})

        return hand_over

    handed_over = handed("settle")
    handed_over.preview = handed("preview")
    return handed_over


CI = {
    "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2",
}  # fmt: skip


def journal_of(folder):
    return {
        **TRUST, "TFEVENT_BUDGET": PATIENCE,
        "TFEVENT_STATE_DIR": str(folder), "TFEVENT_JOURNAL": str(folder / "journal.db"),
    }  # fmt: skip


def events(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        return [record.event for record in journal.list(Query())]


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path / "scene")


def records(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        return list(journal.list(Query()))


@pytest.fixture
def hooks(tmp_path):
    with Receiver() as one, Receiver() as two:
        text = "".join(f"  {name}: {{kind: webhook, url: {hook.url}}}\n" for name, hook in {"a": one, "b": two}.items())
        (tmp_path / "tfevent.yaml").write_text(f"destinations:\n{text}")
        yield one, two


def test_two_documents_are_one_event(tmp_path, send, hooks):
    begun = send({"title": "shop 1.4", "service": "shop"}, state="started")
    assert (begun["recorded"], begun["outcome"], begun["destinations"]) == (True, None, {})
    assert hooks[0].received == []
    ended = send({"id": begun["id"], "outcome": "failed", "message": "no answer"}, state="finished")
    assert (ended["id"], ended["outcome"], ended["title"]) == (begun["id"], "failed", "shop 1.4 — failed")
    assert ended["destinations"] == {"a": "delivered", "b": "delivered"}
    (record,) = records(tmp_path)
    assert (record.service, record.severity) == ("shop", "error")
    again = send({"id": begun["id"]}, state="finished")
    assert (again["recorded"], again["repeats"], again["event"]["outcome"]) == (False, begun["id"], "failed")
    assert [len(hook.received) for hook in hooks] == [1, 1]


def test_only_the_chosen_destinations_get_it_and_unknown_names_are_reported(send, hooks, said):
    answer = send({"title": "x"}, destinations=["b", "pager"])
    assert answer["destinations"] == {"b": "delivered"}
    assert [len(hook.received) for hook in hooks] == [0, 1]
    assert said == ["destinations: tfevent.yaml has none named 'pager'; it has a, b"]


def test_a_named_destination_gets_it_whatever_its_conditions(tmp_path, send):
    with Receiver() as hook:
        options = f"kind: webhook, url: {hook.url}, when: {{environment: prod}}"
        (tmp_path / "tfevent.yaml").write_text(f"destinations:\n  a: {{{options}}}\n")
        assert send({"title": "x"})["destinations"] == {}
        assert send({"title": "x"}, destinations=["a"])["destinations"] == {"a": "delivered"}


def test_a_destination_that_asks_for_starts_gets_both_steps(tmp_path, send):
    with Receiver() as hook:
        options = f"kind: webhook, url: {hook.url}, include_started: true"
        (tmp_path / "tfevent.yaml").write_text(f"destinations:\n  a: {{{options}}}\n")
        begun = send({"title": "shop 1.4", "dedup_key": "k"}, state="started", dedup_window=60)
        assert [(one.json()["id"], one.json().get("outcome")) for one in hook.accepted] == [(begun["id"], None)]
        send({"title": "shop 1.4", "dedup_key": "k"}, state="started", dedup_window=60)
        assert len(hook.accepted) == 1, "a repetition is not announced"
        send({"id": begun["id"]}, state="finished")
        assert [one.json().get("outcome") for one in hook.accepted] == [None, "succeeded"]


def test_no_chosen_destination_is_the_journal_alone(tmp_path, send, hooks):
    assert send({"title": "x"}, destinations=[])["destinations"] == {}
    assert len(records(tmp_path)) == 1


def test_one_event_of_a_key_within_a_time(tmp_path, send):
    first = send({"title": "x", "dedup_key": "k"}, dedup_window=60)
    second = send({"title": "another", "dedup_key": "k"}, dedup_window=60)
    assert (second["recorded"], second["id"], second["repeats"]) == (False, first["id"], first["id"])
    started = send({"title": "another", "dedup_key": "k"}, dedup_window=60, state="started")
    assert (started["recorded"], started["id"]) == (False, first["id"])
    seen = send.preview({"title": "another", "dedup_key": "k"}, dedup_window=60)
    assert {answer["title"] for answer in (second, started, seen)} == {"x"}, "that of the event that counts"
    assert len(records(tmp_path)) == 1
    assert send({"title": "x", "dedup_key": "k"})["recorded"], "without a time every one counts"


def test_a_look_ahead_records_nothing_and_makes_no_journal(tmp_path, send, hooks):
    answer = send.preview({"title": "x"}, destinations=["a"])
    assert (answer["recorded"], answer["destinations"]) == (False, {"a": "waiting"})
    assert answer["event"]["title"] == "x"
    assert answer["event"]["ended_at"]
    assert not (tmp_path / "journal.db").exists()
    assert send.preview({"title": "x"}, state="started")["event"].get("ended_at") is None
    assert send.preview({"id": new_id()}, state="finished")["event"]["outcome"] == "succeeded"
    assert not (tmp_path / "journal.db").exists()


def test_a_look_ahead_knows_the_start_and_the_key(tmp_path, send):
    begun = send({"title": "shop 1.4", "dedup_key": "k"}, state="started")
    assert send.preview({"id": begun["id"], "outcome": "failed"}, state="finished")["title"] == "shop 1.4 — failed"
    assert send.preview({"title": "x", "dedup_key": "k"}, dedup_window=60)["repeats"] == begun["id"]
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    send({"title": "x", "dedup_key": "old", "started_at": long_ago.isoformat()})
    assert send.preview({"title": "x", "dedup_key": "old"}, dedup_window=60)["repeats"] is None
    assert sorted(record.outcome or "" for record in records(tmp_path)) == ["", "succeeded"]


def test_an_unknown_step_is_refused(send):
    with pytest.raises(InputError, match="state: expected one of started, finished"):
        send({"title": "x"}, state="middle")
    with pytest.raises(InputError, match="state: expected one of started, finished"):
        send.preview({"title": "x"}, state="middle")


def test_the_command_takes_the_same_documents(tmp_path):
    home = Home(tmp_path)

    def record(event, **words):
        event = {"kind": "deployment", "explicit": True, **event}
        return json.loads(home.events("record", stdin=json.dumps({"api": 1, "event": event, **words}).encode()))

    begun = record({"title": "shop 1.4"}, state="started")
    ended = record({"id": begun["id"], "outcome": "partial"}, state="finished")
    assert (ended["id"], ended["title"]) == (begun["id"], "shop 1.4 — partially failed")
    with home.journal() as journal:
        (found,) = journal.list()
        assert found.outcome == "partial"
    refused = home.run("record", stdin=b'{"api": 1, "event": {"kind": "custom", "id": "x"}, "state": "finished"}')
    assert refused.returncode == 1
    assert b"is not an event ID" in refused.stderr


def test_without_a_message_it_reports_who_did_it_from_where(tmp_path, scene):
    scene.commit("Larger uploads")
    scene.git("remote", "add", "origin", "git@github.com:acme/shop.git")
    handover = DocumentRun("ansible", scene.work, {**scene.environ, **CI, **journal_of(tmp_path)}, lambda _: None)
    event = {"kind": "deployment", "explicit": True, "title": "shop 1.6.0", "tool": {"name": "ansible"}}
    document = {"api": 1, "event": {**event, "service": "shop", "version": "1.6.0", "outcome": "succeeded"}}
    handover.settle(document)
    (made,) = events(tmp_path)
    assert made.started_at == made.ended_at, "a moment takes no time"
    for text in ("By ", "Commit [`", "Larger uploads", "[GitHub Actions run](", "runs/77/attempts/2"):
        assert text in made.message
    begun = handover.settle({**document, "event": {**event, "message": "Goes out."}, "state": "started"})
    handover.settle(
        {
            "api": 1,
            "event": {"kind": "deployment", "explicit": True, "id": begun["id"], "message": "Is out."},
            "state": "finished",
        }
    )
    joined = next(one for one in events(tmp_path) if one.id == begun["id"])
    assert joined.message.startswith("Goes out.\n\nIs out.\n\nBy ")
    assert joined.message.count("By ") == joined.message.count("Commit [") == 1
