"""A day of a made-up team in a journal, and pages about it as the application asks for them."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from change_events.journal import Journal
from change_events.model import (
    Actor,
    CauseCommit,
    CauseKind,
    Ci,
    Confidence,
    Failure,
    Kind,
    Outcome,
    Phase,
    Severity,
    SharedCause,
    Signal,
    Tool,
    Trace,
    Vcs,
)
from change_events.redact import unseal
from change_events.server.page import PageRequest
from change_events.server.rendering import render
from tests.cli.sample import partial
from tests.history.past import change, run, secret
from tests.summary.test_document import composed

NOW = datetime(2026, 11, 24, 2, 21, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
NODE, TARGETS, LISTENER = 'module.web.aws_instance.node["a"]', "aws_lb_target_group.http", "aws_lb_listener.https"
SMALLER = CauseCommit(id="c0ffee1" + "0" * 33, subject="Smaller nodes", author="ada", pull_request="#41")
CAUSE = SharedCause(
    kind=CauseKind.EDITED_LINE, text="var.size", file="prod.tfvars", line=4, attributes=("instance_type",),
    commits=(SMALLER,), confidence=Confidence.EXACT, changes=3, addresses=(NODE,),
)  # fmt: skip
UNKNOWN_CAUSE = SharedCause(kind=CauseKind.UNKNOWN, text="the clone is shallow", changes=1, addresses=(TARGETS,))


def numbered(events):
    """With ids that are the same in each run of the tests, in the order of their starts."""
    return [
        msgspec.structs.replace(event, id=f"019ab{number:03x}-0000-7000-8000-{number:012x}")
        for number, event in enumerate(sorted(events, key=lambda event: event.started_at))
    ]


def shop(minutes_ago, *changes, **more):
    """A run in prod/shop."""
    vcs = Vcs(
        repository="acme/infra", path="prod/shop", commit=SMALLER.id, subject="Smaller nodes", author="ada",
        remote="git@github.com:acme/infra.git", branch="main",
    )  # fmt: skip
    return run(minutes_ago, *changes, now=NOW, **{"environment": "prod", "service": "shop", "vcs": vcs, **more})


EVENTS = numbered([
    shop(86_400, change(NODE, attributes={"instance_type": ("t3.small", "t3.large"), "size": ("20", "40")}),
         user="ada", title="prod/shop: 1 updated"),
    shop(3_000, change(NODE, attributes={"size": ("40", "80")}), title="prod/shop: 1 updated", user="bob",
         causes=(CAUSE,)),
    shop(
        34,
        change(NODE, attributes={"instance_type": ("t3.large", "t3.small"), "password": (secret("a"), secret("b"))},
               causes=(CAUSE,), duration=72.0, id="i-0f3a"),
        change(TARGETS, "replace", attributes={"name": ("web-http", "web-http-v2"), "delay": (300, 30)},
               reason="replace_because_cannot_update"),
        change(LISTENER, outcome="failed", error="api error CertificateNotFound", duration=1.2),
        change("aws_route53_record.shop", "create", outcome="not_attempted"),
        outcome=Outcome.PARTIAL, severity=Severity.ERROR, title="prod/shop: 1 updated, 1 replaced, 1 failed",
        actor=Actor(user="runner", host="runner-12",
                    ci=Ci(system="github", actor="deploy-bot", run_url="https://ci.example.org/runs/8841")),
        tool=Tool(name="terraform", version="1.11.4", command="terraform apply -auto-approve", exit_code=1),
        causes=(CAUSE, UNKNOWN_CAUSE), trace=Trace(run_id="run-shop"), tags={"team": "web"},
        failures=(Failure(summary="ModifyListener, CertificateNotFound", detail="api error\nnot found",
                          address=LISTENER, file="modules/web/lb.tf", line=44),),
        signals=(
            Signal(name="downtime_likely", reason="the target group is replaced", address=TARGETS),
            Signal(name="capacity_reduced", reason="t3.large → t3.small", address=NODE, severity=Severity.ERROR),
            Signal(name="reverted", reason="back to the value of 25 September", address=NODE, severity=Severity.INFO,
                   events=("019ab000-0000-7000-8000-000000000000",)),
        ),
    ),
    run(31, now=NOW, kind=Kind.DEPLOYMENT, explicit=True, tool=None, title="shop 1.5.0 is in use", service="shop",
        environment="prod", trace=Trace(run_id="run-d", parent_run_id="run-shop"), vcs=None),
    run(20, change("aws_security_group_rule.debug", "create"), now=NOW, stack="prod/network", environment="prod",
        service="network", title="prod/network: 1 created", user="bob",
        signals=(Signal(name="exposed_to_world", reason="port 22 is open to 0.0.0.0/0", severity=Severity.ERROR,
                        address="aws_security_group_rule.debug"),)),
    run(40, now=NOW, stack="staging/edge", phase=Phase.PLANNED, environment="staging", service="edge",
        title="staging/edge: 1 create planned", user="bob"),
    run(7, now=NOW, outcome=None, ended_at=None, title="prod/shop: rollback.yml", environment="prod", service="shop",
        tool=Tool(name="ansible"), user="ada"),
    run(400, now=NOW, outcome=Outcome.UNKNOWN, stack="staging/shop", environment="staging", service="shop",
        title="staging/shop: 1 created, outcome unknown"),
    msgspec.structs.replace(composed("playbook"), started_at=NOW - timedelta(minutes=55)),
    msgspec.structs.replace(partial(), started_at=NOW - timedelta(minutes=2_000)),
])  # fmt: skip
SHOP = next(event for event in EVENTS if event.trace and event.trace.run_id == "run-shop")


def moved(events):
    """The same events, as if their day were today."""
    since = datetime.now(UTC) - NOW
    return [
        msgspec.structs.replace(
            event, started_at=event.started_at + since, ended_at=event.ended_at and event.ended_at + since
        )
        for event in events
    ]


def recorded(path, events=EVENTS):
    """A journal of these events, open; they are recorded in the order of their starts."""
    journal = Journal.open(path / "journal.db")
    for event in sorted(events, key=lambda event: event.started_at):
        sealed = unseal(msgspec.json.encode(event))
        if event.outcome is None:
            journal.start(sealed)
        else:
            journal.settle(sealed, ["slack"] if event.service == "shop" else [])
    return journal


def many(number, **more):
    """So many small events, a minute each; every tenth failed."""
    for place in range(number):
        outcome = Outcome.FAILED if place % 10 == 3 else Outcome.SUCCEEDED
        service, environment = ("shop", "edge", "data")[place % 3], ("prod", "staging")[place % 2]
        yield run(place, change(f"aws_instance.n{place % 50}"), **{
            "now": NOW, "outcome": outcome, "service": service, "environment": environment,
            "id": f"019a{place:04x}-0000-7000-8000-{place:012x}", **more,
        })  # fmt: skip


def request(path=None, now=NOW, zone=ZONE, **query):
    """What the application asks a page."""
    return PageRequest(
        path=path or {}, query=query, now=now, zone=zone, zone_name="Europe/Berlin, UTC+1",
        source_name="journal of web1", live=True,
    )  # fmt: skip


def page(source, name, path=None, **query):
    """A page as data."""
    return importlib.import_module(f"change_events.server.pages.{name}").build(source, request(path, **query))


def html(source, name, path=None, **query):
    """A page as HTML."""
    return render(page(source, name, path, **query), request(path, **query))


def ids():
    """Ids of the events, newest first."""
    return [event.id for event in reversed(EVENTS)]
