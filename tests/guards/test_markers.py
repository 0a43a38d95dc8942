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
    "e2e/test_signals.py",
    "explicit/test_run_signals.py",
}
SAMPLE = """
import subprocess, sys
from pathlib import Path
import pytest

TRIES = Path(__file__).with_name("tries")

@pytest.mark.{marker}
def test_second_time_lucky():
    tries = len(TRIES.read_text()) if TRIES.exists() else 0
    TRIES.write_text("x" * (tries + 1))
    assert tries == 1

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


@pytest.fixture
def outcomes(tmp_path):
    """What pytest says of SAMPLE, with a marker on the first test."""
    pytest.importorskip("pytest_rerunfailures")
    path = tmp_path / "test_sample.py"

    def run(marker, *words):
        path.write_text(SAMPLE.format(marker=marker))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest"]
        command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(path), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout

    return run


def test_a_test_that_races_is_rerun_and_counted(outcomes):
    out = outcomes("races", "-k", "lucky")
    assert re.search(r"1 passed.*1 rerun", out), out
    assert re.search(r"^RERUN .*test_second_time_lucky", out, re.MULTILINE), out


def test_no_other_test_is_rerun(outcomes):
    out = outcomes("slow", "-k", "lucky")
    assert re.search(r"\b1 failed", out), out


def test_a_test_that_starts_ansible_without_the_marker_fails(outcomes):
    out = outcomes("slow", "-k", "playbook")
    assert "mark it with pytest.mark.ansible" in out, out
