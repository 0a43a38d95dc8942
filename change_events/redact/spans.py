"""Spans: the places of a text that must not be shown, and their replacement by the mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "(sensitive)"
"""What stands where something was hidden. No white space: it must stay one value wherever a value is expected."""

Span = tuple[int, int]


def hide(text: str, spans: Iterable[Span]) -> str:
    """Replace every span by :data:`MARK`; spans that overlap or touch become one mark."""
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start > end or not parts:
            parts += (text[end:start], MARK)
        end = max(end, stop)
    parts.append(text[end:])
    return "".join(parts)


def outside_marks(text: str) -> list[Span]:
    """Return the stretches of the text between the marks that stand in it already."""
    if MARK not in text:
        return [(0, len(text))]
    stretches: list[Span] = []
    start = 0
    while (found := text.find(MARK, start)) >= 0:
        stretches.append((start, found))
        start = found + len(MARK)
    stretches.append((start, len(text)))
    return [(first, last) for first, last in stretches if first < last]
