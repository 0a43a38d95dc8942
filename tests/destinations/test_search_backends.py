"""What is particular to Splunk, Elasticsearch and OpenSearch."""

from __future__ import annotations

import base64
import json
import time

import pytest

from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Response, Result
from change_events.destinations.shared import ecs
from change_events.destinations.shared.preview import preview
from change_events.model import Actor, Counts, Kind, Outcome, OutcomeCounts, Phase, Summary
from tests.destinations.backends.elasticsearch import TYPES, bulk
from tests.destinations.kit.backend import SECRET, backend
from tests.destinations.kit.events import NAMES, event
from tests.support.receiver import Receiver, reset, status
from tests.support.sealed import sealed

SPLUNK, ELASTIC = get("splunk"), get("elasticsearch")
HEC = {"url": "https://splunk.example:8088", "token": "t"}
CLUSTER = {"url": "https://search.example:9200"}


def envelope(made, **options):
    return json.loads(SPLUNK.render(made, HEC | options).body)


def lines(made, *limit):
    action, document = ELASTIC.render(made, CLUSTER, *limit).body.decode().removesuffix("\n").split("\n")
    return json.loads(action), json.loads(document)


def answered(code, **item):
    return status(200, json.dumps(bulk(code, **item)).encode(), content_type="application/json")


def send(server, made):
    settings = DestinationSettings("es", "elasticsearch", {"url": server.url})
    with open_transport(settings) as transport:
        return send_event(settings, transport, made, Effort(time.monotonic() + 60))


@pytest.mark.parametrize(
    "path", ["", "/", "/services/collector", "/services/collector/event", "/services/collector/event/1.0"]
)
def test_the_collectors_address_may_be_written_with_its_path(path):
    request = SPLUNK.render(sealed(), HEC | {"url": f"https://splunk.example:8088{path}"})
    assert request.url == "https://splunk.example:8088/services/collector/event"


def test_metadata_are_those_of_the_options():
    plain = envelope(sealed())
    assert (plain["source"], plain["sourcetype"], "index" in plain) == ("tfevent", "tfevent:change", False)
    own = envelope(sealed(), index="changes", source="ci", sourcetype="_json")
    assert (own["source"], own["sourcetype"], own["index"]) == ("ci", "_json", "changes")
    assert "X-Splunk-Request-Channel" not in SPLUNK.render(sealed(), HEC).headers
    assert SPLUNK.render(sealed(), HEC | {"channel": "c-1"}).headers["X-Splunk-Request-Channel"] == "c-1"


@pytest.mark.parametrize("name", NAMES)
def test_no_field_has_its_value_twice(name):
    made = envelope(event(name))
    assert not set(made["fields"]) & set(made["event"])
    assert made["fields"]["tfevent_id"] == made["event"]["id"] == event(name).event.id


def test_the_collectors_limit_can_be_set():
    most = 4000
    assert len(SPLUNK.render(event("huge"), HEC | {"max_bytes": most}).body) <= most
    with pytest.raises(OptionError, match=r"^max_bytes: "):
        SPLUNK.render(event("tiny"), HEC | {"max_bytes": 20})


@pytest.mark.parametrize("code", ["true", "false", "null", '"0"', "[0]", "0.0"])
def test_a_code_that_is_none_is_no_success(code):
    assert SPLUNK.judge(Response(200, {}, f'{{"code": {code}}}'.encode())).result is Result.PARK


def test_a_success_code_does_not_make_a_failure_a_success():
    assert SPLUNK.judge(Response(503, {}, b'{"code": 0}')).result is Result.RETRY
    assert SPLUNK.judge(Response(403, {}, b'{"code": 24}')).result is Result.PARK


def test_what_arrived_before_is_there_once():
    with Receiver([reset(), answered(409, error={"type": "version_conflict_engine_exception"})]) as server:
        assert send(server, event("updated")).result is Result.DELIVERED
        first, second = server.received
    assert first.body == second.body
    assert json.loads(first.body.splitlines()[0]) == {"create": {"_id": event("updated").event.id}}


def test_a_refused_document_says_why():
    with Receiver(
        [answered(400, error={"type": "document_parsing_exception", "reason": "field [x] of type [long]"})]
    ) as s:
        verdict = send(s, event("updated"))
    assert verdict.result is Result.PARK
    assert "400" in verdict.reason


def test_one_too_large_is_sent_smaller_under_the_same_id():
    with Receiver([status(413), answered(201)]) as server:
        assert send(server, event("huge")).result is Result.DELIVERED
        first, second = (request.body.splitlines() for request in server.received)
    assert first[0] == second[0]
    assert len(second[1]) <= len(first[1]) / 2
    assert json.loads(second[1])["tfevent"]["truncated"].startswith("cut to fit")


def test_a_started_event_is_another_document_than_the_settled_one():
    started, _ = lines(sealed(1, outcome=None, ended_at=None))
    settled, _ = lines(sealed(1))
    assert started["create"]["_id"] == settled["create"]["_id"] + "-started"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("phase", Phase)
def test_only_values_that_the_schema_allows(kind, phase):
    counts = Counts(create=1, update=1, destroy=1)
    summary = Summary(counts=counts, applied=counts, outcomes=OutcomeCounts(applied=3))
    for outcome in (None, *Outcome):
        said = ecs.document(sealed(1, kind=kind, phase=phase, outcome=outcome, summary=summary).event)["event"]
        for category in said.get("category", []):
            assert set(said["type"]) <= TYPES[category]
        assert said.get("outcome") in {None, "success", "failure", "unknown"}
        assert (said["type"] == ["info"]) >= (phase is not Phase.APPLIED or outcome is None)


def test_what_happened_in_the_schemas_words():
    assert lines(event("updated"))[1]["event"]["type"] == ["creation", "change"]
    assert lines(event("planned"))[1]["event"]["type"] == ["info"]
    assert lines(event("ansible"))[1]["event"]["type"] == ["change"]
    boot = lines(event("boot"))[1]["event"]
    assert (boot["category"], boot["type"], boot["action"]) == (["host"], ["start"], "boot-finished")
    assert lines(event("failed"))[1]["event"]["outcome"] == "failure"


def test_a_run_is_found_by_what_it_touched():
    assert "aws_lb.main" in lines(event("updated"))[1]["tfevent"]["addresses"]
    assert len(lines(event("ansible"))[1]["related"]["hosts"]) == 501


def names(content, path=""):
    if isinstance(content, dict):
        return {found for name, value in content.items() for found in names(value, f"{path}.{name}")}
    return {path}


def test_no_tag_and_no_data_of_an_event_becomes_a_field():
    known = set().union(*(names(lines(event(name))[1]) for name in NAMES if name != "many_tags"))
    assert names(lines(event("many_tags"))[1]) <= known
    assert len(known) < 80


def test_the_whole_event_is_kept_as_text():
    original = json.loads(lines(event("updated"))[1]["event"]["original"])
    assert original == json.loads(event("updated").body)


@pytest.mark.parametrize("kind", ["data_stream", "index"])
def test_the_index_template_is_installed(kind):
    with backend("elasticsearch").serve() as server:
        settings = DestinationSettings(
            "es", "elasticsearch", {"url": server.url, "api_key": f"id:{SECRET}", "template": kind}
        )
        (request,) = ELASTIC.setup(settings.options)
        with open_transport(settings) as transport:
            for _ in range(2):
                response = transport.send(request, time.monotonic() + 60)
                assert ELASTIC.judge(response).result is Result.DELIVERED
    assert (request.method, request.url) == ("PUT", f"{server.url}/_index_template/logs-tfevent.change-default")
    body = json.loads(request.body)
    assert ("data_stream" in body) == (kind == "data_stream")
    assert body["index_patterns"] == ["logs-tfevent.change-default"]
    assert SECRET not in preview(request) + repr(request)


def test_the_template_has_a_type_for_each_field_that_is_no_keyword():
    mappings = ecs.template("x", data_stream=True)["template"]["mappings"]
    typed = names(mappings["properties"])
    for name in NAMES:
        for path, value in _leaves(lines(event(name))[1]):
            if isinstance(value, str) and len(value) > ecs.KEYWORD:
                assert f".{path.replace('.', '.properties.')}.type" in typed, path
    assert mappings["dynamic_templates"][0]["strings"]["mapping"] == {"type": "keyword", "ignore_above": 1024}


def _leaves(content, path=""):
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _leaves(value, f"{path}.{name}" if path else name)
    elif isinstance(content, list):
        for value in content:
            yield from _leaves(value, path)
    else:
        yield path, content


ENCODED = base64.b64encode(b"id:s3cr3t-key").decode()


@pytest.mark.parametrize(
    ("login", "header"),
    [
        ({}, None),
        ({"api_key": "id:s3cr3t-key"}, f"ApiKey {ENCODED}"),
        ({"api_key": ENCODED}, f"ApiKey {ENCODED}"),
        ({"username": "u", "password": "s3cr3t-key"}, "Basic dTpzM2NyM3Qta2V5"),
    ],
)
def test_logins(login, header):
    request = ELASTIC.render(sealed(), CLUSTER | login)
    assert request.headers.get("Authorization") == header
    shown = preview(request)
    assert "s3cr3t" not in shown
    assert ENCODED not in shown


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"api_key": "k", "username": "u", "password": "p"}, "api_key"),
        ({"username": "u"}, "password"),
        ({"index": "Upper"}, "index"),
        ({"index": "a/b"}, "index"),
        ({"index": "_all"}, "index"),
        ({"index": "a*"}, "index"),
        ({"index": "x" * 256}, "index"),
        ({"url": "ftp://x"}, "url"),
    ],
)
def test_options_that_cannot_be_used(options, name):
    for made in (lambda: ELASTIC.render(sealed(), CLUSTER | options), lambda: ELASTIC.setup(CLUSTER | options)):
        with pytest.raises(OptionError, match=f"^{name}: "):
            made()


def test_a_password_in_the_address_is_used_and_shown_nowhere():
    with Receiver([answered(201)]) as server:
        url = server.url.replace("//", "//elastic:s3cr3t-pass@")
        settings = DestinationSettings("es", "elasticsearch", {"url": url})
        request = ELASTIC.render(sealed(), settings.options)
        with open_transport(settings) as transport:
            assert send_event(settings, transport, sealed(), Effort(time.monotonic() + 60)).result is Result.DELIVERED
        assert server.received[0].headers["authorization"] == "Basic ZWxhc3RpYzpzM2NyM3QtcGFzcw=="
    assert "s3cr3t" not in preview(request) + repr(request) + ELASTIC.origin(settings.options)


def test_hosts_of_a_run_are_each_there_once():
    made = sealed(1, actor=Actor(host="a"))
    assert ecs.document(made.event)["related"] == {"hosts": ["a"]}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"items": []}', b'{"items": [{}]}', b'{"items": [{"create": {}}]}', b"[" * 9999]
)
def test_no_success_without_what_it_should_report(content):
    assert ELASTIC.judge(Response(200, {}, content)).result is Result.PARK
