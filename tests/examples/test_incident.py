"""examples/incident: an edit of one line lowers a capacity; three commands each lead to the line and the commit."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

from tests.support.speed import PATIENT
from tests.support.terraform import binaries, clean_env

EXAMPLE = Path(__file__).parents[2] / "examples" / "incident" / "incident.py"


def incident():
    spec = importlib.util.spec_from_file_location("incident", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.e2e
def test_suspects_why_and_show_each_lead_to_the_line_and_the_commit(tmp_path):
    environ = clean_env(tmp_path / "home", {**PATIENT, "TFEVENT_TF_BINARY": str(binaries()[0].path)})
    stage = incident().build(tmp_path / "incident", environ)
    log = ["git", "log", "--format=%h %s", "--abbrev=7", "--grep=Save money"]
    commit = subprocess.run(log, cwd=stage.folder, capture_output=True, text=True, check=True).stdout.split(" ", 1)[0]
    shown = incident().explain(stage)
    assert len(shown) == 3
    for command, text in shown.items():
        cause = f'var.web_instances in prod.auto.tfvars:2, {commit} "Save money: fewer web instances" by Ada'
        assert cause in text, command
    suspects, why, _ = shown.values()
    assert "1. prod/shop: 1 updated" in suspects
    assert "capacity reduced at terraform_data.web_pool" in suspects
    assert "input.desired_count: 6 → 2" in why
