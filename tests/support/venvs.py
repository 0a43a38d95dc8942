"""Virtual environments for tools and other versions of Ansible: made once, kept in .cache/venvs.

``python -m tests.support.venvs NAME`` makes one of :data:`TOOLS` and prints where it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support.speed import HANG

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "venvs"
NEWEST = "3.12"  # what ansible-core 2.21 needs at least
PYTHONS = (NEWEST, "3.11")
TOOLS = {"collection": True, "importer": False}  # each by its lock, and whether this project belongs into it


def python(version: str) -> str | None:
    """A working interpreter of this minor version: ours, one on PATH, or one of pyenv's; None if there is none."""
    places = [sys.executable, shutil.which(f"python{version}")]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    places += [str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)]
    return next((place for place in places if place and _version(place) == version), None)


def make(name: str, version: str, lock: str, *, project: bool = False) -> Path | None:
    """The folder of an environment; None if there is no such Python.

    Args:
        name: of its folder.
        version: minor version of Python.
        lock: the file of ``requirements/`` that it is made by, without its suffix.
        project: this project is part of it, editable.
    """
    interpreter = python(version)
    if interpreter is None:
        return None
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / name
    requirements = ROOT / "requirements" / f"{lock}.txt"
    wanted = hashlib.sha256("\n".join([interpreter, requirements.read_text(), _project(project)]).encode()).hexdigest()
    with (CACHE / f"{name}.lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        ready = folder / "ready"
        if not ready.exists() or ready.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([interpreter, "-m", "venv", str(folder)], check=True)
            pip(folder, "--require-hashes", "-r", str(requirements))
            if project:
                pip(folder, "--no-deps", "--no-build-isolation", "--editable", ".")
            ready.write_text(wanted)
    return folder


def pip(folder: Path, *words: str) -> None:
    """``pip install`` into an environment, from the folder of the project."""
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)


def tools(name: str) -> Path:
    """One of :data:`TOOLS`, for the newest Python of those that are there."""
    for version in PYTHONS:
        if folder := make(name, version, name, project=TOOLS[name]):
            return folder
    raise SystemExit(f"{name}: none of Python {', '.join(PYTHONS)} is here")


def _project(wanted: bool) -> str:
    """What of pyproject.toml an editable installation depends on."""
    if not wanted:
        return ""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    version = (ROOT / "change_events" / "__init__.py").read_text()
    return repr([version, *(project["project"][name] for name in ("dependencies", "scripts"))])


def _version(interpreter: str) -> str | None:
    code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, timeout=HANG, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


if __name__ == "__main__":
    sys.stdout.write(f"{tools(sys.argv[1])}\n")
