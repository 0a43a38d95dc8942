"""Form of a change ``version``: an image or a chart is of another version; of a lower one where that can be seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from change_events.signals.paths import masked, pairs
from change_events.signals.verdict import Verdict
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.signals.verdict import Case

_VERSION = lazy_pattern(r"v?(\d{1,9}(?:\.\d{1,9}){1,3})((?:[-+_][\w.+-]*)?)|v(\d{1,9})()")
_LONGEST = 60


def version(case: Case) -> Iterator[Verdict]:
    """Another version, or a lower one."""
    subject, steps = case.subject, case.row.steps
    if not masked(subject.unknown, steps):
        for label, before, after in pairs(subject.before, subject.after, steps):
            if isinstance(before, str) and isinstance(after, str):
                sides = _containers(before), _containers(after)
                inner = pairs(*sides, ("image",), label) if all(sides) else [(label, before, after)]
                for path, old, new in inner:
                    if isinstance(old, str) and isinstance(new, str):
                        yield from compared(path, old, new)


def _containers(text: str) -> list[Any]:
    """The containers that a text describes in JSON, as in a task definition of ECS; empty where it does not."""
    if not text.startswith("["):
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def compared(label: str, before: str, after: str) -> Iterator[Verdict]:
    """Two references, such as ``nginx:1.25``, or two bare versions."""
    if before == after or not before or not after:
        return
    (name, old), (other, new) = _split(before), _split(after)
    values = (before, after)
    if name == other and _is_lower(old, new):
        words = f"went from version {old[:_LONGEST]} back to {new[:_LONGEST]}"
        yield Verdict(label, words, "went back to a lower version", values, "version_lowered")
    elif name == other and old and new:
        words = f"went from version {old[:_LONGEST]} to {new[:_LONGEST]}"
        yield Verdict(label, words, "is of another version", values, "version_changed")
    else:
        yield Verdict(label, "changed", "changed", (), "version_changed")


def _split(reference: str) -> tuple[str, str]:
    """Name and tag of an image; of a bare version the name is empty, of a digest the tag."""
    if _VERSION.fullmatch(reference):
        return "", reference
    name, _, digest = reference.partition("@")
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        return head, tag
    return name, digest


def _is_lower(old: str, new: str) -> bool:
    before, after = _VERSION.fullmatch(old), _VERSION.fullmatch(new)
    if not before or not after or (before[2] or "") != (after[2] or ""):
        return False
    first, second = ([int(part) for part in (found[1] or found[3]).split(".")] for found in (before, after))
    return len(first) == len(second) and second < first
