"""`kill -9` of tfevent at any instant: the command goes on undisturbed, and the next one reports it truthfully."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.support.scene import Scene
from tests.support.speed import HURRIED, stopwatch

KILLS = 40
_SEED = 20261125
# leaves a trace of every step, so that one sees whether it was disturbed
WORK = "touch began; sleep 0.5; echo done > ended; exit {code}"


def kill(scene, session):
    os.kill(session.process.pid, signal.SIGKILL)
    session.process.wait()


def finished(scene, session):
    session.expect_file(scene.work / "ended")
    session.expect_that(lambda: not session.left(), "the command to end")


def test_a_command_that_outlives_us_is_running_until_it_ends(scene):
    with scene.start("run", "--title", "Move", "--", "sh", "-c", "touch began; read x; touch ended") as session:
        session.expect_file(scene.work / "began")
        session.expect_that(lambda: bool(scene.recorded()), "the started record")
        kill(scene, session)
        (event,) = scene.recorded()
        assert (event["title"], event.get("outcome")) == ("Move", None)
        session.type("\n")
        finished(scene, session)
    event = scene.only()
    assert (event["title"], event["outcome"], event["severity"]) == ("Move — outcome unknown", "unknown", "error")


def test_a_run_that_was_killed_before_it_was_recorded_is_reported_by_its_facts(scene):
    """The folder with the facts is there before the command; nothing else is needed."""
    environ = {"PATH": f"{scene.work}:{scene.environ['PATH']}"}
    scene.script(scene.work / "git", "sleep 900")  # the context takes its time
    words = ("run", "--kind", "deployment", "--service", "shop", "--title", "With a s3cret title", "--")
    with scene.start(*words, "sh", "-c", WORK.format(code=0), **environ) as session:
        session.expect_file(scene.work / "began")
        kill(scene, session)
        finished(scene, session)
    event = scene.only()
    assert (event["title"], event["outcome"]) == ("deployment of shop — outcome unknown", "unknown")
    assert event["tool"]["name"] == "sh"
    assert event["trace"]["run_id"] == event["id"]


def test_an_end_that_was_written_down_is_reported_though_we_were_killed_before_it_was_recorded(scene):
    environ = {"PATH": f"{scene.work}:{scene.environ['PATH']}"}
    scene.script(scene.work / "git", "sleep 900")
    with scene.start("run", "--kind", "build", "--", "sh", "-c", "exit 3", **environ) as session:
        ends = scene.state / "runs"
        session.expect_that(lambda: any(ends.glob("*/end")), "the end to be written down")
        kill(scene, session)
    event = scene.only()
    assert (event["title"], event["outcome"]) == ("build — failed, exit code 3", "failed")
    assert event["tool"]["exit_code"] == 3


def test_a_recording_that_takes_too_long_is_finished_by_the_next_command(scene):
    environ = {"PATH": f"{scene.work}:{scene.environ['PATH']}", "TFEVENT_BUDGET": "0.2", **HURRIED}
    scene.script(scene.work / "git", "sleep 900")
    done = scene.events("run", "--kind", "build", "--", "sh", "-c", "exit 3", **environ)
    assert done.returncode == 3
    if b"the next tfevent command finishes it" in done.stderr:  # git has two seconds, we have 1.2
        assert scene.only()["title"] == "build — failed, exit code 3"
    else:
        assert scene.only()["outcome"] == "failed"


def fractions():
    generator = random.Random(_SEED)
    return [round(generator.random(), 3) for _ in range(KILLS)]


@pytest.fixture(scope="module")
def full_length(tmp_path_factory):
    """Seconds from the command line to our end."""
    scene = Scene(tmp_path_factory.mktemp("whole"))
    with stopwatch() as took:
        assert scene.events("run", "--", "sh", "-c", WORK.format(code=3)).returncode == 3
    return took.seconds


@pytest.mark.slow
@pytest.mark.parametrize("fraction", fractions())
def test_a_kill_at_any_instant_leaves_one_true_record(fraction, full_length, tmp_path):
    scene = Scene(tmp_path)
    with scene.start("run", "--kind", "deployment", "--", "sh", "-c", WORK.format(code=3)) as session:
        time.sleep(fraction * full_length)
        known = any((scene.state / "runs").glob("[!.]*/facts")) or (scene.state / "journal.db").exists()
        kill(scene, session)
        if not known:
            session.expect_that(lambda: not session.left(), "everything to end")
        if known or (scene.work / "began").exists():
            finished(scene, session)
    events = scene.recorded()
    if (scene.work / "ended").exists():
        assert (scene.work / "ended").read_text() == "done\n"
        (event,) = events
        assert event["outcome"] in {"unknown", "failed"}
        assert event["kind"] == "deployment"
        if event["outcome"] == "failed":
            assert event["tool"]["exit_code"] == 3
        assert not list((scene.state / "runs").iterdir())
    else:
        assert len(events) <= 1, "at most one that was made ready, and whose command was never started"
        assert all(event["outcome"] == "unknown" for event in events)
