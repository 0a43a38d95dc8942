"""examples/team: PostgreSQL, ledger, collector and two machines, by the script that its page describes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cli.home import Home
from tests.support.postgres import program
from tests.support.speed import HANG

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_team_on_one_machine(tmp_path):
    bins = Path(program("initdb")).parent
    program("psql")
    home = Home(tmp_path / "home")
    home.path.mkdir()
    tfevent = tmp_path / "tfevent"
    tfevent.write_text(f'#!/bin/sh\nexport PYTHONPATH="{ROOT}"\nexec "{sys.executable}" -m tf_wrapper "$@"\n')
    tfevent.chmod(0o755)
    with tempfile.TemporaryDirectory(prefix="tfevent-team-") as folder:  # short enough for a socket
        os.chmod(folder, 0o755)
        path = f"{tfevent.parent}{os.pathsep}{home.environ['PATH']}"  # as its users have it: by its name
        environ = {**home.environ, "PATH": path, "PG_BIN": str(bins), "TMPDIR": folder}
        done = subprocess.run(
            [ROOT / "examples/team/team.sh"], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=10 * HANG, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert os.listdir(folder) == []
    assert "tfel_" not in done.stdout + done.stderr
    assert "team    ops: 3 events" in done.stdout
    for title in ("shop 2.14.0 deployed", "shop 2.14.0 built", "tfevent test event"):
        assert sum(line.count(f"\t{title}\t") for line in done.stdout.splitlines()) == 1
    pages = [line for line in done.stdout.splitlines() if line.endswith((" /", " /list", " /stacks"))]
    assert [line[:3] for line in pages] == ["200"] * 3
