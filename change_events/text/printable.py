"""Escapes invisible and reordering characters in untrusted texts."""

from __future__ import annotations

from change_events.text.lazy_pattern import lazy_pattern

# Printable by category, but invisible: fillers, joiners of marks, and variation selectors, of which 256 can
# encode the bytes of a hidden text.
_INVISIBLE = lazy_pattern(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LINES = "\n\t"


def escape(character: str) -> str:
    r"""A character as an escape in ASCII: ``\u202e``."""
    return character.encode("unicode_escape", "surrogatepass").decode()


def visible(text: str) -> str:
    """Return ``text`` with control, zero-width and bidirectional characters escaped; line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(c if c.isprintable() or c in _LINES else escape(c) for c in text)
    return _INVISIBLE.sub(lambda found: escape(found[0]), shown)
