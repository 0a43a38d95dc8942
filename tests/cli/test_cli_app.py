"""Exit codes and the one line on standard error, whatever goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from change_events import __version__
from change_events.cli import main
from change_events.cli.app import COMMANDS, PROGRAM, events
from change_events.model import Outcome
from change_events.redact import Redactor
from tests.cli.sample import partial, running, succeeded
from tests.support.speed import HANG


def test_help_names_every_command(home):
    text = home.events("--help")
    assert all(f"\n  {command} " in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(home, command):
    text = home.events(command, "--help")
    assert f"Usage: {PROGRAM} {command}" in text
    assert "Examples:\n" in text
    assert f"    tfevent events {command}" in text or f"| tfevent events {command}" in text


def test_every_option_says_what_it_does():
    context = events.make_context(PROGRAM, ["version"], resilient_parsing=True)
    for name in COMMANDS:
        command = events.get_command(context, name)
        for parameter in command.params:
            assert parameter.param_type_name == "argument" or parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize(
    "words",
    [["lst"], ["list", "--nope"], ["list", "--since", "soon"], ["show"], ["summarize"], ["list", "--outcome", "x"]],
)
def test_usage_errors_are_exit_2_and_leave_standard_output_alone(home, words):
    done = home.run(*words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Error: " in done.stderr


def test_a_journal_that_cannot_be_used_is_one_line_and_exit_1(home):
    home.state.mkdir()
    home.journal_path.write_bytes(b"this is no database, whatever its name says" * 100)
    done = home.run("list")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"tfevent: ")
    assert str(home.journal_path).encode() in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_bug_of_ours_reports_its_place_and_never_its_text(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    class Faulty:
        def read_documents(self, paths, redactor, ignore):
            raise ValueError("hunter2")

    assert main(["summarize", "x"], Faulty()) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tfevent: this is a bug in tfevent: ValueError at summarize.py:")
    assert "hunter2" not in captured.err


def test_a_closed_pipe_is_quiet(home):
    home.fill(*(msgspec.structs.replace(partial(), id=f"019ab0f1-5e00-7aaa-8bbb-{n:012}") for n in range(200)))
    with subprocess.Popen(
        [sys.executable, "-m", "tf_wrapper", "events", "list", "--json", "--limit", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home.path,
        env=home.environ,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_pipe_that_nobody_reads_is_quiet(home):
    reader, writer = os.pipe()
    os.close(reader)
    done = home.run("version", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("words", [["list"], ["show", "last"], ["flush"], ["doctor"]])
def test_killed_runs_are_closed_before_anything_is_reported(home, words, capsys, monkeypatch):
    """The half that knows how to close them is asked first; here it finds the run of unknown outcome."""

    class Half:
        def settle_leftovers(self, journal, settings):
            journal.settle(Redactor().seal(msgspec.structs.replace(running(), outcome=Outcome.UNKNOWN)), [])

        def checks(self, settings):
            return ()

    for name in ("TFEVENT_STATE_DIR", "TFEVENT_JOURNAL"):
        monkeypatch.setenv(name, home.environ[name])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home.path))
    monkeypatch.chdir(home.path)
    home.fill(running())
    assert main(words, Half()) == 0
    with home.journal() as journal:
        assert journal.get(running().id).outcome == "unknown"
    if words[0] in ("list", "show"):
        assert "unknown" in capsys.readouterr().out


def test_ctrl_c_is_quiet_and_130(home):
    pipe = home.path / "plan.json"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [sys.executable, "-m", "tf_wrapper", "events", "summarize", str(pipe)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home.path,
        env=home.environ,
    ) as process:
        writer = os.open(pipe, os.O_WRONLY)  # returns when the command has opened the other end
        time.sleep(0.05)  # let it go from open() into read()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=HANG) == (b"", b"")
        os.close(writer)
    assert process.returncode == 130


def test_mistakes_in_the_settings_cost_one_line_and_no_answer(home):
    home.fill(succeeded())
    (home.path / "tfevent.yaml").write_text("enviroment: prod\nbudget: soon\n")
    done = home.run("list")
    assert done.returncode == 0
    assert done.stdout.startswith(succeeded().id.encode())
    first, more = done.stderr.decode().splitlines()
    assert first.endswith("tfevent.yaml:1: enviroment: no such key: did you mean environment?")
    assert more == "tfevent: 1 more mistake in the settings: `tfevent events doctor` lists all"


def test_a_full_disk_under_the_output_is_no_bug(home):
    home.fill(succeeded())
    with open("/dev/full", "w") as full:
        done = home.run("list", stdout=full)
    assert (done.returncode, done.stderr) == (1, b"tfevent: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize("command", ["list", "doctor", "version"])
def test_a_working_directory_that_is_gone_is_no_bug(home, command):
    home.fill(succeeded())
    gone = home.path / "gone"
    gone.mkdir()
    script = f"rmdir {gone}; exec {sys.executable} -m tf_wrapper events {command}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, cwd=gone, env=home.environ, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_that_cannot_show_a_character_gets_a_question_mark(home):
    home.fill(msgspec.structs.replace(succeeded(), title="本番"))
    assert "\t??\t" in home.events("list", env={"PYTHONIOENCODING": "ascii"})


def test_version(home):
    assert home.events("version").startswith(f"tfevent {__version__} (event schema 1.")


@pytest.mark.parametrize(("words", "title"), [([], "ChangeEvent"), (["--settings"], "tfevent")])
def test_schema_is_json_schema(home, words, title):
    document = json.loads(home.events("schema", *words))
    assert document["$schema"].startswith("https://json-schema.org/")
    assert title.lower() in json.dumps(document).lower()
