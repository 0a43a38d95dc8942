"""Odd working directories, homes and files: each was a hang, a traceback or a lost event once."""

import json
import os
import shutil
import stat
import subprocess

import pytest

from tests.support.live import TFEVENT, Stack

ONE = 'resource "terraform_data" "a" { input = 1 }\n'


@pytest.fixture
def stack(tmp_path):
    made = Stack(tmp_path, ONE)
    assert made.run("init").code == 0
    return made


def test_a_removed_working_directory_is_terraforms_to_complain_of(stack, tmp_path):
    gone = tmp_path / "gone"
    for words in (["version"], ["plan"], ["plan", "-help"]):
        for extra in ({}, {"TFEVENT_DISABLE": "1"}):
            gone.mkdir()
            command = 'rmdir ../gone; exec "$@"'
            argv = ["sh", "-c", command, "sh", *TFEVENT, *words]
            done = subprocess.run(
                argv, cwd=gone, env={**stack.env, **extra}, capture_output=True, text=True, check=False
            )
            assert "Traceback" not in done.stderr, done.stderr
            assert not gone.exists()


def test_a_pipe_named_like_the_settings_is_not_waited_for(stack):
    os.mkfifo(stack.code / "tfevent.yaml")
    assert stack.run("version").code == 0
    done = stack.apply()
    assert done.code == 0
    assert stack.event()["outcome"] == "succeeded"


@pytest.mark.parametrize("text", ["environment: &a [*a]\n", "environment: " + "[" * 5000 + "\n"], ids=["alias", "deep"])
def test_settings_that_cannot_be_read_are_a_mistake_and_the_event_is_kept(stack, text):
    (stack.code / "tfevent.yaml").write_text(text)
    done = stack.apply()
    assert done.code == 0
    assert any("tfevent.yaml" in line for line in done.own)
    assert stack.event()["outcome"] == "succeeded"
    doctor = stack.events("doctor")
    assert doctor.code == 1
    assert "bug" not in doctor.out + doctor.err


@pytest.mark.parametrize("home", ["", "relative"])
def test_a_home_that_is_no_place_leaves_nothing_in_the_working_directory(stack, home, tmp_path):
    state = tmp_path / "state"
    env = {"HOME": home, "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": "", "TFEVENT_STATE_DIR": str(state)}
    assert stack.apply(**env).code == 0
    assert {path.name for path in stack.code.iterdir()} == {"main.tf", "terraform.tfstate"}


def test_a_damaged_journal_is_reported_of(stack):
    assert stack.apply().code == 0
    journal = stack.state / "journal.db"
    for name in ("journal.db-wal", "journal.db-shm"):
        (stack.state / name).unlink(missing_ok=True)
    journal.write_bytes(os.urandom(8192))
    done = stack.apply(ONE.replace("1", "2"))
    assert done.code == 0
    assert any("journal" in line and "corrupt" in line for line in done.own), done.err
    assert len(stack.recorded()) == 1


def test_the_private_plan_is_private(stack):
    code = ONE + 'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "%s"\n  }\n}\n'
    target = stack.home / "mode"
    runs = stack.state / "runs"
    assert stack.apply(code % f"ls -l {runs}/*/plan | cut -c1-10 > {target}").code == 0
    assert target.read_text().strip() == stat.filemode(stat.S_IFREG | 0o600)
    assert stack.runs == []
    shutil.rmtree(stack.home)


def test_no_plan_waits_with_an_event_that_its_journal_did_not_take(tmp_path):
    """A saved plan has secrets in plain text, and such a journal may never be usable."""
    stack = Stack(tmp_path, 'variable "p" {\n  sensitive = true\n  default = "planted-8CqQ"\n}\n' + ONE)
    assert stack.run("init").code == 0
    notes = tmp_path / "notes.txt"
    notes.write_text("not a journal\n" * 50)
    done = stack.apply(TFEVENT_JOURNAL=str(notes))
    assert done.code == 0
    assert any("stays unchanged" in line for line in done.own)
    (run,) = (stack.state / "runs").iterdir()
    assert sorted(file.name for file in run.iterdir()) == ["checkpoint", "facts", "journal", "lock"]
    assert not [file for file in run.iterdir() if b"planted-8CqQ" in file.read_bytes()]
    [line] = [line for line in stack.events("doctor").out.splitlines() if "another journal" in line]
    assert str(notes) in line
    notes.unlink()
    assert stack.events("flush", TFEVENT_JOURNAL=str(notes)).code == 0
    event = json.loads(stack.events("show last --json", TFEVENT_JOURNAL=str(notes)).out)
    assert (event["title"], event["outcome"]) == ("code: 1 created", "succeeded")
    assert event["id"] in "".join(done.own)
    assert not list((stack.state / "runs").iterdir())
