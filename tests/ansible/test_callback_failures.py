"""Whatever is wrong with tfevent, its settings, its disk or its backends: the play goes on, and one line says so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ansible.command import ROOT
from tests.support.receiver import Receiver, hang, refused_url
from tests.support.selection import slow_except
from tests.support.speed import HANG, at_most, wait_for

NOTHING_THERE = {"__init__.py": "raise ImportError('not here')\n"}
OTHER_RELEASE = {"__init__.py": "__version__ = '9'\nAPI_VERSION = 9\n"}
UNUSABLE = {"no package": NOTHING_THERE, "another release": OTHER_RELEASE}
BARE_PATH = "/usr/bin:/bin"

DOCUMENT_RUN = """
class DocumentRun:
    def __init__(self, *words):
        {init}
    def start(self, document):
        {start}
    def checkpoint(self, document):
        {checkpoint}
    def settle(self, document):
        {settle}
    def close(self):
        pass
"""


def package(machine, files):
    """Put another package of the name change_events before the real one."""
    folder = machine.folder / "shadow" / "change_events"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return {"PYTHONPATH": str(folder.parent)}


def command(machine):
    """Put a tfevent command on PATH that knows the real package."""
    folder = machine.folder / "bin"
    folder.mkdir()
    script = folder / "tfevent"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m tf_wrapper "$@"\n')
    script.chmod(0o755)
    return {"PATH": f"{folder}:{BARE_PATH}"}


def broken(**steps):
    """A package in which some steps do something else."""
    code = dict.fromkeys(("init", "start", "checkpoint"), "pass") | {"settle": "return {}"} | steps
    return {
        "__init__.py": "__version__ = '0'\nAPI_VERSION = 1\n",
        "errors.py": "class TfeventError(Exception): pass\n",
        "recording/__init__.py": "",
        "recording/document_run.py": DOCUMENT_RUN.format(**code),
    }


@pytest.mark.parametrize("there", slow_except(UNUSABLE, "no package"))
def test_without_the_package_the_command_on_the_path_records_the_run(machine, there):
    ran = machine.play("failed_says_changed", **package(machine, UNUSABLE[there]), **command(machine))
    assert ran.code == 2
    assert ran.event["outcome"] == "partial"
    assert ran.task("Break on one")["task"]["failures"][0]["host"] == "web2"
    assert len(ran.said) == 1
    assert ran.event["id"] in ran.said[0]


@pytest.mark.slow
@pytest.mark.races
def test_the_command_closes_a_run_that_is_killed(machine):
    from tests.ansible.test_exit_hooks import cut_short, signal

    cut_short(machine, signal.SIGKILL, group=True, **package(machine, NOTHING_THERE), **command(machine))
    wait_for(machine.events)
    (event,) = machine.events()
    assert event["outcome"] == "unknown"
    assert event["changes"][0]["name"] == "Change"


@pytest.mark.slow
@pytest.mark.races
def test_the_command_records_a_run_that_is_terminated(machine):
    from tests.ansible.test_exit_hooks import cut_short, signal

    ran = cut_short(machine, signal.SIGTERM, **package(machine, NOTHING_THERE), **command(machine))
    assert ran.code == -signal.SIGTERM
    assert ran.event["outcome"] == "cancelled"


def test_with_neither_there_is_one_sentence_that_says_what_to_do(machine):
    ran = machine.play("changed_briefly", **package(machine, NOTHING_THERE), PATH=BARE_PATH)
    assert (ran.code, ran.events) == (0, [])
    (said,) = ran.said
    for remedy in (f"not installed for {sys.executable}", "install the tfevent package", "README says how"):
        assert remedy in said
    assert "pip install tfevent" not in said, "no index has it"


@pytest.mark.slow
def test_another_release_is_named_where_nothing_else_helps(machine):
    ran = machine.play("changed_briefly", **package(machine, OTHER_RELEASE), PATH=BARE_PATH)
    assert (ran.code, ran.events) == (0, [])
    (said,) = ran.said
    assert "version 9" in said
    assert "one release" in said


@pytest.mark.slow
def test_a_command_that_is_too_old_is_one_line(machine):
    environ = command(machine)
    (machine.folder / "bin" / "tfevent").write_text("#!/bin/sh\necho 'tfevent: no such command' >&2\nexit 2\n")
    ran = machine.play("changed_briefly", **package(machine, NOTHING_THERE), **environ)
    assert (ran.code, ran.events) == (0, [])
    (said,) = ran.said
    assert "no such command" in said


BUGS = {
    "at the beginning": broken(init="raise RuntimeError('no')"),
    "an assertion": broken(start="assert False, 'secret-in-an-assertion'"),
    "an exit": broken(start="raise SystemExit(7)"),
    "in the middle": broken(checkpoint="raise KeyError('secret-in-a-key')"),
    "at the end": broken(settle="raise ValueError('secret-in-a-value')"),
    "an odd answer": broken(settle="return 7"),
}


@pytest.mark.parametrize("name", slow_except(BUGS, "an exit", "in the middle"))
def test_a_bug_of_ours_costs_one_warning(machine, name):
    ran = machine.play("unfinished_briefly", **package(machine, BUGS[name]), PATH=BARE_PATH)
    assert ran.code == 0
    assert "web3" in ran.out.partition("PLAY RECAP")[2]
    (said,) = ran.said
    assert "WARNING" in said
    assert "secret" not in ran.err


def test_a_recorder_that_is_killed_costs_two_lines_and_its_run_is_closed_by_the_next_command(machine):
    process = machine.popen(*machine.words("unfinished_briefly"))
    while "TASK [Wait]" not in process.stdout.readline():
        pass
    os.kill(machine.recorder(process), signal.SIGKILL)
    out, errors = process.communicate(timeout=HANG)
    assert (process.returncode, "web3" in out) == (0, True)
    assert errors.count("tfevent:") <= 2
    assert "not recorded any further" in errors
    assert "unknown" in machine.tfevent("list").stdout


@pytest.mark.slow
def test_secrets_that_take_their_time_are_waited_for(machine):
    with Receiver() as receiver:
        commands = {
            "TFEVENT_WEBHOOK_URL_COMMAND": f"sh -c 'sleep 3; echo {receiver.url}'",
            "TFEVENT_SEMATEXT_TOKEN_COMMAND": "sh -c 'sleep 3; echo 00000000-0000-4000-8000-000000000000'",
            "TFEVENT_SEMATEXT_RECEIVER": receiver.url,
        }
        ran = machine.play("changed_briefly", **commands)
        assert (ran.code, ran.event["outcome"]) == (0, "succeeded")
        assert len(receiver.accepted) == 2, ran.err


@pytest.mark.slow
def test_values_that_json_does_not_have_cost_nothing(machine):
    with at_most(20):
        ran = machine.play("odd_values", "-e", '{"extra": .inf}')
        assert (ran.code, ran.event["outcome"]) == (0, "succeeded"), ran.err
        assert ran.event["data"]["ratio"] == "nan"


@pytest.mark.slow
def test_a_folder_whose_name_is_no_utf_8(machine):
    folder = os.fsencode(machine.folder) + b"/caf\xe9"
    os.mkdir(folder)
    book = os.fsdecode(folder + b"/book.yml")
    shutil.copy(machine.playbooks / "ignored.yml", book)
    ran = machine.run("ansible-playbook", "-i", str(machine.playbooks / "inventory.yml"), book)
    assert (ran.code, ran.event["outcome"]) == (0, "succeeded"), ran.err


def test_options_are_not_in_the_environment_of_a_process_that_stays(machine):
    secret = "in-no-environment-8CqQ"
    (machine.folder / "ansible.cfg").write_text(f"[callback_tfevent]\nwebhook_secret = {secret}\n")
    process = machine.popen(*machine.words("unfinished_briefly"), ANSIBLE_CONFIG=str(machine.folder / "ansible.cfg"))
    while "TASK [Wait]" not in process.stdout.readline():
        pass
    assert secret.encode() not in Path(f"/proc/{machine.recorder(process)}/environ").read_bytes()
    process.communicate(timeout=HANG)


@pytest.mark.slow
def test_a_state_folder_is_relative_to_where_ansible_was_started(machine):
    machine.play("changed_briefly", TFEVENT_STATE_DIR="here")
    assert (machine.folder / "here" / "journal.db").exists()


def test_where_no_process_can_be_started_the_run_is_recorded_all_the_same(machine):
    """As where the interpreter is a bundle that starts nothing but Ansible."""
    folder = machine.folder / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.executable = '/nonexistent/python'\n")
    ran = machine.play("changed_briefly", "-e", f"ansible_python_interpreter={sys.executable}", PYTHONPATH=str(folder))
    assert (ran.code, ran.event["outcome"]) == (0, "succeeded")
    assert len(ran.said) == 1


def test_a_journal_that_cannot_be_written_costs_one_line(machine):
    (machine.folder / "file").touch()
    ran = machine.play("changed_briefly", TFEVENT_JOURNAL=str(machine.folder / "file" / "journal.db"))
    assert (ran.code, ran.events) == (0, [])
    assert "journal" in ran.said[0]
    assert len(ran.said) == 2  # and where the event went instead


def test_a_mistake_in_the_settings_is_reported_before_the_play_and_the_rest_holds(machine):
    ran = machine.play("changed_briefly", TFEVENT_REPORT="sometimes", TFEVENT_ENVIRONMENT="prod")
    assert (ran.code, ran.event["environment"]) == (0, "prod")
    line = ran.said[0]
    assert "TFEVENT_REPORT" in line
    assert "changed, always, failed" in line


@pytest.mark.slow
def test_a_backend_that_is_down_costs_nothing_but_its_line(machine):
    ran = machine.play("changed_briefly", TFEVENT_WEBHOOK_URL=refused_url())
    assert ran.code == 0
    assert "webhook waiting" in ran.said[-1]


def test_a_backend_that_hangs_costs_the_budget(machine):
    with Receiver(always=hang()) as receiver:
        process = machine.popen(*machine.words("ignored"), TFEVENT_WEBHOOK_URL=receiver.url, TFEVENT_BUDGET="1")
        while "PLAY RECAP" not in process.stdout.readline():
            pass
        with at_most(4, "one try within the budget, and none after it"):
            _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 0
    assert "webhook waiting" in errors


@pytest.mark.slow
@pytest.mark.races
def test_an_interrupted_run_is_delivered_by_a_process_of_its_own(machine):
    from tests.ansible.test_exit_hooks import cut_short, signal
    from tests.support.receiver import wait_for

    with Receiver() as receiver:
        ran = cut_short(machine, signal.SIGTERM, TFEVENT_WEBHOOK_URL=receiver.url)
        assert ran.code == -signal.SIGTERM
        wait_for(lambda: receiver.accepted)
        assert json.loads(receiver.accepted[0].body)["outcome"] == "cancelled"
        ran = machine.play("between_plays", TFEVENT_WEBHOOK_URL=receiver.url)
        assert json.loads(receiver.accepted[1].body)["id"] == ran.event["id"]


def test_disabled_it_is_not_there(machine):
    ran = machine.play("changed_briefly", TFEVENT_DISABLE="1")
    assert (ran.code, ran.events, ran.said) == (0, [], [])
    assert not machine.state.exists()


@pytest.mark.slow
def test_what_we_say_is_not_written_anywhere_and_the_exit_code_is_as_it_was(machine):
    """A full disk under standard error: Ansible itself says nothing there in a run that goes well."""
    words = machine.installation.argv(*machine.words("changed_briefly"))
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            words, cwd=machine.folder, env=machine.environ, stdout=subprocess.DEVNULL, stderr=full, check=False
        )
    assert done.returncode == 0
    assert machine.events()[0]["outcome"] == "succeeded"


@pytest.mark.slow
def test_checks_stay_in_the_journal_unless_they_are_asked_for(machine):
    with Receiver() as receiver:
        machine.play("check_only", "--check", TFEVENT_WEBHOOK_URL=receiver.url)
        assert receiver.accepted == []
        ran = machine.play("check_only", "--check", TFEVENT_WEBHOOK_URL=receiver.url, TFEVENT_PLANS="send")
        assert [json.loads(one.body)["id"] for one in receiver.accepted] == [ran.event["id"]]


LOCK = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(journal):
    """The journal, held by another process's transaction: a lock of this one ends where it looks at the file."""
    held = [sys.executable, "-c", LOCK, str(journal)]
    with subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        yield
        process.stdin.close()


@pytest.mark.slow
def test_a_run_whose_journal_is_locked_is_recorded_with_its_outcome_by_the_next_command(machine):
    machine.play("ignored")
    with locked(machine.state / "journal.db"):
        process = machine.popen(*machine.words("loop_fails"))
        _, err = process.communicate(timeout=100)
        quiet = machine.popen(*machine.words("nothing_changed"))
        quiet.communicate(timeout=100)
        assert (process.returncode, quiet.returncode) == (2, 0)
    said = [line for line in err.splitlines() if "tfevent: " in line]
    assert [line for line in said if "outcome" in line or "nowhere" in line] == []
    assert "recorded by the next tfevent command" in said[-1]
    assert machine.tfevent("list").returncode == 0
    events = {event["playbook"]["file"]: event for event in machine.events(started=True)}
    assert set(events) == {"ignored.yml", "loop_fails.yml"}
    assert (events["loop_fails.yml"]["outcome"], "end" in events["loop_fails.yml"]["playbook"]) == ("partial", False)
    assert machine.tfevent("list").stdout.count("unknown") == 0
