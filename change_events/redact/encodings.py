r"""Encoded forms of a text: a secret is looked for in what a text decodes to.

Decoding the text, rather than encoding every secret, keeps remembering cheap and finds each spelling of an
encoding: ``%2f`` and ``%2F``, ``\/`` and ``\u002f``, base64 at any of its alignments and in both alphabets.
"""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from change_events.redact.spans import Span

_JSON = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\x[0-9a-fA-F]{2}|\\[^\w\s]|\\[bfnrt]|\\_")
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_FORM = re.compile(r"(?:%[0-9a-fA-F]{2})+|\+")
_HEX = re.compile(r"[0-9a-fA-F]{12,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}+={0,2}")
_JSON_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class View(NamedTuple):
    """A text as it reads when decoded.

    Attributes:
        text: the decoded text.
        units: every decoded stretch: start and end in ``text``, start and end in the original.
    """

    text: str
    units: list[tuple[int, int, int, int]]

    def original(self, span: Span) -> Span:
        """Return the place in the original text that a span of the decoded one comes from; whole units only."""
        return self._at(span[0])[0], self._at(span[1] - 1)[1]

    def _at(self, index: int) -> Span:
        place = bisect_right(self.units, index, key=lambda unit: unit[0]) - 1
        while place >= 0 and self.units[place][0] == self.units[place][1]:
            place -= 1  # a unit that decodes to nothing holds no character
        if place < 0:
            return index, index + 1
        _, end, raw_start, raw_end = self.units[place]
        if index < end:
            return raw_start, raw_end
        start = raw_end + index - end
        return start, start + 1


def views(text: str) -> Iterator[View]:
    """Yield the text without JSON and Markdown escapes, URL-decoded, form-decoded; where it makes a difference."""
    if "\\" in text:
        yield from _view(text, _JSON, _json_unit)
    if "%" in text:
        yield from _view(text, _PERCENT, _percent_unit)
    if "+" in text:
        yield from _view(text, _FORM, _percent_unit)


def base64_runs(text: str) -> Iterator[Span]:
    """Yield the stretches that can be base64, in either alphabet, padding included."""
    return (match.span() for match in _BASE64.finditer(text))


def decode_base64(run: str) -> Iterator[str]:
    """Yield what a run of either alphabet decodes to, started at each of the four places of a group."""
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    for offset in range(4):
        part = run[offset:]
        part = part[: len(part) - (len(part) % 4 == 1)]
        yield binascii.a2b_base64(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")


def hex_runs(text: str) -> Iterator[tuple[Span, str]]:
    """Yield the stretches of hex digits with what they decode to, from an even and from an odd digit."""
    for match in _HEX.finditer(text):
        run = match[0]
        for offset in range(2):
            part = run[offset:]
            part = part[: len(part) - len(part) % 2]
            yield match.span(), bytes.fromhex(part).decode("utf-8", "replace")


def _view(text: str, pattern: re.Pattern[str], decode: Callable[[str], str]) -> Iterator[View]:
    parts: list[str] = []
    units: list[tuple[int, int, int, int]] = []
    end = size = 0
    for match in pattern.finditer(text):
        start, stop = match.span()
        decoded = decode(match[0])
        size += start - end
        units.append((size, size + len(decoded), start, stop))
        parts += (text[end:start], decoded)
        size += len(decoded)
        end = stop
    if units:
        parts.append(text[end:])
        yield View("".join(parts), units)


def _json_unit(escape: str) -> str:
    if escape.startswith("\\u"):
        return bytes.fromhex(escape.replace("\\u", "")).decode("utf-16-be", "replace")
    if escape.startswith("\\x"):
        return bytes.fromhex(escape[2:]).decode("latin-1")
    return _JSON_LETTERS.get(escape[1], escape[1])


def _percent_unit(escape: str) -> str:
    return " " if escape == "+" else bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")
