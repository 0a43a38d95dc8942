"""Attributes of CloudEvents, and which CDEvent an event is."""

from __future__ import annotations

import json

import msgspec
import pytest

from change_events.destinations import get
from change_events.destinations.shared.cdevents import document, frame
from change_events.model import Actor, Counts, Kind, Outcome, Phase, Summary, Trace, Vcs
from tests.destinations.kit import cdevents
from tests.destinations.kit.events import event
from tests.support.sealed import event_id, sealed

CLOUDEVENTS = get("cloudevents")
URL = "https://sink.example/events"
READY = {"environment": "prod", "service": "checkout", "version": "1.2.0"}


def sent(number=1, options=None, **fields):
    return json.loads(CLOUDEVENTS.render(sealed(number, **fields), {"url": URL, **(options or {})}).body)


def type_and_subject(**fields):
    whole = sealed(1, **fields).event
    made = json.loads(msgspec.json.encode(document(frame(whole, "/here"), whole)))
    assert cdevents.problem(made) is None
    return made["context"]["type"].removeprefix("dev.cdevents."), made["subject"]


def test_the_same_event_under_way_and_ended_are_two_events():
    started = sent(outcome=None, ended_at=None)
    assert (started["id"], started["type"]) == (f"{event_id(1)}-started", "io.github.tfevent.infrastructure.started.v1")
    assert started["time"] == "2026-11-23T12:00:01.000Z"
    assert sent()["id"] == event_id(1)
    assert sent(phase=Phase.PLANNED)["type"].endswith(".infrastructure.planned.v1")
    assert sent(phase=Phase.CHECKED)["type"].endswith(".infrastructure.checked.v1")
    assert sent(kind=Kind.BUILD, options={"type_prefix": "com.acme"})["type"] == "com.acme.build.finished.v1"


@pytest.mark.parametrize(
    ("repository", "source"),
    [
        ("https://github.com/acme/infra", "https://github.com/acme/infra"),
        ("acme/infra", "/acme/infra"),
        ("https://github.com/acme/infra.git", "https://github.com/acme/infra"),
        ("github.com:acme/infra.git", "https://github.com/acme/infra"),
        ("ssh://github.com/acme/infra.git", "https://github.com/acme/infra"),
        ("/srv/git/infra.git", "/srv/git/infra.git"),
        ("https://git.example/häuser und mehr", "https://git.example/h%C3%A4user%20und%20mehr"),
        ("https://[broken", "/https%3A%2F%2F%5Bbroken"),
        (None, "/ops%2F1"),
    ],
)
def test_the_source_is_a_uri_reference(repository, source):
    assert sent(vcs=Vcs(repository=repository), actor=Actor(host="ops/1"))["source"] == source
    assert sent(vcs=Vcs(repository=repository), options={"source": "urn:acme:ops"})["source"] == "urn:acme:ops"


def test_without_context_there_are_only_the_required_attributes():
    assert set(sent()) == {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}
    assert sent()["source"] == "/tfevent"
    assert "traceparent" not in sent(trace=Trace(run_id="r", trace_id="4bf92f3577b34da6a3ce929d0e0e4736"))


def test_attributes_in_headers_are_percent_encoded():
    options = {"url": URL, "mode": "binary"}
    headers = CLOUDEVENTS.render(sealed(1, environment="höhle \r\n%", service="a"), options).headers
    assert headers["ce-subject"] == "h%C3%B6hle%20%0D%0A%25/a"
    assert headers["Content-Type"] == "application/json"
    assert "ce-datacontenttype" not in headers


def test_own_headers_go_before_ours():
    options = {"url": URL, "token": "t0ken", "headers": {"Authorization": "Basic abc"}}
    request = CLOUDEVENTS.render(sealed(1), options)
    assert request.headers["Authorization"] == "Basic abc"
    assert {"t0ken", "Basic abc"} <= set(request.secrets)


@pytest.mark.parametrize(
    ("counts", "partial", "word"),
    [
        (Counts(update=1, create=2), False, "modified"),
        (Counts(create=2, outputs=1, read=1), False, "created"),
        (Counts(create=2, no_op=1), False, "modified"),
        (Counts(create=2), True, "modified"),
        (Counts(destroy=2), False, "deleted"),
        (Counts(destroy=2, no_op=1), False, "modified"),
        (Counts(outputs=1), False, "modified"),
    ],
)
def test_what_a_run_does_to_its_environment(counts, partial, word):
    kind, subject = type_and_subject(environment="prod", summary=Summary(counts=counts), partial=partial)
    assert kind == f"environment.{word}.0.3.0"
    assert subject == {"id": "prod", "source": "/here", "content": {"name": "prod"}}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "taskrun.finished"),  # no environment
        ({"environment": "prod", "outcome": Outcome.PARTIAL}, "taskrun.finished"),
        ({"environment": "prod", "phase": Phase.PLANNED}, "taskrun.finished"),
        ({"environment": "prod", "outcome": None}, "taskrun.started"),
        ({"kind": Kind.DEPLOYMENT, **READY}, "service.deployed"),
        ({"kind": Kind.DEPLOYMENT, **READY, "vcs": Vcs(previous="c0ffee")}, "service.upgraded"),
        ({"kind": Kind.DEPLOYMENT, **READY, "data": {"action": "rollback"}}, "service.rolledback"),
        ({"kind": Kind.DEPLOYMENT, **READY, "data": {"action": "remove"}}, "service.removed"),
        ({"kind": Kind.DEPLOYMENT, **READY, "version": None}, "taskrun.finished"),
        ({"kind": Kind.DEPLOYMENT, **READY, "outcome": Outcome.FAILED}, "taskrun.finished"),
        ({"kind": Kind.BUILD}, "build.finished"),
        ({"kind": Kind.BUILD, "outcome": None}, "build.started"),
    ],
)
def test_which_cdevent_an_event_is(fields, kind):
    assert type_and_subject(**fields)[0] == f"{kind}.0.3.0"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (Kind.BOOT, "host.booted"),
        (Kind.START, "service.started"),
        (Kind.STOP, "service.stopped"),
        (Kind.CUSTOM, "event.occurred"),
    ],
)
def test_what_cdevents_has_no_word_for(kind, word):
    assert type_and_subject(kind=kind, service="web")[0] == f"dev.cdeventsx.tfevent-{word}.0.1.0"


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Outcome.FAILED, "failure"),
        (Outcome.CANCELLED, "cancel"),
        (Outcome.UNKNOWN, "error"),
        (Outcome.NO_CHANGE, "success"),
    ],
)
def test_outcomes_of_task_runs(outcome, word):
    assert type_and_subject(outcome=outcome)[1]["content"]["outcome"] == word


def test_artifacts():
    _, subject = type_and_subject(kind=Kind.DEPLOYMENT, **READY)
    assert subject["content"] == {"environment": {"id": "prod"}, "artifactId": "pkg:generic/checkout@1.2.0"}
    _, subject = type_and_subject(kind=Kind.DEPLOYMENT, **READY, data={"artifactId": "pkg:oci/checkout@sha256:00"})
    assert subject["content"]["artifactId"] == "pkg:oci/checkout@sha256:00"
    assert type_and_subject(kind=Kind.BUILD, service="c", version="1", outcome=Outcome.FAILED)[1]["content"] == {}


def test_a_run_within_a_run_names_it():
    trace = Trace(run_id="r2", parent_run_id="r1")
    _, subject = type_and_subject(trace=trace, outcome=Outcome.FAILED)
    assert (subject["id"], subject["content"]["pipelineRun"]) == ("r2", {"id": "r1"})


def test_the_whole_event_is_custom_data():
    options = {"url": URL, "format": "cdevents"}
    body = json.loads(CLOUDEVENTS.render(event("updated"), options).body)
    assert body["data"]["customData"] == json.loads(event("updated").body)
    assert body["type"] == body["data"]["context"]["type"] == "dev.cdevents.environment.modified.0.3.0"


BIG = {"note": "x" * 50_000}
PURL = "pkg:oci/checkout@sha256:" + "0" * 64


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize(
    ("said", "fields", "kind"),
    [
        ({"action": "rollback"}, {"kind": Kind.DEPLOYMENT}, "service.rolledback.0.3.0"),
        ({"action": "remove"}, {"kind": Kind.DEPLOYMENT}, "service.removed.0.3.0"),
        ({"artifactId": PURL}, {"kind": Kind.DEPLOYMENT, "version": None}, "service.deployed.0.3.0"),
        ({"artifactId": PURL}, {"kind": Kind.BUILD}, "build.finished.0.3.0"),
    ],
)
def test_however_much_is_left_out_it_stays_the_same_cdevent(mode, said, fields, kind):
    whole = sealed(1, **{**READY, **fields, "data": said | BIG, "message": "y" * 20_000})
    request = CLOUDEVENTS.render(whole, {"url": URL, "format": "cdevents", "mode": mode})
    made = json.loads(request.body)
    data = made if mode == "binary" else made["data"]
    assert "data" not in data["customData"], "it was cut"
    outside = request.headers["ce-type"] if mode == "binary" else made["type"]
    assert outside == data["context"]["type"] == f"dev.cdevents.{kind}"
    assert cdevents.problem(data) is None
    if "artifactId" in said:
        assert data["subject"]["content"]["artifactId"] == PURL


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_however_much_is_left_out_it_comes_from_the_same_place(mode):
    vcs = Vcs(repository="https://git.example/acme/infra", subject="z" * 30_000)
    whole = sealed(1, vcs=vcs, environment="prod", tags={f"t{n}": "x" * 1000 for n in range(99)})
    request = CLOUDEVENTS.render(whole, {"url": URL, "mode": mode}, 1500)
    made = json.loads(request.body)
    found = {name.removeprefix("ce-"): value for name, value in request.headers.items()} if mode == "binary" else made
    assert "vcs" not in (made if mode == "binary" else made["data"]), "it was cut"
    assert (found["source"], found["subject"]) == ("https://git.example/acme/infra", "prod")


@pytest.mark.parametrize("content", ["pkg:" + "a" * 60_000, "docker:x"])
def test_what_is_no_package_url_of_use_is_not_reported_as_one(content):
    _, subject = type_and_subject(kind=Kind.DEPLOYMENT, **READY, data={"artifactId": content})
    assert subject["content"]["artifactId"] == "pkg:generic/checkout@1.2.0"
