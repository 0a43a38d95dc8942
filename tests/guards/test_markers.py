"""Markers mean what they say: tests that race are few, rerun and counted; tests that start Ansible are marked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
# A new file needs a reason: what does the kernel decide there that a test cannot wait for?
RACES = {
    "ansible/test_ansible_core_versions.py",
    "ansible/test_exit_hooks.py",
    "ansible/test_callback_failures.py",
    "e2e/test_equivalence.py",
    "e2e/test_older_terraforms.py",
    "e2e/test_signals.py",
    "explicit/test_run_signals.py",
}
SAMPLE = """
import subprocess, sys
from pathlib import Path
import pytest

HERE = Path(__file__).parent

def second_time(name):
    tries = len((HERE / name).read_text()) if (HERE / name).exists() else 0
    (HERE / name).write_text("x" * (tries + 1))
    assert tries == 1

@pytest.mark.races
def test_second_time_lucky():
    second_time("lucky")

@pytest.mark.slow
def test_second_time_too_late():
    second_time("late")

def test_a_playbook():
    subprocess.run([Path(sys.executable).with_name("ansible-playbook"), "--version"], check=True, capture_output=True)
"""


def test_files_with_tests_that_race_are_those_of_the_list():
    found = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("test_*.py")
        if re.search(r"pytest\.mark\.races\b", path.read_text()) and path != Path(__file__)
    }
    assert found == RACES


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What pytest says of SAMPLE."""
    pytest.importorskip("pytest_rerunfailures")
    path = tmp_path_factory.mktemp("sample") / "test_sample.py"
    path.write_text(SAMPLE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest"]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_a_test_that_races_is_rerun_and_counted(outcomes):
    assert re.search(r"^RERUN .*test_second_time_lucky", outcomes, re.MULTILINE), outcomes
    assert re.search(r"2 failed, 1 passed.*1 rerun", outcomes), outcomes


def test_no_other_test_is_rerun(outcomes):
    assert re.search(r"^FAILED .*test_second_time_too_late", outcomes, re.MULTILINE), outcomes


def test_a_test_that_starts_ansible_without_the_marker_fails(outcomes):
    assert "mark it with pytest.mark.ansible" in outcomes, outcomes
