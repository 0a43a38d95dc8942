"""Plans and states that a real terraform writes here and now, on every version there is."""

import json
import subprocess

import msgspec
import pytest

from change_events.model import Action
from change_events.redact import Redactor
from tests.support.terraform import binaries, clean_env, write_files
from tf_wrapper.plan.reader import read_plan
from tf_wrapper.state.compare import compare_states, state_resources

SECRET = "xK7-plutonium-Q9w"  # the planted secret
FIRST = """
resource "terraform_data" "stays"   { input = 1 }
resource "terraform_data" "changes" { input = { n = 9007199254740992, l = ["a", "b"], p = "{\\"x\\":1}" } }
resource "terraform_data" "goes"    { input = "x" }
resource "terraform_data" "old"     { input = "m" }
resource "terraform_data" "again"   { triggers_replace = 1 }
resource "terraform_data" "many"    {
  for_each = toset(["a", "q\\"uote $${x}"])
  input    = each.key
}
"""
SECOND = """
variable "password" {
  sensitive = true
  default   = "SECRET"
}
resource "terraform_data" "stays"   { input = 1 }
resource "terraform_data" "changes" { input = { n = 9007199254740993, l = ["new", "a", "b"], p = "{\\"x\\":2}" } }
resource "terraform_data" "new"     { input = "m" }
resource "terraform_data" "again"   { triggers_replace = 2 }
resource "terraform_data" "fresh"   { input = var.password }
resource "terraform_data" "many"    {
  for_each = toset(["a", "q\\"uote $${x}"])
  input    = each.key
}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
output "copy" {
  value     = var.password
  sensitive = true
}
""".replace("SECRET", SECRET)


@pytest.fixture(params=binaries(), ids=str)
def run(request, tmp_path):
    """Return a function that runs terraform in a directory of the test's own and gives its stdout."""
    env = clean_env(tmp_path / "home")
    folder = tmp_path / "work"
    folder.mkdir()

    def run(*argv):
        command = [request.param.path, *argv]
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, check=True).stdout

    run.folder = folder
    return run


def test_a_run_from_plan_to_state_is_reported_truly(run):
    write_files(run.folder, {"main.tf": FIRST})
    run("init", "-no-color")
    run("apply", "-auto-approve", "-no-color")
    before = (run.folder / "terraform.tfstate").read_bytes()
    write_files(run.folder, {"main.tf": SECOND})
    run("plan", "-out=tfplan", "-no-color")
    plan = read_plan(run("show", "-json", "tfplan"), name="tfplan", redactor=Redactor())
    assert {change.address: change.action for change in plan.changes} == {
        "terraform_data.again": Action.REPLACE,
        "terraform_data.changes": Action.UPDATE,
        "terraform_data.fresh": Action.CREATE,
        "terraform_data.goes": Action.DESTROY,
        "terraform_data.new": Action.MOVE,
    }
    attributes = {part.path: part for change in plan.changes for part in change.attributes if change.name == "changes"}
    assert attributes["input.l[0]"].note == "element added"
    assert attributes["input.n"].after.text == "9007199254740993"
    assert attributes["input.p.x"].after.text == "2"
    assert (plan.tool_name, plan.counts.no_op, plan.counts.outputs) == ("terraform", 4, 1)
    assert SECRET.encode() not in msgspec.json.encode(plan)

    run("apply", "-no-color", "tfplan")
    after = (run.folder / "terraform.tfstate").read_bytes()
    found = compare_states(before, after, redactor=Redactor())
    assert {change.address: change.action for change in found.changes} == {
        change.address: change.action for change in plan.changes
    }
    assert SECRET.encode() not in msgspec.json.encode(found)


def test_addresses_of_raw_state_are_those_that_terraform_shows(run):
    write_files(run.folder, {"main.tf": FIRST})
    run("init", "-no-color")
    run("apply", "-auto-approve", "-no-color")
    shown = run("show", "-json")
    raw = (run.folder / "terraform.tfstate").read_bytes()
    assert list(state_resources(raw)) == list(state_resources(shown))
    assert compare_states(raw, shown, redactor=Redactor()).changes == ()
    addresses = [part["address"] for part in json.loads(shown)["values"]["root_module"]["resources"]]
    assert addresses == list(state_resources(raw))


BESIDE = """
resource "terraform_data" "a" { input = sensitive("SECRET") }
resource "terraform_data" "b" { input = "TEXT" }
output "old" { value = terraform_data.b.output }
""".replace("SECRET", SECRET)


@pytest.mark.parametrize("flags", [["-target=terraform_data.b"], ["-target=terraform_data.b", "-refresh=false"]])
def test_a_secret_of_a_resource_beyond_the_target_is_hidden(run, flags):
    write_files(run.folder, {"main.tf": BESIDE.replace("TEXT", "plain")})
    run("init", "-no-color")
    run("apply", "-auto-approve", "-no-color")
    write_files(run.folder, {"main.tf": BESIDE.replace("TEXT", f"x {SECRET} y")})
    run("plan", "-out=tfplan", "-no-color", *flags)
    shown = run("show", "-json", "tfplan")
    assert SECRET.encode() in shown
    plan = read_plan(shown, name="tfplan", redactor=Redactor())
    assert [change.address for change in plan.changes] == ["terraform_data.b"]
    assert SECRET.encode() not in msgspec.json.encode(plan)


def test_a_secret_of_the_state_is_hidden_from_a_refresh_only_plan(run):
    write_files(run.folder, {"main.tf": BESIDE.replace("TEXT", f"x {SECRET} y")})
    run("init", "-no-color")
    run("apply", "-auto-approve", "-no-color")
    write_files(run.folder, {"main.tf": BESIDE.replace("TEXT", "plain").replace("old", "renamed")})
    run("plan", "-refresh-only", "-out=tfplan", "-no-color")
    plan = read_plan(run("show", "-json", "tfplan"), name="tfplan", redactor=Redactor())
    assert "renamed" in {output.name for output in plan.outputs}
    assert SECRET.encode() not in msgspec.json.encode(plan)
