"""The lookup changes: what changed on a host since a time, as a playbook asks it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from change_events.ids import new_id
from change_events.journal import Journal
from change_events.model import (
    Action,
    Actor,
    Change,
    ChangeEvent,
    ChangeOutcome,
    HostFailure,
    HostRun,
    Kind,
    Outcome,
    Phase,
    Playbook,
    TaskRun,
    Tool,
    Trace,
)
from change_events.redact import Redactor
from tests.collection.controller import Controller
from tests.support.selection import slow

RUN = "018f0000-0000-7000-8000-00000000000a"


def event(title, started, *, hosts=(), outcome=Outcome.SUCCEEDED, **more):
    given = {"kind": Kind.INFRASTRUCTURE, "phase": Phase.APPLIED, "tool": Tool(name="ansible"), **more}
    return ChangeEvent(
        id=new_id(), title=title, started_at=started, outcome=outcome, ended_at=started, hosts=tuple(hosts), **given
    )


def task(name, **more):
    return Change(address=name, action=Action.CHANGE, outcome=ChangeOutcome.APPLIED, task=TaskRun(**more))


def history(now):
    """Events of the last two days and more."""

    def ago(minutes):
        return now - timedelta(minutes=minutes)

    return [
        event(
            "site.yml", ago(30), actor=Actor(user="ada"), environment="prod", service="shop", version="2.1",
            hosts=[
                HostRun(name="web1", status="changed", changed=1), HostRun(name="web2", status="failed", failed=1),
                HostRun(name="db1", status="ok", ok=3), HostRun(name="lb1", status="unreachable", changed=1),
            ],
            changes=(
                task("Install nginx", changed_on=("web1", "lb1")),
                task("Start nginx", failures=(HostFailure(host="web2"), HostFailure(host="db1", status="ignored"))),
            ),
            playbook=Playbook(file="site.yml"),
        ),
        event("checked", ago(20), phase=Phase.CHECKED, hosts=[HostRun(name="web1", status="changed", changed=1)]),
        event(
            "maintenance", ago(10), kind=Kind.CUSTOM, outcome=None, hosts=[HostRun(name="web1", status="changed")],
        ),
        event("old", ago(3000), hosts=[HostRun(name="web1", status="changed", changed=1)]),
        event("prod: 1 created", ago(40), tool=Tool(name="terraform"), environment="prod"),
        event(
            "own", ago(1), hosts=[HostRun(name="web1", status="changed")],
            trace=Trace(run_id="x", parent_run_id=RUN),
        ),
    ]  # fmt: skip


def questions(now):
    """What is asked, moments rather than ages where an answer depends on minutes: a slow play asks later."""

    def minutes(number):
        return now - timedelta(minutes=number)

    return {
        "this host": "query('tfevent.infra.changes')",
        "all that met it": "query('tfevent.infra.changes', include_unchanged=true)",
        "earlier": "query('tfevent.infra.changes', since='3d', until='1d')",
        "others": "query('tfevent.infra.changes', exclude_self=true)",
        "running": "query('tfevent.infra.changes', outcome='running')",
        "kind": "query('tfevent.infra.changes', kind='custom')",
        "failed host": "query('tfevent.infra.changes', 'web2')",
        "untouched host": "query('tfevent.infra.changes', 'db1')",
        "changed, then lost": "query('tfevent.infra.changes', 'lb1')",
        "two hosts": "query('tfevent.infra.changes', 'web2', 'lb1')",
        "a list of hosts": f"query('tfevent.infra.changes', ['web1', 'web2'], since='{minutes(45).isoformat()}')",
        "no hosts": "query('tfevent.infra.changes', [])",
        "stranger": "query('tfevent.infra.changes', 'nobody')",
        "everything": "query('tfevent.infra.changes', '*', environment='prod')",
        "filtered": "query('tfevent.infra.changes', '*', environment='prod', service='shop', tool='ansible')",
        "since a time": f"query('tfevent.infra.changes', since='{minutes(15).isoformat()}')",
        "since seconds": f"query('tfevent.infra.changes', since='{minutes(15).timestamp()}')",
    }


GUARD = """
- name: guard
  ansible.builtin.assert:
    that: query('tfevent.infra.changes', since='5m', exclude_self=true) | length == 0
- name: no time
  ansible.builtin.debug: {msg: "{{ query('tfevent.infra.changes', since='yesterday') }}"}
  ignore_errors: true
- name: typo
  ansible.builtin.debug: {msg: "{{ query('tfevent.infra.changes', sinse='7d') }}"}
  ignore_errors: true
"""


def ask(path, way, *names, guard=GUARD):
    """Questions of these names, or all, answered by the package, or by the command where there is no package."""
    now = datetime.now(UTC)
    controller = Controller(path, hosts=["web1"])
    redactor = Redactor()
    with Journal.open(controller.journal_path) as journal:
        for one in history(now):
            if one.outcome is None:
                journal.start(redactor.seal(one))
            else:
                journal.settle(redactor.seal(one), [])
    env = {"TFEVENT_RUN_ID": RUN}
    if way == "command":
        (path / "broken" / "change_events").mkdir(parents=True)
        (path / "broken" / "change_events" / "__init__.py").write_text("raise ImportError\n")
        command = path / "tfevent"
        command.write_text(f'#!/bin/sh\nunset PYTHONPATH\nexec {controller.bin}/tfevent "$@"\n')
        command.chmod(0o755)
        env |= {"PYTHONPATH": str(path / "broken"), "PATH": f"{path}:/usr/bin:/bin"}
    tasks = "".join(
        f"- name: {name}\n  ansible.builtin.debug: {{msg: {json.dumps('{{ ' + question + ' }}')}}}\n"
        for name, question in questions(now).items()
        if not names or name in names
    )
    done = controller.play(tasks + guard, env=env)
    assert done.code == 0, done.out
    return done


@pytest.fixture(scope="module", params=["package", slow("command")])
def asked(request, tmp_path_factory):
    return ask(tmp_path_factory.mktemp(request.param), request.param)


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        ("this host", ["own", "maintenance", "site.yml"]),
        ("all that met it", ["own", "maintenance", "checked", "site.yml"]),
        ("earlier", ["old"]),
        ("others", ["maintenance", "site.yml"]),
        ("running", ["maintenance"]),
        ("kind", ["maintenance"]),
        ("failed host", ["site.yml"]),
        ("untouched host", []),
        ("changed, then lost", ["site.yml"]),
        ("two hosts", ["site.yml", "site.yml"]),
        ("a list of hosts", ["own", "maintenance", "site.yml", "site.yml"]),
        ("no hosts", []),
        ("stranger", []),
        ("everything", ["site.yml", "prod: 1 created"]),
        ("filtered", ["site.yml"]),
        ("since a time", ["own", "maintenance"]),
        ("since seconds", ["own", "maintenance"]),
    ],
)
def test_answers(asked, question, titles):
    assert [entry["title"] for entry in asked.one(question)["msg"]] == titles


def test_the_command_answers_where_there_is_no_package(tmp_path):
    done = ask(tmp_path, "command", "this host", guard="")
    assert [entry["title"] for entry in done.one("this host")["msg"]] == ["own", "maintenance", "site.yml"]


def test_an_answer_names_the_tasks_that_changed_the_host(asked):
    (web1,) = [entry for entry in asked.one("this host")["msg"] if entry["title"] == "site.yml"]
    assert web1.pop("id")
    assert web1.pop("started_at") == web1.pop("ended_at")
    assert web1 == {
        "title": "site.yml", "kind": "infrastructure", "phase": "applied", "outcome": "succeeded", "severity": "info",
        "environment": "prod", "service": "shop", "version": "2.1", "tool": "ansible", "user": "ada",
        "host": "web1", "host_status": "changed", "changes": ["Install nginx"],
    }  # fmt: skip
    (web2,) = asked.one("failed host")["msg"]
    assert (web2["host_status"], web2["changes"]) == ("failed", ["Start nginx"])
    assert asked.one("everything")["msg"][0]["host"] is None


def test_a_guard_passes_and_a_mistake_fails(asked):
    assert asked.failed == ["no time", "typo"]
    assert (
        "invalid time 'yesterday', expected a timestamp such as 2026-11-25T14:00:00+01:00, or seconds since 1970, or"
        in asked.out
    )


@pytest.mark.slow
def test_it_fails_rather_than_guess(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    (tmp_path / "journal.db").write_bytes(b"not a journal" * 1000)
    question = "- name: guard\n  ansible.builtin.assert: {that: query('tfevent.infra.changes') | length == 0}"
    assert controller.play(question).code == 0, "there is no journal yet"
    assert not controller.journal_path.exists()
    damaged = controller.play(question, env={"TFEVENT_JOURNAL": str(tmp_path / "journal.db")})
    assert damaged.code == 2
    assert "damaged" in damaged.out
    (tmp_path / "broken" / "change_events").mkdir(parents=True)
    (tmp_path / "broken" / "change_events" / "__init__.py").write_text("raise ImportError\n")
    missing = controller.play(question, env={"PYTHONPATH": str(tmp_path / "broken"), "PATH": "/usr/bin:/bin"})
    assert missing.code == 2
    assert "install the tfevent package for that Python" in " ".join(missing.out.split())


def test_an_option_with_a_typo_is_an_error(asked):
    message = asked.one("typo")["msg"]
    assert "there is no option sinse: did you mean since?" in message
    assert "environment, exclude_self, include_unchanged, kind" in message
