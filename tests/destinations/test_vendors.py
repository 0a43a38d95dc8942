"""What is particular to OpenTelemetry, Datadog, Grafana and PagerDuty."""

from __future__ import annotations

import json
import time

import pytest

from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Result
from change_events.model import Actor, Ci, Kind, Link, Outcome, Phase, Severity, Tool, Trace, Vcs
from tests.destinations.kit.backend import backend
from tests.destinations.kit.events import event
from tests.support.sealed import sealed

OTLP, DATADOG, GRAFANA, PAGERDUTY = map(get, ("otlp", "datadog", "grafana", "pagerduty"))
COLLECTOR = {"endpoint": "http://collector.example:4318"}
KEY = {"api_key": "k"}
HOME = {"url": "https://grafana.example", "token": "t"}
ROUTE = {"routing_key": "r"}


def body(destination, made, options):
    return json.loads(destination.render(made, options).body)


def record(made):
    logs = body(OTLP, made, COLLECTOR)["resourceLogs"][0]
    found = logs["scopeLogs"][0]["logRecords"][0]
    attributes = {a["key"]: next(iter(a["value"].values())) for a in found["attributes"]}
    resource = {a["key"]: next(iter(a["value"].values())) for a in logs["resource"]["attributes"]}
    return found, attributes, resource


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://collector.example:4318", "http://collector.example:4318/v1/logs"),
        ("http://collector.example:4318/", "http://collector.example:4318/v1/logs"),
        ("https://vendor.example/otlp", "https://vendor.example/otlp/v1/logs"),
        ("https://vendor.example/v1/logs", "https://vendor.example/v1/logs"),
    ],
)
def test_the_path_of_logs_is_added_once(endpoint, url):
    assert OTLP.render(sealed(), {"endpoint": endpoint}).url == url


def test_conventional_attributes():
    found, attributes, resource = record(event("deployment"))
    assert found["eventName"] == "tfevent.deployment.finished"
    assert found["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert resource == {
        "service.name": "checkout",
        "service.version": "2.14.0",
        "deployment.environment.name": "prod",
        "host.name": "ci-runner-7",
        "vcs.repository.name": "checkout",
        "vcs.owner.name": "acme",
    }
    assert attributes["deployment.status"] == "succeeded"
    assert attributes["cicd.pipeline.result"] == "success"
    assert (attributes["cicd.pipeline.run.id"], attributes["tfevent.run_id"]) == ("42", "run-12")
    assert attributes["vcs.change.id"] == "17"
    alone = sealed(1, trace=Trace(run_id="run-1"))
    assert record(alone)[1]["cicd.pipeline.run.id"] == "run-1", "where no CI system has a name for it"
    assert attributes["tfevent.tag.team"] == "shop"
    assert not {"tfevent.environment", "tfevent.service"} & set(attributes)


def test_what_is_unknown_is_left_out():
    found, attributes, resource = record(sealed(1, outcome=None, ended_at=None))
    assert (found["eventName"], resource) == ("tfevent.infrastructure.started", {"service.name": "tfevent"})
    assert not {"deployment.status", "cicd.pipeline.result", "tfevent.lines"} & set(attributes)
    assert "traceId" not in found
    planned = record(sealed(1, phase=Phase.PLANNED))
    assert "deployment.status" not in planned[1]
    assert record(sealed(1, vcs=Vcs(repository="https://git.example/a")))[2]["vcs.repository.url.full"]


@pytest.mark.parametrize(("severity", "number"), [(Severity.INFO, 9), (Severity.WARNING, 13), (Severity.ERROR, 17)])
def test_severity_numbers(severity, number):
    assert record(sealed(1, severity=severity))[0]["severityNumber"] == number


def test_credentials_in_an_address_are_hidden():
    request = OTLP.render(sealed(), {"endpoint": "https://me:pa55word@collector.example"})
    assert "pa55word" not in request.clean(f"{request.url} bWU6cGE1NXdvcmQ=")
    assert "bWU6" not in request.clean(f"{request.url} bWU6cGE1NXdvcmQ=")


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://api.datadoghq.com/api/v1/events"),
        ({"site": "datadoghq.eu"}, "https://api.datadoghq.eu/api/v1/events"),
        ({"api": "v2", "site": "us5.datadoghq.com"}, "https://event-management-intake.us5.datadoghq.com/api/v2/events"),
        ({"api": "v2", "url": "https://proxy.example/dd/"}, "https://proxy.example/dd/api/v2/events"),
    ],
)
def test_datadog_addresses(options, url):
    assert DATADOG.render(event("updated"), KEY | options).url == url


def test_a_probe_knocks_at_the_intake_that_runs_go_to():
    for options in ({}, {"api": "v2", "site": "datadoghq.eu"}, {"api": "v2", "url": "https://proxy.example/dd/"}):
        request = DATADOG.render(event("updated"), KEY | options)
        assert request.url.startswith(DATADOG.origin(KEY | options) + "/"), options


def test_only_what_changes_infrastructure_is_a_change_event():
    for name in ("deployment", "build", "boot", "started", "planned"):
        assert DATADOG.render(event(name), KEY | {"api": "v2"}).url.endswith("/api/v1/events"), name
    assert "DD-APPLICATION-KEY" not in DATADOG.render(event("build"), KEY | {"api": "v2", "app_key": "a"}).headers
    request = DATADOG.render(event("updated"), KEY | {"api": "v2", "app_key": "a"})
    assert request.headers["DD-APPLICATION-KEY"] == "a"
    assert set(request.secrets) == {"k", "a"}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "success"),
        ({"outcome": None}, "info"),
        ({"phase": Phase.PLANNED}, "info"),
        ({"severity": Severity.WARNING}, "warning"),
        ({"outcome": Outcome.FAILED, "severity": Severity.ERROR}, "error"),
    ],
)
def test_alert_types(fields, kind):
    assert body(DATADOG, sealed(1, **fields), KEY)["alert_type"] == kind


def test_a_long_message_is_cut_between_lines_inside_its_markdown():
    text = body(DATADOG, sealed(1, message="\n".join(["- a line %%% of it"] * 400)), KEY)["text"]
    assert 3900 < len(text) <= 4000
    assert text.startswith("%%% \n- a line %% % of it\n")
    assert text.endswith(" more\n %%%")


@pytest.mark.parametrize(
    ("fields", "author"),
    [
        ({"actor": Actor(user="root", ci=Ci(system="x", actor="alice"))}, {"name": "alice", "type": "user"}),
        ({"tool": Tool(name="terraform")}, {"name": "terraform", "type": "automation"}),
        ({}, {"name": "tfevent", "type": "automation"}),
    ],
)
def test_authors(fields, author):
    assert (
        body(DATADOG, sealed(1, **fields), KEY | {"api": "v2"})["data"]["attributes"]["attributes"]["author"] == author
    )


def test_a_region_from_start_to_end_and_a_point_before():
    ended = body(GRAFANA, sealed(1), HOME)
    assert ended["timeEnd"] - ended["time"] == 77_000
    assert "timeEnd" not in body(GRAFANA, sealed(1, outcome=None, ended_at=None), HOME)
    assert "timeEnd" not in body(GRAFANA, event("tiny"), HOME)


def test_an_update_names_its_annotation_and_nothing_else():
    request = GRAFANA.update(sealed(1), HOME | {"dashboard_uid": "d"}, "7/../x")
    assert (request.method, request.url) == ("PATCH", "https://grafana.example/api/annotations/7%2F..%2Fx")
    assert "dashboardUID" not in json.loads(request.body)
    assert body(GRAFANA, sealed(1), HOME | {"dashboard_uid": "d", "panel_id": 3})["dashboardUID"] == "d"


def test_tags_within_what_grafana_is_set_to():
    wide, narrow = (body(GRAFANA, event("many_tags"), HOME | {"tags_bytes": most}) for most in (4096, 100))
    assert len(wide["tags"]) > 30
    assert len(json.dumps(narrow["tags"], separators=(",", ":"))) <= 100
    assert narrow["tags"][:3] == ["tfevent", "env:prod", "service:network"]
    assert "tags left out)" in narrow["text"]
    with pytest.raises(OptionError, match=r"^tags_bytes: "):
        GRAFANA.render(event("tiny"), HOME | {"tags_bytes": 5000})


def test_a_tag_fits_the_columns_that_grafana_stores_it_in():
    tags = body(GRAFANA, sealed(1, environment="e" * 150, tags={"k" * 150: "short", "name": "🚀" * 60}), HOME)["tags"]
    assert tags[1] == "env:" + "e" * 99 + "…"
    assert tags[-2:] == ["k" * 99 + "…:short", "name:" + "🚀" * 49 + "…"]
    with backend("grafana").serve() as server:
        settings = DestinationSettings("grafana", "grafana", backend("grafana").options(server.url))
        with open_transport(settings) as transport:
            made = sealed(1, environment="e" * 150, tags={"k" * 150: "v" * 150})
            verdict = send_event(settings, transport, made, Effort(time.monotonic() + 60, attempts=1))
    assert verdict.result is Result.DELIVERED, verdict.reason


def test_nothing_of_the_event_is_html():
    text = body(
        GRAFANA, sealed(1, title='<img src=x onerror="x">', links=(Link(title="<b>", url='https://x/"><b>'),)), HOME
    )["text"]
    assert "<img" not in text
    assert '<a href="https://x/%22%3E%3Cb%3E">&lt;b&gt;</a>' in text


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://events.pagerduty.com/v2/change/enqueue"),
        ({"region": "eu"}, "https://events.eu.pagerduty.com/v2/change/enqueue"),
        ({"url": "https://proxy.example"}, "https://proxy.example/v2/change/enqueue"),
    ],
)
def test_pagerduty_addresses(options, url):
    assert PAGERDUTY.render(sealed(), ROUTE | options).url == url


def test_a_change_event_has_its_source_and_worst_lines():
    payload = body(PAGERDUTY, event("ansible"), ROUTE)["payload"]
    assert payload["custom_details"]["changes"][0] == "failed: web-400.example.com: ssh timed out"
    assert payload["custom_details"]["hosts_changed"] == 498
    assert body(PAGERDUTY, sealed(1, tool=Tool(name="terraform")), ROUTE)["payload"]["source"] == "terraform"
    assert body(PAGERDUTY, sealed(1, kind=Kind.BOOT, title=""), ROUTE)["payload"]["summary"] == "boot"
    assert len(body(PAGERDUTY, event("huge"), ROUTE)["payload"]["custom_details"]["changes"]) == 21


@pytest.mark.parametrize(
    ("destination", "options"),
    [(PAGERDUTY, ROUTE | {"region": "mars"}), (DATADOG, KEY | {"site": "mars"}), (OTLP, {"endpoint": "mars"})],
)
def test_options_that_cannot_be_used(destination, options):
    with pytest.raises(OptionError, match=r"^(region|site|endpoint): expected "):
        destination.render(sealed(), options)
    with pytest.raises(OptionError):
        destination.origin(options)
