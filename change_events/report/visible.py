"""Texts of others as a page shows them: not too long, and with codes for characters that are not seen as they are."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

MOST_CHARACTERS = 2_000
_JOINERS = "\u200c\u200d"  # names and emoji of several scripts need them


class Verbatim(str):
    """A text that is escaped and otherwise left as it is: the address of a link, the value of a field."""

    __slots__ = ()


def visible(value: Any) -> Any:
    """A value as a template writes it: what Jinja calls `finalize`, before it escapes.

    Control and bidirectional characters are shown by their codes, which other characters cannot look like.
    """
    if not isinstance(value, str) or isinstance(value, Markup | Verbatim):
        return value
    if len(value) > MOST_CHARACTERS:
        value = value[: MOST_CHARACTERS - 1] + "…"
    if value.isprintable():
        return value
    return Markup("").join(escape(c) if c.isprintable() or c in _JOINERS else _code(c) for c in value)


def _code(character: str) -> Markup:
    return Markup("<mark>U+{}</mark>").format(f"{ord(character):04X}")
