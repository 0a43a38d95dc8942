"""Signals and job control of a command that runs through tfevent: each comes once, however it was sent."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support.pty import PIPES, TERMINAL, Session
from tests.support.receiver import Receiver, hang
from tests.support.scene import EVENTS
from tests.support.speed import at_most

CTRL_C, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x1a", "\x1c"
QUIET = 1.0  # seconds in which a second signal would have come: three times what is waited for the witness
# notes each signal in a file, and ends on its own when `end` appears
COUNTING = """\
import os, signal, sys, time
seen = open("seen", "a", buffering=1)
for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2"):
    signal.signal(getattr(signal, "SIG" + name), lambda number, _: seen.write(signal.Signals(number).name + "\\n"))
open("up", "w").close()
while not os.path.exists("end"):
    time.sleep(0.01)
sys.exit(9)
"""


class Counter:
    """A command that counts its signals."""

    def __init__(self, scene, session):
        self.scene = scene
        self.session = session

    @property
    def seen(self):
        return (self.scene.work / "seen").read_text().split()

    def has(self, *names):
        self.session.expect_that(lambda: self.seen == list(names), f"{names} to be seen")

    def has_no_more_than(self, *names):
        self.has(*names)
        time.sleep(QUIET)
        assert self.seen == list(names)

    def end(self):
        (self.scene.work / "end").touch()
        return self.session.finish()


@pytest.fixture(params=[PIPES, TERMINAL], ids=str)
def stdio(request):
    return request.param


def counting(scene, stdio=PIPES):
    (scene.work / "counting.py").write_text(COUNTING)
    session = scene.start("run", "--", sys.executable, "counting.py", stdio=stdio)
    session.expect_file(scene.work / "up")
    return session


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"])
def test_a_signal_to_us_alone_is_passed_on_once(scene, name):
    with counting(scene) as session:
        counter = Counter(scene, session)
        session.signal(getattr(signal, name))
        counter.has_no_more_than(name)
        assert counter.end().code == 9
    asks_for_an_end = name in {"SIGINT", "SIGTERM", "SIGQUIT"}  # what outlives a hangup has reloaded
    expected = "cancelled" if asks_for_an_end else "failed"
    event = scene.only()
    assert event["outcome"] == expected
    if expected == "cancelled":
        assert event["title"].endswith(f" — cancelled, {name}")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_to_the_whole_group_is_not_doubled(scene, name):
    with counting(scene) as session:
        counter = Counter(scene, session)
        os.killpg(session.process.pid, getattr(signal, name))
        counter.has_no_more_than(name)
        counter.end()


@pytest.mark.races
def test_signals_to_one_process_after_the_other_are_not_doubled(scene):
    """As systemd and Jenkins do it: everybody they find gets it, one by one."""
    with counting(scene) as session:
        counter = Counter(scene, session)
        for pid in members(session.process.pid):
            os.kill(pid, signal.SIGTERM)
            time.sleep(0.05)
        counter.has_no_more_than("SIGTERM")
        counter.end()


def members(group):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group:
                found.append(int(entry.name))
    return sorted(found)


@pytest.mark.races
def test_several_signals_to_us_alone_all_arrive(scene):
    with counting(scene) as session:
        counter = Counter(scene, session)
        session.signal(signal.SIGTERM)
        counter.has("SIGTERM")
        session.signal(signal.SIGTERM)
        counter.has("SIGTERM", "SIGTERM")
        session.signal(signal.SIGUSR1)
        counter.has_no_more_than("SIGTERM", "SIGTERM", "SIGUSR1")
        counter.end()


def test_without_the_witness_a_signal_is_passed_on_all_the_same(scene):
    with counting(scene) as session:
        counter = Counter(scene, session)
        (witness,) = [pid for pid in members(session.process.pid) if pid != session.process.pid and not is_command(pid)]
        os.kill(witness, signal.SIGKILL)
        with at_most(1.5, "nobody is waited for who is not there"):
            session.signal(signal.SIGTERM)
            counter.has("SIGTERM")
        counter.has_no_more_than("SIGTERM")
        assert busy(session.process.pid) < 0.5, "the end of its pipe is no reason to wake again and again"
        assert counter.end().code == 9


def busy(pid):
    """Share of a processor that a process takes in the next second."""

    def ticks():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(QUIET)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / QUIET


def is_command(pid):
    return b"counting.py" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1]


@pytest.mark.parametrize(("keys", "name"), [(CTRL_C, "SIGINT"), (CTRL_BACKSLASH, "SIGQUIT")])
@pytest.mark.races
def test_keys_on_the_terminal_are_one_signal(scene, keys, name):
    with counting(scene, TERMINAL) as session:
        counter = Counter(scene, session)
        session.type(keys)
        counter.has_no_more_than(name)
        assert counter.end().code == 9


@pytest.mark.races
def test_ctrl_c_ends_a_plain_command_as_it_does_without_us(scene):
    with scene.start("run", "--", "sleep", "60", stdio=TERMINAL) as session:
        session.expect_that(lambda: "sleep" in session.left(), "the command")
        session.type(CTRL_C)
        assert session.finish().code == -signal.SIGINT
        assert session.left() == []
    event = scene.only()
    assert (event["outcome"], event["title"]) == ("cancelled", "sleep — cancelled, SIGINT")
    assert event["severity"] == "warning"


@pytest.mark.races
def test_a_second_ctrl_c_does_not_wait_for_a_slow_backend(scene):
    with (
        Receiver(always=hang()) as receiver,
        scene.start(
            "run", "--", "sleep", "60", stdio=TERMINAL, TFEVENT_WEBHOOK_URL=receiver.url, TFEVENT_BUDGET="15"
        ) as session,
    ):
        session.expect_that(lambda: "sleep" in session.left(), "the command")
        session.expect_that(lambda: bool(scene.recorded()), "the started record")
        session.type(CTRL_C)
        session.expect_that(lambda: bool(receiver.received), "the delivery")
        with at_most(5):
            session.type(CTRL_C)
            assert session.finish().code == -signal.SIGINT
    assert scene.only()["outcome"] == "cancelled"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell with job control")
@pytest.mark.timeout(180)  # a key typed at the wrong moment is lost, and nobody would type it again
@pytest.mark.races
def test_ctrl_z_and_fg_work(scene):
    environ = {**scene.environ, "PS1": "> "}
    command = " ".join([*EVENTS, "run", "--", "sh", "-c", "'touch up; read x; echo got $x; exit 7'"])
    with Session(["bash", "--norc", "--noprofile", "-i"], cwd=scene.work, env=environ, stdio=TERMINAL) as shell:
        shell.type(command + "\n")
        shell.expect_file(scene.work / "up")
        shell.type(CTRL_Z)
        shell.expect("Stopped")
        shell.expect("> ")  # before its prompt the shell throws away what was typed
        shell.type("jobs\n")
        shell.expect("Stopped")
        shell.expect("> ")
        shell.type("fg\n")
        shell.expect("run --")
        shell.type("it\n")
        shell.expect("got it")
        shell.expect("> ")
        shell.type("echo rc=$?\n")
        shell.expect("rc=7")
        shell.type("exit\n")
        shell.finish()
    assert scene.only()["tool"]["exit_code"] == 7


def test_nothing_of_ours_is_left_behind(scene):
    with counting(scene) as session:
        Counter(scene, session).end()
        assert session.left() == []
    assert list((scene.state / "runs").iterdir()) == []


@pytest.mark.races
def test_a_nested_run_gets_one_ctrl_c_too(scene):
    (scene.work / "counting.py").write_text(COUNTING)
    inner = f"tfevent events run -- {sys.executable} counting.py"
    with scene.start("run", "--", "sh", "-c", f"trap : INT; {inner}", stdio=TERMINAL) as session:
        session.expect_file(scene.work / "up")
        counter = Counter(scene, session)
        session.type(CTRL_C)
        counter.has_no_more_than("SIGINT")
        counter.end()


def test_who_is_stopped_before_the_command_was_started_starts_none(scene):
    """A slow disk may keep us busy with the folder of the run: the first signal falls into that time."""
    slow = "import os, time, sys\nreal = os.fsync\n"
    slow += "def fsync(fd):\n    open('busy', 'w').close(); time.sleep(1); real(fd)\n"
    start = "os.fsync = fsync; sys.argv = ['tfevent', 'events', 'run', '--', 'touch', 'ran']\n"
    code = slow + start + "from tf_wrapper.__main__ import main; main()"
    with Session([sys.executable, "-c", code], cwd=scene.work, env=scene.environ, stdio=PIPES) as session:
        session.expect_file(scene.work / "busy")
        session.signal(signal.SIGTERM)
        assert session.finish().code == -signal.SIGTERM
    assert not (scene.work / "ran").exists()
    assert scene.recorded() == []
