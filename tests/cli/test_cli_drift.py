"""`tfevent events drift` with a stand-in of terraform: many directories, the event, its memory, and what goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import msgspec
import pytest

from change_events.model import Outcome, Tool
from tests.cli.drifting import Fleet, deleted, messages, resized, stack
from tests.cli.sample import running
from tests.support.receiver import Receiver
from tests.support.speed import HANG, wait_for

DRIFTED = "2 resources drifted: aws_instance.web (size), aws_instance.gone (deleted)"
SECRET = "sk-live-4242424242424242"


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


def drift(fleet, *words, code=0):
    done = fleet.here("drift", *words)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def events(fleet):
    with fleet.journal() as journal:
        return [json.loads(record.body) for record in journal.list()][::-1]


def lines(text):
    """Lines of directories, in their order: they come as they are done."""
    return sorted(line for line in text.splitlines() if " directories: " not in line)


def test_a_line_for_each_directory_and_the_exit_code_of_the_whole(fleet):
    stack(fleet, "clean")
    stack(fleet, "drifted", resized(), deleted("aws_instance.gone"), pending=("create", "create", "update"))
    stack(fleet, "fails").joinpath("fails").touch()
    text = drift(fleet, "clean", "drifted", "fails", "missing", code=2)
    assert lines(text) == [
        "clean    clean",
        f"drift    drifted: {DRIFTED}; pending: 2 create, 1 update",
        "unknown  fails: terraform failed without a message",
        "unknown  missing: no such directory",
    ]
    assert "4 directories: 1 clean, 1 drift, 2 unknown; since the last check: 2 appeared" in text
    drift(fleet, "clean", "missing", code=3)
    assert drift(fleet, "clean") == "clean    clean\n"
    assert fleet.here("drift", "--parallel", "0").returncode == 1


def test_the_directory_it_is_run_in_is_the_default(fleet):
    stack(fleet, ".", resized())
    assert drift(fleet, code=2).startswith("drift    .: 1 resource drifted: aws_instance.web (size)")
    assert events(fleet)[0]["title"] == f"Drift in {fleet.path.name}: 1 resource drifted"


def test_a_fleet_of_40_directories_gives_one_event_then_none_then_gone(fleet):
    names = [f"stacks/app-{number:02}" for number in range(40)]
    for name in names:
        stack(fleet, name)
    for name in names[:2]:
        stack(fleet, name, resized())
    stack(fleet, names[2], resized(), deleted("aws_instance.gone"))
    drift(fleet, *names, "--parallel", "8", "--no-pending", code=2)
    drift(fleet, *names, "--parallel", "8", "--no-pending", code=2)
    [first] = events(fleet)
    assert (first["kind"], first["phase"], first["severity"]) == ("drift", "checked", "warning")
    assert first["title"] == "Drift in 3 of 40 directories: 4 resources drifted"
    assert "**`aws_instance` `size`**: 3 resources in 3 directories" in first["message"]
    assert "**`aws_instance` deleted**: 1 resource" in first["message"]
    assert first["data"]["drift_check"]["drifted"] == 3
    assert "user" not in first["actor"]  # who runs the check did not make the drift
    for name in names[:3]:
        stack(fleet, name)
    drift(fleet, *names, "--parallel", "8", "--no-pending")
    drift(fleet, *names, "--parallel", "8", "--no-pending")
    _, gone = events(fleet)
    assert gone["title"] == "Drift in 3 of 40 directories: 4 resources no longer drifted"
    assert "severity" not in gone


def test_a_change_of_drift_is_one_event_more(fleet):
    stack(fleet, "a", resized())
    drift(fleet, "a", code=2)
    stack(fleet, "a", resized(size="huge"))
    drift(fleet, "a", code=2)
    drift(fleet, "a", code=2)
    assert [event["drift"][0]["status"] for event in events(fleet)] == ["appeared", "changed"]


def test_what_is_not_known_changes_nothing_in_the_memory(fleet):
    folder = stack(fleet, "a", resized())
    drift(fleet, "a", code=2)
    (folder / "fails").touch()
    drift(fleet, "a", code=3)
    assert "not known: terraform failed" in fleet.here("doctor").stdout
    (folder / "fails").unlink()
    drift(fleet, "a", code=2)
    assert len(events(fleet)) == 1
    text = fleet.here("doctor").stdout
    assert "1 directory checked, 1 with drift" in text
    assert f"{folder}: checked" in text


def test_without_events_nothing_is_recorded_and_nothing_remembered(fleet):
    stack(fleet, "a", resized())
    drift(fleet, "a", "--no-event", code=2)
    assert not fleet.journal_path.exists()
    drift(fleet, "a", code=2)
    assert len(events(fleet)) == 1


def test_json_has_everything(fleet):
    stack(fleet, "a", resized(), pending=("create",))
    found = json.loads(drift(fleet, "--json", "a", "missing", code=2))
    one, other = sorted(found["directories"], key=lambda item: item["directory"])
    assert found["event"] == events(fleet)[0]["id"]
    assert found["summary"] == {
        "directories": 2, "drifted": 1, "unknown": 1, "appeared": 1, "changed": 0, "gone": 0, "ignored": 0,
    }  # fmt: skip
    assert (one["status"], one["workspace"], one["terraform"]) == ("drift", "default", "1.11.4")
    assert one["drift"][0]["address"] == "aws_instance.web"
    assert one["drift"][0]["since_last_check"] == "appeared"
    assert one["pending"] == {"counts": {"create": 1}, "unknown": None}
    assert other["reason"] == {"kind": "missing", "text": "no such directory"}
    stack(fleet, "a")
    found = json.loads(drift(fleet, "--json", "a"))
    assert found["directories"][0]["gone"] == ["aws_instance.web"]


IGNORE = """
drift:
  ignore:
    - {type: aws_instance, attribute: size, reason: scaled by hand}
    - {address: aws_instance.old, reason: going away, expires: 2026-01-31}
"""


def test_rules_are_counted_and_expired_ones_reported_once_a_day(fleet):
    (fleet.path / "tfevent.yaml").write_text(IGNORE)
    stack(fleet, "a", resized())
    first, second = (fleet.here("drift", "a") for _ in range(2))
    assert first.stdout == second.stdout == "clean    a: ignored: 1\n"
    assert "tfevent.yaml:5: drift.ignore: the rule (going away) expired on 2026-01-31" in first.stderr
    assert "expired" not in second.stderr
    assert "(going away) expired" in fleet.here("doctor").stdout
    stack(fleet, "a", deleted("aws_instance.old"))
    drift(fleet, "a", code=2)


def test_rules_of_a_directorys_own_settings_hold_there(fleet):
    stack(fleet, "a", resized())
    folder = stack(fleet, "b", resized())
    (folder / "tfevent.yaml").write_text(IGNORE + "  typo: 1\n")
    done = fleet.here("drift", "a", "b")
    assert "clean    b: ignored: 1" in done.stdout
    assert "drift    a:" in done.stdout
    assert "drift.typo: no such key" in done.stderr
    assert "(going away) expired" in done.stderr


def test_drift_is_routed_by_its_kind(fleet):
    stack(fleet, "a", resized())
    with Receiver() as receiver, Receiver() as other:
        (fleet.path / "tfevent.yaml").write_text(
            f"destinations:\n  hook: {{kind: webhook, url: '{receiver.url}', when: {{kind: drift}}}}\n"
            f"  deploys: {{kind: webhook, url: '{other.url}', when: {{kind: deployment}}}}\n"
        )
        done = fleet.here("drift", "a")
        assert "hook delivered" in done.stderr
        fleet.here("drift", "a")
        assert [one.json()["kind"] for one in receiver.received] == ["drift"]
        assert other.received == []


def test_no_secret_is_printed_recorded_or_remembered(fleet):
    mask = {"password": True}
    one = resized(password=SECRET)
    one["change"] |= {"before_sensitive": mask, "after_sensitive": mask}
    one["change"]["after"]["password"] = f"{SECRET}-new"
    one["address"] = f'aws_instance.web["{SECRET}"]'
    stack(fleet, "a", one)
    folder = stack(fleet, "b")
    (folder / "fails").touch()
    (folder / "main.tf").write_text(f'variable "token" {{\n  sensitive = true\n  default = "{SECRET}-b"\n}}\n')
    failure = {"severity": "error", "summary": f"cannot use {SECRET}-b", "detail": ""}
    (folder / "messages.jsonl").write_text(messages({"type": "diagnostic", "diagnostic": failure}))
    found = [fleet.here("drift", *form, "a", "b") for form in ((), ("--json",))]
    found.append(fleet.here("doctor"))
    assert all(SECRET not in done.stdout + done.stderr for done in found)
    assert "cannot use" in found[0].stdout
    assert all(SECRET.encode() not in path.read_bytes() for path in fleet.state.iterdir() if path.is_file())


def test_a_directory_that_takes_too_long_is_unknown_and_the_others_go_on(fleet):
    stack(fleet, "slow").joinpath("hang").touch()
    stack(fleet, "quick", resized())
    text = drift(fleet, "slow", "quick", "--timeout", "1", code=2)
    assert "unknown  slow: not done after 1 s" in text
    assert "drift    quick" in text
    assert no_process_of(fleet)


def no_process_of(home):
    """Whether none of the processes that hang in the stand-in runs any more."""
    path = home.path / "calls.pids"

    def gone():
        return not any(os.path.exists(f"/proc/{number}") for number in path.read_text().split())

    wait_for(gone, HANG)
    return True


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_a_signal_ends_all_terraforms_and_records_nothing(fleet, number):
    stack(fleet, "done", resized())
    for name in ("one", "two"):
        stack(fleet, name).joinpath("hang").touch()
    if number == signal.SIGTERM:
        (fleet.path / "two" / "stubborn").touch()
    command = [sys.executable, "-m", "tf_wrapper", "events", "drift", "done", "one", "two"]
    with subprocess.Popen(command, cwd=fleet.path, env=fleet.environ, stdout=subprocess.PIPE, text=True) as process:
        pids = fleet.path / "calls.pids"
        wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2, HANG)
        assert process.stdout.readline().startswith("drift    done")
        process.send_signal(number)
        process.wait(HANG)
    assert process.returncode == 128 + number
    assert no_process_of(fleet)
    assert not fleet.journal_path.exists() or fleet.events("list", "--json") == ""


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_the_check(fleet):
    for name in ("a", "b"):
        stack(fleet, name, resized())
    stack(fleet, "slow").joinpath("hang").touch()
    command = [sys.executable, "-m", "tf_wrapper", "events", "drift", "a", "slow", "b"]
    with subprocess.Popen(command, cwd=fleet.path, env=fleet.environ, stdout=subprocess.PIPE) as process:
        process.stdout.close()
        process.wait(HANG)
    assert process.returncode == 141
    assert no_process_of(fleet) if (fleet.path / "calls.pids").exists() else True


@pytest.mark.slow
def test_progress_is_for_terminals(fleet):
    stack(fleet, "a", resized())
    stack(fleet, "b")
    shown = fleet.on_terminal("drift", "a", "b")
    assert shown.code == 2
    assert "of 2 directories" in shown.text
    assert 'size: "small" → "large"' in shown.text
    assert "of 2 directories" not in fleet.here("drift", "a", "b").stderr


def test_no_plan_is_left_in_any_file_and_nothing_is_asked_but_questions(fleet):
    folder = stack(fleet, "a", resized())
    before = {path for path in fleet.path.rglob("*") if "state" not in path.parts}
    drift(fleet, "a", code=2)
    after = {path for path in fleet.path.rglob("*") if "state" not in path.parts}
    assert {path.name for path in after - before} == {"calls"}
    assert (fleet.path / "calls").read_text().split("\n")[:-1] == ["plan a", "show a", "state a", "plan a"]
    assert not list(folder.glob("*.tfplan"))


def test_what_an_apply_is_doing_is_no_drift(fleet):
    folder = stack(fleet, "a", resized())
    (folder / "state.json").write_text('{"version": 4, "serial": 4, "lineage": "l"}')
    assert drift(fleet, "a", code=3) == "unknown  a: the state was written while it was checked\n"
    (folder / "state.json").write_text('{"version": 4, "serial": 3, "lineage": "l"}')
    apply = msgspec.structs.replace(
        running(), started_at=datetime.now(UTC), tool=Tool(name="terraform", directory=str(folder))
    )
    fleet.fill(apply)
    assert drift(fleet, "a", code=3) == f"unknown  a: an apply is under way (event {apply.id})\n"
    fleet.fill(msgspec.structs.replace(apply, outcome=Outcome.SUCCEEDED, ended_at=datetime.now(UTC)))
    drift(fleet, "a", code=2)


@pytest.mark.slow
def test_two_checks_at_once_record_one_event(fleet):
    for name in ("a", "b", "c"):
        stack(fleet, name, resized())
    command = [sys.executable, "-m", "tf_wrapper", "events", "drift", "a", "b", "c"]
    running = [
        subprocess.Popen(command, cwd=fleet.path, env=fleet.environ, stdout=subprocess.DEVNULL) for _ in range(3)
    ]
    assert [process.wait(HANG) for process in running] == [2, 2, 2]
    assert len(events(fleet)) == 1


def test_a_directory_that_hcp_terraform_plans_is_left_to_it(fleet):
    folder = stack(fleet, "a", resized())
    (folder / ".terraform").mkdir()
    (folder / ".terraform/terraform.tfstate").write_text('{"backend": {"type": "cloud"}}')
    assert "unknown  a: HCP Terraform plans this directory" in drift(fleet, "a", code=3)
    assert not (fleet.path / "calls").exists()


def test_without_a_terraform_it_is_an_error(home):
    done = home.run("drift", env={"PATH": "/nonexistent"})
    assert done.returncode == 1
    assert b"no terraform or tofu found on PATH" in done.stderr


def test_a_journal_that_cannot_be_used_costs_the_event_and_not_the_check(fleet):
    stack(fleet, "a", resized())
    done = fleet.here("drift", "a", env={"TFEVENT_JOURNAL": "/proc/nothing/journal.db"})
    assert done.returncode == 2
    assert "no event of this check is recorded" in done.stderr


@pytest.mark.slow
def test_jitter_waits_and_ends_with_a_signal(fleet):
    stack(fleet, "a")
    command = [sys.executable, "-m", "tf_wrapper", "events", "drift", "a", "--jitter", "100000"]
    with subprocess.Popen(command, cwd=fleet.path, env=fleet.environ) as process:
        time.sleep(1.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.wait(HANG)
    assert process.returncode == 130
    assert not (fleet.path / "calls").exists()
