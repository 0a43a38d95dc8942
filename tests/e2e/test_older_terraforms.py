"""Terraform 0.11.11, which has no stream, and 1.0.3, the oldest kind that is observed: as bare, and truly recorded."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest

from tests.e2e.runner import Stage, assert_equivalent, compares_terraform_with_itself
from tests.e2e.scenario import Edit, Scenario, main, run
from tests.support import older
from tests.support.pty import PIPES, TERMINAL

# the first download of a terraform takes its time
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

# without resources: terraform_data came with 1.4, all others need a provider
_CODE = """\
variable "name" {}
variable "size" {
  default = "3"
}
output "greeting" {
  value = "hello ${var.name} ${var.size}"
}
"""
_FILES = main(_CODE, terraform_tfvars='name = "x"\n')
_APPLIED = (run("apply -auto-approve"),)
_CHANGED = Edit({"terraform.tfvars": 'name = "y"\n'})
_UNSET = main(_CODE)
# 0.11 ends without waiting for what prints this line: it stands anywhere, or is missing
_RACE = ((r"\x1b\[31mflag provided but not defined: [^\n]*\n", ""),)

SCENARIOS = (
    Scenario("plan", _FILES, (run("plan"), run("plan -detailed-exitcode"))),
    Scenario("plan, nothing changes", _FILES, (run("plan -detailed-exitcode"),), before=_APPLIED),
    Scenario("plan is saved and applied", _FILES, (run("plan -out=saved"), run("apply saved"))),
    Scenario("apply is approved", _FILES, (run("apply", "yes\n"), run("output"))),
    Scenario("apply is declined", _FILES, (run("apply", "no\n"), run("output")), before=(*_APPLIED, _CHANGED)),
    Scenario("apply -auto-approve", _FILES, (run("apply -auto-approve"), run("output -json"))),
    Scenario("apply -auto-approve of a change", _FILES, (*_APPLIED, run("output")), before=(*_APPLIED, _CHANGED)),
    Scenario("apply without colour or input", _FILES, (run("apply -auto-approve -no-color -input=false"),)),
    Scenario("destroy is approved", _FILES, (run("destroy", "yes\n"), run("output")), before=_APPLIED),
    Scenario("destroy is declined", _FILES, (run("destroy", "no\n"), run("output")), before=_APPLIED),
    Scenario("destroy -auto-approve", _FILES, (run("destroy -auto-approve"),), before=_APPLIED),
    Scenario("version", _FILES, (run("version"), run("-version"), run("--version"))),
    Scenario("help", _FILES, (run("apply -help"), run("plan -h"))),
    Scenario(
        "a wrong flag",
        _FILES,
        (run("apply -auto-aprove"), run("plan -nonsense=1"), run("destroy -json=maybe")),
        masks=_RACE,
    ),
    Scenario("a flag of later versions", _FILES, (run("apply -auto-approve -json"),), masks=_RACE),
    Scenario("variables as flags", _UNSET, (run("apply -auto-approve -var name=a -var 'size=b c'"), run("output"))),
    Scenario(
        "variables in a file",
        {**_UNSET, "more.tfvars": 'name = "file"\nsize = "9"\n'},
        (run("apply -auto-approve -var-file=more.tfvars"), run("output")),
    ),
    Scenario(
        "variables in the environment",
        _UNSET,
        (run("apply -auto-approve", TF_VAR_name="e", TF_CLI_ARGS_apply="-var size=7"), run("output")),
    ),
    Scenario("a variable is asked for", _UNSET, (run("apply -auto-approve", "typed\n"), run("output"))),
    Scenario("a variable is missing", _UNSET, (run("apply -auto-approve -input=false"),)),
    Scenario("an error in the code", main('output "o" {\n  value = "${var.none}"\n}\n'), (run("apply -auto-approve"),)),
)


@pytest.fixture(params=older.VERSIONS)
def binary(request):
    try:
        return older.binary(request.param)
    except older.MissingError as error:
        pytest.skip(str(error))


def _cases():
    for scenario in SCENARIOS:
        # terraform prints its question beside the empty line that ends the answer, in either order
        asks = any(step.answers for step in scenario.steps)
        yield pytest.param(scenario, id=scenario.name, marks=pytest.mark.races if asks else ())


@pytest.mark.parametrize("stdio", [TERMINAL, PIPES], ids=lambda stdio: stdio.name)
@pytest.mark.parametrize("scenario", list(_cases()))
def test_tfevent_cannot_be_distinguished_from_an_older_terraform(scenario, stdio, binary, tmp_path):
    assert_equivalent(scenario, stdio, binary, tmp_path)


# -- what is recorded ---------------------------------------------------------------------------------------------


class Place:
    """One directory, one journal, one terraform."""

    def __init__(self, folder, binary) -> None:
        self._stage = Stage(folder, binary)
        self._scenario = Scenario("recorded", _FILES, ())
        self._stage.prepare(self._scenario)
        self.state = self._stage.home / ".local/state/tfevent"

    def run(self, line, *answers, stdio=PIPES):
        """Run a line through tfevent; returns its exit code and the newest event, if there is one."""
        done = self._stage.perform(run(line, *answers), [sys.executable, "-m", "tf_wrapper"], self._scenario, stdio)
        return done.code, self._newest()

    def change(self):
        self._stage.perform(_CHANGED, [], self._scenario, PIPES)

    def _newest(self):
        command = [sys.executable, "-m", "tf_wrapper", *shlex.split("events show last --json")]
        done = subprocess.run(
            command, env=self._stage.env(), cwd=self._stage.code, capture_output=True, text=True, check=False
        )
        return json.loads(done.stdout) if done.returncode == 0 else None


@pytest.fixture
def place(tmp_path, binary):
    if compares_terraform_with_itself():
        pytest.skip("bare terraform records nothing")
    return Place(tmp_path, binary)


def facts(event):
    """What an event says of a run: phase, outcome, version, exit code, and each output's name, action and values."""
    sides = [
        (output["name"], output["action"], output["before"].get("text"), output["after"].get("text"))
        for output in event.get("outputs", [])
    ]
    return event["phase"], event["outcome"], event["tool"].get("version"), event["tool"]["exit_code"], sides


X, Y = '"hello x 3"', '"hello y 3"'


def test_runs_that_succeed_are_recorded_with_what_they_changed(place, binary):
    version = binary.name.removeprefix("terraform-")
    code, event = place.run("apply -auto-approve")
    assert code == 0
    assert facts(event) == ("applied", "succeeded", version, 0, [("greeting", "create", None, X)])
    place.change()
    code, event = place.run("apply", "yes\n", stdio=TERMINAL)
    assert code == 0
    assert facts(event) == ("applied", "succeeded", version, 0, [("greeting", "update", X, Y)])
    code, event = place.run("destroy", "yes\n", stdio=TERMINAL)
    assert code == 0
    assert facts(event) == ("applied", "succeeded", version, 0, [("greeting", "destroy", Y, None)])


def test_a_declined_destroy_is_not_recorded_as_done(place):
    place.run("apply -auto-approve")
    code, event = place.run("destroy", "no\n", stdio=TERMINAL)
    assert code == 1
    assert event["outcome"] in {"declined", "failed"}
    assert all(output["action"] == "destroy" for output in event.get("outputs", []))
    assert not event["summary"]["outcomes"]


def test_a_run_that_fails_is_recorded_as_failed(place):
    code, event = place.run("apply -auto-aprove")
    assert code == 1
    assert facts(event) == ("applied", "failed", None, 1, [])


def test_a_plan_is_recorded_where_it_can_be_read(place, binary):
    code, event = place.run("plan")
    assert code == 0
    if binary.version < (1, 0):
        assert event is None
    else:
        assert facts(event) == ("planned", "succeeded", "1.0.3", 0, [("greeting", "create", None, X)])
