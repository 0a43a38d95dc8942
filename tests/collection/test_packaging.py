"""Wheel and collection: one version, and both ways of installing them, in environments of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from change_events import __version__ as version
from tests.collection.controller import ROOT, Controller
from tests.support import venvs

COLLECTION = ROOT / "ansible_collection"
VERSIONS = (("2.16", "3.11"), ("2.17", "3.11"), ("2.19", "3.11"), ("2.21", "3.12"))
PLUGINS = (
    ("module", "tfevent.infra.change_event"),
    ("callback", "tfevent.infra.change_events"),
    ("lookup", "tfevent.infra.changes"),
    ("role", "tfevent.infra.change_window"),
)


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def galaxy():
    return yaml.safe_load((COLLECTION / "galaxy.yml").read_text())


def test_wheel_collection_and_changelogs_are_of_one_version():
    assert galaxy()["version"] == version
    releases = yaml.safe_load((COLLECTION / "changelogs" / "changelog.yaml").read_text())["releases"]
    assert list(releases)[-1] == version
    assert re.search(rf"^v{re.escape(version)}$", (COLLECTION / "CHANGELOG.rst").read_text(), re.MULTILINE)
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_version_is_written_in_the_package_only():
    assert project()["dynamic"] == ["version"]
    assert "version" not in project()


def test_package_and_collection_name_the_same_repository():
    urls = project()["urls"]
    assert urls["Repository"] == galaxy()["repository"]
    assert urls["Issues"] == galaxy()["issues"]
    assert all(url.startswith(urls["Repository"]) for url in urls.values())


def test_classifiers_are_true():
    classifiers = project()["classifiers"]
    pythons = {name.rpartition(" ")[2] for name in classifiers if re.search(r":: 3\.\d+$", name)}
    assert project()["requires-python"] == f">={min(pythons, key=lambda name: int(name[2:]))}"
    assert "Typing :: Typed" in classifiers
    assert all((ROOT / package / "py.typed").exists() for package in ("change_events", "tf_wrapper"))


def test_nothing_that_is_installed_reads_the_tests_or_tools():
    files = [path for package in ("change_events", "tf_wrapper") for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 200
    outside = re.compile(r"""["'/]tests["'/]|^(from|import) (tests|tools)\b""", re.MULTILINE)
    assert [path for path in files if outside.search(path.read_text())] == []


def test_an_execution_environment_asks_for_this_release():
    wanted = yaml.safe_load((COLLECTION / "meta" / "execution-environment.yml").read_text())["dependencies"]
    (line,) = [
        line for line in (COLLECTION / wanted["python"]).read_text().splitlines() if line and not line.startswith("#")
    ]
    assert line.startswith(f"{project()['name']}>=")
    from packaging.requirements import Requirement

    assert version in Requirement(line).specifier
    assert (COLLECTION / wanted["system"]).exists()


def test_licenses_are_reported_where_they_are_looked_for():
    assert project()["license"] == "Apache-2.0 AND GPL-3.0-or-later"
    assert yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["license"] == ["GPL-3.0-or-later"]
    assert "Version 3, 29 June 2007" in (COLLECTION / "LICENSES" / "GPL-3.0-or-later.txt").read_text()


def test_the_readme_has_the_parts_that_galaxy_expects():
    parts = re.findall(r"^## (.+)$", (COLLECTION / "README.md").read_text(), re.MULTILINE)
    assert parts == [
        "Description", "Requirements", "Installation", "Use Cases", "Testing", "Support", "Release Notes", "License",
    ]  # fmt: skip


def documented(controller, kind, name):
    return controller.run("ansible-doc", "-t", kind, "-j", name)


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_every_plugin_is_documented(controller, kind, name):
    done = documented(controller, kind, name)
    assert done.code == 0, done.out
    page = json.loads(done.out)[name]
    if kind == "role":
        assert page["entry_points"]["main"]["options"]
    else:
        assert page["doc"]["description"]
        assert page["examples"]
        assert kind == "callback" or page["return"], "a callback returns nothing"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_carries_the_collection_and_not_its_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    inside = "ansible_collections/tfevent/infra/"
    assert {"change_events/py.typed", "tf_wrapper/py.typed"} <= set(names)
    for path in (
        "galaxy.yml",
        "meta/runtime.yml",
        "plugins/action/change_event.py",
        "roles/change_window/tasks/main.yml",
    ):
        assert inside + path in names
    assert not [name for name in names if "/extensions/" in name or "/fragments/" in name]
    assert any(name.endswith("licenses/ansible_collection/LICENSES/GPL-3.0-or-later.txt") for name in names)


def environment(name, core, python):
    """An environment with this ansible-core and what tfevent depends on, of its own for each use."""
    folder = venvs.make(f"{name}-core-{core}-{python}", python, f"ansible-{core}")
    if folder is None:
        pytest.skip(f"no Python {python} here")
    return folder


def without_our_paths(controller):
    """As a user has it: collections are where they were installed."""
    for name in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH"):
        del controller.environ[name]
    return controller


TASKS = """
- name: change
  ansible.builtin.copy: {content: hello, dest: "{{ playbook_dir }}/hello", mode: "0600"}
- name: record
  tfevent.infra.change_event: {title: done, once: true, data: {n: 1}}
- name: maintain
  ansible.builtin.include_role: {name: tfevent.infra.change_window}
  vars: {change_window_title: maintenance, change_window_tasks: "{{ playbook_dir }}/maintain.yml"}
- name: ask
  ansible.builtin.debug: {msg: "{{ query('tfevent.infra.changes') | map(attribute='title') | list }}"}
"""


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("core", "python"), VERSIONS)
def test_the_wheel_alone_brings_everything(tmp_path, wheel, core, python):
    folder = environment("wheel", core, python)
    venvs.pip(folder, "--no-deps", "--force-reinstall", str(wheel))
    controller = without_our_paths(Controller(tmp_path, python=str(folder / "bin" / "python"), hosts=["web1"]))
    (tmp_path / "maintain.yml").write_text("- name: nothing\n  ansible.builtin.debug: {msg: nothing}\n")
    done = controller.play(TASKS, env={"ANSIBLE_CALLBACKS_ENABLED": "results,tfevent.infra.change_events"})
    assert done.code == 0, done.out
    events = {event.title: event for event in controller.events()}
    (run,) = [event for event in events.values() if event.playbook]
    assert run.playbook.collections == {"tfevent.infra": version}
    assert {"done", "maintenance"} <= set(events)
    assert events["done"].data == {"n": 1}
    assert events["done"].tool.version.startswith(core)
    assert events["done"].trace.parent_run_id == run.trace.run_id
    assert sorted(done.one("ask")["msg"]) == ["done", "maintenance"]
    for kind, name in PLUGINS:
        assert documented(controller, kind, name).code == 0


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize("source", ["folder", "git", "archive"])
@pytest.mark.parametrize(("core", "python"), VERSIONS[1:])
def test_the_collection_alone_says_what_the_controller_lacks(tmp_path, core, python, source):
    folder = environment("bare", core, python)
    checkout = tmp_path / "checkout"
    shutil.copytree(COLLECTION, checkout / "ansible_collection", ignore=shutil.ignore_patterns("__pycache__"))
    if source == "folder":
        place = str(checkout / "ansible_collection")
    elif source == "git":
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(checkout)]
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
            subprocess.run([*git, *words], check=True)
        place = f"git+file://{checkout}#/ansible_collection"
    else:
        build = [str(folder / "bin" / "ansible-galaxy"), "collection", "build", str(checkout / "ansible_collection")]
        subprocess.run([*build, "--output-path", str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
        place = str(next(tmp_path.glob("*.tar.gz")))
    target = tmp_path / "collections"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [str(folder / "bin" / "ansible-galaxy"), "collection", "install", place, "-p", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    installed = target / "ansible_collections" / "tfevent" / "infra"
    assert (installed / "MANIFEST.json").exists()
    if source == "archive":
        assert not (installed / "extensions").exists()
    controller = without_our_paths(Controller(tmp_path, python=str(folder / "bin" / "python"), hosts=["web1"]))
    env = {
        "ANSIBLE_COLLECTIONS_PATH": str(target),
        "ANSIBLE_CALLBACKS_ENABLED": "results,tfevent.infra.change_events",
        "PATH": "/usr/bin:/bin",
    }
    done = controller.play("- name: record\n  tfevent.infra.change_event: {title: done}", env=env)
    assert done.code == 0, done.out
    assert "install the tfevent package for that Python" in done.one("record")["warnings"][0]
    assert done.out.count("tfevent is not installed") >= 1
    assert Path(controller.journal_path).exists() is False
