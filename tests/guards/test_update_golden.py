"""`--update-golden` writes what a person looks at, so never in CI, where nobody does."""

import os
import subprocess
import sys


def collect(ci):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--update-golden",
        "--collect-only",
        "-q",
        "tests/summary/test_golden_messages.py",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "CI": ci})


def test_it_is_refused_where_ci_is_set():
    done = collect("true")
    assert done.returncode == 4
    assert "refused where CI is set" in done.stderr


def test_it_is_taken_elsewhere():
    assert collect("").returncode == 0
