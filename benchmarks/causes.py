"""What the causes of 100 changes in 300 files cost, with git and without.

Run: ``python -m benchmarks causes``. Fails where it takes more than its limit in times of work of the same process in
the same minute. Goals on an idle machine: 50 ms without git, 1 s with it; all of it runs beside terraform.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.limits import enforce
from change_events.context.git_command import quiet
from change_events.model import Action, AttributeChange, Change, Inputs, Value, ValueKind
from change_events.process.deadline import Deadline
from tf_wrapper.cause.find import Search, find_causes
from tf_wrapper.cause.origins import Given
from tf_wrapper.cause.previous import Run
from tf_wrapper.configuration import syntax

FILES, CHANGES, COMMITS = 300, 100, 20
GOALS = {"without git": 0.05, "with git": 1.0}
# CPU in times of reading 100 of the files with the parser
LIMITS = {"without git": 20.0, "with git": 90.0}


def code(number: int, size: str) -> str:
    return (
        f'resource "aws_instance" "n{number}" {{\n  ami = local.image\n  instance_type = var.size{number % 10}\n'
        f'  tags = merge(local.tags, {{ Name = "n{number}" }})\n  user_data = "{size}"\n}}\n'
    )


def files(size: str) -> dict[str, str]:
    made = {f"f{number}.tf": code(number, size if number < CHANGES // 2 else "s0") for number in range(FILES)}
    made["variables.tf"] = "".join(f'variable "size{number}" {{\n  default = "{size}"\n}}\n' for number in range(10))
    made["locals.tf"] = 'locals {\n  image = "ami-1"\n  tags  = { team = "red" }\n}\n'
    return made


def repository(folder: Path) -> str:
    """300 files, then commits that edit 50 of them and the variables; gives the first commit."""

    def git(*words: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=a@example.org")
        return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout

    git("init", "-q", "-b", "main")
    base = ""
    for number in range(COMMITS + 1):
        for name, text in files(f"s{number}").items():
            (folder / name).write_text(text)
        git("add", "-A")
        git("commit", "-qm", f"commit {number}")
        base = base or git("rev-parse", "HEAD").strip()
    return base


def changes() -> tuple[Change, ...]:
    def value(text: str) -> Value:
        return Value(kind=ValueKind.VALUE, text=json.dumps(text))

    paths = ("instance_type", "user_data", "tags.Name")
    attributes = tuple(AttributeChange(path=path, before=value("a"), after=value("b")) for path in paths)
    return tuple(
        Change(address=f"aws_instance.n{number}", action=Action.UPDATE, type="aws_instance", attributes=attributes)
        for number in range(CHANGES)
    )


def search(folder: Path, base: str, environ: dict[str, str]) -> Search:
    run = Run(base, dirty=False, whole=True, applied=frozenset(), open=frozenset(), inputs=Inputs())
    return Search(
        changes=changes(),
        drift=(),
        directory=str(folder),
        data_dir=str(folder / ".terraform"),
        plan=None,
        given=Given([], {}),
        runs=[run],
        variables={},
        destroys=False,
        environ=environ,
        deadline=Deadline(600),
    )


def timed(work) -> tuple[float, float]:
    """CPU of this process, and seconds by the clock: the best of five."""
    found = []
    for _ in range(5):
        begun = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - begun[0], time.perf_counter() - begun[1]))
    return min(cpu for cpu, _ in found), min(clock for _, clock in found)


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "code"
        folder.mkdir()
        base = repository(folder)
        texts = [(folder / f"f{number}.tf").read_bytes() for number in range(CHANGES)]
        floor, _ = timed(lambda: [syntax.parse(text) for text in texts])
        environ = quiet(dict(os.environ))
        without = {**environ, "PATH": "/nowhere"}
        for case, given in (("without git", without), ("with git", environ)):
            cpu, clock = timed(lambda given=given: find_causes(search(folder, base, given)))
            goal = GOALS[case]
            print(f"{CHANGES} changes in {FILES} files, {case}: {clock * 1000:.0f} ms (goal {goal * 1000:.0f} ms)")
            found[case] = cpu / floor
    enforce(found, LIMITS)


if __name__ == "__main__":
    main()
