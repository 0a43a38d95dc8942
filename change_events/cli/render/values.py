"""Renders attribute values on one line."""

from __future__ import annotations

from change_events.cli.render.terminal import clean
from change_events.model import Value, ValueKind
from change_events.summary.value_text import WORDS, size


def render_pair(before: Value, after: Value) -> str:
    """Return both sides, ``"a" → "b"``; hidden values still show whether they changed: ``(sensitive, changed)``."""
    compared = _compared_fingerprints(before, after)
    if before.kind is after.kind and before.kind in (ValueKind.SENSITIVE, ValueKind.HIDDEN):
        return f"({before.kind.value}{compared})"
    if before.kind is after.kind is ValueKind.LARGE:
        return f"({size(before)} → {size(after)}{compared})"
    return f"{render_value(before)} → {render_value(after)}"


def render_value(value: Value) -> str:
    """Return one side."""
    if value.kind is ValueKind.VALUE:
        return clean(value.text or "")
    if value.kind is ValueKind.LARGE:
        return f"({size(value)})"
    return WORDS[value.kind]


def _compared_fingerprints(before: Value, after: Value) -> str:
    if before.fingerprint is None or after.fingerprint is None:
        return ""
    return ", unchanged" if before.fingerprint == after.fingerprint else ", changed"
