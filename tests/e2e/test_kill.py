"""`kill -9` of tfevent at any instant: terraform finishes its work, and the next command reports it truthfully."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.runner import Stage, subject
from tests.e2e.scenario import Scenario, main, run
from tests.support.pty import PIPES, Session
from tests.support.speed import stopwatch
from tests.support.terraform import binaries

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KILLS = 50
_SEED = 20261124
_ADDRESSES = {"terraform_data.first", "terraform_data.slow", "terraform_data.last"}
_CODE = """\
resource "terraform_data" "first" {
  input = 1
}
resource "terraform_data" "slow" {
  input = terraform_data.first.output
  provisioner "local-exec" {
    command = "touch ready; sleep 0.4; echo done"
  }
}
resource "terraform_data" "last" {
  input = terraform_data.slow.output
}
"""
_SCENARIO = Scenario("kill", main(_CODE), (run("apply -auto-approve"),))


def _fractions():
    generator = random.Random(_SEED)
    return [round(generator.random(), 3) for _ in range(KILLS)]


@pytest.fixture(scope="module")
def full_length(tmp_path_factory):
    """Seconds that an undisturbed run takes from the moment it has a folder."""
    stage = Stage(tmp_path_factory.mktemp("whole"), binaries()[0])
    stage.prepare(_SCENARIO)
    with _start(stage) as session:
        session.expect_that(lambda: _is_known(stage), "a run that will be remembered")
        with stopwatch() as took:
            assert session.finish().code == 0
        return took.seconds


def _start(stage: Stage) -> Session:
    return Session([*subject(stage.binary), "apply", "-auto-approve"], cwd=stage.code, env=stage.env(), stdio=PIPES)


def _runs(stage: Stage):
    return stage.home / ".local/state/tfevent/runs"


def _is_known(stage: Stage) -> bool:
    """Whether the run has been written down; before that, terraform has not been started."""
    return any(_runs(stage).glob("[!.]*/facts"))


def _events(stage: Stage) -> list[dict]:
    """The journal, as the next command shows it."""
    listed = subprocess.run(
        [sys.executable, "-m", "tf_wrapper", "events", "list", "--json", "--limit", "0"],
        cwd=stage.code,
        env=stage.env(),
        capture_output=True,
        check=True,
    )
    return [json.loads(line) for line in listed.stdout.splitlines()]


def _state(stage: Stage) -> set[str]:
    """Addresses in the state; a state that is not whole would fail to be read."""
    path = stage.code / "terraform.tfstate"
    if not path.exists():
        return set()
    return {f"{resource['type']}.{resource['name']}" for resource in json.loads(path.read_bytes())["resources"]}


def _wait_for_terraform(session: Session) -> None:
    session.expect_that(lambda: "terraform" not in session.left(), "the end of terraform")


@pytest.mark.parametrize("fraction", _fractions())
def test_a_kill_leaves_terraform_undisturbed_and_one_truthful_record(fraction, full_length, tmp_path):
    stage = Stage(tmp_path, binaries()[0])
    stage.prepare(_SCENARIO)
    with _start(stage) as session:
        session.expect_that(lambda: _is_known(stage), "a run that will be remembered")
        time.sleep(fraction * full_length)
        applying = (stage.code / "ready").exists()
        ended_before = session.process.poll() is not None
        if not ended_before:
            session.signal(signal.SIGKILL)
        _wait_for_terraform(session)
    state = _state(stage)
    assert state in (set(), _ADDRESSES), "terraform did half of its work"
    assert not applying or state == _ADDRESSES
    assert not (stage.code / ".terraform.tfstate.lock.info").exists()
    records = _events(stage)
    assert len(records) == 1
    _assert_truthful(records[0], state, ended_before=ended_before)
    assert _events(stage) == records, "a second look shows something else"
    assert not any(_runs(stage).iterdir())


def _assert_truthful(event: dict, state: set[str], *, ended_before: bool) -> None:
    applied = {change["address"] for change in event.get("changes", []) if change.get("outcome") == "applied"}
    assert applied <= state
    if ended_before:
        assert event["outcome"] == "succeeded"
    if event["outcome"] == "succeeded":
        assert state == _ADDRESSES == applied
    else:
        assert event["outcome"] in {"unknown", "cancelled"}
