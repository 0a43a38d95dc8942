"""Placeholders of hidden values, and sizes, shared by messages, pages and terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import ValueKind

if TYPE_CHECKING:
    from change_events.model import Value

WORDS = {
    ValueKind.ABSENT: "(none)",
    ValueKind.UNKNOWN: "(known after apply)",
    ValueKind.SENSITIVE: "(sensitive)",
    ValueKind.HIDDEN: "(hidden)",
}
"""What stands for a value of each kind but those that are shown, or given by their size."""

_KILO = 1_000


def size(value: Value) -> str:
    """Return the size of a large value as ``512 bytes``, ``1.2 kB``."""
    number = value.size or 0
    return f"{number} bytes" if number < _KILO else f"{number / _KILO:.1f} kB"
