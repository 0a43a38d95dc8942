"""The wire format of Sematext Events."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest

from change_events.destinations import get, kinds
from change_events.destinations.base import OptionError
from change_events.destinations.sematext import LIMITS, RECEIVERS, TYPES
from change_events.model import (
    Action,
    Actor,
    Change,
    ChangeEvent,
    Ci,
    Counts,
    Kind,
    OutcomeCounts,
    Severity,
    Summary,
    Tool,
    Trace,
    Vcs,
)
from tests.support.sealed import EPOCH, event_id, sealed

SEMATEXT = get("sematext")
TOKEN = "1111-2222"


def render(event, **options):
    return SEMATEXT.render(event, {"token": TOKEN, **options})


def full():
    return sealed(
        1,
        started_at=EPOCH,
        ended_at=EPOCH + timedelta(seconds=76, milliseconds=669),
        title="prod/network: 1 updated",
        message="**terraform apply** succeeded",
        severity=Severity.WARNING,
        environment="prod",
        service="network",
        tags={"team": "core"},
        tool=Tool(name="terraform", workspace="prod"),
        actor=Actor(user="alice", host="ci-runner-7"),
        vcs=Vcs(repository="acme/infra", branch="main", commit="c0ffee"),
        trace=Trace(run_id="run-1"),
        summary=Summary(
            counts=Counts(create=6, update=2, replace=3, destroy=4),
            applied=Counts(create=1, update=2, replace=3, destroy=4),
            outcomes=OutcomeCounts(failed=5),
        ),
        changes=(Change(address="aws_lb.main", action=Action.UPDATE),),
    )


def test_one_post_with_the_documented_fields():
    request = render(full())
    assert (request.method, request.url) == (
        "POST",
        "https://event-receiver.sematext.com/1111-2222/event",
    )
    assert request.headers["Content-Type"] == "application/json"
    body = json.loads(request.body)
    data = json.loads(body.pop("data"))
    assert body == {
        "timestamp": "2026-11-23T12:01:16.669Z",
        "type": "deployment",
        "title": "prod/network: 1 updated",
        "message": "**terraform apply** succeeded",
        "severity": "warning",
        "creator": "alice",
        "os.host": "ci-runner-7",
        "tags": [
            "env:prod",
            "service:network",
            "tool:terraform",
            "workspace:prod",
            "phase:applied",
            "outcome:succeeded",
            "repo:acme/infra",
            "branch:main",
            "team:core",
        ],
        "tfevent.id": event_id(1),
        "tfevent.run_id": "run-1",
        "tfevent.kind": "infrastructure",
        "tfevent.phase": "applied",
        "tfevent.outcome": "succeeded",
        "tfevent.environment": "prod",
        "tfevent.service": "network",
        "tfevent.commit": "c0ffee",
        "tfevent.created": 1,
        "tfevent.updated": 2,
        "tfevent.replaced": 3,
        "tfevent.destroyed": 4,
        "tfevent.failed": 5,
        "tfevent.duration_ms": 76669,
    }
    event = msgspec.convert(data, ChangeEvent)
    assert event == msgspec.structs.replace(full().event, message="")


def test_what_is_required_is_always_there_and_what_is_unknown_is_left_out():
    body = json.loads(render(sealed(1, outcome=None, ended_at=None)).body)
    assert body["type"]
    assert body["message"] == body["title"] == "prod/network: 1 updated"
    assert body["timestamp"] == "2026-11-23T12:00:01.000Z"
    assert None not in body.values()
    assert not {"creator", "os.host", "tfevent.outcome", "tfevent.duration_ms"} & set(body)


@pytest.mark.parametrize("kind", Kind)
def test_types_avoid_the_reserved_words(kind):
    body = json.loads(render(sealed(1, kind=kind)).body)
    assert body["type"] == TYPES[kind]
    assert body["type"] not in {"infra", "agent"}
    assert json.loads(render(sealed(1, kind=kind), type="change").body)["type"] == "change"


@pytest.mark.parametrize("kind", ["infra", "agent", " Infra"])
def test_a_reserved_type_is_a_mistake_in_the_settings(kind):
    (problem,) = SEMATEXT.problems({"token": "t", "type": kind})
    assert problem.startswith("type: expected a value other than agent and infra")
    with pytest.raises(OptionError, match=r"^type: "):
        render(sealed(), type=kind)
    assert SEMATEXT.problems({"token": "t", "type": "infrastructure"}) == ()


def test_it_is_asked_no_more_often_than_its_own_logagent_would():
    assert (SEMATEXT.limits.rate.requests, SEMATEXT.limits.rate.seconds) == (120, 60), "two a second, a dozen at once"


def test_the_actor_of_the_pipeline_is_the_creator():
    actor = Actor(user="runner", ci=Ci(system="github", actor="bob"))
    assert json.loads(render(sealed(1, actor=actor)).body)["creator"] == "bob"


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"region": "us"}, RECEIVERS["us"]),
        ({"region": "eu"}, "https://event-receiver.eu.sematext.com"),
        ({"receiver": "https://sc.acme.test:8443/er/"}, "https://sc.acme.test:8443/er"),
        ({"receiver": "http://sc.acme.test", "region": "eu"}, "http://sc.acme.test"),
    ],
)
def test_receivers(options, address):
    assert render(sealed(), **options).url == f"{address}/1111-2222/event"


def test_the_token_cannot_change_the_path_and_is_shown_nowhere():
    token = "a/../b?c#secret"
    request = SEMATEXT.render(sealed(), {"token": token})
    assert request.url == "https://event-receiver.sematext.com/a%2F..%2Fb%3Fc%23secret/event"
    assert "secret" not in repr(request)
    assert request.clean(f"no {token} and no {request.url}") == (
        "no (hidden) and no https://event-receiver.sematext.com/(hidden)/event"
    )


@pytest.mark.parametrize(
    "options", [{}, {"token": " "}, {"token": "t", "receiver": "ftp://x"}, {"token": "t", "region": "mars"}]
)
def test_options_that_cannot_be_used(options):
    with pytest.raises(OptionError):
        SEMATEXT.render(sealed(), options)


def test_the_limit_counts_bytes_of_the_whole_body():
    changes = tuple(Change(address=f'aws_x.Ä["{n}"]', action=Action.UPDATE) for n in range(3000))
    request = render(sealed(1, changes=changes, message="Ü" * 4000))
    assert LIMITS.body_bytes * 0.98 < len(request.body) <= LIMITS.body_bytes < 64 * 1024
    data = json.loads(json.loads(request.body)["data"])
    assert data["truncated"]["changes"] == 3000 - len(data["changes"])


def test_every_kind_is_registered_under_its_own_name():
    assert kinds()[:2] == ("sematext", "webhook")
    for kind in kinds():
        destination = get(kind)
        assert destination.kind == kind
        assert len({option.name for option in destination.options}) == len(destination.options)
        assert all(option.help.endswith(".") for option in destination.options)
    with pytest.raises(KeyError):
        get("pigeon")
