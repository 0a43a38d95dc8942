"""Untrusted texts on a page: limited in length, with codes for invisible and reordering characters."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

MOST_CHARACTERS = 2_000
_JOINERS = "\u200c\u200d"  # names and emoji of several scripts need them


class Verbatim(str):
    """A text that is only escaped, e.g. a URL or the value of a field."""

    __slots__ = ()


def visible(value: Any) -> Any:
    """Return a value for output in a template: Jinja's `finalize`, applied before escaping.

    Control and bidirectional characters are shown as codes, which other characters cannot imitate.
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
