"""An event of a playbook run as text that is the same for equal runs: ids, times, places and chance orders taken out."""

from __future__ import annotations

import json
import re
from copy import deepcopy

_JOB = re.compile(r"j?\d{10,}\.\d+")
_TEMPORARY = re.compile(r"(?<=/ansible\.)\w{8}|(?<=ansible-tmp-)[\d.-]+|(?<=/tmp)\w{8}/")


def normal(event: dict, folder: str) -> str:
    """JSON, a field a line, with the title and the message in front, as a reader sees them."""
    made = deepcopy(event)
    for name in ("id", "schema_version", "started_at", "ended_at", "trace", "actor", "vcs"):
        made.pop(name, None)
    title, message = made.pop("title"), made.pop("message")
    made["tool"] = {name: made["tool"].get(name) for name in ("name", "command", "directory")}
    made["hosts"] = sorted(made.get("hosts", ()), key=lambda host: host["name"])
    for change in made.get("changes", ()):
        change.pop("duration", None)
        for name in ("changed_on", "things", "delegated_to", "unfinished", "diff"):
            if name in change["task"]:
                change["task"][name].sort()
        change["task"].get("failures", []).sort(key=lambda failure: failure["host"])
    text = f"{title}\n\n{message}\n{json.dumps(made, indent=1, ensure_ascii=False)}\n"
    text = text.replace(folder, "<folder>")
    return _TEMPORARY.sub("<random>", _JOB.sub("<job>", text))
