"""Drift with a real terraform: what its exit code gets wrong, and changes outside of it, by a provider of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import lab as lab_server
from tests.support.speed import HANG, wait_for
from tests.support.terraform import binaries, clean_env

ROOT = Path(__file__).parents[2]
SECRET = "correct-horse-battery-staple"
BUILTIN = """
resource "terraform_data" "a" {
  input = "x"
}
resource "terraform_data" "b" {
  input = terraform_data.a.output
}
output "o" {
  value = terraform_data.b.output
}
"""
LAB = """
terraform {{
  required_providers {{
    lab = {{ source = "lab.test/lab/lab" }}
  }}
}}
resource "lab_server" "web" {{
  name     = "{name}"
  size     = "small"
  tags     = {{ team = "a" }}
  password = "{secret}"
}}
"""
SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch on; exec sleep 100000"
  }
}
"""
COLD = """
terraform {
  required_providers {
    cold = { source = "cold.test/cold/cold" }
  }
}
resource "cold_one" "a" {}
"""

FIXED = (1, 15)  # by then, terraform#36403 no longer shows in this way

pytestmark = pytest.mark.e2e


@pytest.fixture(params=binaries(), ids=str)
def machine(request, tmp_path):
    return Machine(tmp_path, request.param)


class Machine:
    """A home with directories, and one terraform."""

    def __init__(self, path, binary):
        self.path, self.binary = path, binary
        self.environ = clean_env(path, {"TFEVENT_TF_BINARY": str(binary.path), "PYTHONPATH": str(ROOT)})

    def stack(self, name, text):
        folder = self.path / name
        folder.mkdir()
        (folder / "main.tf").write_text(text)
        return folder

    def terraform(self, folder, *words):
        return subprocess.run(
            [self.binary.path, *words], cwd=folder, env=self.environ, capture_output=True, text=True, timeout=HANG,
            check=False,
        )  # fmt: skip

    def applied(self, name, text, *, init=True):
        folder = self.stack(name, text)
        for words in ((["init"],) if init else ()) + (["apply", "-auto-approve"],):
            done = self.terraform(folder, *words)
            assert done.returncode == 0, done.stderr
        return folder

    def events(self, *words):
        return subprocess.run(
            [sys.executable, "-m", "tf_wrapper", "events", *words], cwd=self.path, env=self.environ,
            capture_output=True, text=True, timeout=HANG, check=False,
        )  # fmt: skip

    def drift(self, *words, code=0):
        done = self.events("drift", "--json", *words)
        assert done.returncode == code, done.stderr + done.stdout
        return {one["directory"]: one for one in json.loads(done.stdout)["directories"]}

    def titles(self):
        found = [json.loads(line) for line in self.events("list", "--json").stdout.splitlines()]
        return [one["title"] for one in found][::-1]


def edited(folder, change):
    """The state with a change that no apply makes."""
    path = folder / "terraform.tfstate"
    state = json.loads(path.read_text())
    change(state)
    path.write_text(json.dumps(state))


def without_dependencies(state):
    """terraform#36403: the refreshed state differs in what nobody sees, and no resource has changed."""
    for resource in state["resources"]:
        for instance in resource["instances"]:
            instance.pop("dependencies", None)


def with_old_output(state):
    """terraform#37406: an output would be recorded with another value, and no resource has changed."""
    state["outputs"]["o"]["value"] = "old"


@pytest.mark.parametrize("change", [without_dependencies, with_old_output])
def test_a_plan_without_drift_that_terraform_exits_with_2_for_is_clean(machine, change):
    folder = machine.applied("a", BUILTIN)
    edited(folder, change)
    wrong = machine.terraform(folder, "plan", "-refresh-only", "-detailed-exitcode", "-lock=false")
    if change is with_old_output or machine.binary.version < FIXED:
        assert wrong.returncode == 2, "terraform is right now: the case shows nothing any more"
    found = machine.drift("a")["a"]
    assert (found["status"], found["drift"]) == ("clean", [])
    assert found["pending"]["counts"] == ({"outputs": 1} if change is with_old_output else {})
    assert machine.titles() == []


def test_what_cannot_be_checked_has_its_reason_and_what_was_never_applied_is_pending(machine):
    machine.applied("clean", BUILTIN)
    changed = machine.applied("pending", BUILTIN)
    with (changed / "main.tf").open("a") as file:
        file.write('resource "terraform_data" "c" {}\nresource "terraform_data" "d" { input = "y" }\n')
    machine.stack("cold", COLD)
    machine.stack("wrong", 'resource "terraform_data" "a" {\n  input = \n}\n')
    machine.stack("asks", 'variable "needed" {}\n')
    before = {path: path.stat().st_mtime_ns for path in machine.path.rglob("*.tf*")}
    found = machine.drift("clean", "pending", "cold", "wrong", "asks", "--var-file", "/dev/null", code=3)
    assert before == {path: path.stat().st_mtime_ns for path in machine.path.rglob("*.tf*")}
    assert found["clean"]["status"] == found["pending"]["status"] == "clean"
    assert found["pending"]["pending"]["counts"] == {"create": 2}
    reasons = {name: one["reason"]["kind"] for name, one in found.items() if one["reason"]}
    assert reasons == {"cold": "not_initialised", "wrong": "configuration", "asks": "configuration"}
    assert "No value for required variable" in found["asks"]["reason"]["text"]


def test_a_state_that_a_command_is_writing_is_locked(machine):
    machine.applied("a", BUILTIN)
    folder = machine.stack("slow", SLOW)
    command = [machine.binary.path, "apply", "-auto-approve"]
    with subprocess.Popen(
        command, cwd=folder, env=machine.environ, stdout=subprocess.DEVNULL, process_group=0
    ) as process:
        wait_for((folder / "on").exists)
        for words in ((), ("--lock",)):
            found = machine.drift("a", "slow", *words, code=3)
            assert found["slow"]["reason"]["kind"] == "locked"
            assert found["a"]["status"] == "clean"
        os.killpg(process.pid, 9)
        process.wait()
    assert machine.drift("slow", "--no-pending")["slow"]["status"] == "clean"  # the lock of a killed one is none


def test_a_workspace_that_does_not_exist_is_not_created(machine):
    folder = machine.applied("a", BUILTIN)
    before = sorted(folder.rglob("*"))
    machine.environ["TF_WORKSPACE"] = "nonex"
    found = machine.drift("a", "--no-event", code=3)["a"]
    assert found["reason"] == {"kind": "workspace", "text": "workspace nonex does not exist"}
    assert sorted(folder.rglob("*")) == before
    machine.terraform(folder, "plan")
    assert (folder / "terraform.tfstate.d/nonex").is_dir(), "a plan creates no workspace now: nothing is shown"
    assert machine.drift("a", "--no-event")["a"]["status"] == "clean"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """The folder of a running provider's servers, and by what terraform finds it."""
    servers = tmp_path_factory.mktemp("servers")
    with lab_server.running(servers) as found:
        yield servers, found


@pytest.fixture
def lab(machine, provider):
    machine.servers, machine.environ["TF_REATTACH_PROVIDERS"] = provider
    for path in machine.servers.iterdir():
        path.unlink()
    return machine


def edit(lab, name, **changes):
    path = lab.servers / f"srv-{name}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_real_drift_is_found_remembered_and_gone(lab):
    lab.applied("a", LAB.format(name="a", secret=SECRET))
    assert lab.drift("a")["a"]["status"] == "clean"
    edit(lab, "a", size="large", seen_at="2026-06-01T00:00:00Z", note="")
    found = lab.drift("a", code=2)["a"]
    [drift] = found["drift"]
    assert (drift["address"], [one["path"] for one in drift["attributes"]]) == ("lab_server.web", ["size"])
    assert found["pending"] == {"counts": {}, "unknown": None}
    lab.drift("a", code=2)
    edit(lab, "a", password=f"{SECRET}-2")
    lab.drift("a", code=2)
    (lab.servers / "srv-a.json").unlink()
    deleted = lab.drift("a", code=2)["a"]["drift"]
    assert [one["action"] for one in deleted] == ["destroy"]
    lab.terraform(lab.path / "a", "apply", "-auto-approve")
    lab.drift("a")
    assert lab.titles() == [
        "Drift in a: 1 resource drifted", "Drift in a: 1 resource drifted further",
        "Drift in a: 1 resource drifted further", "Drift in a: 1 resource no longer drifted",
    ]  # fmt: skip
    everything = lab.events("show", "-2").stdout + lab.events("show", "-3", "--json").stdout
    assert SECRET not in everything


def test_without_credentials_a_directory_is_unknown_and_no_secret_of_the_error_is_shown(lab):
    lab.applied("a", LAB.format(name="a", secret=SECRET))
    (lab.servers / "denied").touch()
    found = lab.drift("a", code=3)["a"]
    assert found["reason"]["kind"] == "credentials"
    assert "lab-secret-token" not in json.dumps(found)


def test_a_fleet_of_40_real_directories_gives_one_event_then_none_then_gone(lab):
    if lab.binary is not binaries()[0]:
        pytest.skip("one version is enough")
    first = lab.applied("app-00", LAB.format(name="app-00", secret=SECRET))
    state, server = (first / "terraform.tfstate").read_text(), (lab.servers / "srv-app-00.json").read_text()
    names = [f"app-{number:02}" for number in range(40)]
    for name in names[1:]:
        folder = lab.stack(name, LAB.format(name=name, secret=SECRET))
        (folder / "terraform.tfstate").write_text(state.replace("app-00", name))
        (lab.servers / f"srv-{name}.json").write_text(server.replace("app-00", name))
        for path in (".terraform.lock.hcl", ".terraform"):
            if (first / path).exists():
                (folder / path).symlink_to(first / path)
    for name in names[3:6]:
        edit(lab, name, size="large")
    words = (*names, "--no-pending", "--parallel", "4")
    found = lab.drift(*words, code=2)
    assert [name for name in names if found[name]["status"] == "drift"] == names[3:6]
    assert all(found[name]["status"] == "clean" for name in {*names} - {*names[3:6]})
    lab.drift(*words, code=2)
    for name in names[3:6]:
        edit(lab, name, size="small")
    lab.drift(*words)
    assert lab.titles() == [
        "Drift in 3 of 40 directories: 3 resources drifted",
        "Drift in 3 of 40 directories: 3 resources no longer drifted",
    ]
