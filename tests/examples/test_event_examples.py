"""The scripts of examples/events: one of each kind of event, and what is recorded of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from change_events.model import Kind
from tests.examples import pages
from tests.support.scene import Scene

EVENTS = Path(__file__).parents[2] / "examples" / "events"


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    made.commit("Old")
    made.commit("Fix the cart")
    return made


def run(scene, name, **environ):
    """Run one script; give what it recorded."""
    done = subprocess.run(
        [str(EVENTS / f"{name}.sh")], cwd=scene.work, env={**scene.environ, **environ}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return scene.recorded()


def test_there_is_one_of_each_kind(scene):
    kinds = set()
    for path in sorted(EVENTS.glob("*.sh")):
        kinds |= {event["kind"] for event in run(scene, path.stem)}
    assert kinds == set(Kind)


def test_a_deployment(scene):
    (event,) = run(scene, "deployment", PREVIOUS="HEAD~1")
    assert event["title"] == "shop 1.4.2 deployed to prod"
    assert [commit["subject"] for commit in event["vcs"]["commits"]] == ["Fix the cart"]


def test_a_build(scene):
    (event,) = run(scene, "build")
    assert (event["title"], event["tool"]["exit_code"]) == ("shop 1.4.2 built", 0)


def test_infrastructure_in_two_steps(scene):
    (event,) = run(scene, "infrastructure")
    assert (event["title"], event["outcome"]) == ("Move the database to other disks", "succeeded")
    assert "All 12 volumes moved.\n\nBy " in event["message"], "who and commit are shown once, after both messages"


def test_something_else_once(scene):
    run(scene, "custom")
    (event,) = run(scene, "custom")
    assert event["message"].startswith("* Fix the cart\n* Old")
    assert event["data"]["ticket"] == "OPS-42"


def test_a_boot_once(scene):
    run(scene, "boot")
    (event,) = run(scene, "boot")
    assert (event["kind"], event["tags"]) == ("boot", {"role": "web"})


def test_a_start_and_a_stop(scene):
    run(scene, "start")
    start, stop = run(scene, "stop")
    assert (start["kind"], stop["kind"], stop["outcome"]) == ("start", "stop", "failed")
    assert stop["failures"] == [{"summary": "exit code 3"}]


def test_runs_within_runs(scene, request):
    events = {event["title"]: event for event in run(scene, "nested")}
    outer = events["shop 1.4.2 deployed to prod"]
    children = {event["title"] for event in events.values() if event["trace"].get("parent_run_id") == outer["id"]}
    assert children == {"shop 1.4.2 built", "Caches warmed up"}
    pages.check(EVENTS / "README.md", scene, update=request.config.getoption("--update-golden"))
