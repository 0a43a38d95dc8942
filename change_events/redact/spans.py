"""Spans: the places of a text that must not be shown, and their replacement by the mark."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "(sensitive)"
"""What stands where something was hidden. No white space: it must stay one value wherever a value is expected."""

ADDRESS_MARK = "REDACTED"
"""What stands for it inside of an address: brackets would end a Markdown link, and make it another address."""

Span = tuple[int, int]
_COVER = "\0" * len(MARK)  # no cleaned text has a zero

_ADDRESS = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]{1,20}+:(?:\\?/){2}[^\s\"'<>\\]++")


def hide(text: str, spans: Iterable[Span]) -> str:
    """Replace every span by :data:`MARK`, or inside of an address by :data:`ADDRESS_MARK`.

    Spans that overlap or touch become one mark.
    """
    ordered = sorted(spans)
    addresses = [match.span() for match in _ADDRESS.finditer(text)] if ordered and "/" in text else []
    parts: list[str] = []
    end = 0
    for start, stop in ordered:
        if start > end or not parts:
            parts += (text[end:start], _mark(start, stop, addresses))
        end = max(end, stop)
    parts.append(text[end:])
    return "".join(parts)


def _mark(start: int, stop: int, addresses: list[Span]) -> str:
    place = bisect_right(addresses, (start, start)) - 1
    inside = place >= 0 and addresses[place][0] < start < addresses[place][1] and stop <= addresses[place][1]
    return ADDRESS_MARK if inside else MARK


def covered(text: str) -> str:
    """Return the text with zeros in place of each mark: no rule finds something in a mark, or joins what it parts."""
    return text.replace(MARK, _COVER)


def is_marked(text: str) -> bool:
    """Return whether something was hidden in the text."""
    return MARK in text or ADDRESS_MARK in text


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
