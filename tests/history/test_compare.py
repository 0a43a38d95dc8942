"""``diff``: what one event changed that the other did not."""

from __future__ import annotations

import msgspec
import pytest

from change_events.history.compare import compare
from change_events.model import Action, Actor, Change, ChangeOutcome, Failure, HostRun, Outcome, Playbook, Signal
from change_events.model.tasks import TaskRun
from tests.history.past import change, run, secret


def task(name, hosts, things=(), **fields):
    return Change(
        **{"address": name, "action": Action.CHANGE, "outcome": ChangeOutcome.APPLIED}
        | {"task": TaskRun(changed_on=hosts, things=things)}
        | fields
    )


def test_resources_are_distinguished_by_what_happened_to_them():
    a = run(
        60,
        change("x.same", attributes={"v": ("1", "2")}),
        change("x.gone"),
        change("x.b", attributes={"v": ("1", "2")}),
    )
    b = run(
        30,
        change("x.same", attributes={"v": ("1", "2")}),
        change("x.b", "replace", "failed", attributes={"v": ("1", "3"), "w": ("1", "2")}, error="quota"),
        change("x.new", "create"),
        outcome=Outcome.PARTIAL,
    )
    found = compare(a, b)
    assert [one.address for one in found.only_a] == ["x.gone"]
    assert [(one.address, one.action) for one in found.only_b] == [("x.new", "create")]
    assert found.same == 1
    (pair,) = found.different
    assert [(fact.name, fact.a, fact.b) for fact in pair.facts] == [
        ("action", "update", "replace"),
        ("outcome", "applied", "failed"),
        ("error", None, "quota"),
    ]
    assert [(one.path, one.a and one.a[1].text, one.b and one.b[1].text) for one in pair.attributes] == [
        ("v", '"2"', '"3"'),
        ("w", None, '"2"'),
    ]
    assert [(fact.name, fact.a, fact.b) for fact in found.facts] == [("outcome", "succeeded", "partial")]


def test_runs_of_a_playbook_are_distinguished_by_hosts_and_things():
    def play(minutes, *changes, hosts, **fields):
        return run(minutes, *changes, hosts=hosts, playbook=Playbook(file="site.yml", **fields))

    a = play(
        60,
        task("web : config", ("web1", "web2"), ("/etc/nginx.conf",)),
        task("looked", (), action=Action.NO_OP),
        hosts=(HostRun(name="web1", status="changed", changed=1), HostRun(name="web2", status="changed", changed=1)),
    )
    b = play(
        30,
        task("web : config", ("web1",), ("/etc/nginx.conf", "nginx 1.27")),
        hosts=(HostRun(name="web1", status="changed", changed=1),),
        limit="web1",
    )
    found = compare(a, b)
    (pair,) = found.different
    assert (pair.hosts_a, pair.hosts_b, pair.things_a, pair.things_b) == (("web2",), (), (), ("nginx 1.27",))
    assert [(fact.name, fact.a, fact.b) for fact in found.hosts] == [("web2", "changed, 1 changed", None)]
    assert ("limit", None, "web1") in [(fact.name, fact.a, fact.b) for fact in found.facts]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (secret("a" * 12), secret("a" * 12), True),
        (secret("a" * 12), secret("b" * 12), False),
    ],
)
def test_secrets_are_compared_by_fingerprint(one, other, same):
    before = secret("0" * 12)
    found = compare(
        run(60, change("x.a", attributes={"v": (before, one)})),
        run(30, change("x.a", attributes={"v": (before, other)})),
    )
    assert (found.same == 1) is same


def test_failures_and_signals_of_one_alone():
    a = run(
        60, failures=(Failure(summary="quota", address="x.a"),), signals=(Signal(name="downtime_likely", reason="r"),)
    )
    b = run(30, failures=(Failure(summary="network"),), actor=Actor(user="bo", host="ci"))
    found = compare(a, b)
    assert (found.failures_a, found.failures_b, found.signals_a) == (
        ("x.a: quota",),
        ("network",),
        ("downtime_likely",),
    )
    assert not found.is_empty


def test_an_event_and_itself_do_not_differ():
    event = run(60, change("x.a", attributes={"v": ("1", "2")}), signals=(Signal(name="reverted", reason="r"),))
    found = compare(event, event)
    assert found.is_empty
    assert set(msgspec.to_builtins(found)) == {"a", "b", "same"}
