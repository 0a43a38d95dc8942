"""Which collections a playbook used, and of which version: from a checkout, and as ansible-galaxy installs them."""

from __future__ import annotations

import shutil

import pytest
import yaml

from tests.collection.controller import ROOT, Controller

COLLECTION = ROOT / "ansible_collection"
CALLBACKS = {"ANSIBLE_CALLBACKS_ENABLED": "results,tfevent.infra.change_events"}
TASKS = """
- name: change
  ansible.builtin.copy: {content: hello, dest: "{{ playbook_dir }}/hello", mode: "0600"}
- name: record
  tfevent.infra.change_event: {title: done}
"""


@pytest.fixture
def controller(tmp_path):
    return Controller(tmp_path, hosts=["web1"])


def used(controller, **environ):
    """The collections of the run's event."""
    done = controller.play(TASKS, env={**CALLBACKS, **environ})
    assert done.code == 0, done.out
    (run,) = [event for event in controller.events() if event.playbook]
    return run.playbook.collections


def test_a_checkout_reports_its_version_in_galaxy_yml(controller):
    version = yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["version"]
    assert used(controller) == {"tfevent.infra": version}


@pytest.mark.slow
def test_an_installed_collection_reports_its_version_in_its_manifest(controller, tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(COLLECTION, checkout, ignore=shutil.ignore_patterns("__pycache__"))
    galaxy = (checkout / "galaxy.yml").read_text()
    version = yaml.safe_load(galaxy)["version"]
    (checkout / "galaxy.yml").write_text(galaxy.replace(f"version: {version}", "version: 7.8.9"))
    done = controller.run("ansible-galaxy", "collection", "install", str(checkout), "-p", str(tmp_path / "installed"))
    assert done.code == 0, done.out
    folder = tmp_path / "installed" / "ansible_collections" / "tfevent" / "infra"
    assert (folder / "MANIFEST.json").exists()
    assert not (folder / "galaxy.yml").exists()
    assert used(controller, ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "installed")) == {"tfevent.infra": "7.8.9"}
