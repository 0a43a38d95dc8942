"""examples/timeline: an apply, a playbook that it starts, a deployment that the playbook records: one tree."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.speed import HANG, PATIENT
from tests.support.terraform import binaries, clean_env

ROOT = Path(__file__).parents[2]


@pytest.fixture
def timeline(tmp_path):
    code = tmp_path / "timeline"
    shutil.copytree(ROOT / "examples" / "timeline", code)
    bins = Path(sys.executable).parent
    environ = clean_env(
        tmp_path / "home",
        {
            "PATH": f"{bins}{os.pathsep}{os.environ['PATH']}",
            **PATIENT,
            "TFEVENT_TF_BINARY": str(binaries()[0].path),
            "TFEVENT_STATE_DIR": str(tmp_path / "state"),
            "TFEVENT_SERVICE": "shop",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "tests" / "collections"),
            "ANSIBLE_HOME": str(tmp_path / "ansible"),
        },
    )

    def tfevent(*words):
        done = subprocess.run(
            [sys.executable, "-m", "tf_wrapper", *words],
            cwd=code, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return tfevent


@pytest.mark.slow
def test_three_events_are_one_tree(timeline):
    timeline("init")
    timeline("apply", "-auto-approve", "-var", "release=2.0.0")
    events = [json.loads(line) for line in timeline("events", "list", "--json").splitlines()]
    deployment, playbook, apply = events
    assert [event["title"] for event in events] == [
        "shop 2.0.0 is in use",
        "shop: site.yml: 3 tasks changed 2 hosts",
        "shop: 3 created",
    ]
    assert "parent_run_id" not in apply["trace"]
    assert playbook["trace"]["parent_run_id"] == apply["trace"]["run_id"]
    assert deployment["trace"]["parent_run_id"] == playbook["trace"]["run_id"]
    assert {event["trace"]["trace_id"] for event in events} == {apply["trace"]["trace_id"]}
    assert (deployment["kind"], deployment["version"]) == ("deployment", "2.0.0")
    assert [one["id"] for one in playbook["related"]] == [deployment["id"]]
    depths = [
        len(line) - len(line.lstrip(" └├│─")) for line in timeline("events", "show", "last", "--tree").splitlines()
    ]
    assert depths == [0, 3, 6]
