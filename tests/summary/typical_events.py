"""A dozen events as they come, for the goldens: each as small as it can be and still be true."""

from datetime import UTC, datetime

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
    HostCounts,
    HostFailure,
    ItemCounts,
    Kind,
    Link,
    Outcome,
    OutcomeCounts,
    OutputChange,
    Phase,
    Playbook,
    Related,
    Source,
    Summary,
    TaskCounts,
    TaskRun,
    Tool,
    Vcs,
)
from tests.support.events import ABSENT, HIDDEN, UNKNOWN, attribute, change, large, secret, value

APPLIED, FAILED = ChangeOutcome.APPLIED, ChangeOutcome.FAILED
WAITING, PLANNED = ChangeOutcome.NOT_ATTEMPTED, ChangeOutcome.PLANNED


def event(*changes, outcome=Outcome.SUCCEEDED, phase=Phase.APPLIED, counts=None, outcomes=None, **more):
    return ChangeEvent(
        id="01234567-89ab-7def-8123-456789abcdef",
        kind=Kind.INFRASTRUCTURE,
        phase=phase,
        started_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ended_at=datetime(2026, 1, 2, 3, 5, tzinfo=UTC),
        title="",
        outcome=outcome,
        environment="prod",
        tool=Tool(name="terraform", version="1.11.4", directory="/srv/network", workspace="default"),
        actor=more.pop("actor", Actor(user="ada", host="ops1")),
        changes=changes,
        summary=Summary(counts=Counts(**counts or {}), outcomes=OutcomeCounts(**outcomes or {})),
        **more,
    )


def task(name, module, outcome=APPLIED, source=None, **more):
    return Change(
        address=name, action=Action.CHANGE, outcome=outcome, type=module, name=name, source=source,
        task=TaskRun(**more),
    )  # fmt: skip


def played(*changes, hosts, tasks, outcome=Outcome.SUCCEEDED, phase=Phase.APPLIED, groups=None, **more):
    return ChangeEvent(
        id="01234567-89ab-7def-8123-456789abcdef",
        kind=Kind.INFRASTRUCTURE,
        phase=phase,
        started_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ended_at=datetime(2026, 1, 2, 3, 5, tzinfo=UTC),
        title="",
        outcome=outcome,
        environment="prod",
        service="shop",
        tool=Tool(name="ansible", version="2.19.14", directory="/srv/ops", command="ansible-playbook site.yml"),
        actor=Actor(user="ada", host="ops1"),
        playbook=more.pop("playbook", Playbook(file="site.yml", plays=("Web servers",), inventory=("hosts.ini",))),
        changes=changes,
        summary=Summary(
            counts=Counts(change=tasks.get("changed", 0)),
            outcomes=OutcomeCounts(**more.pop("outcomes", {})),
            hosts=HostCounts(**hosts),
            tasks=TaskCounts(**tasks),
            by_group={name: HostCounts(**counts) for name, counts in (groups or {}).items()},
        ),
        **more,
    )


SIZE = attribute("instance_type", value('"t3.small"'), value('"t3.large"'))
AMI = attribute("ami", value('"ami-1"'), value('"ami-2"'), forces_replacement=True)

EVENTS = {
    "created": event(
        change("aws_vpc.main", Action.CREATE, id="vpc-1"),
        change("aws_subnet.a", Action.CREATE, id="subnet-1"),
        counts={"create": 2},
        outcomes={"applied": 2},
        actor=Actor(
            user="ci",
            ci=Ci(system="github-actions", run_url="https://ci.example/runs/7", pull_request="42", actor="ada"),
        ),
        vcs=Vcs(repository="https://git.example/infra", branch="main", commit="c0ffee" * 6, subject="Add a network"),
        links=(Link(title="Run 7", url="https://ci.example/runs/7"),),
    ),
    "replaced_and_failed": event(
        change(
            "aws_instance.web",
            Action.REPLACE,
            replace_paths=("ami",),
            attributes=(AMI, SIZE),
            reason="replace_because_cannot_update",
        ),
        change("aws_db_instance.main", Action.UPDATE, FAILED, error="StorageFull: no space left", attributes=(SIZE,)),
        change("aws_route53_record.www", Action.UPDATE, WAITING),
        change("aws_instance.old", Action.DESTROY, reason="delete_because_no_resource_config"),
        outcome=Outcome.PARTIAL,
        counts={"replace": 1, "update": 2, "destroy": 1},
        outcomes={"applied": 2, "failed": 1, "not_attempted": 1},
        failures=(
            Failure(
                summary="modifying the database",
                detail="StorageFull: no space left",
                address="aws_db_instance.main",
                file="main.tf",
                line=12,
            ),
        ),
    ),
    "declined": event(
        change("aws_vpc.main", Action.DESTROY, WAITING),
        outcome=Outcome.DECLINED,
        counts={"destroy": 1},
        outcomes={"not_attempted": 1},
    ),
    "cancelled": event(
        change("aws_vpc.main", Action.CREATE),
        change("aws_subnet.a", Action.CREATE, WAITING),
        outcome=Outcome.CANCELLED,
        counts={"create": 2},
        outcomes={"applied": 1, "not_attempted": 1},
    ),
    "planned": event(
        change("aws_instance.web", Action.UPDATE, PLANNED, attributes=(SIZE, attribute("arn", value('"a"'), UNKNOWN))),
        change("aws_instance.new", Action.CREATE, PLANNED),
        phase=Phase.PLANNED,
        counts={"update": 1, "create": 1},
    ),
    "partial_plan": event(
        change("aws_instance.web", Action.UPDATE, attributes=(SIZE,)),
        counts={"update": 1},
        outcomes={"applied": 1},
        partial=True,
    ),
    "drift": event(
        change(
            "aws_security_group.web",
            Action.UPDATE,
            attributes=(attribute("ingress[0].cidr_blocks", value('["0.0.0.0/0"]'), value('["10.0.0.0/8"]')),),
        ),
        counts={"update": 1, "drift": 2},
        outcomes={"applied": 1},
        drift=(
            Drift(
                address="aws_security_group.web",
                action=Action.UPDATE,
                attributes=(attribute("ingress[0].cidr_blocks", value('["10.0.0.0/8"]'), value('["0.0.0.0/0"]')),),
                set_anew=("ingress",),
            ),
            Drift(address="aws_instance.gone", action=Action.DESTROY),
        ),
    ),
    "import_move_forget": event(
        change("aws_s3_bucket.logs", Action.IMPORT, importing=True, import_id="logs"),
        change("module.net.aws_vpc.main", Action.MOVE, previous_address="aws_vpc.main"),
        change("aws_s3_bucket.old", Action.FORGET),
        change("aws_instance.b", Action.UPDATE, previous_address="aws_instance.a", attributes=(SIZE,)),
        counts={"import_": 1, "move": 2, "forget": 1, "update": 1},
        outcomes={"applied": 4},
    ),
    "outputs_only": event(
        counts={"outputs": 2},
        outputs=(
            OutputChange(name="url", action=Action.UPDATE, before=value('"http://a"'), after=value('"https://a"')),
            OutputChange(name="password", action=Action.CREATE, before=ABSENT, after=secret("f1")),
        ),
    ),
    "secret_rotated": event(
        change(
            "random_password.db",
            Action.UPDATE,
            attributes=(
                attribute("result", secret("f1"), secret("f2")),
                attribute(
                    "policy",
                    large(5120, "a"),
                    large(5130, "b"),
                ),
                attribute("note", HIDDEN, HIDDEN),
            ),
        ),
        counts={"update": 1},
        outcomes={"applied": 1},
    ),
    "huge": event(
        *(change(f"aws_instance.web[{n}]", Action.CREATE) for n in range(5000)),
        *(change(f"aws_instance.old[{n}]", Action.DESTROY) for n in range(200)),
        counts={"create": 5000, "destroy": 200},
        outcomes={"applied": 5200},
    ),
    "strange_names": event(
        change('aws_instance.web["`x`|*_[a](b)_*<b>&"]', Action.CREATE),
        change(
            'aws_instance.web["日本語 🚀\n# no heading"]',
            Action.UPDATE,
            attributes=(attribute('tags["a`b"]', value('"<script>"'), value('"``` | **bold**"')),),
        ),
        counts={"create": 1, "update": 1},
        outcomes={"applied": 2},
        vcs=Vcs(commit="c0ffee", branch="feature/`x`", subject="Fix *all* [the](things) <now>"),
    ),
    "killed": event(
        change("aws_vpc.main", Action.UPDATE, ChangeOutcome.UNKNOWN, attributes=(SIZE,)),
        outcome=Outcome.UNKNOWN,
        counts={"update": 1},
        outcomes={"unknown": 1},
    ),
    "check_failed": event(
        change("aws_vpc.main", Action.CREATE),
        counts={"create": 1},
        outcomes={"applied": 1},
        checks=(CheckResult(address="check.health", status="fail", problems=("the site answers 500",)),),
    ),
    "playbook": played(
        task(
            "nginx : Install nginx",
            "ansible.builtin.apt",
            FAILED,
            Source(file="roles/nginx/tasks/main.yml", line=3),
            play="Web servers",
            role="nginx",
            hosts=HostCounts(changed=398, failed=2),
            things=("nginx 1.24.0",),
            failures=(HostFailure(host="web17", error="No space left on device"), HostFailure(host="web18")),
        ),
        task(
            "nginx : Write the site",
            "ansible.builtin.template",
            source=Source(file="roles/nginx/tasks/main.yml", line=9),
            play="Web servers",
            role="nginx",
            hosts=HostCounts(changed=3, ok=395),
            changed_on=("web1", "web2", "web3"),
            things=("/etc/nginx/sites-enabled/shop",),
            diff=("/etc/nginx/sites-enabled/shop: mode 0644 → 0600",),
        ),
        task(
            "nginx : Restart nginx",
            "ansible.builtin.service",
            play="Web servers",
            role="nginx",
            handler=True,
            hosts=HostCounts(changed=3),
            changed_on=("web1", "web2", "web3"),
            things=("nginx (started)",),
        ),
        task(
            "Take it out of the pool",
            "ansible.builtin.command",
            play="Web servers",
            hosts=HostCounts(changed=398),
            delegated_to=("lb1",),
            retries=2,
        ),
        task(
            "Add users",
            "ansible.builtin.user",
            play="Web servers",
            hosts=HostCounts(changed=398),
            items=ItemCounts(ok=398, changed=796, failed=1),
            things=("ann", "bob", "carol", "dave"),
            things_omitted=4,
        ),
        task(
            "Stop the old agent",
            "ansible.builtin.service",
            hosts=HostCounts(ok=390, ignored=8),
            failures=(HostFailure(host="web30", error="Could not find the service", status="ignored"),),
        ),
        hosts={"changed": 398, "failed": 2},
        tasks={"total": 31, "changed": 4, "failed": 1, "ignored": 1},
        outcome=Outcome.PARTIAL,
        outcomes={"applied": 4, "failed": 1},
        groups={"web": {"changed": 390, "failed": 2}, "db": {"changed": 8}},
        failures=(Failure(summary="No space left on device", address="nginx : Install nginx"),),
        related=(Related(id="01234567-89ab-7def-8123-000000000001", relation="sent", title="Shop 1.4.2 deployed"),),
    ),
    "playbook_check": played(
        task(
            "Write the site",
            "ansible.builtin.template",
            PLANNED,
            hosts=HostCounts(changed=1, ok=4),
            checked=True,
            changed_on=("web1",),
            things=("/etc/nginx/nginx.conf",),
        ),
        hosts={"changed": 1, "ok": 4},
        tasks={"total": 6, "changed": 1},
        phase=Phase.CHECKED,
        playbook=Playbook(file="plays/site.yml", check=True, limit="web", tags=("nginx",)),
    ),
    "playbook_nothing": played(hosts={"ok": 5}, tasks={"total": 6}, outcome=Outcome.NO_CHANGE),
    "playbook_no_hosts": played(hosts={}, tasks={}, outcome=Outcome.NO_CHANGE),
    "playbook_killed": played(
        task(
            "Upgrade `everything` <now>",
            "ansible.builtin.apt",
            ChangeOutcome.UNKNOWN,
            hosts=HostCounts(changed=1),
            changed_on=("web1",),
            unfinished=("web2", "web3"),
        ),
        hosts={"changed": 1, "ok": 2},
        tasks={"total": 2, "changed": 1},
        outcome=Outcome.UNKNOWN,
        outcomes={"unknown": 1},
        playbook=Playbook(file="site.yml", end="killed: how it ended is not known"),
    ),
    "playbook_between_plays": played(
        hosts={"ok": 2},
        tasks={"total": 2},
        outcome=Outcome.FAILED,
        failures=(Failure(summary="'nowhere' is undefined", file="site.yml", line=9),),
    ),
}
