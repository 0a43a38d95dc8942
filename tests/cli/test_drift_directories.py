"""Directories that are given to `tfevent events drift`: odd ones, the same one twice, and ones that are no more."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.drifting import Fleet, messages, resized, stack
from tests.cli.test_cli_drift import drift, events, lines, no_process_of
from tests.support.speed import HANG, wait_for


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


def calls(fleet):
    path = fleet.path / "calls"
    return path.read_text().splitlines() if path.exists() else []


def remembered(fleet):
    with fleet.journal() as journal:
        return [(one.directory.rpartition("/")[2], one.workspace, len(one.drift)) for one in journal.drift_checks()]


def remote(folder, *workspaces):
    """A directory with a backend that has to be asked for its workspaces."""
    (folder / ".terraform").mkdir()
    (folder / ".terraform/terraform.tfstate").write_text('{"backend": {"type": "s3"}}')
    (folder / "workspaces").write_text("".join(f"{name}\n" for name in workspaces))


def test_no_plan_is_made_for_a_workspace_that_does_not_exist(fleet):
    stack(fleet, "local", resized()).joinpath("workspaces").write_text("* default\n")
    remote(stack(fleet, "remote", resized()), "* default", "  eu")
    text = fleet.here("drift", "local", "remote", env={"TF_WORKSPACE": "nonex"})
    assert text.returncode == 3
    assert lines(text.stdout) == [
        "unknown  local (nonex): workspace nonex does not exist",
        "unknown  remote (nonex): workspace nonex does not exist",
    ]
    assert sorted(calls(fleet)) == ["workspace local", "workspace remote"]
    assert remembered(fleet) == []
    (fleet.path / "remote/.terraform/environment").write_text("eu")
    (fleet.path / "local/terraform.tfstate.d/eu").mkdir(parents=True)
    assert fleet.here("drift", "remote").returncode == 2
    assert fleet.here("drift", "local", env={"TF_WORKSPACE": "eu"}).returncode == 2
    assert remembered(fleet) == [("local", "eu", 1), ("remote", "eu", 1)]


def test_where_workspaces_cannot_be_listed_it_is_said_why(fleet):
    remote(stack(fleet, "a"))
    (fleet.path / "a/workspaces").unlink()
    done = fleet.here("drift", "a", env={"TF_WORKSPACE": "eu"})
    assert (done.returncode, calls(fleet)) == (3, ["workspace a"])
    assert done.stdout.startswith("unknown  a (eu): ")
    assert "does not exist" not in done.stdout


def test_what_is_no_directory_is_unknown_for_its_reason_and_the_others_are_checked(fleet):
    stack(fleet, "a", resized())
    (fleet.path / "file.tf").touch()
    (fleet.path / "loop").symlink_to("loop")
    (fleet.path / "dangling").symlink_to("nowhere")
    long = "x" * 300
    text = drift(fleet, "a", "loop", "dangling", "file.tf", "mistyped", long, code=2)
    assert lines(text) == [
        "drift    a: 1 resource drifted: aws_instance.web (size)",
        "unknown  dangling: no such directory",
        "unknown  file.tf: is not a directory",
        "unknown  loop: no such directory: too many levels of symbolic links",
        "unknown  mistyped: no such directory",
        f"unknown  {long}: no such directory: the name is too long",
    ]
    assert remembered(fleet) == [("a", "default", 1)]


def test_a_directory_is_checked_once_whatever_leads_to_it(fleet):
    folder = stack(fleet, "a", resized())
    (fleet.path / "link").symlink_to("a")
    assert drift(fleet, "a/", "a", "link", "./a", str(folder), code=2) == (
        "drift    a/: 1 resource drifted: aws_instance.web (size)\n"
    )
    for given in ("link", "a", str(folder)):
        drift(fleet, given, code=2)
    assert len(events(fleet)) == len(remembered(fleet)) == 1


@pytest.mark.parametrize("is_absolute", [True, False])
def test_without_a_working_directory_absolute_paths_are_checked(fleet, is_absolute):
    folder = stack(fleet, "a", resized())
    (fleet.path / "removed").mkdir()
    script = 'import os, sys; os.chdir("removed"); os.rmdir("../removed"); os.execv(sys.executable, sys.argv[1:])'
    command = [sys.executable, "-m", "tf_wrapper", "events", "drift", str(folder) if is_absolute else "."]
    done = subprocess.run(
        [sys.executable, "-c", script, *command], cwd=fleet.path, env=fleet.environ, capture_output=True, text=True,
        timeout=HANG, check=False,
    )  # fmt: skip
    if is_absolute:
        assert f"drift    {folder}: 1 resource drifted" in done.stdout
        assert (done.returncode, "bug" in done.stderr) == (2, False)
    else:
        assert done.returncode == 1
        assert done.stderr == "tfevent: .: the working directory has been removed: give absolute paths\n"


@pytest.mark.parametrize(
    "words",
    [
        ("",), ("--timeout", "inf"), ("--timeout", "nan"), ("--timeout", "1e10"), ("--timeout", "x"),
        ("--jitter", "1e400"), ("--jitter", "-1"),
    ],
)  # fmt: skip
def test_usage_errors(fleet, words):
    done = fleet.here("drift", *words)
    assert done.returncode == 1
    expected = {"": "the value is empty", "--timeout": "from 1 to 604800", "--jitter": "from 0 to 604800"}
    assert expected[words[0]] in done.stderr


def titles(fleet):
    return [event["title"] for event in events(fleet)]


def test_titles_are_true_where_other_drift_was_known_before(fleet):
    names = ("a", "b", "c")
    for name in names:
        stack(fleet, name)
    for name, *found in (
        ("a", resized()),  # first
        ("b", resized()),
        ("a", resized(size="huge")),
        ("a", resized(size="huge"), resized("aws_instance.other")),
        ("b",),
        ("a", resized()),  # one is changed, the other one gone
        ("a",),
    ):
        stack(fleet, name, *found)
        fleet.here("drift", "--no-pending", *names)
    assert titles(fleet) == [
        "Drift in 1 of 3 directories: 1 resource drifted",
        "New drift in 1 of 3 directories: 1 resource drifted",
        "New drift in 1 of 3 directories: 1 resource drifted further",
        "New drift in 1 of 3 directories: 1 resource drifted",
        "Less drift in 1 of 3 directories: 1 resource no longer drifted",
        "Drift in 1 of 3 directories: 1 resource drifted further, 1 resource no longer drifted",
        "Drift in 1 of 3 directories: 1 resource no longer drifted",
    ]


def test_drift_that_is_not_known_now_was_known_before(fleet):
    (stack(fleet, "a", resized()), stack(fleet, "b"))
    drift(fleet, "a", "b", code=2)
    (fleet.path / "a/fails").touch()
    stack(fleet, "b", resized())
    drift(fleet, "a", "b", code=2)
    assert titles(fleet)[-1] == "New drift in 1 of 2 directories: 1 resource drifted"


def test_a_directory_that_is_missing_keeps_its_drift_and_is_forgotten_when_that_is_asked_for(fleet):
    folder = stack(fleet, "a", resized())
    stack(fleet, "b")
    drift(fleet, "a", "b", code=2)
    shutil.rmtree(folder)
    text = fleet.here("doctor").stdout
    assert "2 directories checked, 0 with drift" in text
    assert "ago, no longer exists" in text
    drift(fleet, "a", "b", "never", code=3)
    assert remembered(fleet) == [("a", "default", 1), ("b", "default", 0)]
    assert drift(fleet, "a", "b", "--forget", code=3)
    assert remembered(fleet) == [("b", "default", 0)]
    assert len(events(fleet)) == 1


def test_drift_of_a_directory_that_was_not_mounted_for_a_while_is_not_new(fleet):
    folder = stack(fleet, "a", resized())
    (folder / ".terraform").mkdir()
    (folder / ".terraform/environment").write_text("eu")
    (folder / "terraform.tfstate.d/eu").mkdir(parents=True)
    drift(fleet, "a", code=2)
    folder.rename(fleet.path / "elsewhere")
    drift(fleet, "a", code=3)
    assert remembered(fleet) == [("a", "eu", 1)]
    (fleet.path / "elsewhere").rename(folder)
    drift(fleet, "a", code=2)
    assert remembered(fleet) == [("a", "eu", 1)]
    assert len(events(fleet)) == 1


def test_no_name_forges_a_line_of_doctor(fleet):
    name = "a\nerror     binary            broken"
    stack(fleet, name, resized())
    drift(fleet, name, code=2)
    text = fleet.here("doctor").stdout
    assert "a\\nerror" in text
    assert not any(line.strip().startswith("error") for line in text.splitlines())


def test_the_tool_is_the_one_that_answers(fleet):
    folder = stack(fleet, "a", resized())
    text = messages({"type": "resource_drift", "change": {"action": "update"}})
    (folder / "messages.jsonl").write_text(text.replace('"terraform": "1.11.4"', '"tofu": "1.9.0"'))
    drift(fleet, "a", code=2)
    tool = events(fleet)[0]["tool"]
    assert (tool["name"], tool["version"]) == ("tofu", "1.9.0")


def test_mistakes_of_settings_that_several_directories_share_are_reported_once(fleet):
    names = ["live/a", "live/b", "live/c"]
    for name in names:
        stack(fleet, name)
    (fleet.path / "live/tfevent.yaml").write_text("typo: 1\n")
    assert fleet.here("drift", *names).stderr.count("typo: no such key") == 1


@pytest.mark.slow
def test_a_second_signal_ends_what_takes_no_notice_of_the_first(fleet):
    folder = stack(fleet, "a")
    for name in ("hang", "stubborn"):
        (folder / name).touch()
    script = (
        "import sys; from tf_wrapper.drift import processes; processes._LOCK_GRACE = 1e6; "
        "from tf_wrapper.__main__ import main; sys.exit(main(['events', 'drift', 'a', '--lock']))"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=fleet.path, env=fleet.environ) as process:
        wait_for((fleet.path / "calls.pids").exists, HANG)
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.wait(HANG)
    assert process.returncode == 130
    assert no_process_of(fleet)
