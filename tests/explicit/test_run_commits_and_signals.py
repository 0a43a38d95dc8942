"""`tfevent events run`: commits as they were before the command, what a signal means, and being process 1."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.pty import PIPES
from tests.support.scene import EVENTS

RELOADING = """\
import os, signal, sys, time
signal.signal(signal.SIG{name}, lambda *_: open("reloaded", "w").close())
open("up", "w").close()
while not os.path.exists("end"):
    time.sleep(0.01)
sys.exit({code})
"""


def subjects(event):
    return [commit["subject"] for commit in event["vcs"]["commits"]]


def test_the_previous_commit_is_looked_up_before_the_command_moves_it(scene):
    old = scene.commit("one")
    scene.git("tag", "deployed")
    scene.commit("two")
    done = scene.events("run", "--previous-commit", "deployed", "--", "git", "tag", "-f", "deployed", "HEAD")
    assert done.returncode == 0
    event = scene.only()
    assert (event["vcs"]["previous"], subjects(event)) == (old, ["two"])


def test_the_commit_is_what_the_command_has_checked_out(scene):
    old = scene.commit("one")
    command = ["git", "commit", "-q", "--allow-empty", "-m", "pulled"]
    done = scene.events("run", "--previous-commit", "HEAD", "--", *command, GIT_AUTHOR_NAME="Bo")
    assert done.returncode == 0
    event = scene.only()
    assert (event["vcs"]["previous"], subjects(event)) == (old, ["pulled"])
    assert event["vcs"]["commit"] == scene.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("name", "code", "outcome"), [("HUP", 4, "failed"), ("HUP", 129, "cancelled"), ("TERM", 4, "cancelled")]
)
def test_a_reload_is_no_cancellation(scene, name, code, outcome):
    (scene.work / "reloading.py").write_text(RELOADING.format(name=name, code=code))
    with scene.start("run", "--", sys.executable, "reloading.py", stdio=PIPES) as session:
        session.expect_file(scene.work / "up")
        session.signal(getattr(signal, f"SIG{name}"))
        session.expect_file(scene.work / "reloaded")
        (scene.work / "end").touch()
        assert session.finish().code == code
    event = scene.only()
    assert event["outcome"] == outcome
    assert event["severity"] == ("error" if outcome == "failed" else "warning")


@pytest.mark.parametrize("name", ["SIGWINCH", "SIGALRM", "SIGABRT", "SIGRTMIN"])
def test_any_signal_reaches_the_command(scene, name):
    (scene.work / "reloading.py").write_text(RELOADING.format(name=name.removeprefix("SIG"), code=0))
    with scene.start("run", "--", sys.executable, "reloading.py", stdio=PIPES) as session:
        session.expect_file(scene.work / "up")
        session.signal(getattr(signal, name))
        session.expect_file(scene.work / "reloaded")
        (scene.work / "end").touch()
        assert session.finish().code == 0
    assert scene.only()["outcome"] == "succeeded"


# -- process 1 of a container

UNSHARE = shutil.which("unshare")
CAN_UNSHARE = (
    bool(UNSHARE)
    and not subprocess.run(
        [UNSHARE, "--pid", "--fork", "--mount-proc", "true"], capture_output=True, check=False
    ).returncode
)
as_process_1 = pytest.mark.skipif(not CAN_UNSHARE, reason="a PID namespace takes unshare and root")
ORPHANS = "for i in 1 2 3 4 5; do sh -c 'sleep 0.1 & exit 0'; done; sleep 1; ps -eo stat,args"


def container(scene, *command):
    return [UNSHARE, "--pid", "--fork", "--mount-proc", "--kill-child", *EVENTS, "run", "--", *command]


@as_process_1
def test_orphans_are_reaped(scene):
    argv = container(scene, "sh", "-c", ORPHANS)
    done = subprocess.run(
        argv, cwd=scene.work, env=scene.environ, capture_output=True, check=False, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "ps -eo" in done.stdout, "the list is that of the container"
    assert [line for line in done.stdout.splitlines() if line.startswith("Z")] == []
    assert scene.only()["outcome"] == "succeeded"


@as_process_1
def test_exit_codes_and_deaths_are_the_commands(scene):
    for script, code in (("exit 7", 7), ("kill -TERM $$", 143)):
        argv = container(scene, "sh", "-c", script)
        done = subprocess.run(argv, cwd=scene.work, env=scene.environ, capture_output=True, check=False, timeout=60)
        assert done.returncode == code
    assert [event["outcome"] for event in scene.recorded()] == ["failed", "cancelled"]


@as_process_1
def test_docker_stop_reaches_the_command(scene):
    script = "trap 'echo bye; exit 3' TERM; touch up; while :; do sleep 0.05; done"
    argv = container(scene, "sh", "-c", script)
    with subprocess.Popen(argv, cwd=scene.work, env=scene.environ, stdout=subprocess.PIPE) as process:
        end = time.monotonic() + 60
        while not (scene.work / "up").exists() and time.monotonic() < end:
            time.sleep(0.02)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)  # process 1, seen from outside
        assert process.communicate(timeout=60)[0] == b"bye\n"
        assert process.returncode == 3
    assert scene.only()["outcome"] == "cancelled"
