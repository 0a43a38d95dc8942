"""How fast and how small reading a large plan is: ratios against jq and json.loads on the same files, in one run.

Run: ``python -m benchmarks.summarize [megabytes]``. The input is made here. The limits are CPU relative to jq's; with
another size than the default they are not looked at, because a smaller plan measures imports only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.limits import enforce

MEGABYTES = 43.0
RESOURCES = 30_000
ROOT = Path(__file__).resolve().parent.parent

READ = """
import sys
from pathlib import Path
from change_events.redact import Redactor
from tf_wrapper.plan.reader import read_plan
plan = read_plan(Path(sys.argv[1]).read_bytes(), name="plan", redactor=Redactor())
print(plan.counts.update, plan.counts.no_op)
"""
LOADS = """
import json, sys
plan = json.load(open(sys.argv[1], "rb"))
print(sum(change["change"]["actions"] == ["update"] for change in plan["resource_changes"]))
"""
ACTIONS = ".resource_changes[].change.actions[0]"
PLANS = {  # share of resources that change, and whether each holds a secret
    "everything changes": (1.0, False),
    "1 % changes": (0.01, False),
    "everything changes and holds a secret": (1.0, True),
}
# above what a busy machine shows: they catch faults
LIMITS = {"everything changes": 2.2, "1 % changes": 0.8, "everything changes and holds a secret": 2.8}


def value(number: int, version: str, padding: str) -> dict:
    return {
        "ami": f"ami-{version}",
        "arn": f"arn:aws:ec2:eu-central-1:123456789012:instance/i-{number:017x}",
        "ebs": [{"device_name": "/dev/sdb", "size": 20, "type": "gp3"}],
        "id": f"i-{number:017x}",
        "tags": {"Name": f"web-{number}", "release": version},
        "user_data": padding,
    }


def entry(number: int, changed: bool, secret: bool, padding: str) -> dict:
    before = value(number, "0a1b2c3d", padding)
    after = value(number, "4e5f6a7b" if changed else "0a1b2c3d", padding)
    change = {
        "actions": ["update"] if changed else ["no-op"],
        "before": before,
        "after": after,
        "after_unknown": {"tags": {}, "ebs": [{}]},
        "before_sensitive": {"tags": {}, "ebs": [{}], "user_data": secret},
        "after_sensitive": {"tags": {}, "ebs": [{}], "user_data": secret},
    }
    return {
        "address": f'module.web["eu"].aws_instance.web[{number}]',
        "module_address": 'module.web["eu"]',
        "mode": "managed",
        "type": "aws_instance",
        "name": "web",
        "index": number,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": change,
    }


def write_plan(path: Path, megabytes: float, share: float, secret: bool) -> None:
    every = round(1 / share)
    fixed = len(json.dumps(entry(0, True, secret, ""), separators=(",", ":"))) + 10
    padding = "x" * max(0, int((megabytes * 1e6 / RESOURCES - fixed) / 2) - 6)
    # written piece by piece: a child's peak memory counts from that of the process which starts it
    with path.open("w") as out:
        out.write('{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{"root_module":{}}')
        for number in range(RESOURCES):
            change = entry(number, number % every == 0, secret, f"{number:06d}{padding}")
            out.write(',"resource_changes":[' if number == 0 else ",")
            json.dump(change, out, separators=(",", ":"))
        out.write("]}")


def measure(command: list[str], compiled: Path) -> tuple[float, float, float]:
    """Return the best wall and CPU seconds of three runs, and the largest peak memory of the child in MB.

    Python's byte code is kept in ``compiled``, as an installation keeps it: only the first run compiles.
    """
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(compiled)
    walls, cpus, peaks = [], [], []
    for _ in range(3):
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{command[0]} ended with {child.returncode}")
        walls.append(time.perf_counter() - started)
        cpus.append(usage.ru_utime + usage.ru_stime)
        peaks.append(usage.ru_maxrss / 1024)
    return min(walls), min(cpus), max(peaks)


def compare(title: str, path: Path) -> float | None:
    """Measure and print one plan; returns our CPU relative to jq's, None where there is no jq."""
    commands = {
        "tfevent": [sys.executable, "-c", READ, str(path)],
        "json.loads": [sys.executable, "-c", LOADS, str(path)],
    }
    jq = shutil.which("jq")
    if jq:
        commands["jq"] = [jq, "-r", ACTIONS, str(path)]
    print(f"{title}: {path.stat().st_size / 1e6:.0f} MB, {RESOURCES} resources")
    found = {name: measure(command, path.parent / "compiled") for name, command in commands.items()}
    ours = found.pop("tfevent")
    print(f"  {'tfevent':<12} {ours[0]:6.2f} s   {ours[1]:6.2f} s CPU   {ours[2]:6.0f} MB")
    for name, (wall, cpu, peak) in found.items():
        ratio = f"tfevent takes {ours[1] / cpu:4.2f} of its CPU, {ours[2] / peak:4.2f} of its memory"
        print(f"  {name:<12} {wall:6.2f} s   {cpu:6.2f} s CPU   {peak:6.0f} MB   {ratio}")
    return ours[1] / found["jq"][1] if jq else None


def measured(megabytes: float) -> dict[str, float]:
    """Measure and print all; the figures by the names of :data:`LIMITS`, none without jq."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for title, (share, secret) in PLANS.items():
            path = Path(folder) / "plan.json"
            write_plan(path, megabytes, share, secret)
            ratio = compare(title, path)
            if ratio is not None:
                figures[title] = ratio
    return figures


def main() -> None:
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES
    figures = measured(megabytes)
    if megabytes == MEGABYTES:
        enforce(figures, LIMITS)


if __name__ == "__main__":
    main()
