"""What CI, hooks and release call is there, and their versions are those of the project."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from change_events import __version__ as VERSION  # noqa: N812 - a constant of this file
from tests.ansible.cores import CORES
from tools import release_check

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github" / "workflows").glob("*.yml")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MAKEFILE = (ROOT / "Makefile").read_text()


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands():
    """Every command line of the workflows and of the scripts in .ci."""
    for workflow in WORKFLOWS.values():
        for step in steps(workflow):
            yield from step.get("run", "").splitlines()
    for script in ("run", "versions"):
        yield from (ROOT / ".ci" / script).read_text().splitlines()


def test_there_are_the_workflows():
    assert set(WORKFLOWS) == {"ci", "versions", "release"}


def test_every_target_and_script_that_is_called_is_there():
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
    called = {
        word
        for line in commands()
        if not line.lstrip().startswith("#")
        for words in re.findall(r"\bmake ((?:[a-z0-9-]+ ?)+)", line)
        for word in words.split()
    }
    assert {"quick", "test", "e2e", "cores", "wheel", "release-check"} <= called
    assert called <= targets
    scripts = {word for line in commands() for word in re.findall(r"^\.ci/\w+$", line.strip())}
    assert scripts == {".ci/run", ".ci/versions"}
    assert all((ROOT / script).stat().st_mode & 0o100 for script in scripts)


def test_every_target_is_described_and_phony():
    described = set(re.findall(r"^([a-z0-9-]+):.*## ", MAKEFILE, re.MULTILINE))
    phony = set(re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[1].split())
    assert described == phony


def test_the_matrix_has_the_pythons_and_cores_that_are_supported():
    jobs = WORKFLOWS["ci"]["jobs"]
    classifiers = [name.rpartition(" ")[2] for name in PROJECT["classifiers"]]
    pythons = [name for name in classifiers if re.fullmatch(r"3\.\d+", name)]
    assert jobs["test"]["strategy"]["matrix"]["python"] == pythons
    assert jobs["ansible"]["strategy"]["matrix"]["core"] == [core.series for core in CORES]
    assert re.search(r"^CORES +:= (.+)$", MAKEFILE, re.MULTILINE)[1].split() == [core.series for core in CORES]


def test_one_terraform_is_tested_everywhere():
    assert len({workflow["env"]["TERRAFORM"] for workflow in WORKFLOWS.values() if "env" in workflow}) == 1


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_do_little(name):
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
    for step in steps(workflow):
        if "uses" in step:
            assert re.search(r"@v\d+(\.\d+)*$", step["uses"]), step
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{ github." not in step.get("run", ""), "what others choose reaches a shell by the environment only"


def test_only_the_jobs_that_publish_may_do_more():
    jobs = WORKFLOWS["release"]["jobs"]
    more = {name: job["permissions"] for name, job in jobs.items() if "permissions" in job}
    assert more == {"pypi": {"id-token": "write"}, "github": {"contents": "write"}}
    assert {name: job["environment"] for name, job in jobs.items() if "environment" in job} == {
        "pypi": "pypi",
        "galaxy": "galaxy",
    }
    builds = [name for name, job in jobs.items() if any("make wheel" in step.get("run", "") for step in job["steps"])]
    assert builds == ["build"], "what is published is built once"


def test_the_hooks_are_of_the_versions_that_are_locked():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    revisions = {repo["repo"].rpartition("/")[2]: repo["rev"] for repo in hooks if "rev" in repo}
    ruff = re.search(r"^ruff==(\S+)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)[1]
    assert revisions["ruff-pre-commit"] == f"v{ruff}"


@pytest.fixture
def tree(tmp_path):
    """What a release is made of, with a dated changelog."""
    for name in (
        "change_events/__init__.py", "ansible_collection/galaxy.yml", "ansible_collection/changelogs/changelog.yaml",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    text = (
        f"## [Unreleased]\n\n## [{VERSION}] - 2026-12-01\n\n### Added\n\n* All.\n\n## [0.0.9] - 2026-01-01\n\n* Old.\n"
    )
    (tmp_path / "CHANGELOG.md").write_text(text)
    return tmp_path


def test_a_tag_of_this_version_is_released_with_its_notes(tree):
    assert release_check.problems(tree, f"v{VERSION}") == []
    assert release_check.notes(tree, VERSION) == "### Added\n\n* All."


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("v9.9.9", ["change_events/__init__.py", "galaxy.yml", "CHANGELOG.md", "changelog.yaml"]),
        (VERSION, ["not of the form"]),
        (f"v{VERSION}-final", ["not of the form", "__init__"]),
    ],
)
def test_another_tag_is_not(tree, tag, words):
    found = "\n".join(release_check.problems(tree, tag))
    assert [word for word in words if word not in found] == []


def test_a_changelog_without_a_date_is_not_released(tree):
    page = tree / "CHANGELOG.md"
    page.write_text(page.read_text().replace("- 2026-12-01", "- unreleased"))
    assert release_check.problems(tree, f"v{VERSION}") == [
        f"CHANGELOG.md has no section '## [{VERSION}] - YYYY-MM-DD' with text"
    ]
