"""Runs of a real terraform in a real repository: each change is recorded with its cause."""

from __future__ import annotations

import json
import os
import threading

import pytest

from tests.support.git_history import git
from tests.support.live import APPLY, Stack, changes
from tests.support.secrets import PASSWORD, TOKENS

CODE = """\
variable "size" {}
variable "password" {
  sensitive = true
}
variable "flag" {
  default = "f0"
}
resource "terraform_data" "a" {
  input = var.size
}
resource "terraform_data" "b" {
  input = sha256(var.password)
}
resource "terraform_data" "gate" {
  triggers_replace = var.flag
  provisioner "local-exec" {
    command = "test ! -e fail"
  }
}
resource "terraform_data" "c" {
  input      = var.flag
  depends_on = [terraform_data.gate]
}
"""


def tfvars(size, password=PASSWORD):
    return f"password = {json.dumps(password)}\nsize     = {json.dumps(size)}\n"


def committed(stack, subject, **files):
    for name, text in files.items():
        stack.write(text, name.replace("_", "."))
    git(stack.code, "add", "-A")
    git(stack.code, "commit", "-qm", subject)
    return git(stack.code, "rev-parse", "HEAD")


def cause(stack, address):
    return changes(stack.event())[address]["causes"][0]


def test_causes_from_run_to_run(tmp_path):
    stack = Stack(tmp_path, CODE)
    git(stack.code, "init", "-q", "-b", "main")
    stack.write(".terraform*\n*.tfstate*\nfail\n", ".gitignore")
    committed(stack, "first", terraform_tfvars=tfvars("s0"))
    assert stack.apply().code == 0
    event = stack.event()
    assert {one["kind"] for change in event["changes"] for one in change["causes"]} == {"unknown"}
    assert set(event["inputs"]["variables"]) == {"size", "password", "flag"}

    token = TOKENS["github"]
    commit = committed(stack, f"Smaller {PASSWORD}2 {token} (#41)", terraform_tfvars=tfvars("s1", PASSWORD + "2"))
    assert stack.apply().code == 0
    for address, line in (("terraform_data.a", 2), ("terraform_data.b", 1)):
        found = cause(stack, address)
        assert (found["kind"], found["file"], found["line"]) == ("edited_line", "terraform.tfvars", line)
        assert (found["commits"][0]["id"], found["commits"][0]["pull_request"]) == (commit, "#41")
    shown = stack.events(f"show {stack.event()['id']}").out
    assert "because var.size in terraform.tfvars:2" in shown
    held = b"".join(path.read_bytes() for path in stack.state.rglob("*") if path.is_file()) + shown.encode()
    assert PASSWORD.encode() not in held
    assert token.encode() not in held
    [shared] = [one for one in stack.event()["causes"] if one["text"] == "var.size"]
    assert (shared["changes"], shared["addresses"]) == (1, ["terraform_data.a"])

    # a variable that only the command line gives; a failed run, which did not reach it; then the one that does
    assert stack.apply(line=f"{APPLY} -var=flag=f1").code == 0
    assert (cause(stack, "terraform_data.c")["kind"], cause(stack, "terraform_data.c")["text"]) == (
        "variable_given", "var.flag",
    )  # fmt: skip
    edit = committed(stack, "edit", main_tf=CODE.replace('"f0"', '"f2"'))
    stack.write("", "fail")
    assert stack.apply().code != 0
    assert cause(stack, "terraform_data.c")["commits"][0]["id"] == edit
    (stack.code / "fail").unlink()
    committed(stack, "later", readme_md="x")
    assert stack.apply().code == 0
    assert cause(stack, "terraform_data.c")["commits"][0]["id"] == edit

    # an edit that is not committed; the plan alone; and none of it where it is switched off
    stack.write(tfvars("s2"), "terraform.tfvars")
    assert stack.run("plan").code == 0
    assert cause(stack, "terraform_data.a")["kind"] == "uncommitted_edit"
    assert stack.apply(TFEVENT_CAUSES="off").code == 0
    event = stack.event()
    assert "causes" not in event
    assert "inputs" not in event
    assert not any("causes" in change for change in event["changes"])


@pytest.mark.e2e
def test_a_run_without_a_plan_file_has_the_causes_of_what_its_states_show(tmp_path):
    stack = Stack(tmp_path, CODE)
    git(stack.code, "init", "-q", "-b", "main")
    stack.write(".terraform*\n*.tfstate*\n", ".gitignore")
    committed(stack, "first", terraform_tfvars=tfvars("s0"))
    assert stack.apply().code == 0
    commit = committed(stack, "edit", main_tf=CODE.replace("input = var.size", 'input = "fixed"'))
    not_understood = {"TF_CLI_ARGS_apply": "-parallelism\\=3"}
    assert stack.apply(**not_understood).code == 0
    found = cause(stack, "terraform_data.a")
    assert (found["kind"], found["file"], found["commits"][0]["id"]) == ("edited_line", "main.tf", commit)
    committed(stack, "variable", terraform_tfvars=tfvars("s1", "other"))
    assert stack.apply(**not_understood).code == 0
    assert cause(stack, "terraform_data.b") == {
        "kind": "unknown",
        "text": "var.password may be given by the command line, which is not understood, and its value in the last run "
        "is not known",
    }


@pytest.mark.e2e
def test_what_is_applied_from_a_saved_plan_has_its_causes(tmp_path):
    stack = Stack(tmp_path, CODE)
    git(stack.code, "init", "-q", "-b", "main")
    stack.write(".terraform*\n*.tfstate*\nsaved\n", ".gitignore")
    committed(stack, "first", terraform_tfvars=tfvars("s0"))
    assert stack.apply().code == 0
    commit = committed(stack, "edit", terraform_tfvars=tfvars("s1"))
    assert stack.run("plan -out=saved").code == 0
    stack.write("# not what was planned\n" + CODE.replace("var.size", '"other"'))
    assert stack.run("apply saved").code == 0
    found = cause(stack, "terraform_data.a")
    assert (found["kind"], found["file"], found["line"]) == ("edited_line", "terraform.tfvars", 2)
    assert found["commits"][0]["id"] == commit


LOCALS = """\
locals {
  one = "s0"
  two = "s0"
}
resource "terraform_data" "a" {
  input = local.one
}
resource "terraform_data" "b" {
  input = local.one
}
"""


def subjects(stack, address):
    """The commits that a change of the newest event is explained with."""
    return [one["subject"] for found in changes(stack.event())[address]["causes"] for one in found.get("commits", ())]


def test_an_edit_that_was_applied_without_effect_is_no_cause_later(tmp_path):
    stack = Stack(tmp_path, LOCALS)
    git(stack.code, "init", "-q", "-b", "main")
    stack.write(".terraform*\n*.tfstate*\n", ".gitignore")
    committed(stack, "first")
    assert stack.apply().code == 0
    refactored = LOCALS.replace("input = local.one", "input = local.two")
    committed(stack, "Refactor", main_tf=refactored)
    for line in (f"{APPLY} -target=terraform_data.a", f"{APPLY} -refresh-only"):  # these prove nothing of b
        assert stack.apply(line=line).code == 0
    assert stack.apply(line=f"{APPLY} -var=unknown=1").code != 0
    larger = refactored.replace('two = "s0"', 'two = "s1"')
    committed(stack, "Larger", main_tf=larger)
    assert stack.run("plan").code == 0
    assert sorted(subjects(stack, "terraform_data.b")) == ["Larger", "Refactor"]

    git(stack.code, "checkout", "-q", "HEAD~1")
    assert stack.apply().code == 0
    git(stack.code, "checkout", "-q", "main")
    assert [event["phase"] for event in stack.recorded()] == ["applied", "applied", "planned"]
    assert stack.apply().code == 0
    assert subjects(stack, "terraform_data.a") == ["Larger"]
    assert subjects(stack, "terraform_data.b") == ["Larger"]
    assert cause(stack, "terraform_data.a")["confidence"] == "exact"


@pytest.mark.e2e
def test_a_run_that_reads_a_pipe_says_why_it_has_no_causes(tmp_path):
    stack = Stack(tmp_path, LOCALS + 'variable "x" {}\n')
    pipe = stack.code / "x.auto.tfvars"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=('x = "1"\n',), daemon=True)
    writer.start()
    assert stack.apply().code == 0
    writer.join()
    event = stack.event()
    reason = "terraform reads its configuration or variables from a pipe: what changed is not known"
    assert event["causes"] == [{"kind": "unknown", "text": reason}]
    shown = stack.events(f"show {event['id']}").out
    assert f"cause unknown ({reason})" in " ".join(shown.split())
