"""A deployment that runs terraform, whose provisioner runs a playbook: each is the child of the one before."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.terraform import binaries

ROOT = Path(__file__).parents[2]
MAIN_TF = """\
resource "terraform_data" "host" {
  input = "web1"
  provisioner "local-exec" {
    command = "%s -i localhost, -e ansible_python_interpreter={{ansible_playbook_python}} site.yml"
  }
}
"""
PLAYBOOK = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Write the greeting
      ansible.builtin.copy:
        content: hello
        dest: "{{ playbook_dir }}/greeting"
"""


@pytest.mark.e2e
@pytest.mark.skipif(not binaries(), reason="no terraform")
@pytest.mark.ansible
def test_a_deployment_its_apply_and_the_playbook_in_that_are_one_tree(scene):
    (scene.work / "main.tf").write_text(MAIN_TF % Path(sys.executable).with_name("ansible-playbook"))
    (scene.work / "site.yml").write_text(PLAYBOOK)
    line = "tfevent init -input=false && tfevent apply -input=false -auto-approve"
    done = scene.events(
        "run", "--kind", "deployment", "--service", "shop", "--environment", "prod", "--", "sh", "-c", line,
        TFEVENT_TF_BINARY=str(binaries()[0].path), CHECKPOINT_DISABLE="1", TFEVENT_ENVIRONMENT="prod",
        ANSIBLE_COLLECTIONS_PATH=str(ROOT / "tests" / "collections"), ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_CALLBACKS_ENABLED="tfevent.infra.change_events",
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    deployment, apply, playbook = sorted(scene.recorded(), key=lambda event: event["started_at"])
    assert deployment["title"] == "shop deployed to prod"
    assert apply["tool"]["name"] == "terraform"
    assert playbook["playbook"]["file"] == "site.yml"
    assert apply["trace"]["parent_run_id"] == deployment["id"]
    assert playbook["trace"]["parent_run_id"] == apply["id"]
    assert {event["trace"]["trace_id"] for event in (apply, playbook)} == {deployment["trace"]["trace_id"]}
    shown = scene.events("show", playbook["id"], "--tree").stdout.decode()
    depths = [re.match(r"[ │├└─]*", line)[0] for line in shown.splitlines()]
    assert [len(depth) for depth in depths] == [0, 3, 6]
    assert shown.splitlines()[2].endswith("←")
