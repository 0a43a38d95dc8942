"""Fits sections of Markdown into a size by omitting and counting whole items, the least important first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Measure = Callable[[str], int]


class Section(NamedTuple):
    """A heading and its items; ``noun`` is the plural for omitted items."""

    heading: str
    noun: str
    items: list[str]


def utf8(text: str) -> int:
    """Return the size in bytes of UTF-8."""
    return len(text.encode())


def fitted(chosen: Sequence[Section], room: int, measure: Measure = utf8) -> str:
    """Return the sections with items within ``room``, reserving space for the "left out" line of later sections.

    Args:
        chosen: sections, and items within each, by descending importance.
        room: largest size according to ``measure``; if it is too small, sections are missing.
        measure: size of a text; additive for concatenated texts.
    """
    some = [section for section in chosen if section.items]
    later = [measure(_left_out(section, 0)) for section in some]
    parts: list[str] = []
    for number, section in enumerate(some):
        text = _section(section, room - sum(later[number + 1 :]), measure)
        room -= measure(text)
        if room < 0:
            break
        parts.append(text)
    return "".join(parts)


def _section(section: Section, room: int, measure: Measure) -> str:
    parts = [f"\n**{section.heading}**\n"]
    used = measure(parts[0])
    for shown, item in enumerate(section.items):
        last = shown == len(section.items) - 1
        note = "" if last else _left_out(section, shown + 1)
        used += measure(item) + 1
        if used + measure(note) > room:
            return "".join(parts) + _left_out(section, shown) if shown else _left_out(section, 0)
        parts.append(f"{item}\n")
    return "".join(parts)


def _left_out(section: Section, shown: int) -> str:
    left = len(section.items) - shown
    return f"… and {left} more {section.noun}\n" if shown else f"\n… and {left} {section.noun}\n"
