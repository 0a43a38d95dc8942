"""Write the locked requirements again: ``make lock``, or ``python tools/lock.py [NAME ...]`` for some of them.

Each file of ``requirements/`` is one environment of the project with every package pinned and hashed, for all supported
Pythons at once (environment markers), so that plain ``pip install --require-hashes -r`` installs the same everywhere.
uv resolves, since pip cannot resolve for a Python that it does not run on; nothing but this script needs uv.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "requirements"
_HEADER = "# Locked by `make lock` from pyproject.toml and tools/lock.py; not edited by hand.\n"
_PROJECT = ("pyproject.toml",)
_EXTRAS = ("--all-extras",)
_DEVELOPMENT = (*_PROJECT, *_EXTRAS, "--group", "dev")
_BUILD = ("hatchling", "editables")  # what an editable installation without build isolation takes
_TOOLS = ("ansible-lint", "antsibull-changelog", "antsibull-docs", "molecule")
_PEERS = ("ansible", "ara[server]", "opentelemetry-sdk", "opentelemetry-exporter-otlp")


class Environment(NamedTuple):
    """What is installed together: ``extra`` requirements beside ``sources``, on ``python`` and later."""

    extra: tuple[str, ...] = ()
    sources: tuple[str, ...] = _PROJECT
    python: str = "3.11"


ENVIRONMENTS = {
    "dev": Environment(_BUILD, _DEVELOPMENT),
    "oldest": Environment(_BUILD, _DEVELOPMENT),
    "runtime": Environment(),
    "collection": Environment((*_BUILD, *_TOOLS)),
    "docs": Environment(("mkdocs-material>=9.5",), ()),
    "importer": Environment(("galaxy-importer",), ()),
    "provider": Environment(("tf>=1.2",), ()),
    "peers": Environment((*_BUILD, *_PEERS)),
    "ansible-2.16": Environment(("ansible-core==2.16.*",)),
    "ansible-2.17": Environment(("ansible-core==2.17.*",)),
    "ansible-2.17-alone": Environment(("ansible-core==2.17.*",), (), "3.10"),
    "ansible-2.19": Environment(("ansible-core==2.19.*",)),
    "ansible-2.21": Environment(("ansible-core==2.21.*",), python="3.12"),
}


def oldest_versions() -> str:
    """The oldest version that pyproject.toml allows of each runtime dependency, as pins, a line each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    direct = {re.split(r"[^\w.-]", dependency)[0].lower() for dependency in wanted}
    lines = _compile("3.11", *_PROJECT, *_EXTRAS, "--resolution", "lowest-direct").splitlines()
    return "\n".join(line for line in lines if line.partition("==")[0] in direct)


def lock(name: str) -> None:
    """Write ``requirements/NAME.txt``."""
    environment = ENVIRONMENTS[name]
    words = [*environment.sources, "-", "--generate-hashes", "--upgrade"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        if name == "oldest":
            pins.write(oldest_versions())
            pins.flush()
            words += ["--constraint", pins.name]
        locked = _compile(environment.python, *words, given="\n".join(environment.extra))
    (FOLDER / f"{name}.txt").write_text(_HEADER + locked)


def _compile(python: str, *words: str, given: str = "") -> str:
    """What uv resolves, as requirements; ``given`` are those that it reads where ``words`` name ``-``."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--universal", "--python-version", python, *words]
    return subprocess.run(command, cwd=ROOT, input=given, text=True, check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    for wanted in sys.argv[1:] or ENVIRONMENTS:
        lock(wanted)
