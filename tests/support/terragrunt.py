"""A stand-in for `terragrunt run --all`: environment, auto-init, queue, early exit and run report, as documented.

https://terragrunt.gruntwork.io/docs/features/stacks/run-queue, .../run-report and .../reference/cli/commands/run.
A unit is a folder with a terragrunt.hcl, of which dependencies (`"../x"`), `source` and `exclude` are read.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path

TF, HERE, WORDS = os.environ.get("TG_TF_PATH", "tofu"), Path.cwd(), sys.argv
COMMAND = sys.argv[next(n for n, word in enumerate(sys.argv) if word in {"plan", "apply", "destroy", "validate"}) :]
REPORT = WORDS[WORDS.index("--report-file") + 1] if "--report-file" in WORDS else os.environ.get("TG_REPORT_FILE")
COMMAND += ["-auto-approve", "-input=false"] if COMMAND[0] in {"apply", "destroy"} else []


def entry(unit, result, started=None, **more):
    end = datetime.now().astimezone().isoformat()
    return {"Name": str(unit.relative_to(HERE)), "Started": started or end, "Ended": end, "Result": result, **more}


def run(unit):
    started = datetime.now().astimezone().isoformat()
    folder = unit / ".terragrunt-cache/h1/h2" if "source =" in texts[unit] else unit
    if folder is not unit:  # runs in a copy
        shutil.copytree(unit, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".terragrunt-cache"))
    where = {"cwd": folder, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    if not (folder / ".terraform").exists():
        subprocess.run([TF, "init", "-input=false"], check=True, **where)
    done = subprocess.run([TF, *COMMAND], check=False, **where)
    sys.stdout.write(done.stdout), sys.stderr.write(done.stderr)
    why = {"Reason": "run error", "Cause": done.stderr} if done.returncode else {}
    return entry(unit, "failed" if why else "succeeded", started, Cmd=COMMAND[0], Args=COMMAND[1:], **why)


subprocess.run([TF, "-version"], capture_output=True, check=True)
texts = {path.parent: path.read_text() for path in sorted(HERE.glob("**/terragrunt.hcl")) if ".terr" not in str(path)}
needs = {
    unit: [(unit / path).resolve() for path in re.findall(r'"(\.\./[^"]+)"', text)] for unit, text in texts.items()
}
ended = {unit: entry(unit, "excluded", Reason="exclude block") for unit, text in texts.items() if "exclude {" in text}
running = {}
with ThreadPoolExecutor(int(os.environ.get("TG_PARALLELISM", "10"))) as pool:
    while len(ended) < len(texts):
        for unit in [unit for unit in texts if unit not in ended and unit not in running.values()]:
            if bad := [need for need in needs[unit] if ended.get(need, {}).get("Result") in {"failed", "early exit"}]:
                ended[unit] = entry(unit, "early exit", Reason="ancestor error", Cause=str(bad[0].relative_to(HERE)))
            elif all(need in ended for need in needs[unit]):
                running[pool.submit(run, unit)] = unit
        for done in wait(running, return_when=FIRST_COMPLETED).done if running else ():
            ended[running.pop(done)] = done.result()
if REPORT:
    Path(REPORT).write_text(json.dumps(list(ended.values()), indent=2))
sys.exit(any(one["Result"] == "failed" for one in ended.values()))
