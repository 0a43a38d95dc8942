"""A playbook run in words: who was changed, who fell out, and what each task did."""

import pytest
from msgspec.structs import replace

from change_events.destinations.shared.conditions import figure
from change_events.destinations.shared.mapping import playbook_figures
from change_events.model import (
    Action,
    Change,
    ChangeOutcome,
    Failure,
    HostCounts,
    HostFailure,
    ItemCounts,
    Outcome,
    Phase,
    Playbook,
    Severity,
    TaskRun,
)
from change_events.summary.message import message
from change_events.summary.playbook import became, host_words, sections, things
from change_events.summary.severity import severity
from change_events.summary.title import title
from tests.summary.typical_events import EVENTS, played, task


@pytest.mark.parametrize(
    ("hosts", "tasks", "outcome", "expected"),
    [
        ({"changed": 5}, {"changed": 2}, Outcome.SUCCEEDED, "2 tasks changed 5 hosts"),
        ({"changed": 1}, {"changed": 1}, Outcome.SUCCEEDED, "1 task changed 1 host"),
        ({"changed": 3, "ok": 2}, {"changed": 1}, Outcome.SUCCEEDED, "1 task changed 3 of 5 hosts"),
        ({"failed": 1, "ok": 4}, {"failed": 1}, Outcome.FAILED, "1 failed"),
        ({"failed": 1, "unreachable": 2, "changed": 2}, {"changed": 1}, Outcome.PARTIAL,
         "1 task changed 2 of 5 hosts, 1 failed, 2 unreachable"),
        ({"failed": 1}, {"changed": 3, "failed": 1}, Outcome.PARTIAL,
         "3 tasks changed something, 1 failed"),
        ({"ok": 5}, {}, Outcome.NO_CHANGE, "no changes on 5 hosts"),
        ({}, {}, Outcome.NO_CHANGE, "no hosts matched"),
        ({"ok": 2}, {}, Outcome.CANCELLED, "no changes, cancelled"),
        ({"changed": 2}, {"changed": 1}, Outcome.CANCELLED, "1 task changed 2 hosts, cancelled"),
        ({"changed": 2}, {"changed": 1}, Outcome.UNKNOWN, "1 task changed 2 hosts, outcome unknown"),
        ({"ok": 2}, {}, Outcome.FAILED, "failed"),
        ({"changed": 2}, {"changed": 1}, None, "under way"),
    ],
)  # fmt: skip
def test_the_title_reports_who_was_changed_and_who_fell_out(hosts, tasks, outcome, expected):
    assert title(played(hosts=hosts, tasks=tasks, outcome=outcome)) == f"prod/shop: site.yml: {expected}"


def test_a_host_that_was_changed_and_failed_later_was_changed():
    run = played(hosts={"failed": 1, "changed": 1}, tasks={"changed": 1, "failed": 1}, outcome=Outcome.PARTIAL)
    run = replace(run, summary=replace(run.summary, hosts_changed=2))
    assert title(run) == "prod/shop: site.yml: 1 task changed 2 hosts, 1 failed"
    assert playbook_figures(run)["hosts_changed"] == figure(run, "hosts_changed") == 2


def test_check_mode_would_change():
    run = played(hosts={"changed": 1, "ok": 1}, tasks={"changed": 1}, phase=Phase.CHECKED)
    assert title(run) == "prod/shop: site.yml: 1 task would change 1 of 2 hosts"
    nothing = played(hosts={"ok": 1}, tasks={}, phase=Phase.CHECKED, outcome=Outcome.NO_CHANGE)
    assert title(nothing) == "prod/shop: site.yml: nothing would change on 1 host"


def test_an_error_of_no_host_is_reported_by_its_text():
    run = played(hosts={}, tasks={}, outcome=Outcome.FAILED, failures=(Failure(summary="'x' is undefined"),))
    assert title(run) == "prod/shop: site.yml: failed: 'x' is undefined"


def test_the_title_does_without_a_file_environment_and_service():
    import msgspec

    bare = msgspec.structs.replace(EVENTS["playbook_nothing"], environment=None, service=None, playbook=Playbook())
    assert title(bare) == "playbook: no changes on 5 hosts"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (TaskRun(hosts=HostCounts(changed=1), changed_on=("web1",)), ["changed on web1"]),
        (TaskRun(hosts=HostCounts(changed=2, ok=1), changed_on=("a", "b")), ["changed on 2 of 3 (a, b)"]),
        (TaskRun(hosts=HostCounts(changed=398, failed=2), failures=(HostFailure(host="web17", error="disk\nfull"),)),
         ["changed on 398 of 400", "failed on 2 of 400: web17: disk full"]),
        (TaskRun(hosts=HostCounts(unreachable=1), failures=(HostFailure(host="a", status="unreachable"),)),
         ["unreachable: on a"]),
        (TaskRun(hosts=HostCounts(rescued=2), failures=(HostFailure(host="a", error="e", status="rescued"),)),
         ["failed and rescued on all 2: a: e"]),
        (TaskRun(hosts=HostCounts(changed=1), checked=True, changed_on=("a",)), ["would change a"]),
        (TaskRun(unfinished=("a", "b")), ["outcome unknown on all 2 (a, b)"]),
        (TaskRun(hosts=HostCounts(ok=1), items=ItemCounts(changed=2, skipped=1)), ["items: 2 changed, 1 skipped"]),
        (TaskRun(hosts=HostCounts(ok=1), retries=1, delegated_to=("lb1", "lb2", "lb3", "lb4")),
         ["1 retry", "done on lb1, lb2, lb3 and 1 more"]),
    ],
)  # fmt: skip
def test_a_task_is_reported_by_its_hosts(given, expected):
    assert became(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"hosts": HostCounts(changed=11), "changed_on": ("a",)}, "changed on a, in 11 rounds"),
        ({"hosts": HostCounts(changed=11), "changed_on": ("a",), "checked": True}, "would change a, in 11 rounds"),
        ({"hosts": HostCounts(changed=4, ok=7), "changed_on": ("a",)}, "changed on a, 4 times in 11 rounds"),
        ({"hosts": HostCounts(changed=44), "changed_on": ("a", "b", "c", "d")},
         "changed on a, b, c and 1 more, in 11 rounds"),
        ({"hosts": HostCounts(changed=330), "changed_on": ("a", "b", "c", "d"), "hosts_omitted": 26},
         "changed on a, b, c and others, 330 times in 11 rounds"),
        ({"hosts": HostCounts(changed=11), "hosts_omitted": 1}, "changed 11 times in 11 rounds"),
        ({"hosts": HostCounts(failed=1, ok=10), "failures": (HostFailure(host="a", error="e"),)},
         "failed on a, once in 11 rounds: e"),
    ],
)  # fmt: skip
def test_figures_of_many_rounds_are_no_number_of_hosts(given, expected):
    assert became(TaskRun(rounds=11, **given)) == [expected]


def test_names_that_were_left_out_are_not_made_up():
    """Two of four names are known: naming them would read as if it were all."""
    assert became(TaskRun(hosts=HostCounts(changed=2, ok=2), changed_on=("a",))) == ["changed on 2 of 4"]


def test_things_are_named_and_the_rest_counted():
    assert things(TaskRun(things=("a", "b", "c", "d"), things_omitted=2)) == "a, b, c and 3 more"
    assert things(TaskRun()) == ""


def test_host_words():
    assert host_words(HostCounts(ok=1, changed=3, failed=1)) == "5 hosts: 1 failed, 3 changed, 1 ok"
    assert host_words(HostCounts()) == "0 hosts"


def test_a_failed_playbook_is_an_error_and_a_check_is_not():
    assert severity(EVENTS["playbook"]) is Severity.ERROR
    assert severity(EVENTS["playbook_check"]) is Severity.INFO


def test_the_message_reports_an_error_once():
    run = played(
        task("Do it", "m", ChangeOutcome.FAILED, hosts=HostCounts(failed=1),
             failures=(HostFailure(host="a", error="No space"),)),
        hosts={"failed": 1}, tasks={"failed": 1}, outcome=Outcome.FAILED,
        failures=(Failure(summary="No space", address="Do it"),),
    )  # fmt: skip
    assert message(run, 8000).count("No space") == 1


class Compared(Change, frozen=True):
    """A change that counts how often one is compared with another."""

    def __eq__(self, other):
        Compared.times += 1
        return self is other

    __hash__ = None


def test_each_task_is_put_into_its_section_without_comparing_it_with_others():
    tasks = [
        Compared(address=f"task {number}", action=Action.CHANGE, outcome=outcome, task=TaskRun(hosts=hosts))
        for number in range(40)
        for outcome, hosts in (
            (ChangeOutcome.APPLIED, HostCounts(changed=1)),
            (ChangeOutcome.APPLIED, HostCounts(rescued=1)),
            (ChangeOutcome.FAILED, HostCounts(failed=1)),
        )
    ]
    Compared.times = 0
    found = {section.heading: len(section.items) for section in sections(played(*tasks, hosts={}, tasks={}))}
    assert (found["Failed"], found["Changed"], found["Rescued or ignored"]) == (40, 40, 40)
    assert Compared.times == 0
