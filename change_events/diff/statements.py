"""Statements of a policy (IAM, S3, KMS …), identified by Sid.

Source: "IAM JSON policy elements" of AWS: `Statement` is one object or a list of them, `Sid` an optional name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.model import ValueKind
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from change_events.diff.paths import Path
    from change_events.redact import Redactor

_STATEMENT = "Statement"
_SID = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,99}")
_NAMED = lazy_pattern(r' "[A-Za-z0-9][A-Za-z0-9 _-]{0,99}"')


def statement(path: Path, *sides: Any, redactor: Redactor) -> str:
    """Return the name of a policy element: ``statement "Write"`` or ``statement``; empty for other elements.

    Args:
        path: its path, ending in an index.
        sides: the element after and before; None if missing.
        redactor: decides whether its Sid may be shown.
    """
    there = [side for side in sides if isinstance(side, dict)]
    if len(path) < 2 or path[-2] != _STATEMENT or not there or not any("Effect" in side for side in there):  # noqa: PLR2004 - list and index
        return ""
    sid = next((side["Sid"] for side in there if isinstance(side.get("Sid"), str)), "")
    if not _SID.fullmatch(sid) or redactor.value((*path, "Sid"), sid).kind is not ValueKind.VALUE:
        return "statement"
    return f'statement "{sid}"' if redactor.text(sid) == sid else "statement"


def unnamed(note: str | None) -> str | None:
    """Return a note without the name of a statement, for output without values."""
    return _NAMED.sub("", note) if note and "statement" in note else note


def alike(before: Any, after: Any) -> tuple[Any, Any]:
    """Return two policies for comparison: a single statement becomes a list if the other side has one."""
    sides = (before, after)
    if not all(isinstance(side, dict) for side in sides):
        return sides
    if {type(side.get(_STATEMENT)) for side in sides} != {dict, list}:
        return sides
    return _listed(before), _listed(after)


def _listed(policy: dict[str, Any]) -> dict[str, Any]:
    found = policy[_STATEMENT]
    return {**policy, _STATEMENT: [found]} if isinstance(found, dict) else policy
