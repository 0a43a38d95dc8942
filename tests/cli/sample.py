"""Events as runs leave them, for the tests of the command line and the sessions shown in docs/reference/cli.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from change_events.model import (
    Action,
    Actor,
    Change,
    ChangeEvent,
    ChangeOutcome,
    CheckResult,
    Ci,
    Counts,
    Drift,
    Failure,
    Kind,
    Link,
    Outcome,
    OutcomeCounts,
    OutputChange,
    Phase,
    Severity,
    Signal,
    Summary,
    Tool,
    Trace,
    Vcs,
)
from tests.support.events import ABSENT, UNKNOWN, attribute, large, secret, value

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def partial() -> ChangeEvent:
    """A run that failed half-way: the case the command exists for."""
    return ChangeEvent(
        id="019ab0f1-5e00-7aaa-8bbb-000000000001",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        outcome=Outcome.PARTIAL,
        severity=Severity.ERROR,
        started_at=NOON,
        ended_at=NOON + timedelta(seconds=72),
        title="prod/network: 1 replaced, 1 updated, 1 destroyed, 1 failed",
        message="**1 failed** of 4 changes\n\n- `aws_db_instance.main`: quota exceeded\n",
        environment="prod",
        service="shop",
        tags={"team": "infra"},
        tool=Tool(
            name="terraform",
            version="1.11.4",
            tfevent="0.1.0",
            command="terraform apply -auto-approve",
            exit_code=1,
            workspace="default",
            directory="network",
        ),
        actor=Actor(user="ann", host="bastion-1"),
        vcs=Vcs(
            repository="https://github.com/acme/infra",
            branch="main",
            commit="1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
            dirty=True,
            subject="Rotate the database password",
            author="Ann Lee",
            path="network",
        ),
        trace=Trace(run_id="019ab0f1-5e00-7aaa-8bbb-0000000000ff", trace_id="0af7651916cd43dd8448eb211c80319c"),
        summary=Summary(
            counts=Counts(create=1, update=1, replace=1, destroy=1, drift=1, outputs=1),
            outcomes=OutcomeCounts(applied=2, failed=1, not_attempted=1),
        ),
        changes=_partial_changes(),
        outputs=(
            OutputChange(
                name="endpoint",
                action=Action.UPDATE,
                before=value('"a.example.com"'),
                after=value('"b.example.com"'),
            ),
        ),
        drift=(
            Drift(
                address="aws_security_group.web",
                action=Action.UPDATE,
                attributes=(attribute("description", value('"web"'), value('"by hand"')),),
            ),
        ),
        checks=(CheckResult(address="check.health", status="fail", problems=("The endpoint answered 503.",)),),
        failures=(
            Failure(
                summary="creating RDS DB Instance: InstanceQuotaExceeded",
                detail="You have reached the limit of 40 instances.\nAsk for more, or delete one.",
                address="aws_db_instance.main",
                file="main.tf",
                line=12,
            ),
        ),
        signals=(
            Signal(
                name="stateful_replaced",
                reason="the data of a database does not survive a replacement",
                address="aws_db_instance.main",
            ),
        ),
        links=(Link(title="runbook", url="https://wiki.example.com/network"),),
    )


def _partial_changes() -> tuple[Change, ...]:
    return (
        Change(
            address="aws_security_group.web",
            action=Action.UPDATE,
            outcome=ChangeOutcome.APPLIED,
            type="aws_security_group",
            id="sg-0a1",
            duration=2.25,
            attributes=(
                attribute("ingress[0].cidr_blocks[1]", ABSENT, value('"10.1.0.0/16"')),
                attribute("description", value('"by hand"'), value('"web"')),
            ),
        ),
        Change(
            address="aws_db_instance.main",
            action=Action.REPLACE,
            outcome=ChangeOutcome.FAILED,
            type="aws_db_instance",
            raw_actions=("delete", "create"),
            reason="replace_because_cannot_update",
            replace_paths=("engine_version",),
            duration=61.0,
            error="creating RDS DB Instance: InstanceQuotaExceeded",
            attributes=(
                attribute(
                    path="engine_version",
                    before=value('"14.9"'),
                    after=value('"16.2"'),
                    forces_replacement=True,
                ),
                attribute("password", secret("aaaaaaaaaaaa"), secret("bbbbbbbbbbbb")),
                attribute("address", value('"db.internal"'), UNKNOWN),
                attribute("user_data", large(900, "a" * 12), large(1_240, "b" * 12)),
            ),
        ),
        Change(
            address='aws_eip.nat["eu-west-1a"]',
            action=Action.DESTROY,
            outcome=ChangeOutcome.APPLIED,
            type="aws_eip",
            reason="delete_because_each_key",
            duration=1.5,
        ),
        Change(
            address="aws_route53_record.db",
            action=Action.CREATE,
            outcome=ChangeOutcome.NOT_ATTEMPTED,
            type="aws_route53_record",
            attributes=(attribute("name", ABSENT, value('"db"')),),
        ),
    )


def succeeded() -> ChangeEvent:
    """A run of a CI system, an hour earlier, that went well."""
    earlier = NOON - timedelta(hours=1)
    return ChangeEvent(
        id="019ab0ba-7000-7aaa-8bbb-000000000002",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        outcome=Outcome.SUCCEEDED,
        started_at=earlier,
        ended_at=earlier + timedelta(seconds=9),
        title="staging/app: 2 created",
        message="2 created\n",
        environment="staging",
        tool=Tool(name="tofu", version="1.9.0", command="tofu apply tf.plan", exit_code=0),
        actor=Actor(
            user="runner",
            host="ci-7",
            ci=Ci(
                system="github",
                run_url="https://github.com/acme/app/actions/runs/7",
                actor="bo",
                pull_request="41",
            ),
        ),
        summary=Summary(counts=Counts(create=2), outcomes=OutcomeCounts(applied=2)),
        changes=tuple(
            Change(address=f"terraform_data.app[{n}]", action=Action.CREATE, outcome=ChangeOutcome.APPLIED)
            for n in range(2)
        ),
    )


def running() -> ChangeEvent:
    """A run that is going on."""
    return ChangeEvent(
        id="019ab0f4-1d20-7aaa-8bbb-000000000003",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        started_at=NOON + timedelta(minutes=3),
        title="prod/dns: 3 updates under way",
        environment="prod",
        tool=Tool(name="terraform", version="1.15.5", command="terraform apply"),
        actor=Actor(user="cy", host="laptop"),
        summary=Summary(counts=Counts(update=3)),
    )
