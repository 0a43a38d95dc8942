"""Runs whose end Ansible reports to no callback, and runs of several playbooks: one event each, same exit codes."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

import pytest

from tests.ansible.command import Ran
from tests.support.receiver import Receiver, hang, wait_for
from tests.support.selection import slow_except
from tests.support.speed import HANG, at_most

ENDS = {
    "SIGINT": (signal.SIGINT, "interrupted (SIGINT)"),
    "SIGTERM": (signal.SIGTERM, "terminated (SIGTERM)"),
    "SIGHUP": (signal.SIGHUP, "hung up (SIGHUP)"),
}


def cut_short(machine, number, *, group=False, book="unfinished", until="TASK [Wait]", all_of_it=False, **environ):
    """Start a long run, and send it a signal when its long task is under way, which comes right after these words.

    ``all_of_it`` kills the process that it reports to, too, as the end of a container does.
    """
    process = machine.popen(*machine.words(book), **environ)
    seen = ""
    while until not in seen:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        seen += line
    time.sleep(0.7)
    if all_of_it:
        os.kill(machine.recorder(process), signal.SIGKILL)
    (os.killpg if group else os.kill)(process.pid, number)
    process.wait(timeout=HANG)
    with suppress(ProcessLookupError):  # workers that go on, and hold on to its output
        os.killpg(process.pid, signal.SIGKILL)
    out, err = process.communicate(timeout=HANG)
    return Ran(process.returncode, out, err, machine.events())


@pytest.mark.parametrize("name", slow_except(ENDS, "SIGINT"))
@pytest.mark.races
def test_a_signal_leaves_one_event_and_the_exit_code_as_it_was(machine, name):
    number, words = ENDS[name]
    ran = cut_short(machine, number)
    bare = cut_short(machine, number, **machine.without_callback())
    assert ran.code == bare.code
    assert (ran.event["outcome"], ran.event["playbook"]["end"]) == ("cancelled", words)
    assert ran.task("Change")["outcome"] == "applied"
    assert ran.task("Wait")["outcome"] == "unknown"
    assert ran.task("Wait")["task"]["unfinished"] == ["web1", "web2", "web3"]
    assert not list((machine.state / "runs").iterdir())


def test_an_interrupt_while_the_run_is_recorded_as_started_is_one(machine):
    process = machine.popen(*machine.words("unfinished"))
    found = []

    def recorder():
        with suppress(AssertionError, OSError):
            found.append(machine.recorder(process))
        return found

    wait_for(recorder)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=HANG)
    wait_for(machine.events)
    assert [event["outcome"] for event in machine.events()] == ["cancelled"]


@pytest.mark.races
def test_a_run_that_is_killed_with_all_of_it_is_closed_by_the_next_command_with_what_was_known(machine):
    ran = cut_short(machine, signal.SIGKILL, group=True, all_of_it=True)
    assert (ran.code, ran.events) == (-signal.SIGKILL, [])
    assert len(machine.events(started=True)) == 1
    listed = machine.tfevent("list")
    assert "unknown" in listed.stdout
    killed = Ran(ran.code, ran.out, ran.err, machine.events())
    assert killed.event["outcome"] == "unknown"
    assert "killed" in killed.event["playbook"]["end"]
    assert killed.task("Change")["task"]["changed_on"] == ["web1", "web2", "web3"]
    assert killed.event["summary"]["hosts"] == {"changed": 3}


@pytest.mark.slow
def test_the_debugger_at_the_end_of_its_input(machine):
    ran = machine.play("debugger")
    bare = machine.play("debugger", **machine.without_callback())
    assert (ran.code, ran.event["outcome"]) == (bare.code, "partial")
    assert ran.task("Change")["outcome"] == "applied"


@pytest.mark.slow
def test_a_killed_run_is_reported_at_once_though_its_workers_go_on(machine):
    with Receiver() as receiver:
        process = machine.popen(*machine.words("unfinished"), TFEVENT_WEBHOOK_URL=receiver.url)
        while "TASK [Wait]" not in process.stdout.readline():
            pass
        time.sleep(0.7)
        process.kill()
        wait_for(lambda: receiver.accepted)
        os.killpg(process.pid, 0)  # there are workers: the group is not empty
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=HANG)
        assert json.loads(receiver.accepted[0].body)["outcome"] == "unknown"
    assert closed(machine)["changes"][0]["task"]["changed_on"] == ["web1", "web2", "web3"]


def closed(machine):
    """The event of the killed run, once its recording process has seen its end."""
    wait_for(machine.events)
    (event,) = machine.events()
    assert event["outcome"] == "unknown"
    return event


@pytest.mark.races
def test_what_was_quick_before_the_kill_is_known(machine):
    cut_short(machine, signal.SIGKILL, group=True, book="long")
    event = closed(machine)
    change, wait = event["changes"]
    assert change["task"]["changed_on"] == ["web1", "web2", "web3"]
    assert (wait["name"], wait["outcome"]) == ("Wait", "unknown")
    assert event["title"].endswith("1 task changed 3 hosts, 1 task under way, outcome unknown")


@pytest.mark.slow
@pytest.mark.races
def test_what_a_later_batch_has_done_before_the_kill_is_known(machine):
    cut_short(machine, signal.SIGKILL, group=True, book="long_in_the_second_batch", until="This is web2")
    change = closed(machine)["changes"][0]
    assert change["task"]["changed_on"] == ["web1", "web2"]


@pytest.mark.slow
def test_of_a_long_task_those_hosts_are_known_that_it_was_over_on(machine):
    process = machine.popen(*machine.words("one_by_one"), ANSIBLE_FORKS="1")
    done = 0
    while done < 3:
        done += "changed: [" in process.stdout.readline()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=HANG)
    change = closed(machine)["changes"][0]["task"]
    assert len(change["changed_on"]) >= 2


def test_variables_that_cannot_be_read_cost_nothing_of_what_was_done_before(machine):
    ran = machine.play("second_cannot_begin")
    bare = machine.play("second_cannot_begin", **machine.without_callback())
    assert ran.code == bare.code != 0
    assert (ran.event["outcome"], ran.event["playbook"]["end"]) == ("partial", "an error outside of any task")
    assert ran.task("Change")["outcome"] == "applied"


def test_a_rescue_of_a_task_that_is_left_out_is_not_another_ones(machine):
    ran = machine.play("rescued_left_out", TFEVENT_ANSIBLE_EXCLUDE_TASKS="Probe*")
    assert (ran.code, ran.event["outcome"]) == (2, "partial")
    assert ran.task("Deploy")["outcome"] == "failed"
    assert ran.event["summary"]["hosts"] == {"failed": 1}


@pytest.mark.slow
def test_a_second_playbook_that_does_not_parse(machine):
    ran = machine.play("changed_briefly", str(machine.playbooks / "does_not_parse.yml"))
    assert ran.code == 4
    around, first = ran.events
    assert first["outcome"] == "succeeded"
    assert (around["outcome"], around["playbook"]["end"]) == ("partial", "not all playbooks were run")


def test_what_the_first_playbook_sets_is_not_reported_by_the_second(machine):
    ran = machine.play("stats", str(machine.playbooks / "second.yml"))
    _, first, then = ran.events
    assert (first["data"]["ticket"], then.get("data")) == ("OPS-7", None)


def test_two_playbooks_are_two_events_below_one_of_the_command(machine):
    second = str(machine.playbooks / "second.yml")
    ran = machine.play("ignored", second)
    assert ran.code == 0
    around, first, then = ran.events
    assert first["playbook"]["file"] == "ignored.yml"
    assert then["playbook"]["file"] == "second.yml"
    assert (
        first["trace"]["parent_run_id"] == then["trace"]["parent_run_id"] == around["trace"]["run_id"] == around["id"]
    )
    assert first["trace"]["trace_id"] == then["trace"]["trace_id"] == around["trace"]["trace_id"]
    assert first["summary"]["hosts"] == {"changed": 1}
    assert then["summary"]["hosts"] == {"changed": 2}
    assert [host["ok"] for host in then["hosts"]] == [1, 1], "figures of the second playbook alone"
    assert around["title"] == "ignored.yml, second.yml: 2 tasks changed 2 hosts"
    assert (around["outcome"], around["summary"]["tasks"]["total"]) == ("succeeded", 3)
    assert len(ran.said) == 1
    assert around["id"] in ran.said[0]


@pytest.mark.slow
def test_rescues_of_the_first_playbook_are_not_counted_again(machine):
    ran = machine.play("rescued", str(machine.playbooks / "rescue_fails.yml"))
    _, first, then = ran.events
    assert first["summary"]["tasks"]["rescued"] == 1
    assert then["summary"]["tasks"] == {"total": 6, "changed": 1, "failed": 3, "rescued": 1}
    assert {host["name"]: host["rescued"] for host in then["hosts"]} == {"web1": 1, "web2": 1, "web3": 1}


@pytest.mark.slow
def test_a_failed_playbook_keeps_the_next_from_starting(machine):
    second = str(machine.playbooks / "second.yml")
    ran = machine.play("failed_says_changed", second)
    bare = machine.play("failed_says_changed", second, **machine.without_callback())
    assert ran.code == bare.code == 2
    around, first = ran.events
    assert (around["outcome"], first["outcome"]) == ("partial", "partial")
    assert around["failures"][0]["file"] == "failed_says_changed.yml"
    assert len(ran.said) == 1


@pytest.mark.slow
def test_a_signal_in_the_second_playbook(machine):
    process = machine.popen(*machine.words("ignored"), str(machine.playbooks / "unfinished.yml"))
    while "TASK [Wait]" not in process.stdout.readline():
        pass
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=HANG)
    process.communicate(timeout=HANG)
    around, first, then = machine.events()
    assert (around["outcome"], first["outcome"], then["outcome"]) == ("cancelled", "succeeded", "cancelled")
    assert around["summary"]["tasks"]["changed"] == 3
    assert around["playbook"]["end"] == "interrupted (SIGINT)"


def test_an_interrupt_while_events_are_delivered_ends_that_and_nothing_else(machine):
    with Receiver(always=hang()) as receiver:
        environ = {"TFEVENT_WEBHOOK_URL": receiver.url, "TFEVENT_BUDGET": "280"}
        process = machine.popen(*machine.words("ignored"), **environ)
        wait_for(lambda: receiver.received)
        process.send_signal(signal.SIGINT)
        with at_most(10):
            _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 0
    assert "delivery was interrupted" in errors
    assert machine.events()[0]["outcome"] == "succeeded"


def test_of_several_playbooks_that_change_nothing_there_is_no_event(machine):
    again = str(machine.playbooks / "nothing_changed.yml")
    ran = machine.play("nothing_changed", again)
    assert (ran.code, ran.events, ran.said) == (0, [], [])


@pytest.mark.parametrize(
    "word", slow_except(["--syntax-check", "--list-tasks", "--list-hosts", "--list-tags"], "--list-tasks")
)
def test_what_runs_nothing_records_nothing(machine, word):
    ran = machine.play("changed_briefly", word)
    assert (ran.code, ran.events) == (0, [])
    assert not machine.state.exists()


@pytest.mark.slow
def test_a_task_to_start_at_that_is_not_there(machine):
    ran = machine.play("tagged", "--start-at-task", "No such task")
    bare = machine.play("tagged", "--start-at-task", "No such task", **machine.without_callback())
    assert (ran.code, ran.events) == (bare.code, [])


def test_nothing_of_ours_is_left_in_the_process_after_a_run(machine):
    """Folder of the run gone, journal closed: another process can have both to itself."""
    machine.play("ignored")
    wait_for(lambda: not list((machine.state / "runs").iterdir()))
    assert machine.tfevent("doctor").returncode == 0
