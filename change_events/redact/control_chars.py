"""Control characters made harmless: what may not reach a terminal, a chat or a log in its raw form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re

# An ANSI sequence is removed as a whole (CSI, OSC up to its terminator, two-character escapes). One pattern and one
# pass, because taking sequences out of "\x1b\x1b[0m[0m" must not put a new one together.
_HARMFUL = lazy_pattern(
    "\x1b\\[[0-?]{0,64}[ -/]{0,16}[@-~]"
    "|\x1b\\][^\x07\x1b\n]{0,2048}(?:\x07|\x1b\\\\)"
    "|\x1b[()*+][0-9A-Za-z]"
    "|\r\n"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
    "|[\ud800-\udfff]"
)
_ESCAPE = "\x1b"
_LONGEST_NAME = 200
_LAST_C0 = 0x1F
_DELETE = 0x7F
_SURROGATES = range(0xD800, 0xE000)


def clean(text: str) -> str:
    r"""Return the text with line ends as ``\n``, without ANSI sequences, and with every other control visible.

    C0 controls become their pictures (NUL is ``␀``), C1 controls, bidi overrides and marks their code
    (``\u202e``), lone surrogates U+FFFD. Tabs and line feeds stay.
    """
    if text.isprintable():
        return text
    return _HARMFUL.sub(_harmless, text)


def clean_name(text: str) -> str:
    r"""Return the text as :func:`clean` does, but with ANSI sequences visible (``␛[31m``).

    Two names that differ by a sequence alone stay two names.
    """
    if _ESCAPE not in text:
        return clean(text)
    return clean(text.replace(_ESCAPE, "\u241b"))


def is_name(text: str) -> bool:
    """Whether a text is one word, as names of hosts and services are: output in colour has blanks."""
    return len(text) <= _LONGEST_NAME and not any(map(str.isspace, text))


def _harmless(match: re.Match[str]) -> str:
    found = match[0]
    if found == "\r\n":
        return "\n"
    if len(found) > 1:
        return ""
    code = ord(found)
    if code <= _LAST_C0:
        return chr(0x2400 + code)
    if code == _DELETE:
        return "\u2421"
    if code in _SURROGATES:
        return "\ufffd"
    return f"\\u{code:04x}"
