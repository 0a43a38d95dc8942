"""Colour markup in square brackets, as in terraform's texts (the rules of mitchellh/colorstring)."""

from __future__ import annotations

import re
from collections.abc import Callable

from change_events.text.lazy_pattern import lazy_pattern

Paint = Callable[[str], str]

_COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "light_gray")
_BRIGHT = (
    "dark_gray",
    "light_red",
    "light_green",
    "light_yellow",
    "light_blue",
    "light_magenta",
    "light_cyan",
    "white",
)
_CODES = {
    "default": 39,
    "_default_": 49,
    **{name: 30 + number for number, name in enumerate(_COLORS)},
    **{name: 90 + number for number, name in enumerate(_BRIGHT)},
    "white": 97,
    **{f"_{name}_": 40 + number for number, name in enumerate(_COLORS)},
    **{f"_{name}_": 100 + number for number, name in enumerate(_BRIGHT)},
    "bold": 1,
    "dim": 2,
    "underline": 4,
    "blink_slow": 5,
    "blink_fast": 6,
    "invert": 7,
    "hidden": 8,
    "reset": 0,
    "reset_bold": 21,
}
_MARK = lazy_pattern(r"\[([a-z0-9_-]+)\]", re.IGNORECASE)


def painter(*, color: bool) -> Paint:
    """Return a function that converts markup to escape sequences or removes it; unknown words in brackets stay."""

    def paint(text: str) -> str:
        known = False

        def replace(match: re.Match[str]) -> str:
            nonlocal known
            code = _CODES.get(match[1])
            if code is None:
                return match[0]
            known = True
            return f"\x1b[{code}m" if color else ""

        painted = _MARK.sub(replace, text)
        return painted + "\x1b[0m" if known and color else painted

    return paint
