"""Play every molecule scenario of the collection, or those that are named: ``make molecule``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import venvs  # noqa: E402 - found by the line above

COLLECTION = ROOT / "ansible_collection"


def main() -> int:
    """Each scenario from nothing; prints each verdict, and fails if one failed."""
    binaries = venvs.tools("collection") / "bin"
    environ = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "NO_COLOR": "1"}
    environ = {name: value for name, value in environ.items() if not name.startswith(("TFEVENT_", "ANSIBLE_"))}
    found = sorted(path.parent.name for path in COLLECTION.glob("extensions/molecule/*/molecule.yml"))
    verdicts = {}
    for scenario in sys.argv[1:] or found:
        for command in ("reset", "test"):
            more = ["--destroy=never"] if command == "test" else []
            words = [str(binaries / "molecule"), command, "-s", scenario, *more]
            done = subprocess.run(words, cwd=COLLECTION, env=environ, check=False)
        verdicts[scenario] = done.returncode == 0
    for scenario, passed in verdicts.items():
        sys.stdout.write(f"{'ok    ' if passed else 'FAILED'} {scenario}\n")
    return 0 if verdicts and all(verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
