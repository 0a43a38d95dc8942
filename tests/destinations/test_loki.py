"""What is particular to Loki."""

from __future__ import annotations

import json

import pytest

from change_events.destinations import get
from change_events.destinations.base import OptionError
from change_events.model import Kind, Severity
from tests.destinations.kit.events import event
from tests.support.sealed import sealed

LOKI = get("loki")
HOME = {"url": "https://logs.example"}


def pushed(made, **options):
    """The one stream: its labels, time, line, and metadata if there are any."""
    (stream,) = json.loads(LOKI.render(made, HOME | options).body)["streams"]
    ((moment, line, *metadata),) = stream["values"]
    return stream["stream"], moment, json.loads(line), *metadata


def test_labels_are_few_and_all_else_is_metadata():
    labels, _, line, metadata = pushed(event("updated"))
    assert labels == {
        "job": "tfevent",
        "env": "prod",
        "service": "network",
        "tool": "terraform",
        "kind": "infrastructure",
    }
    assert not set(labels) & set(metadata)
    assert metadata["outcome"] == line["outcome"] == "succeeded"
    assert metadata["created"] == "1"
    assert line["created"] == 1
    assert line["changes"][0] == "updated aws_security_group.web"
    assert metadata["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_what_is_unknown_is_no_label():
    labels, _, line, metadata = pushed(sealed(1, kind=Kind.BOOT))
    assert labels == {"job": "tfevent", "kind": "boot"}
    assert "host" not in metadata
    assert "tags" not in line


def test_a_line_stands_where_the_run_ended_or_began():
    assert pushed(event("updated"))[1] == "1795437296789000000"
    assert pushed(event("started"))[1] == "1795437220120000000"


def test_a_label_is_cut_and_so_is_metadata():
    labels, _, line, metadata = pushed(sealed(1, environment="ü" * 2000, version="ü" * 2000))
    assert len(labels["env"].encode()) <= 2048
    assert len(metadata["version"].encode()) <= 1000
    assert line["environment"] == "ü" * 2000


def test_own_labels_and_a_loki_without_metadata():
    found = pushed(event("updated"), labels={"cluster": "eu", "job": "changes", "kind": ""}, metadata="none")
    assert found[0] == {"job": "changes", "cluster": "eu", "env": "prod", "service": "network", "tool": "terraform"}
    assert len(found) == 3


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.INFO, "info"), (Severity.WARNING, "warn"), (Severity.ERROR, "error")]
)
def test_levels_as_grafana_colours_them(severity, level):
    _, _, line, metadata = pushed(sealed(1, severity=severity))
    assert line["level"] == metadata["level"] == level


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"labels": {"my-label": "x"}}, "labels: 'my-label' is not a label name: expected letters, digits and _"),
        ({"labels": {"__name": "x"}}, "labels: '__name' is not a label name: expected letters, digits and _"),
        ({"labels": {"9a": "x"}}, "labels: '9a' is not a label name: expected letters, digits and _"),
        ({"labels": {f"a{n}": "x" for n in range(11)}}, "labels: expected at most 10"),
        ({"user": "1"}, "password: missing; user and password go together"),
        ({"password": "p"}, "user: missing; user and password go together"),
    ],
)
def test_mistakes(options, problem):
    assert LOKI.problems(HOME | options) == (problem,)
    with pytest.raises(OptionError) as caught:
        LOKI.render(sealed(), HOME | options)
    assert str(caught.value) == problem


def test_headers():
    assert not {"Authorization", "X-Scope-OrgID"} & set(LOKI.render(sealed(), HOME).headers)
    request = LOKI.render(
        sealed(), HOME | {"tenant": "team-a", "user": "1", "password": "pa55", "headers": {"X-Key": "k3y"}}
    )
    assert request.url == "https://logs.example/loki/api/v1/push"
    assert request.headers["X-Scope-OrgID"] == "team-a"
    assert request.headers["Authorization"] == "Basic MTpwYTU1"
    assert request.clean("pa55 MTpwYTU1 k3y team-a") == "(hidden) (hidden) (hidden) team-a"
