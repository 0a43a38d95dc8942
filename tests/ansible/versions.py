"""Other versions of ansible-core, each in a virtual environment of its own that is kept in .cache for the next time."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.ansible.command import ROOT, Installation

CACHE = ROOT / ".cache" / "ansible"


class Version(NamedTuple):
    """One ansible-core and the Python it runs on; ``package``: tfevent can be imported there."""

    core: str
    python: str
    package: bool

    def __str__(self) -> str:
        return f"{self.core}-py{self.python}"


VERSIONS = (
    Version("2.17", "3.10", package=False),
    Version("2.19", "3.11", package=True),
    Version("2.21", "3.12", package=True),
)


def installation(version: Version) -> Installation:
    """The environment of a version, made if need be; skips the test where it cannot be had."""
    folder = CACHE / str(version)
    if not (folder / "ready").exists():
        _make(folder, version)
    return Installation(folder / "bin")


def _make(folder: Path, version: Version) -> None:
    python = python_of(version.python)
    if python is None:
        pytest.skip(f"no Python {version.python} here")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", folder], check=True)
    wanted = [f"ansible-core=={version.core}.*", *(_dependencies() if version.package else ())]
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"ansible-core {version.core} cannot be installed here: {done.stderr[-300:]}")
    (folder / "ready").touch()


def _dependencies() -> list[str]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def python_of(minor: str) -> str | None:
    """A Python of this version that runs: a name on PATH may be that of a switch which knows no such version."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{minor}.*/bin/python{minor}"))
    for path in [shutil.which(f"python{minor}"), *map(str, kept), f"/usr/bin/python{minor}"]:
        if path and subprocess.run([path, "-c", "import venv"], capture_output=True, check=False).returncode == 0:
            return path
    return None
