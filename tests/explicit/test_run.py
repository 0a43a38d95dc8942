"""`tfevent events run`: the command notices nothing, and the journal records it truthfully."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from tests.support.pty import TERMINAL
from tests.support.receiver import Receiver, hang, status
from tests.support.scene import EVENTS
from tests.support.secrets import PASSWORD, TOKENS, assert_nowhere
from tests.support.speed import at_most

SHOP = ("run", "--kind", "deployment", "--service", "shop", "--environment", "prod")


def test_it_is_recorded_when_it_ran_and_how_it_ended(scene):
    done = scene.events(*SHOP, "--version", "1.4.2", "--", "sh", "-c", "sleep 0.2; echo out; echo err >&2")
    assert (done.returncode, done.stdout) == (0, b"out\n")
    event = scene.only()
    assert done.stderr.decode() == f"err\ntfevent: shop 1.4.2 deployed to prod [{event['id']}] → journal\n"
    assert (event["title"], event["outcome"]) == ("shop 1.4.2 deployed to prod", "succeeded")
    assert event["tool"]["name"] == "sh"
    assert event["tool"]["exit_code"] == 0
    assert "sleep 0.2" in event["tool"]["command"]
    assert event["ended_at"] > event["started_at"]


def test_its_exit_code_is_ours(scene):
    for code in (1, 2, 127, 143, 255):
        assert scene.events("run", "--", "sh", "-c", f"exit {code}").returncode == code
    for event in scene.recorded():
        code = event["tool"]["exit_code"]
        assert (event["outcome"], event["title"]) == ("failed", f"sh — failed, exit code {code}")
        assert event["failures"] == [{"summary": f"exit code {code}"}]


@pytest.mark.parametrize("name", ["KILL", "SEGV", "TERM", "INT", "PIPE"])
def test_it_dies_of_the_signal_that_killed_the_command(scene, name):
    line = f"ulimit -c unlimited; exec {' '.join(EVENTS)} run -- sh -c 'ulimit -c 0; kill -{name} $$'"
    done = subprocess.run(["sh", "-c", line], cwd=scene.work, env=scene.environ, capture_output=True, check=False)
    assert done.returncode == -getattr(signal, f"SIG{name}")
    event = scene.only()
    assert event["outcome"] == ("cancelled" if name in {"TERM", "INT"} else "failed")
    if name == "KILL":
        assert event["title"] == "sh — failed, killed by SIGKILL"
    assert list(scene.work.iterdir()) == [], "no core of ours"


def test_what_cannot_be_run_is_reported_as_shells_report_it(scene):
    (scene.work / "text").write_text("x")
    done = scene.events("run", "--", "no-such-command")
    assert (done.returncode, done.stdout) == (127, b"")
    assert done.stderr.startswith(b"tfevent: cannot run no-such-command: No such file or directory\n")
    assert scene.events("run", "--", "./nowhere/at-all").returncode == 127
    assert scene.events("run", "--", "./text").returncode == 126
    assert scene.events("run", "--", str(scene.work)).returncode == 126
    titles = [event["title"] for event in scene.recorded()]
    assert titles[0] == "no-such-command — failed, command not found"
    assert titles[2] == "text — failed, permission denied"


def test_a_script_without_an_interpreter_line_runs_as_it_does_in_a_shell(scene):
    path = scene.work / "bare"
    path.write_text('echo "$0 $1"\n')
    path.chmod(0o755)
    assert scene.events("run", "--", "./bare", "x").stdout == b"./bare x\n"
    path.rename(scene.work.parent / "bin" / "bare")
    assert scene.events("run", "--", "bare", "y").stdout.endswith(b"/bare y\n")


def test_arguments_pass_untouched(scene):
    odd = ["", " ", "*", "$HOME", "--kind", "a\nb", "ü", "--", "-x", '"', "\\"]
    show = "import sys, json; print(json.dumps(sys.argv[1:]))"
    done = scene.events("run", "--", sys.executable, "-c", show, *odd)
    assert json.loads(done.stdout) == odd
    done = scene.events("run", "sh", "-c", 'echo "$@"', "sh", "--kind", "x")
    assert done.stdout == b"--kind x\n", "what follows the command is the command's"


def test_standard_input_and_odd_descriptors_are_the_commands(scene):
    assert scene.events("run", "--", "cat", stdin=b"typed\n").stdout == b"typed\n"
    reader, writer = os.pipe()
    argv = [*EVENTS, "run", "--", sys.executable, "-c", f"import os; os.write({writer}, b'three')"]
    subprocess.run(argv, cwd=scene.work, env=scene.environ, pass_fds=[writer], check=True)
    os.close(writer)
    assert os.read(reader, 100) == b"three"
    assert os.read(reader, 100) == b"", "nobody of ours holds it open"
    os.close(reader)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_are_no_trouble(scene, closed):
    line = f"exec {' '.join(EVENTS)} run -- sh -c 'echo x; exit 5' {closed}"
    done = subprocess.run(["sh", "-c", line], cwd=scene.work, env=scene.environ, check=False)
    assert done.returncode == 5
    assert scene.only()["tool"]["exit_code"] == 5


def test_a_reader_that_goes_away_is_the_commands_own_affair(scene):
    line = f"{{ {' '.join(EVENTS)} run -- sh -c 'yes | head -100000'; echo $? > code; }} | head -1"
    done = subprocess.run(["bash", "-c", line], cwd=scene.work, env=scene.environ, capture_output=True, check=False)
    bare = subprocess.run(
        ["bash", "-c", "{ sh -c 'yes | head -100000'; echo $? > bare; } | head -1"],
        cwd=scene.work, env=scene.environ, capture_output=True, check=False,
    )  # fmt: skip
    assert done.stdout == bare.stdout == b"y\n"
    assert (scene.work / "code").read_text() == (scene.work / "bare").read_text()


def test_the_commands_environment_is_its_own_with_our_trace_in_it(scene):
    show = "import os, json; print(json.dumps(dict(os.environ)))"
    bare = json.loads(
        subprocess.run(
            [sys.executable, "-c", show], cwd=scene.work, env=scene.environ, capture_output=True, check=True
        ).stdout
    )
    seen = json.loads(scene.events("run", "--", sys.executable, "-c", show).stdout)
    event = scene.only()
    assert seen.pop("TFEVENT_RUN_ID") == event["id"]
    trace = event["trace"]
    assert seen.pop("TRACEPARENT") == f"00-{trace['trace_id']}-{trace['span_id']}-01"
    assert seen == bare


def test_signals_that_were_ignored_stay_ignored_and_others_are_at_their_default(scene):
    ignored = "import signal; print([n for n in range(1, 32) if signal.getsignal(n) == signal.SIG_IGN])"
    done = subprocess.run(
        ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *EVENTS, "run", "--", sys.executable, "-c", ignored],
        cwd=scene.work, env=scene.environ, capture_output=True, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout) == [signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ], "the last two are Python's own"


def test_nested_runs_are_children(scene):
    scene.script(
        scene.work / "deploy.sh",
        "tfevent events run --kind build --service shop -- true\ntfevent events send --title flushed\nexit 4",
    )
    assert scene.events(*SHOP, "--", "./deploy.sh").returncode == 4
    by_title = {event["title"]: event for event in scene.recorded()}
    outer = by_title["deployment of shop to prod — failed, exit code 4"]
    for title in ("shop built", "flushed"):
        assert by_title[title]["trace"]["parent_run_id"] == outer["id"]
        assert by_title[title]["trace"]["trace_id"] == outer["trace"]["trace_id"]
        assert by_title[title]["trace"]["parent_span_id"] == outer["trace"]["span_id"]


def test_it_is_in_the_journal_while_it_runs(scene):
    with scene.start(*SHOP, "--title", "Out with it", "--", "sh", "-c", "touch up; read x") as session:
        session.expect_file(scene.work / "up")
        session.expect_that(lambda: bool(scene.recorded()), "the started record")
        (event,) = scene.recorded()
        assert (event["title"], event.get("outcome")) == ("Out with it", None)
        session.type("\n")
        session.close_stdin()
        assert session.finish().code == 0
    assert scene.only()["outcome"] == "succeeded"


def test_an_option_that_cannot_be_used_is_reported_and_the_command_runs(scene):
    done = scene.events(
        "run", "--kind", "deploy", "--tag", "x", "--message", "-", "--", "sh", "-c", "exit 6", stdin=b""
    )
    assert done.returncode == 6
    named = [line.split(": ")[1] for line in done.stderr.decode().splitlines()[:3]]
    assert sorted(named) == ["--kind", "--message", "--tag"]
    assert scene.only()["kind"] == "custom"


def test_a_wrong_command_line_runs_nothing(scene):
    for words in (["run"], ["run", "--knid", "x", "--", "touch", "ran"], ["run", "--kind"]):
        assert scene.events(*words).returncode == 2
    assert not (scene.work / "ran").exists()
    assert scene.recorded() == []


def test_switched_off_it_becomes_the_command(scene):
    done = scene.events("run", "--", "sh", "-c", "echo $PPID; exit 3", TFEVENT_DISABLE="1")
    assert (done.returncode, int(done.stdout)) == (3, os.getpid())
    assert scene.events("run", "--", "gone", TFEVENT_DISABLE="1").returncode == 127
    assert scene.recorded() == []


def test_a_title_of_ones_own_reports_a_failure_too(scene):
    scene.events("run", "--title", "Rotate the password", "--", "false")
    event = scene.only()
    assert event["title"] == "Rotate the password — failed, exit code 1"
    assert event["severity"] == "error"


# -- never in the way


@pytest.mark.parametrize("failure", [status(401, b"bad token"), status(503), hang()], ids=["401", "503", "hang"])
def test_a_backend_that_fails_changes_nothing_but_a_line(scene, failure):
    with Receiver(always=failure) as receiver, at_most(5):
        done = scene.events(*SHOP, "--", "sh", "-c", "exit 7", TFEVENT_WEBHOOK_URL=receiver.url, TFEVENT_BUDGET="0.5")
    assert done.returncode == 7
    assert len(done.stderr.splitlines()) == 1
    assert scene.only()["tool"]["exit_code"] == 7


def test_a_state_folder_that_cannot_be_written_costs_lines_only(scene):
    scene.state.write_text("in the way")
    with Receiver() as receiver:
        done = scene.events(*SHOP, "--", "sh", "-c", "echo out; exit 7", TFEVENT_WEBHOOK_URL=receiver.url)
        assert (done.returncode, done.stdout) == (7, b"out\n")
        assert receiver.accepted[0].json()["tool"]["exit_code"] == 7
    assert all(line.startswith("tfevent: ") for line in done.stderr.decode().splitlines())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_costs_lines_only(scene):
    scene.state.mkdir()
    script = f"""
mount -t tmpfs -o size=64k tmpfs {scene.state} && mount -t tmpfs -o size=64k tmpfs /dev/shm || exit 77
dd if=/dev/zero of={scene.state}/fill bs=1k count=100 2>/dev/null
exec {" ".join(EVENTS)} run -- sh -c 'echo out; exit 7'
"""
    environ = {**scene.environ, "TMPDIR": str(scene.state)}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], cwd=scene.work, env=environ, capture_output=True, check=False
    )
    if done.returncode == 77:
        pytest.skip("no mounts in here")
    assert (done.returncode, done.stdout) == (7, b"out\n")
    assert b"tfevent: " in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_home_that_cannot_be_written_is_no_trouble(scene):
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    scene.state.mkdir()
    scene.state.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert scene.events(*SHOP, "--", "sh", "-c", "exit 7").returncode == 7


def test_a_damaged_journal_and_mistakes_in_the_settings_cost_lines_only(scene):
    scene.state.mkdir()
    (scene.state / "journal.db").write_bytes(b"no database at all" * 500)
    (scene.work / "tfevent.yaml").write_text("budget: never\n")
    done = scene.events(*SHOP, "--", "sh", "-c", "exit 7")
    assert done.returncode == 7
    assert b"budget: expected a number above 0" in done.stderr
    assert b"the journal was damaged" in done.stderr
    assert scene.only()["tool"]["exit_code"] == 7


def test_no_secret_of_a_command_is_kept(scene):
    line = f"echo {TOKENS['github']} --password {PASSWORD}"
    done = scene.events(
        *SHOP, "--title", f"With {TOKENS['slack']}", "--", "sh", "-c", "exit 1", "sh", "--token", TOKENS["npm"], line,
        DB_PASSWORD=PASSWORD,
    )  # fmt: skip
    planted = [TOKENS["github"], TOKENS["slack"], TOKENS["npm"], PASSWORD]
    assert_nowhere(planted, done.stderr, scene.state)


def test_a_command_may_outlive_the_terminal_that_started_it(scene):
    """What the command leaves running keeps nothing of ours, and we do not wait for it."""
    with at_most(10):
        done = scene.events("run", "--", "sh", "-c", "sleep 900 >/dev/null 2>&1 & echo $!")
    os.kill(int(done.stdout), signal.SIGKILL)
    assert scene.only()["outcome"] == "succeeded"


def test_on_a_terminal_the_command_has_the_terminal(scene):
    ask = "import os; print([os.isatty(n) for n in range(3)], os.get_terminal_size(), os.tcgetpgrp(0) == os.getpgrp())"
    with scene.start("run", "--", sys.executable, "-c", ask, stdio=TERMINAL) as session:
        out = session.finish().stdout.decode()
    assert "[True, True, True] os.terminal_size(columns=80, lines=24) True\r\n" in out
