"""Folders with units, and what runs them: a stand-in for Terragrunt, and one for terraform that costs little."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

SUPPORT = Path(__file__).parents[1] / "support"
TERRAFORM = SUPPORT / "stand_in_terraform.sh"
KINDS = {"whole": b"events\0run", "terragrunt": b"terragrunt.py", "unit": b"tf_wrapper\0apply"}
_LATE = """if [ "$1" = apply ] && [ -e late ]; then
  touch waits
  while [ ! -e go ]; do sleep 0.05; done
  exec > /dev/null 2>&1
fi
exec tfevent "$@\""""


def unit(scene, name, *marks, after=(), terragrunt="", **files):
    """A unit, after others; ``marks`` are what the stand-in for terraform goes by: ``fail``, ``same``."""
    folder = scene.work / name
    folder.mkdir(parents=True)
    paths = ", ".join(f'"../{other}"' for other in after)
    needs = f"dependencies {{\n  paths = [{paths}]\n}}\n" if after else ""
    files |= {"main.tf": files.get("main.tf", ""), "terragrunt.hcl": needs + terragrunt, **dict.fromkeys(marks, "")}
    for file, text in files.items():
        (folder / file).write_text(text)
    return folder


def ready(scene, terraform=TERRAFORM):
    """Put ``terragrunt`` on the PATH and have tfevent start this terraform."""
    tools = Path(scene.environ["PATH"].partition(":")[0])
    scene.script(tools / "terragrunt", f'exec {sys.executable} {SUPPORT / "terragrunt.py"} "$@"')
    scene.environ |= {"TFEVENT_TF_BINARY": str(terraform), "TG_TF_PATH": "tfevent", "TF_CLI_CONFIG_FILE": "/dev/null"}
    return scene


def whole(events):
    """The event of the run of many stacks."""
    (event,) = [event for event in events if "stacks" in event]
    return event


def states(event):
    """State by name of its units."""
    return {one["name"]: one["state"] for one in event["stacks"]["units"]}


def processes(scene, kind):
    """Numbers of the processes of this kind (of :data:`KINDS`) that belong to the scene."""
    ours = f"TFEVENT_STATE_DIR={scene.state}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and ours in (folder / "environ").read_bytes():
                words = (folder / "cmdline").read_bytes()
                if KINDS[kind] in words and not words.startswith(b"/bin/sh\0"):
                    found.append(int(folder.name))
    return found


def late_starter(scene):
    """For TG_TF_PATH: an apply in a unit that is marked ``late`` begins when there is a file ``go``."""
    return str(scene.script(scene.home / "late-tfevent", _LATE))
