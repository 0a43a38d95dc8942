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

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "venvs"
NEWEST = "3.12"  # what ansible-core 2.21 needs at least
TOOLS = {
    "collection": (
        (NEWEST, ("ansible-core==2.21.*", "ansible-lint", "antsibull-changelog", "antsibull-docs", "molecule", "-e .")),
        ("3.11", ("ansible-core==2.19.*", "ansible-lint", "antsibull-changelog", "antsibull-docs", "molecule", "-e .")),
    ),
    "importer": ((NEWEST, ("galaxy-importer",)), ("3.11", ("galaxy-importer",))),
}


def python(version: str) -> str | None:
    """A working interpreter of this minor version: ours, one on PATH, or one of pyenv's; None if there is none."""
    places = [sys.executable, shutil.which(f"python{version}")]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    places += [str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)]
    return next((place for place in places if place and _version(place) == version), None)


def make(name: str, version: str, requirements: tuple[str, ...]) -> Path | None:
    """The folder of an environment with these requirements; None if there is no such Python.

    Args:
        name: of its folder.
        version: minor version of Python.
        requirements: as pip takes them; ``-e .`` is this project, editable.
    """
    interpreter = python(version)
    if interpreter is None:
        return None
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / name
    wanted = hashlib.sha256("\n".join(map(_identity, [interpreter, *requirements])).encode()).hexdigest()
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = folder / "ready"
        if not ready.exists() or ready.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _build(folder, interpreter, requirements)
            ready.write_text(wanted)
    return folder


def tools(name: str) -> Path:
    """One of :data:`TOOLS`, for the newest Python of those that are there."""
    for version, requirements in TOOLS[name]:
        if folder := make(name, version, requirements):
            return folder
    raise SystemExit(f"{name}: none of Python {', '.join(version for version, _ in TOOLS[name])} is here")


def _build(folder: Path, interpreter: str, requirements: tuple[str, ...]) -> None:
    subprocess.run([interpreter, "-m", "venv", str(folder)], check=True)
    words = [word for requirement in requirements for word in requirement.split(" ")]
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)


def _identity(requirement: str) -> str:
    """What a requirement comes to: the project is what it asks for."""
    if requirement != "-e .":
        return requirement
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return repr([project["project"][name] for name in ("dependencies", "scripts", "version")])


def _version(interpreter: str) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


if __name__ == "__main__":
    sys.stdout.write(f"{tools(sys.argv[1])}\n")
