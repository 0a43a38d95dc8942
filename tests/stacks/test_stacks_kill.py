"""`kill -9` at any moment, of tfevent, of Terragrunt or of a unit: the next command leaves true records."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time

import pytest

from tests.stacks.fleet import KINDS, processes, unit

_SEED = 20261130
_STATES = {
    "failed": "failed",
    "partial": "failed",
    "unknown": "unknown",
    "succeeded": "changed",
    "cancelled": "cancelled",
}
ALL = ("run", "--stacks", "--environment", "prod", "--", "terragrunt", "run", "--all", "apply")
LATER = "units that start or end later are added"  # where the command was killed; then its folder is kept for a while
STACKS = 6
MOMENTS = 4


def fleet(scene):
    for number in range(STACKS):
        marks = ["fail"] if number == 2 else []
        unit(scene, f"u{number}", *marks, after=["u2"] if number == 5 else [], slow="0.5")


def kill(scene, kind):
    """Whether there was one to kill."""
    numbers = processes(scene, kind)
    for number in numbers[:1]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    return bool(numbers)


def check(scene, *, whole_ended):
    """One event of the whole, all settled, its figures those of its units, and its units those of the journal."""
    events = scene.recorded()
    wholes = [event for event in events if "stacks" in event]
    runs = [event for event in events if "stacks" not in event]
    assert all("outcome" in event for event in events), "nothing is left running"
    (whole,) = wholes
    left = {folder.name for folder in (scene.state / "runs").iterdir()}
    assert left == ({whole["id"]} if LATER in whole["stacks"].get("note", "") else set())
    listed = whole["stacks"]["units"]
    counts = {name: number for name, number in whole["stacks"]["counts"].items() if name != "total"}
    assert counts == {state: sum(one["state"] == state for one in listed) for state in {one["state"] for one in listed}}
    by_id = {event["id"]: event for event in runs}
    assert all(event["trace"]["parent_run_id"] == whole["id"] for event in runs)
    assert {one["event"] for one in listed if "event" in one} == set(by_id)
    for one in listed:
        if "event" in one and one["state"] != "unknown":
            outcome = by_id[one["event"]]["outcome"]
            assert one["state"] in {_STATES[outcome], "failed"}, "what Terragrunt saw fail, it says to have failed"
    if not whole_ended:
        assert whole["outcome"] == "unknown"
    done = sum(event.get("summary", {}).get("applied", {}).get("create", 0) for event in runs)
    assert whole.get("summary", {}).get("applied", {}).get("create", 0) >= done - counts.get("unknown", 0)
    return whole


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "moment", [pytest.param(one, marks=pytest.mark.exhaustive if one else pytest.mark.slow) for one in range(MOMENTS)]
)
def test_a_kill_at_any_moment_leaves_true_records(scene, kind, moment):
    fleet(scene)
    generator = random.Random(f"{_SEED} {kind} {moment}")
    with scene.start(*ALL, TG_PARALLELISM="3") as session:
        session.expect_that(lambda: processes(scene, "unit"), "the first unit")
        time.sleep(generator.random() * 2.5)
        killed = kill(scene, kind)
        if kind != "whole":
            session.finish()
        session.expect_that(lambda: not session.left(), "everything to end")
        session.expect_that(lambda: not any(processes(scene, one) for one in KINDS), "all processes to end")
    check(scene, whole_ended=kind != "whole" or not killed)


@pytest.mark.slow
def test_the_whole_waits_for_units_that_go_on_after_a_kill(scene):
    unit(scene, "a", slow="3")
    unit(scene, "b", "same")
    with scene.start(*ALL) as session:
        session.expect_that(lambda: processes(scene, "unit"), "the unit")
        session.expect_that(lambda: any((scene.state / "runs").glob("*/plan")), "its plan")
        assert kill(scene, "whole")
        assert kill(scene, "terragrunt")
        while processes(scene, "unit"):
            wholes = [event for event in scene.recorded() if "stacks" in event]
            assert all("outcome" not in event for event in wholes) or not processes(scene, "unit")
        session.expect_that(lambda: not session.left(), "everything to end")
    whole = check(scene, whole_ended=False)
    assert whole["title"].endswith("outcome unknown")
