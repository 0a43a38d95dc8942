"""Attribute values as one line of terminal text."""

from __future__ import annotations

from change_events.cli.render.terminal import clean
from change_events.model import Value, ValueKind

_WORDS = {
    ValueKind.ABSENT: "(none)",
    ValueKind.UNKNOWN: "(known after apply)",
    ValueKind.SENSITIVE: "(sensitive)",
    ValueKind.HIDDEN: "(hidden)",
}
_KILO = 1_000


def render_pair(before: Value, after: Value) -> str:
    """Both sides, ``"a" → "b"``; what is hidden still shows whether it changed: ``(sensitive, changed)``."""
    compared = _compared_fingerprints(before, after)
    if before.kind is after.kind and before.kind in (ValueKind.SENSITIVE, ValueKind.HIDDEN):
        return f"({before.kind.value}{compared})"
    if before.kind is after.kind is ValueKind.LARGE:
        return f"({_size(before)} → {_size(after)}{compared})"
    return f"{render_value(before)} → {render_value(after)}"


def render_value(value: Value) -> str:
    """One side."""
    if value.kind is ValueKind.VALUE:
        return clean(value.text or "")
    if value.kind is ValueKind.LARGE:
        return f"({_size(value)})"
    return _WORDS[value.kind]


def _compared_fingerprints(before: Value, after: Value) -> str:
    if before.fingerprint is None or after.fingerprint is None:
        return ""
    return ", unchanged" if before.fingerprint == after.fingerprint else ", changed"


def _size(value: Value) -> str:
    size = value.size or 0
    return f"{size} bytes" if size < _KILO else f"{size / _KILO:.1f} kB"
