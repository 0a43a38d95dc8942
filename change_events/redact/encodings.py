r"""Encoded forms of a text: a secret is looked for in what a text decodes to.

Decoding the text, rather than encoding every secret, keeps remembering cheap and finds each spelling of an
encoding: ``%2f`` and ``%2F``, ``\/`` and ``\u002f``, base64 at any of its alignments, in both alphabets and broken
into lines. What is compressed or encrypted first is not found.
"""

from __future__ import annotations

import binascii
import sys
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Sequence

    from change_events.redact.spans import Span

_JSON = lazy_pattern(
    r"(?:\\u[0-9a-fA-F]{4})+|\\u\{[0-9a-fA-F]{1,6}\}|\\U[0-9a-fA-F]{8}|\\x[0-9a-fA-F]{2}|\\[0-3][0-7]{2}|\\[^\w\s]|\\[bfnrt]|\\_"
)
_PERCENT = lazy_pattern(r"(?:%[0-9a-fA-F]{2})+|%u[0-9a-fA-F]{4}")
_FORM = lazy_pattern(r"(?:%[0-9a-fA-F]{2})+|\+")
_ENTITY = lazy_pattern(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,24}\d{0,2});")
_DOUBLED = lazy_pattern(r"'\\''|'\"'\"'|''|\"\"|\"'\"'\"")  # SQL, CSV, and what shells take
_JSON_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_HEX = lazy_pattern(r"(?:0x)?[0-9a-fA-F]{2}(?:(?:[:\s-]|,?[ ]?0x)?[0-9a-fA-F]{2}){5,}+[0-9a-fA-F]?")
_NO_HEX = lazy_pattern(r"0x|[^0-9a-fA-F]+")
_BASE64 = lazy_pattern(r"[A-Za-z0-9+/_-]{8,}+")
_WRAPPED = lazy_pattern(r"(?:[A-Za-z0-9+/_-]{16,}+\r?\n[ \t>|]{0,40}+)++[A-Za-z0-9+/_-]++")
_SPACE = lazy_pattern(r"[^A-Za-z0-9+/_-]+")
_GLUED = 16  # characters of a run that is also read from its second, third and fourth character
_URL_SAFE = str.maketrans("-_", "+/")
_READABLE = lazy_pattern(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\udc80-\udcff]{8,}")


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


class Runs:
    """The stretches of a text that can be base64 or hex, decoded all at once.

    Attributes:
        text: what they decode to, with zeros between them; bytes that are no UTF-8 are lone surrogates.
        lower: the same with its ASCII letters in lower case.
    """

    def __init__(self, spans: Sequence[Span], pieces: Sequence[bytes]) -> None:
        self._spans = spans
        self._pieces = pieces
        self._ends: list[int] = []
        data = _SEPARATOR.join(pieces)
        self.text = data.decode("utf-8", "surrogateescape")
        self.lower = data.lower().decode("utf-8", "surrogateescape")

    def original(self, span: Span) -> Span:
        """Return the run, or the runs, that a span of the decoded text comes from."""
        if not self._ends:
            sizes = (len(piece.decode("utf-8", "surrogateescape")) + len(_SEPARATOR) for piece in self._pieces)
            self._ends = list(accumulate(sizes))
        first, last = (bisect_right(self._ends, place) for place in (span[0], span[1] - 1))
        return self._spans[first][0], self._spans[min(last, len(self._spans) - 1)][1]

    def readable(self) -> View | None:
        """The stretches of the decoded text that can be text, for what is encoded twice; None where there is none."""
        parts, units, size = [], [], 0
        for match in _READABLE.finditer(self.text):
            units.append((size, size + len(match[0]), *match.span()))
            parts.append(match[0])
            size += len(match[0]) + 1
        return _Readable("\0".join(parts), units) if parts else None


class _Readable(View):
    def _at(self, index: int) -> Span:
        start, _, raw_start, _ = self.units[bisect_right(self.units, index, key=lambda unit: unit[0]) - 1]
        return raw_start + index - start, raw_start + index - start + 1


_SEPARATOR = b"\0\0\0"


def views(text: str) -> Iterator[View]:
    """Yield the text without JSON and Markdown escapes, URL-decoded, form-decoded, without entities and doubled quotes.

    Only where it makes a difference.
    """
    if "\\" in text:
        yield from _view(text, _JSON, _json_unit)
    if "%" in text:
        yield from _view(text, _PERCENT, _percent_unit)
    if "+" in text:
        yield from _view(text, _FORM, _percent_unit)
    if "&" in text:
        import html  # its table of names, which few texts need

        yield from _view(text, _ENTITY, html.unescape)
    if "''" in text or '""' in text or "'\"'" in text or '"\'"' in text:
        yield from _view(text, _DOUBLED, lambda doubled: '"' if doubled == '""' else "'")


def runs(text: str) -> Iterator[Runs]:
    """Yield what the stretches of a text decode to that can be base64, at each of its alignments, or hex."""
    spans = [match.span() for match in _BASE64.finditer(text)]
    raw = [text[start:end] for start, end in spans]
    if "\n" in text:
        for match in _WRAPPED.finditer(text):
            spans.append(match.span())
            raw.append(_SPACE.sub("", match[0]))
    if raw:
        yield Runs(spans, _decoded_base64(raw))
    for offset in range(1, 4):
        chosen = [index for index, run in enumerate(raw) if len(run) >= _GLUED]
        if chosen:
            yield Runs([spans[index] for index in chosen], _decoded_base64([raw[index][offset:] for index in chosen]))
    digits = [(match.span(), _NO_HEX.sub("", match[0])) for match in _HEX.finditer(text)]
    for offset in range(2 if digits else 0):
        yield Runs([span for span, _ in digits], [_decoded_hex(run[offset:]) for _, run in digits])


def _decoded_base64(raw: list[str]) -> list[bytes]:
    """Decode runs of any length, all at once: each is filled up to whole groups, and a zero group parts them."""
    filled = [run[: len(run) - 1] if len(run) % 4 == 1 else run for run in raw]
    sizes = [-(-len(run) // 4) * 3 for run in filled]
    joined = "".join([run + "AAA"[: -len(run) % 4] for run in filled]).translate(_URL_SAFE)
    data = binascii.a2b_base64(joined)
    ends = list(accumulate(sizes))
    return [data[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _decoded_hex(run: str) -> bytes:
    return bytes.fromhex(run[: len(run) - len(run) % 2])


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
    kind = escape[1]
    if kind == "u" and escape[2] != "{":
        return bytes.fromhex(escape.replace("\\u", "")).decode("utf-16-be", "replace")
    if kind in "uU":
        code = int(escape[2:].strip("{}"), 16)
        return chr(code) if code <= sys.maxunicode else "\ufffd"
    if kind == "x":
        return bytes.fromhex(escape[2:]).decode("latin-1")
    if kind.isdigit():
        return chr(int(escape[1:], 8))
    return _JSON_LETTERS.get(kind, kind)


def _percent_unit(escape: str) -> str:
    if escape == "+":
        return " "
    if escape[1] == "u":
        return bytes.fromhex(escape[2:]).decode("utf-16-be", "replace")
    return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")
