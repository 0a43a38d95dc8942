"""Which rule decides how a run is observed, rule by rule, in directories as users have them."""

from __future__ import annotations

import os
import zipfile

import pytest

from tf_wrapper.launch.arguments import parse
from tf_wrapper.launch.state_arguments import StateArguments
from tf_wrapper.launch.workspace import Workspace
from tf_wrapper.modes.choice import RULES, Situation, choose
from tf_wrapper.subcommands import NATIVE, OBSERVED, STATE, Subcommand, name_at

REMOTE = '{"backend": {"type": "remote"}}'
BOOKMARK = '{"remote_plan_format": 1, "run_id": "run-1", "hostname": "app.terraform.io"}'
EPHEMERAL = 'variable "token" {\n  ephemeral = true\n}\n'


def plan_file(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tfplan", b"x")


def situation(folder, line, *, files=(), pipe="", plan="", environ=None):
    for name, text in dict(files).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    if pipe:
        os.mkfifo(folder / pipe)
    if plan:
        plan_file(folder / plan)
    argv = line.split()
    workspace = Workspace(str(folder), environ or {})
    name = name_at(argv, 0)
    if OBSERVED[name].mode == STATE:
        return Situation(name, None, workspace, environ or {}, StateArguments(name, argv, environ or {}))
    return Situation(name, parse(argv, environ or {}), workspace, environ or {})


HELP = {"TF_CLI_ARGS": "-help"}
MAIN = {"main.tf": ""}
CASES = [
    ("help", "exec", "plan", {"files": MAIN, "environ": HELP}),
    ("help", "exec", "apply", {"files": MAIN, "environ": HELP}),
    ("help", "exec", "state rm a", {"files": MAIN, "environ": {"TF_CLI_ARGS_state_rm": "-help"}}),
    ("workspace selection", "exec", "workspace select dev", {}),
    ("workspace selection", "exec", "env select -or-create=false dev", {}),
    ("state command", "state_command", "workspace select -or-create dev", {}),
    ("state command", "state_command", "state rm -of-a-later-version a", {"pipe": "terraform.tfvars"}),
    ("state command", "state_command", "force-unlock 1", {"files": MAIN}),
    ("not understood", "native", "plan -of-a-later-version", {"files": MAIN}),
    ("not understood", "native", "apply -of-a-later-version", {"files": MAIN}),
    ("piped inputs", "exec", "plan", {"files": MAIN, "pipe": "terraform.tfvars"}),
    ("piped inputs", "native", "apply", {"files": MAIN, "pipe": "terraform.tfvars"}),
    ("piped inputs", "native", "destroy", {"files": MAIN, "pipe": "other.tf"}),
    ("cloud plan", "native", "apply saved", {"files": {"saved": BOOKMARK}}),
    ("not a plan", "exec", "apply saved", {"files": {"saved": "text"}}),
    ("not a plan", "exec", "apply missing", {"files": MAIN}),
    ("JSON without approval", "exec", "apply -json", {"files": MAIN}),
    ("JSON without approval", "exec", "destroy -json", {"files": MAIN}),
    ("no configuration", "exec", "plan", {}),
    ("no configuration", "exec", "apply", {"files": {"readme.md": ""}}),
    ("no variable file", "exec", "plan -var-file=missing", {"files": MAIN}),
    ("no variable file", "exec", "destroy -var-file=missing", {"files": MAIN}),
    ("remote", "exec", "plan", {"files": {**MAIN, ".terraform/terraform.tfstate": REMOTE}}),
    ("remote", "native", "apply", {"files": {**MAIN, ".terraform/terraform.tfstate": REMOTE}}),
    ("one terraform", "native", "apply", {"files": {"main.tf": EPHEMERAL}}),
    ("one terraform", "native", "apply -var-file=p saved", {"files": MAIN, "pipe": "p", "plan": "saved"}),
    ("ordinary", "plan", "plan", {"files": {"main.tf": EPHEMERAL}}),
    ("ordinary", "apply", "apply -input=false", {"files": {"main.tf": EPHEMERAL}}),
    ("ordinary", "apply", "apply -json -auto-approve", {"files": MAIN}),
    ("ordinary", "apply", "apply saved", {"plan": "saved"}),
    ("ordinary", "apply", "apply saved", {"files": {".terraform/terraform.tfstate": REMOTE}, "plan": "saved"}),
    ("ordinary", "apply", "apply -destroy", {}),
    ("ordinary", "apply", "destroy", {}),
]


@pytest.mark.parametrize(("rule", "mode", "line", "given"), CASES)
def test_the_first_rule_that_applies_decides(tmp_path, rule, mode, line, given):
    found = situation(tmp_path, line, **given)
    assert (choose(found).name, choose(found).mode_of(found)) == (rule, mode)


def test_only_the_plan_that_a_pipe_keeps_from_being_recorded_is_mentioned():
    assert [rule.name for rule in RULES if rule.notice] == ["piped inputs"]


def test_a_row_is_all_that_observes_another_subcommand(tmp_path, monkeypatch):
    monkeypatch.setitem(OBSERVED, "refresh", Subcommand(NATIVE, phase="applied"))
    found = situation(tmp_path, "refresh -lock=false", files=MAIN)
    assert (choose(found).name, choose(found).mode_of(found)) == ("native subcommand", "native")


def test_every_rule_has_a_case():
    assert {rule.name for rule in RULES} - {case[0] for case in CASES} == {"native subcommand"}
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.reason for rule in RULES)
