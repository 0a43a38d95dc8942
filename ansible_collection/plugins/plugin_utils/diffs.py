# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Summarizes the ``--diff`` of a result: which file, which attributes, how many lines; never contents.

A result has a dict or a list of dicts, each with ``before`` and ``after``, which are texts (whole files, including
secrets) or dicts of attributes, and headers. The header of ``before`` names the file; that of ``after`` may name the
copied file on the controller, even a temporary one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

# Attributes whose values are reported: what they can hold is no secret.
SHOWN = frozenset({"mode", "owner", "group", "state", "uid", "gid", "seuser", "serole", "setype", "selevel", "enabled"})
LONGEST_BODY = 20_000  # characters of the contents of one file; more are not reported in full, even where they may be
_LONGEST_HEADER = 300
_NO_TEXT = ("src_binary", "dst_binary", "src_larger", "dst_larger")  # one side is not in the result: no lines to count
_NO_FILE = "/dev/null"
_OF_ANSIBLE = "/ansible-local-"  # in the paths of files that the controller made for itself


def differences(diff: Any, *, contents: bool = False, path: str = "") -> Iterator[str]:
    """Return a line for each file or object that differs: ``/etc/motd: +3 -1 lines``, ``/srv/app: mode 0644 → 0600``.

    Args:
        diff: the value of ``diff`` in a result, of at most one item.
        contents: also return the differing lines, not redacted; for users who enable it in the settings.
        path: the file of the task, if known: a new file has no header of its own.
    """
    for part in diff if isinstance(diff, (list, tuple)) else (diff,):
        if isinstance(part, Mapping) and (text := _text(part, contents=contents)):
            header = _header(part, path)
            yield f"{header}: {text}" if header else text


def subject(diff: Any) -> str:
    """Return the subject of the first difference; some modules name their file nowhere else."""
    first = diff[0] if isinstance(diff, (list, tuple)) and diff else diff
    return _header(first) if isinstance(first, Mapping) else ""


def _text(part: Mapping[str, Any], *, contents: bool) -> str:
    before, after = part.get("before"), part.get("after")
    if any(part.get(key) for key in _NO_TEXT):
        return "changed"
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        return ", ".join(_attributes(before, after))
    if isinstance(part.get("prepared"), str):
        return "changed"
    if not isinstance(before, (str, type(None))) or not isinstance(after, (str, type(None))) or before == after:
        return ""
    return _lines(before or "", after or "", contents=contents)


def _header(part: Mapping[str, Any], path: str = "") -> str:
    """Return the name of the compared file or object, from the best source."""
    after = part.get("after")
    inside = after.get("path") if isinstance(after, Mapping) else None
    for named in (part.get("before_header"), path, part.get("after_header"), inside):
        if isinstance(named, str) and named != _NO_FILE and _OF_ANSIBLE not in named and _is_short(named):
            return named.removesuffix(" (content)").removesuffix(" (file attributes)")
    return ""


def _is_short(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_HEADER and text.isprintable()


def _attributes(before: Any, after: Any) -> Iterator[str]:
    old, new = (side if isinstance(side, Mapping) else {} for side in (before, after))
    for name in dict.fromkeys((*old, *new)):
        if name == "path" or old.get(name) == new.get(name):
            continue
        values = (old.get(name), new.get(name))
        simple = all(value is None or isinstance(value, (str, int, bool)) for value in values)
        is_shown = name in SHOWN and simple
        yield f"{name} {_shown(values[0])} → {_shown(values[1])}" if is_shown else str(name)


def _shown(value: Any) -> str:
    return "(none)" if value is None or value == "" else str(value)


def _lines(before: str, after: str, *, contents: bool) -> str:
    """Return the numbers of added and removed lines; large files are not compared, which could take long."""
    if len(before) + len(after) > LONGEST_BODY:
        return f"{before.count(chr(10))} → {after.count(chr(10))} lines"
    found = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))[2:]
    added = sum(line.startswith("+") for line in found)
    removed = sum(line.startswith("-") for line in found)
    figures = f"+{added} -{removed} lines"
    return "\n".join([figures, *found]) if contents else figures
