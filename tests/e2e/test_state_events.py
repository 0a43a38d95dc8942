"""Commands that change the state and no resource: what each one's event says, on real terraforms."""

from __future__ import annotations

import json
import os
import re
import signal
import sys

import pytest

from tests.support.live import APPLY, Stack
from tests.support.pty import PIPES
from tests.support.speed import wait_for
from tests.support.state_server import state_server
from tests.support.terraform import binaries

CODE = """\
resource "terraform_data" "a" {
  input = "one"
}
resource "terraform_data" "b" {
  input = "two"
}
resource "terraform_data" "c" {
  input = sensitive("hunter2-plutonium")
}
output "o" {
  value = "first"
}
"""
OTHER = "registry.terraform.io/x/y"
BUILTIN = "terraform.io/builtin/terraform"
# what is done in turn, and whether it is to leave an event
STORY = (
    ("taint terraform_data.a", True),
    ("taint -allow-missing terraform_data.none", False),
    ("untaint terraform_data.a", True),
    ("untaint terraform_data.none", False),
    ("state mv terraform_data.a terraform_data.z", True),
    ("state mv -dry-run terraform_data.z terraform_data.y", False),
    ("state rm terraform_data.z terraform_data.c", True),
    ("state rm terraform_data.none", False),
    ("import terraform_data.a given-id", True),
    ("refresh", False),
    ("refresh -var x=1", False),
    ("state push old.tfstate", False),
    ("state push -force old.tfstate", True),
    (f"state replace-provider -auto-approve {BUILTIN} {OTHER}", True),
    (f"state replace-provider -auto-approve {OTHER} {BUILTIN}", True),
    ("state mv -state-out=other.tfstate terraform_data.a terraform_data.moved", True),
    ("taint -state-out=third.tfstate terraform_data.b", True),
    ("state rm -state=third.tfstate terraform_data.b", True),
    ("state list", False),
    ("workspace new stage", True),
    ("workspace select default", False),
    ("workspace delete stage", True),
    ("workspace select -or-create=true dev", True),
    ("workspace select -or-create dev", False),
    ("force-unlock -force 0123", False),
)


def _as_text(event):
    """What an event says, without what differs from run to run."""
    kept = ("phase", "outcome", "severity", "title", "state", "summary", "changes", "drift", "outputs", "signals")
    shown = {name: event[name] for name in kept if name in event}
    shown["backend"] = event["tool"].get("backend")
    text = json.dumps(
        {**shown, "message": event["message"].split("\nBy ")[0].splitlines()}, indent=1, ensure_ascii=False
    )
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>", text)
    return re.sub(r'"commit": "[0-9a-f]+"', '"commit": "<commit>"', text)


def _binary_cases():
    return [
        pytest.param(binary, id=str(binary), marks=[pytest.mark.e2e] if number else [])
        for number, binary in enumerate(binaries())
    ]


@pytest.mark.parametrize("binary", _binary_cases())
def test_each_command_that_changes_a_state_leaves_its_event(binary, tmp_path, golden):
    stack = Stack(tmp_path, CODE, env={"TFEVENT_TF_BINARY": str(binary.path)})
    assert stack.run(APPLY).code == 0
    (stack.code / "old.tfstate").write_bytes((stack.code / "terraform.tfstate").read_bytes())
    announced = [line for line, _ in STORY if any("→" in own for own in stack.run(line).own)]
    assert announced == [line for line, leaves in STORY if leaves]
    events = stack.recorded()[1:]
    assert len(events) == len(announced)
    assert not stack.runs
    texts = [f"# {line}\n{_as_text(event)}\n" for line, event in zip(announced, events, strict=True)]
    assert "plutonium" not in "".join(texts)
    golden("states/commands.txt")("\n".join(texts))


@pytest.fixture
def remote(tmp_path):
    with state_server() as server:
        stack = Stack(tmp_path, server.backend + CODE)
        assert stack.terraform("init -input=false").code == 0
        assert stack.terraform(APPLY).code == 0
        server.asked.clear()
        yield stack, server


def test_a_state_behind_a_backend_is_asked_for_once_before_and_once_after(remote):
    stack, server = remote
    assert stack.terraform("state rm terraform_data.c").code == 0
    bare = server.asked.count("GET")
    server.asked.clear()
    assert stack.run("state rm terraform_data.b").code == 0
    assert server.asked.count("GET") == bare + 2
    event = stack.event()
    assert event["title"] == "code: state edited: 1 removed"
    assert event["state"]["serial"] == event["state"]["previous_serial"] + 1
    assert event["changes"][0]["address"] == "terraform_data.b"
    server.asked.clear()
    assert stack.terraform("state rm terraform_data.none").code == 1
    bare = server.asked.count("GET")
    server.asked.clear()
    assert stack.run("state rm terraform_data.none").code == 1
    assert server.asked.count("GET") == bare + 1  # it failed before it wrote anything
    assert len(stack.recorded()) == 1
    assert not server.lock


@pytest.mark.parametrize("binary", _binary_cases())
def test_a_lock_that_is_removed_by_force_is_reported(binary, remote, golden):
    stack, server = remote
    stack.env["TFEVENT_TF_BINARY"] = str(binary.path)
    lock = {"ID": "11111111-2222-3333-4444-555555555555", "Operation": "apply", "Who": "ops@build"}
    server.lock = json.dumps(lock).encode()
    refused = stack.run(f"force-unlock {lock['ID']}", stdin="no\n")
    assert refused.code == 1
    assert server.lock
    assert stack.recorded() == []
    assert stack.run(f"force-unlock -force {lock['ID']}").code == 0
    assert not server.lock
    event = stack.event()
    assert (event["title"], event["severity"]) == ("code: state lock broken", "warning")
    assert event["state"] == {"command": "force-unlock", "lock": lock["ID"], "forced": True}
    assert [one["name"] for one in event["signals"]] == ["lock_broken"]
    golden("states/force-unlock.txt")(_as_text(event) + "\n")


@pytest.mark.parametrize("binary", _binary_cases())
@pytest.mark.parametrize("line", ["refresh", pytest.param(f"{APPLY} -refresh-only", marks=pytest.mark.e2e)])
def test_what_a_refresh_finds_is_drift_and_no_change_of_ours(line, binary, tmp_path, golden):
    stack = Stack(tmp_path, CODE, env={"TFEVENT_TF_BINARY": str(binary.path)})
    assert stack.run(APPLY, TFEVENT_DISABLE="1").code == 0
    stack.write(CODE.replace('"first"', '"second"'))
    assert stack.run(line).code == 0
    event = stack.event()
    golden("states/refresh.txt" if line == "refresh" else "states/refresh-only.txt")(_as_text(event) + "\n")
    assert "changes" not in event
    assert [one["name"] for one in event["outputs"]] == ["o"]


# terraform that writes the state, and then waits to be killed
SLOW = """#!{python}
import os, subprocess, sys, time
code = subprocess.call([{binary!r}, *sys.argv[1:]])
if "rm" in sys.argv:
    open({flag!r}, "w").close()
    time.sleep(600)
sys.exit(code)
"""


@pytest.mark.e2e
def test_a_command_that_changes_nothing_settles_a_killed_run_all_the_same(tmp_path):
    flag, script = tmp_path / "written", tmp_path / "terraform"
    script.write_text(SLOW.format(python=sys.executable, flag=str(flag), binary=str(binaries()[0].path)))
    script.chmod(0o755)
    stack = Stack(tmp_path, CODE)
    assert stack.terraform(APPLY).code == 0
    with stack.start("state rm terraform_data.b", PIPES, TFEVENT_TF_BINARY=str(script)) as session:
        wait_for(flag.exists)
        [run] = stack.runs
        writer = re.search(rb"'writer': \[(\d+)", (run / "facts").read_bytes())
        session.signal(signal.SIGKILL)
        session.process.wait()
        os.kill(int(writer[1]), signal.SIGKILL)
    assert stack.run("untaint terraform_data.a").code == 1
    assert stack.runs == []
    assert stack.event()["title"] == "code: state edited: outcome unknown"


@pytest.mark.e2e
def test_a_command_that_was_killed_with_tfevent_is_settled_by_the_next_one(tmp_path):
    flag, script = tmp_path / "written", tmp_path / "terraform"
    script.write_text(SLOW.format(python=sys.executable, flag=str(flag), binary=str(binaries()[0].path)))
    script.chmod(0o755)
    stack = Stack(tmp_path, CODE, env={"TFEVENT_TF_BINARY": str(script)})
    assert stack.terraform(APPLY).code == 0
    with stack.start("state rm terraform_data.b", PIPES) as session:
        wait_for(flag.exists)
        [run] = stack.runs
        writer = re.search(rb"'writer': \[(\d+)", (run / "facts").read_bytes())
        session.signal(signal.SIGKILL)
        session.process.wait()
        stack.events("list")
        assert all("outcome" not in event for event in stack.recorded())  # terraform lives
        os.kill(int(writer[1]), signal.SIGKILL)
    wait_for(lambda: any("outcome" in event for event in stack.recorded()))
    event = stack.event()
    assert event["outcome"] == "unknown"
    assert event["state"]["serial"] == event["state"]["previous_serial"] + 1
    assert event["title"] == "code: state edited: outcome unknown"
    assert "tfevent was ended" in event["message"]


def test_a_workspace_command_is_an_event_of_the_workspace_that_it_names(tmp_path):
    stack = Stack(tmp_path, CODE)
    assert stack.terraform(APPLY).code == 0
    (stack.code / "copy.tfstate").write_bytes((stack.code / "terraform.tfstate").read_bytes())
    stack.write(CODE.replace("two", "three"))
    assert stack.run("workspace new -state=copy.tfstate dev").code == 0
    assert stack.event()["tool"]["workspace"] == "dev"
    assert stack.run(APPLY).code == 0  # in dev
    [edited] = _state_edited(stack.event())
    assert "terraform_data.b: was added to the state" in edited
    assert edited.endswith("(workspace new)")
    assert stack.terraform("workspace select default").code == 0
    assert stack.run("workspace delete -force dev").code == 0
    event = stack.event()
    assert event["title"] == "dev/code: workspace dev deleted: 3 removed, 1 output changed"
    assert event["tool"]["workspace"] == "dev"
    assert stack.run(APPLY).code == 0  # in default, whose state no command edited
    assert stack.event()["tool"]["workspace"] == "default"
    assert _state_edited(stack.event()) == []


def _state_edited(event):
    return [f"{one['address']}: {one['reason']}" for one in event.get("signals", ()) if one["name"] == "state_edited"]


# a terraform that knows a flag more than tfevent does, which then lets it run as it is
FUTURE = """\
#!/bin/sh
for word do
  shift
  [ "$word" = -future=yes ] || set -- "$@" "$word"
done
exec "$REAL" "$@"
"""
BEFORE = """\
resource "terraform_data" "forgotten" {
  count = 2
}
resource "terraform_data" "destroyed" {
}
resource "terraform_data" "old" {
}
module "m" {
  source = "./m"
}
"""
HAND_OVERS = """\
removed {
  from = terraform_data . forgotten
  lifecycle {
    destroy = false
  }
}
removed {
  from = terraform_data.destroyed
}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
resource "terraform_data" "new" {
}
module "m" {
  source = "./m"
}
import {
  to = terraform_data.imported["a b"]
  id = "given"
}
resource "terraform_data" "imported" {
  for_each = toset(["a b", "created"])
}
import {
  for_each = toset(["one"])
  to       = terraform_data.some[each.key]
  id       = each.key
}
resource "terraform_data" "some" {
  for_each = toset(["one", "two"])
}
"""
IN_MODULE = "removed {\n  from = terraform_data.inner\n  lifecycle {\n    destroy = false\n  }\n}\n"


@pytest.mark.parametrize("binary", _binary_cases())
def test_a_native_run_reports_what_was_handed_over_from_what_was_changed(binary, tmp_path, golden):
    script = tmp_path / "terraform"
    script.write_text(FUTURE)
    script.chmod(0o755)
    stack = Stack(tmp_path, BEFORE, env={"TFEVENT_TF_BINARY": str(script), "REAL": str(binary.path)})
    stack.write('resource "terraform_data" "inner" {\n}\n', "m/main.tf")
    assert stack.run("init -input=false").code == 0
    assert stack.run(APPLY, TFEVENT_DISABLE="1").code == 0
    (stack.code / "before.tfstate").write_bytes((stack.code / "terraform.tfstate").read_bytes())
    stack.write(HAND_OVERS)
    stack.write(IN_MODULE, "m/main.tf")
    done = stack.run(f"{APPLY} -future=yes")
    assert done.code == 0, done.err
    golden("states/native.txt")(_as_text(stack.event()) + "\n")
    (stack.code / "before.tfstate").replace(stack.code / "terraform.tfstate")
    assert stack.run(f"{APPLY} -destroy -future=yes").code == 0
    counts = stack.event()["summary"]["counts"]
    assert (counts.get("forget", 0), counts["destroy"]) == (0, 5)  # as terraform does: the blocks hold for an apply


# terraform that finds the state changed by another command since tfevent read it
BEATEN = """#!{python}
import os, subprocess, sys
if sys.argv[1:3] == ["state", "rm"]:
    subprocess.check_call([{binary!r}, "state", "rm", "terraform_data.a"], stdout=subprocess.DEVNULL)
os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
"""


@pytest.fixture
def beaten(tmp_path):
    script = tmp_path / "terraform"
    script.write_text(BEATEN.format(python=sys.executable, binary=str(binaries()[0].path)))
    script.chmod(0o755)
    stack = Stack(tmp_path, CODE, env={"TFEVENT_TF_BINARY": str(script)})
    assert stack.terraform(APPLY).code == 0
    return stack


def test_edits_of_two_commands_at_once_are_not_claimed_for_one(beaten):
    assert beaten.run("state rm terraform_data.b").code == 0
    event = beaten.event()
    assert event["title"] == "code: state changed by several commands: 2 removed"
    assert event["state"]["serial"] == event["state"]["previous_serial"] + 2
    assert event["state"]["note"] == "another command changed the state at the same time: its edits are shown too"
    beaten.write(CODE.replace("one", "three"))
    assert beaten.run(APPLY).code == 0
    [a, b] = _state_edited(beaten.event())
    assert "by one of several commands" in a
    assert "(state rm)" not in a + b


def test_a_failed_command_is_not_said_to_have_made_the_edits_of_another_one(beaten):
    assert beaten.run("state rm terraform_data.a").code == 1  # there is no such entry any more
    event = beaten.event()
    assert (event["title"], event["outcome"]) == ("code: state changed during a failed state rm: 1 removed", "failed")
    assert event["state"]["note"].startswith("the command did not succeed: another one may have made these edits")


def test_a_dry_run_has_no_part_in_the_edits_of_another_command(beaten):
    assert beaten.run("state rm -dry-run terraform_data.b").code == 0
    assert beaten.recorded() == []


def test_an_event_that_no_journal_took_is_recorded_by_the_next_command_as_it_was(tmp_path):
    (tmp_path / "tmp").mkdir()
    stack = Stack(tmp_path, CODE, env={"TMPDIR": str(tmp_path / "tmp")})
    assert stack.terraform(APPLY).code == 0
    stack.write("not a folder", "../home/.local/state/tfevent")
    done = stack.run("state rm terraform_data.b")
    assert done.code == 0
    assert any("not recorded: no destination" in line for line in done.own)
    stack.state.unlink()
    assert stack.run("taint terraform_data.a").code == 0
    lost, _ = stack.recorded()
    assert lost["id"] in done.err
    assert (lost["title"], lost["outcome"]) == ("code: state edited: 1 removed", "succeeded")
    assert "note" not in lost["state"]
    assert [change["address"] for change in lost["changes"]] == ["terraform_data.b"]
    assert not list((tmp_path / "tmp").glob("*/runs/*"))
