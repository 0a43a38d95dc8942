"""The standard events: what every destination must be able to show, from a bare line to a run of thousands.

``event(name)`` is sealed as the real ones are. All of it is invented; times and ids are fixed, so goldens hold.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec

from change_events.model import (
    Action,
    Actor,
    Change,
    ChangeEvent,
    ChangeOutcome,
    Ci,
    Commit,
    Counts,
    Drift,
    Failure,
    HostCounts,
    HostFailure,
    HostRun,
    Kind,
    Link,
    Outcome,
    OutcomeCounts,
    OutputChange,
    Phase,
    Playbook,
    SealedEvent,
    Severity,
    Summary,
    TaskCounts,
    TaskRun,
    Tool,
    Trace,
    Vcs,
)
from change_events.redact import Redactor, unseal
from change_events.settings import Settings
from change_events.summary.composing import compose
from change_events.summary.explicit_message import worded
from tests.support.events import attribute, change, value

START = datetime(2026, 11, 23, 12, 33, 40, 120_000, tzinfo=UTC)
END = START + timedelta(seconds=76, milliseconds=669)
ID = "019ab0f1-5e00-7aaa-8bbb-00000000{:04d}"
PAGE = "https://github.com/acme/infra"
RUN_URL = "https://ci.example.com/runs/42"


def resized(path="instance_type"):
    return attribute(path, value('"t3.small"'), value('"t3.large"'))


def run(number, **fields):
    """A terraform run with everything that is known of most runs."""
    return ChangeEvent(
        **{
            "id": ID.format(number),
            "kind": Kind.INFRASTRUCTURE,
            "phase": Phase.APPLIED,
            "outcome": Outcome.SUCCEEDED,
            "started_at": START,
            "ended_at": END,
            "title": "",
            "environment": "prod",
            "service": "network",
            "tags": {"team": "core"},
            "tool": Tool(
                name="terraform",
                version="1.11.4",
                tfevent="0.1.0",
                command="terraform apply",
                exit_code=0,
                workspace="prod",
                directory="/srv/network",
            ),
            "actor": Actor(
                user="ci",
                host="ci-runner-7",
                ci=Ci(
                    system="GitHub Actions",
                    run_url=RUN_URL,
                    actor="alice",
                    run_id="42",
                    attempt="1",
                    pull_request="17",
                    pull_request_url=f"{PAGE}/pull/17",
                ),
            ),
            "vcs": Vcs(
                repository="acme/infra",
                remote="github.com:acme/infra.git",
                url=PAGE,
                branch="main",
                commit="9d59409acf479dfa0df1aa568182e43e43df8bbe",
                commit_url=f"{PAGE}/commit/9d59409acf479dfa0df1aa568182e43e43df8bbe",
                subject="Larger web servers",
                author="alice",
            ),
            "trace": Trace(
                run_id=f"run-{number}", trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7"
            ),
            "links": (Link(title="Run 42", url=RUN_URL),),
            **fields,
        }
    )


def _tiny():
    return ChangeEvent(id=ID.format(1), kind=Kind.CUSTOM, phase=Phase.APPLIED, started_at=START, ended_at=START,
                       outcome=Outcome.SUCCEEDED, title="Cache emptied")  # fmt: skip


def _updated():
    return run(
        2,
        changes=(
            change("aws_instance.web[0]", Action.CREATE, id="i-0123456789"),
            change("aws_security_group.web", attributes=(resized("ingress[0].from_port"),)),
            change("aws_lb.main", attributes=(resized(),)),
        ),
        summary=Summary(
            counts=Counts(create=1, update=2), applied=Counts(create=1, update=2), outcomes=OutcomeCounts(applied=3)
        ),
    )


def _huge():
    number = 4000
    changes = tuple(
        change(f'module.fleet["{n % 40}"].aws_instance.node[{n}]', attributes=tuple(map(resized, "abc")))
        for n in range(number)
    )
    return run(
        3,
        changes=changes,
        outputs=tuple(
            OutputChange(name=f"output_{n}", action=Action.UPDATE, before=value("1"), after=value("2"))
            for n in range(50)
        ),
        drift=tuple(Drift(address=f"aws_lb.n{n}", action=Action.UPDATE, attributes=(resized(),)) for n in range(50)),
        summary=Summary(
            counts=Counts(update=number),
            applied=Counts(update=number),
            outcomes=OutcomeCounts(applied=number),
            by_module={f'module.fleet["{n}"]': 100 for n in range(40)},
        ),
    )


def _failed():
    return run(
        4,
        outcome=Outcome.FAILED,
        failures=(Failure(summary="Error acquiring the state lock", detail="ConditionalCheckFailed", file="main.tf"),),
    )


def _partial():
    return run(
        5,
        outcome=Outcome.PARTIAL,
        changes=(
            change("aws_instance.web", Action.REPLACE, attributes=(resized(),), replace_paths=("ami",)),
            change("aws_db_instance.main", outcome=ChangeOutcome.FAILED, error="StorageFull: no space left"),
            change("aws_route53_record.www", outcome=ChangeOutcome.NOT_ATTEMPTED),
            change("aws_instance.old", Action.DESTROY),
        ),
        failures=(
            Failure(
                summary="modifying the database: StorageFull", address="aws_db_instance.main", file="db.tf", line=12
            ),
        ),
        summary=Summary(
            counts=Counts(replace=1, update=2, destroy=1),
            applied=Counts(replace=1, destroy=1),
            outcomes=OutcomeCounts(applied=2, failed=1, not_attempted=1),
        ),
    )


def _planned():
    return run(
        6,
        phase=Phase.PLANNED,
        changes=(change("aws_vpc.main", Action.DESTROY, ChangeOutcome.PLANNED),),
        summary=Summary(counts=Counts(destroy=1)),
    )


def _started():
    return run(
        7,
        outcome=None,
        ended_at=None,
        changes=(change("aws_lb.main", outcome=ChangeOutcome.PLANNED),),
        summary=Summary(counts=Counts(update=1)),
    )


UNICODE = "Zoë 🚀 👩‍👩‍👧‍👦 👍🏽 שלום עולם مرحبا e\u0301\u0323 日本語 \u202eabc\u202c"


def _unicode():
    return run(
        8,
        environment="höhle",
        service="sköll-服务",
        tags={"équipe": "cœur", "emoji": "🚀" * 40},
        changes=(change(f'aws_ssm_parameter.p["{UNICODE}"]', attributes=(resized("größe"),)),),
        failures=(Failure(summary=UNICODE, detail=UNICODE),),
        outcome=Outcome.FAILED,
        summary=Summary(counts=Counts(update=1), applied=Counts(update=1), outcomes=OutcomeCounts(applied=1)),
    )


CONTROLS = 'bell\a null\0 escape\x1b[31m line\r\nfeed\ttab \x7f\x85\u2028 <b>&amp;</b> "quoted" \\ %%% ``` {{x}} ${y}'


def _controls():
    return run(
        9,
        kind=Kind.CUSTOM,
        title=CONTROLS,
        message=CONTROLS,
        service=CONTROLS,
        tags={"a b": CONTROLS, "c\nd": "e"},
        changes=(change(f'aws_x.y["{CONTROLS}"]'),),
        failures=(Failure(summary=CONTROLS, address=CONTROLS),),
    )


def _long():
    word = "a-very-long-word-without-any-end-"
    return run(
        10,
        title="title " * 1000,
        message=f"{word * 3000}\n" + "A sentence of the message. 🚀 " * 3000,
        service=word * 40,
        environment=word * 40,
        links=tuple(Link(title=word * 30, url=f"https://example.com/{word * 60}{n}") for n in range(60)),
        actor=Actor(user=word * 40, host=word * 40),
        vcs=Vcs(repository=word * 40, branch=word * 40, commit="c0ffee" * 6, subject=word * 40),
    )


def _many_tags():
    return run(
        11,
        kind=Kind.CUSTOM,
        title="Many tags",
        tags={f"tag-{n:03d}": f"value {n} " * (1 + n % 40) for n in range(200)},
        data={f"key{n}": {"nested": [n, {"deep": "x" * 50}]} for n in range(200)},
    )


def explicit(number, kind, title, **fields):
    """An explicit event: title and message as they were given."""
    given = {"message": title, "summary": Summary(), "tool": None, "explicit": True, **fields}
    return worded(run(number, kind=kind, title=title, **given), 8000)


def _deployment():
    return explicit(
        12,
        Kind.DEPLOYMENT,
        "checkout 2.14.0 deployed to prod",
        message="**checkout** 2.14.0 is out.\n\n- faster search\n- fixes [#123](https://example.com/issues/123)",
        service="checkout",
        version="2.14.0",
        tags={"team": "shop"},
        vcs=Vcs(
            repository="acme/checkout",
            branch="main",
            commit="c0ffee1234" * 4,
            previous="beefbeef00" * 4,
            commits=tuple(
                Commit(id=f"{n:08x}" * 5, subject=f"Change number {n}", author="bob") for n in range(3, 0, -1)
            ),
        ),
    )


def _build():
    return explicit(13, Kind.BUILD, "checkout 2.14.0 built", service="checkout", version="2.14.0", environment=None)


def _boot():
    host = Actor(host="web-17", user="root")
    return explicit(14, Kind.BOOT, "web-17 booted after 4 min", ended_at=START, actor=host, vcs=None, links=())


def _stop():
    return explicit(
        15,
        Kind.STOP,
        "checkout stopped: exit code 137",
        message="`SERVICE_RESULT=oom-kill`",
        outcome=Outcome.FAILED,
        severity=Severity.ERROR,
        service="checkout",
        failures=(Failure(summary="oom-kill"),),
    )


HOSTS = tuple(f"web-{n:03d}.example.com" for n in range(500))
TASKS = (
    ("Write the configuration", "ansible.builtin.template"),
    ("Restart nginx", "ansible.builtin.service"),
    ("Install nginx", "ansible.builtin.package"),
)
BROKEN, UNREACHABLE = HOSTS[17], HOSTS[400]


def _task(name, module):
    broken = module == TASKS[1][1]
    failures = (HostFailure(host=BROKEN, error="Unable to restart service nginx"),) if broken else ()
    return Change(
        address=f"site.yml: {name}",
        action=Action.CHANGE,
        outcome=ChangeOutcome.FAILED if broken else ChangeOutcome.APPLIED,
        type=module,
        name=name,
        task=TaskRun(
            play="web",
            hosts=HostCounts(changed=498 if broken else 499, failed=int(broken)),
            changed_on=tuple(host for host in HOSTS if host != UNREACHABLE and not (broken and host == BROKEN)),
            failures=failures,
            things=("/etc/nginx/nginx.conf",),
            diff=("/etc/nginx/nginx.conf",),
        ),
    )


def _host(name):
    status = "failed" if name == BROKEN else "unreachable" if name == UNREACHABLE else "changed"
    return HostRun(name=name, status=status, ok=5, changed=3, **({status: 1} if status != "changed" else {}))


def _ansible():
    hosts = HostCounts(changed=498, failed=1, unreachable=1)
    return run(
        16,
        outcome=Outcome.PARTIAL,
        tool=Tool(name="ansible", version="2.19.1", command="ansible-playbook site.yml"),
        playbook=Playbook(file="site.yml", plays=("web",), inventory=("hosts.ini",), forks=50),
        changes=tuple(_task(*task) for task in TASKS),
        hosts=tuple(map(_host, HOSTS)),
        failures=(Failure(summary="ssh timed out", address=UNREACHABLE),),
        summary=Summary(
            counts=Counts(change=3),
            applied=Counts(change=2),
            outcomes=OutcomeCounts(applied=2, failed=1),
            hosts=hosts,
            tasks=TaskCounts(total=9, changed=2, failed=1),
            by_type={module: 1 for _, module in TASKS},
            by_group={"web": hosts},
        ),
    )


_MAKERS = {
    "tiny": _tiny,
    "updated": _updated,
    "huge": _huge,
    "failed": _failed,
    "partial": _partial,
    "planned": _planned,
    "started": _started,
    "unicode": _unicode,
    "controls": _controls,
    "long": _long,
    "many_tags": _many_tags,
    "deployment": _deployment,
    "build": _build,
    "boot": _boot,
    "stop": _stop,
    "ansible": _ansible,
}
NAMES = tuple(_MAKERS)


@cache
def event(name: str) -> SealedEvent:
    """The standard event of this name, sealed."""
    made = _MAKERS[name]()
    composed = made if made.title else compose(made, Settings())  # who gives a title gives the message too
    if name == "controls":  # as an older journal may hold them: nothing has cleaned them
        return unseal(msgspec.json.encode(composed))
    return Redactor(key=b"k" * 32).seal(composed)
