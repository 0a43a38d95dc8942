"""The locked requirements: complete, hashed, and what pyproject.toml asks for."""

import importlib.util
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "requirements"
LOCKS = sorted(path.stem for path in FOLDER.glob("*.txt"))
PYTHONS = ("3.11.0", "3.12.0", "3.13.0")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(name):
    """The pins of a lock, each with how many hashes it has."""
    text = (FOLDER / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(Requirement(line.partition("--hash=")[0].strip()), line.count("--hash=sha256:")) for line in lines]


def groups(name):
    """The requirements of a dependency group, with those of the groups that it includes."""
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, dict):
            yield from groups(entry["include-group"])
        else:
            yield entry


def asked(name):
    yield from PROJECT["project"]["dependencies"]
    if name in {"dev", "oldest"}:
        yield from groups("dev")
        yield from PROJECT["project"]["optional-dependencies"]["aws"]


def versions(name, python):
    environment = {"python_version": python[:4], "python_full_version": python, "sys_platform": "linux"}
    pins = [pin for pin, _ in locked(name) if pin.marker is None or pin.marker.evaluate(environment)]
    return {canonicalize_name(pin.name): str(next(iter(pin.specifier)).version) for pin in pins}


def test_each_environment_has_its_lock():
    spec = importlib.util.spec_from_file_location("lock", ROOT / "tools" / "lock.py")
    lock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lock)
    assert sorted(lock.ENVIRONMENTS) == LOCKS


@pytest.mark.parametrize("name", LOCKS)
def test_each_package_is_pinned_and_hashed(name):
    for pin, hashes in locked(name):
        assert [specifier.operator for specifier in pin.specifier] == ["=="], pin
        assert hashes, pin
    assert "http" not in (FOLDER / f"{name}.txt").read_text().split("--hash", 1)[0]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", ["dev", "oldest", "runtime", "collection", "peers"])
def test_a_lock_holds_what_pyproject_asks_for_on_each_python(name, python):
    pinned = versions(name, python)
    for requirement in map(Requirement, asked(name)):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not in requirements/{name}.txt: make lock"
        fits = requirement.specifier.contains(version, prereleases=True)
        assert fits, f"{requirement} is locked as {version}: make lock"


@pytest.mark.parametrize("requirement", PROJECT["project"]["dependencies"])
def test_the_oldest_versions_are_the_lower_bounds(requirement):
    wanted = Requirement(requirement)
    version = versions("oldest", PYTHONS[0])[canonicalize_name(wanted.name)]
    bound = next(specifier for specifier in wanted.specifier if specifier.operator == ">=")
    oldest = Requirement(f"{wanted.name}=={bound.version}").specifier
    assert oldest.contains(version), f"{wanted}: {version} is the oldest that there is"


def test_make_installs_nothing_that_is_not_locked_but_to_try_the_newest():
    lines = [line for line in (ROOT / "Makefile").read_text().splitlines() if "$(PIP)" in line]
    assert lines
    free = [line for line in lines if "--require-hashes" not in line and "--no-deps" not in line]
    assert {line.split("/bin/")[0].strip() for line in free} == {".cache/lock", ".cache/newest"}
