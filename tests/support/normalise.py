"""What two equal runs of terraform may differ in, taken out of their output: no more than that.

Identifiers, times and durations are replaced everywhere. The order of concurrent resources is a choice of the
scheduler; :func:`by_resource` forgets that and nothing else: the order of one resource's own lines stays.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re

_PLACEHOLDERS = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"), "<time>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC"), "<time>"),
    (re.compile(r"(?<= after )(?:\d+[hms])+"), "<duration>"),
    (re.compile(r"(?<=, )(?:\d+[hms])+(?= elapsed\])|(?<=\[)(?:\d+[hms])+(?= elapsed\])"), "<duration>"),
    (re.compile(r'(?<="elapsed_seconds":)\d+'), "0"),
    (re.compile(r'(?<=deposed object )[0-9a-f]{8}|(?<="deposed": ")[0-9a-f]{8}'), "<deposed>"),
)
# terraform may end its output with a bare reset: on a terminal our line then starts behind it
_OWN = re.compile(r"^((?:\x1b\[0m)*)(tfevent: [^\n]*)\n", re.MULTILINE)
_RESET = "\x1b[0m"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PROGRESS = re.compile(r"^(?P<address>[a-z][^\s:]*\.[^\s:]+)(?: \([\w-]+\))?: ")


def text(output: bytes) -> str:
    """Output with line ends as on a pipe, and placeholders for what differs from run to run."""
    return mask(output.decode("utf-8", "backslashreplace").replace("\r\n", "\n"))


def mask(value: str) -> str:
    """``value`` with identifiers, times and durations replaced."""
    for pattern, placeholder in _PLACEHOLDERS:
        value = pattern.sub(placeholder, value)
    return value


def own_lines(value: str) -> tuple[str, list[str]]:
    """Split off the lines that tfevent wrote itself: (the rest, those lines)."""
    return _OWN.sub(r"\1", value), [line for _reset, line in _OWN.findall(value)]


def by_resource(value: str) -> str:
    """Each run of progress lines, ordered by resource; a resource's own lines keep their order."""
    lines = value.splitlines(keepends=True)
    groups = itertools.groupby(lines, key=lambda line: _subject(line)[0])
    return "".join(_ordered(list(group)) if kind else "".join(group) for kind, group in groups)


def _ordered(lines: list[str]) -> str:
    """The reset that ends the plan's text stands before whichever resource comes first: it stays in front."""
    reset = _RESET if lines[0].startswith(_RESET * 2) else ""
    lines[0] = lines[0].removeprefix(reset)
    return reset + "".join(sorted(lines, key=lambda line: _subject(line)[1]))


def _subject(line: str) -> tuple[str, str]:
    """(what kind of progress line, address), or ("", "") for a line whose place matters."""
    if line.startswith('{"@level"'):
        return _json_subject(json.loads(line))
    match = _PROGRESS.match(_ANSI.sub("", line))
    return ("progress", match["address"]) if match else ("", "")


def _json_subject(message) -> tuple[str, str]:
    if "hook" in message:
        return "progress", message["hook"].get("resource", {}).get("addr", "")
    if message.get("type") == "planned_change":
        return "planned", message["change"]["resource"]["addr"]
    return "", ""


def state(content: str) -> str:
    """A state file, readable, without its lineage (random) and with its check results (unordered) sorted."""
    document = json.loads(content)
    document.pop("lineage", None)
    if document.get("check_results"):
        document["check_results"].sort(key=lambda result: result["config_addr"])
    return mask(json.dumps(document, indent=1))


def difference(expected: str, actual: str, name: str) -> str:
    """A unified diff with escape sequences spelled out; empty when equal."""
    before, after = (_visible(side) for side in (expected, actual))
    return "\n".join(difflib.unified_diff(before, after, f"{name} (terraform)", f"{name} (tfevent)", "", "", 3, ""))


def _visible(value: str) -> list[str]:
    return [line.encode("unicode_escape").decode() for line in value.splitlines(keepends=True)]
