"""An event of a playbook run as text that is the same for equal runs: no ids, times, places, chance orders."""

from __future__ import annotations

import json
import re
from copy import deepcopy

_ESCAPED = re.compile(r"[-_.]")
_JOB = re.compile(r"j?\d{10,}\.\d+")
_LONG = (  # what follows is cut, sooner or later by the length of the folder
    (re.compile(r"(role 'missing' was not found in:? )[^\n`\"]*"), r"\1…"),
    (re.compile(r"(Could not find or access ')[^\n`\"]*"), r"\1…"),
)
_TEMPORARY = re.compile(r"(?<=/ansible\.)\w{8}|(?<=ansible-tmp-)[\d.-]+|(?<=/tmp)\w{8}/")


def normal(event: dict, folder: str) -> str:
    """JSON, a field a line, with the title and the message in front, as a reader sees them."""
    made = deepcopy(event)
    for name in ("id", "schema_version", "started_at", "ended_at", "trace", "actor", "vcs"):
        made.pop(name, None)
    title, message = made.pop("title"), made.pop("message")
    made["tool"] = {name: made["tool"].get(name) for name in ("name", "command", "directory")}
    for change in made.get("changes", ()):
        change.pop("duration", None)
    text = f"{title}\n\n{message}\n{json.dumps(made, indent=1, ensure_ascii=False)}\n"
    text = text.replace(folder, "<folder>").replace(_ESCAPED.sub(r"\\\g<0>", folder), "<folder>")
    text = text.replace(f"on {event['actor']['host']}", "on <host>")
    for pattern, shown in _LONG:
        text = pattern.sub(shown, text)
    return _TEMPORARY.sub("<random>", _JOB.sub("<job>", text))
