"""`include_started`: delivered when it starts and when it ends, against backends that fail in the meantime."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from change_events.destinations import get, kinds
from change_events.ids import new_id
from change_events.journal import Journal
from change_events.model import (
    Action,
    Change,
    ChangeEvent,
    ChangeOutcome,
    Counts,
    Kind,
    Outcome,
    OutcomeCounts,
    Phase,
    Summary,
    Trace,
)
from change_events.recording import EventWriter, RecoverableRun
from change_events.redact import Redactor
from tests.destinations.backends import eventbridge, loki
from tests.destinations.kit.backend import backend
from tests.support.live import APPLY, Stack
from tests.support.receiver import Receiver, hang, status, wait_for
from tests.support.selection import slow
from tests.support.speed import HANG, PATIENCE, at_most, limit
from tests.support.trusted import load

ANNOTATION = status(200, b'{"message": "Annotation added", "id": 7}', content_type="application/json")


@pytest.fixture(autouse=True)
def _own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def said():
    return []


@pytest.fixture
def recording(tmp_path, said):
    def make(url, kind="webhook", /, **options):
        settings = configured(tmp_path, url, kind, **options)
        return EventWriter(settings, Redactor(), say=said.append)

    return make


def configured(folder, url, kind="webhook", /, *, general="", **options):
    given = {"webhook": {"url": url}, "sematext": {"token": "t", "receiver": url}}.get(kind) or backend(kind).options(
        url
    )
    own = {"kind": kind, "include_started": True, **given, **options}
    own = {name: value for name, value in own.items() if value is not None}
    (folder / "tfevent.yaml").write_text(f"{general}\ndestinations:\n  one: {json.dumps(own)}\n")
    (folder / "tfevent.yaml").chmod(0o600)
    return load(folder, {"TFEVENT_JOURNAL": str(folder / "journal.db"), "TFEVENT_BUDGET": PATIENCE})


@cache
def started():
    """The start of all runs here: some backends take nothing that is old."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


def run(**fields):
    id_ = fields.pop("id", None) or new_id()
    given = {"id": id_, "kind": Kind.INFRASTRUCTURE, "phase": Phase.APPLIED, "title": "", "trace": Trace(run_id=id_)}
    counts = Summary(counts=Counts(create=1), outcomes=OutcomeCounts(applied=int("outcome" in fields)))
    change = Change(address="a.b", action=Action.CREATE, outcome=ChangeOutcome.APPLIED)
    return ChangeEvent(**{"started_at": started(), "summary": counts, "changes": (change,), **given, **fields})


def ended(begun, outcome=Outcome.SUCCEEDED, **fields):
    return run(id=begun.id, outcome=outcome, ended_at=started() + timedelta(seconds=77), **fields)


def deliveries(receiver):
    return [(one.json().get("outcome"), one.headers["webhook-id"]) for one in receiver.received]


def counts(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        found = journal.counts()
        return found.delivered, found.waiting, found.parked


def test_a_second_event_with_the_same_ids_but_no_repeat(recording, tmp_path):
    begun = run()
    with Receiver() as receiver:
        one = recording(receiver.url)
        one.start(begun)
        one.announce(begun, wait=5)
        one.settle(ended(begun))
        assert deliveries(receiver) == [(None, f"{begun.id}-started"), ("succeeded", begun.id)]
        assert {received.json()["id"] for received in receiver.received} == {begun.id}
    assert counts(tmp_path) == (2, 0, 0)


def test_sematext_gets_a_second_event_of_the_same_run(recording):
    begun = run()
    with Receiver() as receiver:
        one = recording(receiver.url, "sematext")
        one.announce(begun, wait=5)
        one.settle(ended(begun))
        first, second = (received.json() for received in receiver.received)
    assert first["tfevent.run_id"] == second["tfevent.run_id"] == begun.id
    assert ("tfevent.outcome" in first, second["tfevent.outcome"]) == (False, "succeeded")
    assert first["timestamp"] < second["timestamp"]


def test_grafana_s_annotation_becomes_a_region(recording):
    begun = run()
    with backend("grafana").serve() as receiver:
        one = recording(receiver.url, "grafana")
        one.announce(begun, wait=5)
        one.settle(ended(begun))
        first, second = receiver.received
    assert [(r.method, r.path) for r in (first, second)] == [
        ("POST", "/sub/api/annotations"),
        ("PATCH", "/sub/api/annotations/7"),
    ]
    assert "timeEnd" not in first.json()
    assert second.json()["timeEnd"] - second.json()["time"] == 77_000


@pytest.mark.parametrize("refusal", [404, 400, 413])
def test_an_annotation_that_cannot_be_updated_any_more_is_made_anew(recording, refusal, tmp_path):
    begun = run()
    with Receiver([ANNOTATION, status(refusal), ANNOTATION]) as receiver:
        one = recording(receiver.url, "grafana")
        one.announce(begun, wait=5)
        one.settle(ended(begun))
        assert [r.method for r in receiver.received] == ["POST", "PATCH", "POST"]
        assert receiver.received[2].json()["timeEnd"]
    assert counts(tmp_path) == (2, 0, 0)


def test_a_token_that_may_not_change_what_it_made_is_reported_though_the_event_is_sent(recording):
    begun = run()
    denied = status(403, b'{"message": "Access denied"}', content_type="application/json")
    with Receiver([ANNOTATION, denied, ANNOTATION]) as receiver:
        one = recording(receiver.url, "grafana")
        one.announce(begun, wait=5)
        settled = one.settle(ended(begun))
        assert [r.method for r in receiver.received] == ["POST", "PATCH", "POST"]
    assert settled.places == ("one delivered",)
    (problem,) = settled.problems
    assert problem.startswith("one: its started event was not updated: the token may not change annotations")
    assert problem.endswith("it needs `annotations:write`; it says: Access denied")


@pytest.mark.parametrize("refusal", ["message_not_found", slow("cant_update_message"), slow("edit_window_closed")])
def test_a_message_that_cannot_be_edited_any_more_is_posted_anew(recording, refusal, tmp_path):
    def slack(**content):
        return status(200, json.dumps(content).encode(), content_type="application/json")

    posted = slack(ok=True, channel="C123ABC", ts="1700000000.000100")
    begun = run()
    with Receiver([posted, slack(ok=False, error=refusal), posted]) as receiver:
        one = recording(receiver.url, "slack", **backend("slack").variants["bot"](receiver.url))
        one.announce(begun, wait=5)
        settled = one.settle(ended(begun))
        methods = [received.path.rpartition("/")[2] for received in receiver.received]
    assert methods == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert (settled.places, settled.problems) == (("one delivered",), ())
    assert counts(tmp_path) == (2, 0, 0)


@pytest.mark.parametrize(("kind", "refusal"), [("grafana", status(404)), ("grafana", status(403))])
def test_what_is_refused_as_a_new_event_too_is_parked_after_one_try(recording, kind, refusal, tmp_path):
    begun = run()
    with Receiver([ANNOTATION], always=refusal) as receiver:
        one = recording(receiver.url, kind)
        one.announce(begun, wait=5)
        one.settle(ended(begun))
        assert [r.method for r in receiver.received] == ["POST", "PATCH", "POST"]
    assert counts(tmp_path) == (1, 0, 1)


def test_a_start_that_does_not_get_through_is_not_made_up_for(recording, said):
    begun = run()
    with Receiver([status(503), status(503), status(503)]) as receiver:
        one = recording(receiver.url, general="budget: 2")
        one.announce(begun, wait=5)
        refused = len(receiver.received)
        receiver.heal()
        begun_waits = one.settle(ended(begun))
        assert refused >= 1
        assert said == []
        if begun_waits.problems:  # the destination is left alone for a while after it failed
            with one.journal() as journal:
                from change_events.delivery import deliver

                deliver(journal, one._settings.destinations, budget=60, force=True)
        assert deliveries(receiver)[refused:] == [("succeeded", begun.id)]


def test_a_start_that_hangs_delays_nobody_and_the_end_comes_second(recording, tmp_path):
    begun = run()
    go_on = threading.Event()

    def held(handler):
        go_on.wait(HANG)
        handler.answer(200, b"{}", {})

    held.accepts = True
    with Receiver([held]) as receiver:
        one = recording(receiver.url)
        with at_most(2):
            one.announce(begun)
        wait_for(lambda: receiver.received)
        threading.Timer(0.2, go_on.set).start()
        settled = one.settle(ended(begun))
        assert [outcome for outcome, _ in deliveries(receiver)] == [None, "succeeded"]
    assert settled.places == ("one delivered",)
    assert counts(tmp_path) == (2, 0, 0)


def test_a_backend_that_is_slower_than_that_still_gets_its_region(tmp_path, said):
    begun = run()

    def late(handler):
        time.sleep(0.9)
        ANNOTATION(handler)

    late.accepts = True
    with Receiver([late]) as receiver:
        owned = RecoverableRun("test", configured(tmp_path, receiver.url, "grafana"), Redactor(), said.append)
        owned.start(begun)
        settled = owned.settle(ended(begun))
        assert [r.method for r in receiver.received] == ["POST", "PATCH"]
    assert (settled.places, settled.problems) == (("one delivered",), ())


def test_an_owned_run_waits_half_a_second_at_most(tmp_path, said, monkeypatch):
    monkeypatch.setattr("change_events.recording.recoverable.STARTED_SECONDS", limit(0.5))
    begun = run()
    with Receiver([hang()]) as receiver:
        owned = RecoverableRun("test", configured(tmp_path, receiver.url), Redactor(), said.append)
        with at_most(1.2):
            owned.start(begun)
        assert [outcome for outcome, _ in deliveries(receiver)] == [None]
        owned.settle(ended(begun), deliver=False)
    assert said == []
    with Journal.open(tmp_path / "journal.db") as journal:
        states = {one.stage: one.state for one in journal.get(begun.id).deliveries}
    assert states["settled"] == "waiting", "the next command delivers it"


def test_without_destinations_that_ask_nothing_is_reported(tmp_path, said):
    begun = run()
    with Receiver() as receiver:
        one = EventWriter(configured(tmp_path, receiver.url, include_started=False), Redactor(), say=said.append)
        one.announce(begun, wait=5)
        assert receiver.received == []
        assert not (tmp_path / "journal.db").exists()
        one.settle(ended(begun))
        assert [outcome for outcome, _ in deliveries(receiver)] == ["succeeded"]


@pytest.mark.parametrize(
    ("begun", "options"),
    [
        (run(phase=Phase.PLANNED), {}),
        (run(phase=Phase.CHECKED), {}),
        (run(), {"report": "failed"}),
        (run(), {"when": {"environment": "prod"}}),
        (run(), {"when": {"outcome": "failed"}}),
    ],
)
def test_what_has_no_start_to_report(recording, begun, options):
    with Receiver() as receiver:
        recording(receiver.url, **options).announce(begun, wait=5)
        assert receiver.received == []


def test_what_was_begun_there_is_ended_there_whatever_the_conditions_say(recording):
    begun = run()
    with Receiver() as receiver:
        one = recording(receiver.url, when={"outcome": ["", "failed"]})
        one.announce(begun, wait=5)
        one.settle(ended(begun))
        assert [outcome for outcome, _ in deliveries(receiver)] == [None, "succeeded"]


def test_a_run_that_changed_nothing_after_all_is_ended_and_kept(recording, tmp_path):
    begun = run()
    with Receiver() as receiver:
        one = recording(receiver.url)
        one.announce(begun, wait=5)
        settled = one.settle(ended(begun, Outcome.NO_CHANGE, changes=(), summary=Summary()))
        assert [outcome for outcome, _ in deliveries(receiver)] == [None, "no_change"]
    assert settled.recorded
    unreported = run()
    assert not one.settle(ended(unreported, Outcome.NO_CHANGE, changes=(), summary=Summary())).recorded


def test_the_start_is_shaped_like_all_else(recording):
    begun = run(tags={"team": "core"})
    with Receiver() as receiver:
        one = recording(receiver.url, title_template="{{ outcome }}: {{ tags.squad }}", map_tags={"team": "squad"})
        one.announce(begun, wait=5)
        assert receiver.received[0].json()["title"] == "running: core"


def test_a_killed_run_is_ended_where_it_was_begun(recording):
    """Another process settles it: all it has is the journal."""
    begun = run()
    with Receiver() as receiver:
        recording(receiver.url).announce(begun, wait=5)
        recording(receiver.url).settle(ended(begun, Outcome.UNKNOWN))
        assert [outcome for outcome, _ in deliveries(receiver)] == [None, "unknown"]


IDS = {
    "webhook": lambda received: received.headers["webhook-id"],
    "cloudevents": lambda received: received.json()["id"],
    "elasticsearch": lambda received: json.loads(received.body.splitlines()[0])["create"]["_id"],
}


@pytest.fixture
def _here_and_now(monkeypatch):
    """What two of the fake backends want: Loki's has a clock of its own, EventBridge's asks for its credentials."""
    monkeypatch.setattr(loki, "NOW", time.time_ns())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", eventbridge.ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", eventbridge.SECRET_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", eventbridge.TOKEN)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("_here_and_now")
@pytest.mark.parametrize("kind", [kind for kind in kinds() if get(kind).steps is None])
def test_each_backend_takes_both_and_takes_none_for_a_repeat(recording, kind, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.destinations.backends.loki.NOW", time.time_ns())  # it takes nothing old
    begun = run()
    with backend(kind).serve() as receiver:
        # boto3 alone may take seconds to import on a busy machine
        one = recording(receiver.url, kind, general="budget: 20", **backend(kind).options(receiver.url))
        one.announce(begun, wait=20)
        settled = one.settle(ended(begun))
        seen = receiver.received
    assert (settled.places, settled.problems) == (("one delivered",), ())
    assert counts(tmp_path) == (2, 0, 0)
    assert len(seen) == 2 * backend(kind).several.get("", 1)
    if kind in IDS:
        assert IDS[kind](seen[0]) != IDS[kind](seen[1])


CODE = 'resource "terraform_data" "a" {\n  input = "one"\n%s}\n'
SLEEP = '  provisioner "local-exec" {\n    command = "while [ ! -e ../go ]; do sleep 0.05; done"\n  }\n'


def test_terraform_reports_of_the_apply_while_it_runs(tmp_path):
    stack = Stack(tmp_path, CODE % SLEEP)
    with Receiver() as receiver:
        own = {"kind": "webhook", "url": receiver.url, "include_started": True}
        stack.write(json.dumps({"destinations": {"one": own}}), "tfevent.yaml")
        stack.terraform("init")
        run_ = threading.Thread(target=stack.run, args=(APPLY,))
        run_.start()
        try:
            wait_for(lambda: receiver.received)
            assert [outcome for outcome, _ in deliveries(receiver)] == [None], "the apply has not ended"
            assert receiver.received[0].json()["summary"]["counts"] == {"create": 1}
        finally:
            (tmp_path / "go").touch()
            run_.join(60)
        assert [outcome for outcome, _ in deliveries(receiver)] == [None, "succeeded"]
        stack.run(APPLY)
        assert len(receiver.received) == 2, "nothing to change, nothing to report"
