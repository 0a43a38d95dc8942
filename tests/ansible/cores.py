"""Environments of several ansible-core versions with the wheel of this working tree in them, kept in ``.cache/venvs``.

Making one takes pip and a package index; it is made once, and only the wheel is put in anew when the sources change.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.ansible.command import ROOT, Installation
from tests.support import venvs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CACHE = ROOT / ".cache"
_PACKED = ("change_events", "tf_wrapper", "ansible_collection")
_MISSING = "there is no Python {0} with venv here: neither python{0} on PATH nor one of pyenv's"


class Core(NamedTuple):
    """A version of ansible-core, on a Python that it supports; ``str()`` of it is the test's id."""

    series: str
    python: str

    def __str__(self) -> str:
        return f"core {self.series} on {self.python}"

    @property
    def folder(self) -> str:
        return f"core-{self.series}-python-{self.python}"


CORES = (Core("2.16", "3.11"), Core("2.17", "3.11"), Core("2.19", "3.11"), Core("2.21", "3.12"))
TOO_OLD_A_PYTHON = Core("2.17", "3.10")  # tfevent cannot be installed beside it


def with_tfevent(core: Core) -> Installation:
    """The environment of this version, with the wheel in it; the test is skipped where its Python is missing."""
    with _alone():
        folder = _environment(core.folder, core.python, f"ansible-{core.series}")
        _install_wheel(folder)
    return Installation(folder / "bin")


def without_tfevent(core: Core) -> Installation:
    """An environment of this version that knows nothing of tfevent."""
    with _alone():
        lock = f"ansible-{core.series}" + ("-alone" if core == TOO_OLD_A_PYTHON else "")
        return Installation(_environment(f"{core.folder}-bare", core.python, lock) / "bin")


def only_tfevent() -> Installation:
    """An environment with the wheel and without Ansible."""
    with _alone():
        folder = _environment("tfevent-only", "{}.{}".format(*sys.version_info), "runtime")
        _install_wheel(folder)
    return Installation(folder / "bin")


@contextmanager
def _alone() -> Iterator[None]:
    """Workers of one test run share the environments: one makes them, the others wait."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _environment(name: str, version: str, lock: str) -> Path:
    return venvs.make(name, version, lock) or pytest.skip(_MISSING.format(version))


def python(version: str) -> str:
    """A Python of this version that can make environments; the test is skipped where there is none."""
    return venvs.python(version) or pytest.skip(_MISSING.format(version))


def _install_wheel(folder: Path) -> None:
    key = _key()
    mark = folder / "wheel"
    if mark.exists() and mark.read_text() == key:
        return
    mark.unlink(missing_ok=True)
    wheel = _wheel(key)
    _pip(folder, "--force-reinstall", "--no-deps", wheel)
    mark.write_text(key)


def _wheel(key: str) -> str:
    folder = CACHE / "wheels" / key
    if not list(folder.glob("*.whl")):
        shutil.rmtree(folder.parent, ignore_errors=True)
        words = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
        _call(sys.executable, "-m", "pip", "wheel", *words)
    return str(next(folder.glob("*.whl")))


def _key() -> str:
    """What the wheel is made of, in one word."""
    files = [ROOT / "pyproject.toml"]
    for package in _PACKED:
        files += [path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:20]


def _pip(folder: Path, *words: str) -> None:
    _call(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words)


def _call(*command: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ANSIBLE_"))}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(command)}:\n{ran.stdout}{ran.stderr}"
