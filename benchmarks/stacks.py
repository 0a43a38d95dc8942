"""200 units of one Terragrunt run, 50 at once, through tfevent and by bare terraform: what tfevent adds to each.

Run: ``python -m benchmarks stacks``. A stand-in for Terragrunt starts them, and the terraform on PATH is theirs, or,
without one, a stand-in that costs next to nothing (tests do the same). Every fourth unit has nothing to change, every
twentieth fails. Fails where an event is lost, the event of the whole is not exact, or a locked database is reported.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.wrapper import ROOT
from change_events.journal import Journal, Query

UNITS, AT_ONCE = 200, 50
STAND_IN = ROOT / "tests" / "support" / "stand_in_terraform.sh"
TERRAGRUNT = ROOT / "tests" / "support" / "terragrunt.py"
EMPTY = "locals {\n  nothing = 1\n}\n"
FAILS = 'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "exit 1"\n  }\n}\n'
CREATES = 'resource "terraform_data" "x" {\n  input = "one"\n}\n'


class Found(NamedTuple):
    """Seconds and seconds of CPU a unit that tfevent adds, and what the journal and the output then have.

    ``wrong`` names what the event of the whole should have had, ``locked`` are lines about a locked database.
    """

    added: float
    cpu: float
    recorded: int
    wrong: tuple[str, ...]
    locked: tuple[str, ...]


def kind_of(number: int) -> str:
    """What becomes of a unit."""
    return "failed" if number % 20 == 7 else "unchanged" if number % 4 == 0 else "changed"


def units(folder: Path, number: int) -> Path:
    """Folders of units, initialised, as they are before the first apply."""
    files = {"failed": (FAILS, "fail"), "unchanged": (EMPTY, "same"), "changed": (CREATES, "")}
    for one in range(number):
        unit = folder / f"unit{one:03}"
        (unit / ".terraform").mkdir(parents=True)
        text, mark = files[kind_of(one)]
        (unit / "main.tf").write_text(text)
        (unit / "terragrunt.hcl").touch()
        if mark:
            (unit / mark).touch()
    return folder


def _run(command: list[str], folder: Path, environ: dict[str, str]) -> tuple[float, float, str]:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout + done.stderr


def measure(folder: Path, terraform: str, tfevent: str, *, number: int = UNITS, at_once: int = AT_ONCE) -> Found:
    """One run of all units by bare terraform, and one through tfevent."""
    (folder / "bin").mkdir(parents=True)
    script = folder / "bin" / "terragrunt"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {TERRAGRUNT} "$@"\n')
    script.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "TFEVENT_", "TG_"))}
    environ = {**kept, "PATH": f"{script.parent}:{kept['PATH']}", "TF_CLI_CONFIG_FILE": os.devnull}
    environ |= {"TFEVENT_STATE_DIR": str(folder / "state"), "TFEVENT_TF_BINARY": terraform, "CHECKPOINT_DISABLE": "1"}
    environ |= {"TG_PARALLELISM": str(at_once), "TFEVENT_BUDGET": "30"}
    command = ["terragrunt", "run", "--all", "apply"]
    bare, bare_cpu, _ = _run(command, units(folder / "bare", number), {**environ, "TG_TF_PATH": terraform})
    whole = [tfevent, "events", "run", "--stacks", "--", *command]
    ours, cpu, printed = _run(whole, units(folder / "ours", number), {**environ, "TG_TF_PATH": tfevent})
    recorded, wrong = _looked_at(folder / "state" / "journal.db", number)
    locked = tuple(line for line in printed.splitlines() if "locked" in line)
    return Found((ours - bare) / number, (cpu - bare_cpu) / number, recorded, wrong, locked)


def _looked_at(path: Path, number: int) -> tuple[int, tuple[str, ...]]:
    """How many units have an event that has ended, and what the event of the whole has otherwise than it should."""
    with Journal.open(path) as journal:
        bodies = [json.loads(record.body) for record in journal.list(Query(limit=None))]
    wholes = [event for event in bodies if "stacks" in event]
    recorded = sum("outcome" in event for event in bodies) - len(wholes)
    if len(wholes) != 1:
        return recorded, (f"{len(wholes)} events of the whole",)
    kinds = [kind_of(one) for one in range(number)]
    expected = {kind: kinds.count(kind) for kind in ("changed", "unchanged", "failed")} | {"total": number}
    counts = wholes[0]["stacks"]["counts"]
    names = sorted({*expected, *counts})
    return recorded, tuple(
        f"{name}: {counts.get(name, 0)} instead of {expected.get(name, 0)}"
        for name in names
        if counts.get(name, 0) != expected.get(name, 0)
    )


def beyond(found: Found, number: int = UNITS) -> list[str]:
    """A line for each thing that must not be."""
    with_event = sum(kind_of(one) != "unchanged" for one in range(number))
    lines = [f"the whole has {text}" for text in found.wrong]
    lines += [f"{found.recorded} of {with_event} events recorded"] if found.recorded != with_event else []
    return lines + ([f"{len(found.locked)} lines about a locked database: {found.locked[0]}"] if found.locked else [])


def main() -> int:
    """Print the figures; 1 where something was lost."""
    terraform = shutil.which("terraform") or shutil.which("tofu") or str(STAND_IN)
    tfevent = str(Path(sys.executable).with_name("tfevent"))
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), terraform, tfevent)
    print(
        f"{UNITS} units, {AT_ONCE} at once, {Path(terraform).name}: {found.added * 1000:.0f} ms and "
        f"{found.cpu * 1000:.0f} ms of CPU more a unit than bare, {found.recorded} events, {len(found.locked)} locked"
    )
    wrong = beyond(found)
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
