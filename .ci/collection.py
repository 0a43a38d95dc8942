"""What Ansible's own tools demand of the collection: ``make collection``.

ansible-test wants a folder ``ansible_collections/tfevent/infra`` outside of any repository, so a copy is checked.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import venvs  # noqa: E402 - found by the line above

COLLECTION = ROOT / "ansible_collection"
_ONCE_PER_PYTHON = ("import", "compile")
# What ansible-test would download its pip by, where only a package index can be reached: a stand-in that runs a wheel.
_GET_PIP = """\
import sys
sys.path.insert(0, {wheel!r})
sys.argv = [sys.argv[0], "install"] + [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
from pip._internal.cli.main import main
sys.exit(main())
"""
_PIP = "25.2"  # the version that ansible-test of ansible-core 2.20 and 2.21 asks for


def main() -> int:
    """Run every check, print each verdict, and fail if one failed."""
    tools, importer = venvs.tools("collection"), venvs.tools("importer")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        checks = {
            "antsibull-changelog lint": lambda: _run(tools, "antsibull-changelog", "lint", cwd=COLLECTION),
            "antsibull-docs lint": lambda: _docs(tools),
            "ansible-lint --profile production": lambda: _lint(tools),
            "ansible-test sanity": lambda: _sanity(tools, work),
            "galaxy-importer": lambda: _import(tools, importer, work),
        }
        wanted = sys.argv[1:]
        verdicts = {name: check() for name, check in checks.items() if not wanted or any(w in name for w in wanted)}
    for name, passed in verdicts.items():
        sys.stdout.write(f"{'ok    ' if passed else 'FAILED'} {name}\n")
    return 0 if all(verdicts.values()) else 1


def _run(folder: Path, command: str, *words: str, cwd: Path, **environ: str) -> bool:
    sys.stdout.write(f"== {command} {' '.join(words)}\n")
    sys.stdout.flush()
    done = subprocess.run(
        [str(folder / "bin" / command), *words], cwd=cwd, env={**_environ(folder), **environ}, check=False
    )
    return done.returncode == 0


def _environ(folder: Path) -> dict[str, str]:
    """Without shims, which start no Python of their own, and with our symbolic link to the collection."""
    places = [place for place in os.environ["PATH"].split(":") if "shims" not in place]
    pythons = [venvs.python(version) for version in ("3.9", "3.10", "3.11", "3.12", "3.13")]
    places += [str(Path(found).parent) for found in pythons if found and "versions" in found]
    return {
        **os.environ,
        "PATH": ":".join([str(folder / "bin"), *places]),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "tests" / "collections"),
        "NO_COLOR": "1",
    }


def _lint(tools: Path) -> bool:
    return _run(tools, "ansible-lint", "--profile", "production", "--offline", "--strict", cwd=COLLECTION)


def _docs(tools: Path) -> bool:
    words = ("lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", ".")
    return _run(tools, "antsibull-docs", *words, cwd=COLLECTION)


def _sanity(tools: Path, work: Path) -> bool:
    copy = work / "ansible_collections" / "tfevent" / "infra"
    shutil.copytree(COLLECTION, copy, ignore=shutil.ignore_patterns("__pycache__", ".ansible", "extensions"))
    home = _seeded(tools, work)
    words = ("sanity", "--local", "--color", "no")
    skipped = [word for test in _ONCE_PER_PYTHON for word in ("--skip-test", test)]
    asked = [word for test in _ONCE_PER_PYTHON for word in ("--test", test)]
    checked = _run(tools, "ansible-test", *words, *skipped, cwd=copy, HOME=str(home))
    return _run(tools, "ansible-test", *words, *asked, cwd=copy, HOME=str(home)) and checked


def _seeded(tools: Path, work: Path) -> Path:
    """A home folder in which ansible-test finds its way to install pip."""
    home = work / "home"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True)
    words = ("download", "--quiet", "--no-deps", "-d", str(work), f"pip=={_PIP}")
    _run(tools, "pip", *words, cwd=work)
    wheel = work / f"pip-{_PIP}-py3-none-any.whl"
    (cache / f"get_pip_{_PIP.replace('.', '_')}.py").write_text(_GET_PIP.format(wheel=str(wheel)))
    return home


def _import(tools: Path, importer: Path, work: Path) -> bool:
    built = _run(tools, "ansible-galaxy", "collection", "build", "--output-path", str(work), str(COLLECTION), cwd=work)
    (work / "importer.cfg").write_text("[galaxy-importer]\nCHECK_REQUIRED_TAGS = True\n")
    archive = next(iter(work.glob("*.tar.gz")), None)
    if not built or archive is None:
        return False
    words = ("-m", "galaxy_importer.main", str(archive))
    passed = _run(importer, "python", *words, cwd=work, GALAXY_IMPORTER_CONFIG=str(work / "importer.cfg"))
    return passed and bool(json.loads((work / "importer_result.json").read_text())["metadata"])


if __name__ == "__main__":
    sys.exit(main())
