"""What is particular to New Relic, Honeycomb and Dynatrace."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from change_events.destinations import get
from change_events.destinations.base import OptionError, Response, Result
from change_events.model import Actor, Ci, Kind, Link, Outcome, Phase, Tool, Trace, Vcs
from tests.destinations.kit.events import event
from tests.support.sealed import EPOCH, sealed

NEWRELIC, HONEYCOMB, DYNATRACE = map(get, ("newrelic", "honeycomb", "dynatrace"))
ENTITY = {"api_key": "k", "entity": "name = '{service}' AND tags.env = '{environment}'"}
KEY = {"api_key": "k"}
HOME = {"url": "https://abc.live.dynatrace.com", "token": "t"}


def body(destination, made, options, *limit):
    return json.loads(destination.render(made, options, *limit).body)


def change(made, **options):
    return body(NEWRELIC, made, ENTITY | options)["variables"]["event"]


@pytest.mark.parametrize(
    ("kind", "phase", "pair"),
    [
        (Kind.INFRASTRUCTURE, Phase.APPLIED, ("Infrastructure", "Terraform")),
        (Kind.INFRASTRUCTURE, Phase.PLANNED, ("Infrastructure", "Terraform Plan")),
        (Kind.INFRASTRUCTURE, Phase.CHECKED, ("Infrastructure", "Terraform Check")),
        (Kind.DEPLOYMENT, Phase.APPLIED, ("Deployment", "Basic")),
        (Kind.BUILD, Phase.APPLIED, ("Deployment Lifecycle", "Build")),
        (Kind.BOOT, Phase.APPLIED, ("Operational", "Server Reboot")),
        (Kind.START, Phase.APPLIED, ("Operational", "Service Start")),
        (Kind.STOP, Phase.APPLIED, ("Operational", "Service Stop")),
        (Kind.CUSTOM, Phase.APPLIED, ("Operational", "Other")),
    ],
)
def test_category_and_type(kind, phase, pair):
    made = sealed(1, kind=kind, phase=phase, tool=Tool(name="terraform"))
    said = change(made)["categoryAndTypeData"]
    assert said["kind"] == dict(zip(("category", "type"), pair, strict=True))
    assert ("categoryFields" in said) == (kind is Kind.DEPLOYMENT)
    own = change(made, category="deployment", type="Canary")["categoryAndTypeData"]
    assert own["kind"] == {"category": "deployment", "type": "Canary"}
    assert own["categoryFields"]["deployment"]["version"]


@pytest.mark.parametrize(
    ("version", "commit", "said"),
    [("2.14.0", "c0ffee" * 6, "2.14.0"), (None, "c0ffee" * 6, "c0ffeec0ffee"), (None, None, "unknown")],
)
def test_a_deployment_always_has_a_version(version, commit, said):
    made = sealed(1, kind=Kind.DEPLOYMENT, version=version, vcs=Vcs(commit=commit))
    assert change(made)["categoryAndTypeData"]["categoryFields"]["deployment"]["version"] == said


@pytest.mark.parametrize(
    ("service", "query"),
    [
        ("checkout", "name = 'checkout' AND tags.env = 'prod'"),
        ("x' OR name = 'other", "name = 'x OR name = other' AND tags.env = 'prod'"),
        ("a\\'\x00\n\"b{environment}", "name = 'abprod' AND tags.env = 'prod'"),
        (None, "name = '' AND tags.env = 'prod'"),
    ],
)
def test_the_search_for_the_entity_is_the_users_and_not_the_events(service, query):
    assert change(sealed(1, service=service, environment="prod"))["entitySearch"]["query"] == query


def test_the_entity_stays_the_same_however_much_is_left_out():
    made = event("many_tags")
    whole = len(NEWRELIC.render(made, ENTITY).body)
    small = body(NEWRELIC, made, ENTITY, 800)["variables"]["event"]
    assert whole > 12_000
    assert "tfevent_service" not in small["customAttributes"]
    assert small["entitySearch"]["query"] == "name = 'network' AND tags.env = 'prod'"


def test_names_of_attributes_mean_nothing_to_the_query_language():
    tags = {"from": "a", "équipe": "b", "a b": "c", "limit": "", **{f"t{n}": "x" for n in range(200)}}
    found = change(sealed(1, tags=tags))["customAttributes"]
    assert len(found) == 100
    assert all(name.startswith("tfevent_") and name.isascii() for name in found)
    assert (found["tfevent_tag_from"], found["tfevent_tag__quipe"], found["tfevent_tag_a_b"]) == ("a", "b", "c")
    assert found["tfevent_created"] == 0


def test_a_run_and_what_it_started_are_one_group():
    assert change(sealed(1, trace=Trace(run_id="child", parent_run_id="parent")))["groupId"] == "parent"
    assert change(sealed(1, trace=Trace(run_id="alone")))["groupId"] == "alone"


@pytest.mark.parametrize("name", ["Feature Flag", "FEATURE_FLAG"])
def test_a_feature_flag_cannot_be_reported(name):
    with pytest.raises(OptionError, match=r"^category: "):
        NEWRELIC.render(sealed(), ENTITY | {"category": name})


@pytest.mark.parametrize(
    ("destination", "options", "url"),
    [
        (NEWRELIC, ENTITY, "https://api.newrelic.com/graphql"),
        (NEWRELIC, ENTITY | {"region": "eu"}, "https://api.eu.newrelic.com/graphql"),
        (NEWRELIC, ENTITY | {"region": "jp"}, "https://api.jp.newrelic.com/graphql"),
        (NEWRELIC, ENTITY | {"region": "eu", "url": "http://proxy.example/nr/"}, "http://proxy.example/nr/graphql"),
        (HONEYCOMB, KEY, "https://api.honeycomb.io/1/markers/__all__"),
        (
            HONEYCOMB,
            KEY | {"region": "eu", "dataset": "my svc/x"},
            "https://api.eu1.honeycomb.io/1/markers/my%20svc%2Fx",
        ),
        (DYNATRACE, HOME, "https://abc.live.dynatrace.com/api/v2/events/ingest"),
        (DYNATRACE, HOME | {"url": "https://dt.example/e/abc/"}, "https://dt.example/e/abc/api/v2/events/ingest"),
    ],
)
def test_addresses(destination, options, url):
    assert destination.render(sealed(), options).url == url


def test_a_marker_is_a_range_only_if_it_took_a_second():
    short = sealed(1, started_at=EPOCH, ended_at=EPOCH + timedelta(milliseconds=900))
    assert "end_time" not in body(HONEYCOMB, short, KEY)
    long = sealed(1, started_at=EPOCH, ended_at=EPOCH + timedelta(seconds=77))
    marker = body(HONEYCOMB, long, KEY)
    assert marker["end_time"] - marker["start_time"] == 77


def test_a_marker_is_settled_as_a_whole():
    made = Response(201, {}, b'{"id": "d1c84ec0"}')
    request = HONEYCOMB.update(event("updated"), KEY, HONEYCOMB.handle(made))
    assert (request.method, request.url) == ("PUT", "https://api.honeycomb.io/1/markers/__all__/d1c84ec0")
    assert request.body == HONEYCOMB.render(event("updated"), KEY).body
    assert HONEYCOMB.update(event("updated"), KEY, "../x").url.endswith("/__all__/..%2Fx")


def test_a_marker_says_title_and_person_on_one_line():
    actor = Actor(user="ci", host="runner", ci=Ci(system="x", actor="alice"))
    marker = body(HONEYCOMB, sealed(1, title="two\nlines", actor=actor), KEY | {"type": "deploy"})
    assert (marker["message"], marker["type"]) == ("two lines, by alice on runner", "deploy")
    assert len(body(HONEYCOMB, event("long"), KEY)["message"]) == 300


def test_half_an_address_is_none():
    links = (Link(title="t", url="https://ci.example/" + "x" * 5000),)
    assert "url" not in body(HONEYCOMB, sealed(1, links=links), KEY)
    deployment = change(sealed(1, kind=Kind.DEPLOYMENT, links=links))["categoryAndTypeData"]["categoryFields"]
    assert "deepLink" not in deployment["deployment"]


@pytest.mark.parametrize(
    ("kind", "phase", "said"),
    [
        (Kind.INFRASTRUCTURE, Phase.APPLIED, "CUSTOM_CONFIGURATION"),
        (Kind.INFRASTRUCTURE, Phase.PLANNED, "CUSTOM_INFO"),
        (Kind.INFRASTRUCTURE, Phase.CHECKED, "CUSTOM_INFO"),
        (Kind.DEPLOYMENT, Phase.APPLIED, "CUSTOM_DEPLOYMENT"),
        (Kind.BOOT, Phase.APPLIED, "CUSTOM_INFO"),
        (Kind.CUSTOM, Phase.APPLIED, "CUSTOM_INFO"),
    ],
)
def test_no_event_opens_a_problem_and_a_plan_is_no_change(kind, phase, said):
    made = body(DYNATRACE, sealed(1, kind=kind, phase=phase, outcome=Outcome.FAILED), HOME)
    assert made["eventType"] == said


def test_an_end_is_later_than_its_start_and_what_goes_on_has_none():
    moment = body(DYNATRACE, sealed(1, started_at=EPOCH, ended_at=EPOCH), HOME)
    assert moment["endTime"] == moment["startTime"] + 1
    assert "endTime" not in body(DYNATRACE, sealed(1, outcome=None, ended_at=None), HOME)


def test_tags_are_no_names_of_dynatraces_own_and_are_left_out_first():
    tags = {"dt.system.bucket": "x", **{f"n{n}": "y" for n in range(200)}}
    found = body(DYNATRACE, sealed(1, tags=tags, kind=Kind.DEPLOYMENT), HOME)["properties"]
    assert len(found) == 100
    assert found["tag.dt.system.bucket"] == "x"
    assert {name for name in found if name.startswith("dt.")} == {"dt.event.source", "dt.event.deployment.name"}
    assert found["outcome"] == "succeeded"


def test_no_value_is_longer_than_it_may_be():
    made = sealed(1, service="🚀" * 3000, tags={"x" * 300: "y" * 5000})
    attributes = change(made)["customAttributes"]
    properties = body(DYNATRACE, made, HOME)["properties"]
    for found in (attributes["tfevent_service"], properties["service"]):
        assert found == "🚀" * 2047 + "…"
    assert {len(name) for name in attributes if name.startswith("tfevent_tag_")} == {len("tfevent_") + 200}
    assert {len(name) for name in properties if name.startswith("tag.")} == {100}


def test_events_that_are_too_old_are_parked_by_these_figures():
    assert (NEWRELIC.limits.max_age, NEWRELIC.limits.max_ahead) == (24 * 3600, 24 * 3600)
    assert (DYNATRACE.limits.max_age, DYNATRACE.limits.max_ahead) == (30 * 24 * 3600, 7 * 24 * 3600)


@pytest.mark.parametrize("destination", [NEWRELIC, HONEYCOMB, DYNATRACE], ids=lambda d: d.kind)
@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"1", b'"x"', b'{"data": []}', b'{"errors": {}}', b"[" * 9999]
)
def test_no_success_without_what_it_should_report(destination, content):
    assert destination.judge(Response(200, {}, content)).result is Result.PARK
