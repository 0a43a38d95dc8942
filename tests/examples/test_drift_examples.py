"""examples/drift: units that systemd accepts, a workflow that is valid, and commands that run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.drifting import Fleet, resized, stack
from tests.support.speed import HANG
from tests.support.venvs import ROOT

DRIFT = ROOT / "examples" / "drift"
SERVICE, TIMER = DRIFT / "tfevent-drift.service", DRIFT / "tfevent-drift.timer"
WORKFLOW = yaml.safe_load((DRIFT / "github.yml").read_text())


@pytest.fixture
def fleet(tmp_path):
    made = Fleet(tmp_path)
    for name in ("network", "shop"):
        stack(made, f"stacks/{name}")
    tfevent = tmp_path / "bin" / "tfevent"
    tfevent.write_text(f'#!/bin/sh\nexec {sys.executable} -m tf_wrapper "$@"\n')
    tfevent.chmod(0o755)
    return made


def settings(path):
    lines = [line.strip() for line in path.read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def run(fleet, *words, **environ):
    return subprocess.run(
        words, cwd=fleet.path, env={**fleet.environ, **environ}, capture_output=True, text=True, timeout=HANG,
        check=False,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(fleet):
    for unit in (SERVICE, TIMER):
        text = unit.read_text().replace("/usr/bin/tfevent", str(fleet.path / "bin" / "tfevent"))
        (fleet.path / unit.name).write_text(text)
    done = run(fleet, "systemd-analyze", "--man=no", "verify", f"./{SERVICE.name}", f"./{TIMER.name}")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_units_command_checks_the_directories_and_only_drift_is_no_failure(fleet):
    unit = settings(SERVICE)
    line = unit["ExecStart"].replace("/usr/bin/tfevent", "tfevent").replace("/srv/infra", str(fleet.path))
    assert run(fleet, *shlex.split(line)).returncode == 0
    stack(fleet, "stacks/shop", resized())
    assert run(fleet, *shlex.split(line)).returncode == int(unit["SuccessExitStatus"])


def test_the_script_of_the_workflow_fails_for_what_cannot_be_checked_and_not_for_drift(fleet):
    script = str(DRIFT / "check.sh")
    stack(fleet, "stacks/shop", resized())
    done = run(fleet, script, ".")
    assert (done.returncode, done.stdout.count("\n")) == (0, 3), done.stderr
    (fleet.path / "stacks/shop/fails").touch()
    assert run(fleet, script, ".").returncode == 3
    assert run(fleet, script).returncode != 0


def test_the_workflow_is_valid_and_keeps_the_journal():
    from check_jsonschema.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["--builtin-schema", "vendor.github-workflows", str(DRIFT / "github.yml")])
    assert ended.value.code == 0
    job = WORKFLOW["jobs"]["drift"]
    cached = next(step["with"]["path"] for step in job["steps"] if "cache" in step.get("uses", ""))
    assert job["env"]["TFEVENT_STATE_DIR"].endswith(f"/{cached}")
    assert "./check.sh" in job["steps"][-1]["run"]


def test_the_page_names_every_file():
    linked = set(re.findall(r"\]\(([^)]+)\)", (DRIFT / "README.md").read_text()))
    assert linked == {path.name for path in Path(DRIFT).iterdir()} - {"README.md"}
