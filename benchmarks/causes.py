"""What the causes and signals of 100 changes in 300 files cost, with git and without, and how much later a run ends.

Run: ``python -m benchmarks causes``. Fails where it takes more than its limit in times of work of the same process in
the same minute. Goals on an idle machine: 50 ms without git, 1 s with it; a run of 20 changes ends 0.3 s later at most.
All of it runs beside terraform, and garbage is collected as seldom as there. Signals are what the values of each
change give, and what the event as a whole does.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.limits import enforce
from change_events.context.git_command import quiet
from change_events.model import Action, AttributeChange, Change, ChangeEvent, Inputs, Kind, Phase, Value, ValueKind
from change_events.process.deadline import Deadline
from change_events.signals import Subject, risks, signals
from tf_wrapper.cause.find import Search, find_causes
from tf_wrapper.cause.origins import Given
from tf_wrapper.cause.previous import Run
from tf_wrapper.configuration import syntax

FILES, CHANGES, COMMITS = 300, 100, 20
RUN = "a run of 20 changes, times one without causes"
VALUES = "signals of 100 changes"
GOALS = {"without git": 0.05, "with git": 1.0}
# CPU in times of reading 100 of the files with the parser; of the run, seconds by the clock
LIMITS = {"without git": 13.0, "with git": 90.0, VALUES: 6.0, RUN: 1.5}
STACK = 'variable "size" {}\nresource "terraform_data" "r" {\n  count = 20\n  input = "${var.size}-${count.index}"\n}\n'


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


def event() -> ChangeEvent:
    now = datetime.now(UTC)
    return ChangeEvent(
        id="0199", kind=Kind.INFRASTRUCTURE, phase=Phase.APPLIED, started_at=now, title="", changes=changes()
    )


def subjects() -> list[Subject]:
    """100 machines that become smaller, with their whole values."""

    def value(number: int, size: str, version: str) -> dict[str, object]:
        return {
            "ami": f"ami-{version}",
            "arn": f"arn:aws:ec2:eu-central-1:123456789012:instance/i-{number:017x}",
            "ebs": [{"device_name": "/dev/sdb", "size": 20, "type": "gp3"}],
            "id": f"i-{number:017x}",
            "instance_type": size,
            "tags": {"Name": f"web-{number}", "release": version},
            "user_data": "x" * 200,
        }

    return [
        Subject("aws_instance", Action.UPDATE, value(number, "t3.large", "a"), value(number, "t3.micro", "b"))
        for number in range(CHANGES)
    ]


def end_of_run(terraform: str, folder: Path, rounds: int = 7) -> float:
    """How long a run of 20 changes takes, in times of one that looks for no causes; by turns, a commit each."""
    tfevent = str(Path(sys.executable).with_name("tfevent"))
    environ = {**quiet(dict(os.environ)), "TF_CLI_CONFIG_FILE": "", "TFEVENT_QUIET": "1"}
    environ |= {"TFEVENT_STATE_DIR": str(folder / "state"), "TFEVENT_TF_BINARY": terraform}
    stack = folder / "stack"
    stack.mkdir()
    (stack / "main.tf").write_text(STACK)
    (stack / ".gitignore").write_text(".terraform\n*.tfstate*\n")

    def run(*words: str, **more: str) -> float:
        begun = time.perf_counter()
        subprocess.run(words, cwd=stack, env={**environ, **more}, check=True, capture_output=True)
        return time.perf_counter() - begun

    run("git", "init", "-q", "-b", "main")
    run(terraform, "init")
    took: dict[str, list[float]] = {"on": [], "off": []}
    for number in range(2 * rounds + 1):
        (stack / "terraform.tfvars").write_text(f'size = "s{number}"\n')
        run("git", "add", "-A")
        run("git", "-c", "user.name=Ada", "-c", "user.email=a@example.org", "commit", "-qm", f"size {number}")
        causes = "on" if number % 2 else "off"
        seconds = run(tfevent, "apply", "-auto-approve", TFEVENT_CAUSES=causes)
        took[causes] += [seconds] if number else []
    on, off = (statistics.median(took[causes]) for causes in ("on", "off"))
    print(f"a run of 20 changes ends {(on - off) * 1000:.0f} ms later with causes than without (goal 300 ms)")
    return on / off


def timed(work) -> tuple[float, float]:
    """CPU of this process, and seconds by the clock: the best of five."""
    found = []
    for _ in range(5):
        begun = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - begun[0], time.perf_counter() - begun[1]))
    return min(cpu for cpu, _ in found), min(clock for _, clock in found)


def main() -> None:
    gc.set_threshold(100_000)
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "code"
        folder.mkdir()
        base = repository(folder)
        texts = [(folder / f"f{number}.tf").read_bytes() for number in range(CHANGES)]
        floor, _ = timed(lambda: [syntax.parse(text) for text in texts])
        environ = quiet(dict(os.environ))
        without = {**environ, "PATH": "/nowhere"}
        values = subjects()
        of_values, _ = timed(lambda: [risks(subject) for subject in values])
        found[VALUES] = of_values / floor
        for case, given in (("without git", without), ("with git", environ)):
            cpu, clock = timed(lambda given=given: (find_causes(search(folder, base, given)), signals(event())))
            goal = GOALS[case]
            print(
                f"{CHANGES} changes in {FILES} files, {case}: {cpu * 1000:.0f} ms of CPU, {clock * 1000:.0f} ms "
                f"by the clock, and {of_values * 1000:.0f} ms for signals of values (goal {goal * 1000:.0f} ms "
                f"together); parsing {CHANGES} of the files {floor * 1000:.0f} ms"
            )
            found[case] = cpu / floor
        if (terraform := shutil.which("terraform")) is not None:
            found[RUN] = end_of_run(terraform, Path(name))
    enforce(found, LIMITS)


if __name__ == "__main__":
    main()
