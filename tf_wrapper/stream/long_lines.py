"""Lines of a stream too long for memory: megabytes of provisioner output without a line break.

Such a line is read from the file in pieces. It has the text twice: in ``@message``, then in ``hook.output``, the last
key of the hook; the type follows (terraform writes the keys of a message in order).
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.render.provisioner_output import PROVISIONER_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 20
_MESSAGE_ENDS = b'","@module":"'  # inside of a string its quotes would be escaped
_HEAD = 1 << 16  # bytes from there to where the output begins: a time and an address
_HOOK = lazy_pattern(rb'"hook":(\{"resource":\{.*?\},"provisioner":"(?:[^"\\]|\\.)*"),"output":"', re.DOTALL)
_COMPLETE = lazy_pattern(rb"(?:[^\\]++|\\(?:[^u]|u[0-9a-fA-F]{4}))*+", re.DOTALL)  # no escape that is cut in two
_FIRST_OF_PAIR = lazy_pattern(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_LONGEST_CHARACTER = 4  # bytes of UTF-8


def is_provisioner_output(descriptor: int, start: int, end: int) -> bool:
    """Return whether the line between these offsets is provisioner output."""
    size = len(PROVISIONER_OUTPUT)
    return end - start > size and os.pread(descriptor, size, end - size) == PROVISIONER_OUTPUT


def pieces(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes between two offsets in pieces."""
    while start < end and (piece := os.pread(descriptor, min(_PIECE, end - start), start)):
        start += len(piece)
        yield piece


def provisioner_output(descriptor: int, start: int, end: int) -> tuple[str, str, Iterator[bytes]] | None:
    """Return address, provisioner and the text in pieces of UTF-8; None for a line of another structure."""
    if not is_provisioner_output(descriptor, start, end):
        return None
    message_end = _find(descriptor, start, end, _MESSAGE_ENDS)
    if message_end is None:
        return None
    head = os.pread(descriptor, _HEAD, message_end)
    found = _HOOK.search(head)
    if found is None:
        return None
    try:
        hook = json.loads(found[1] + b"}")
        names = str(hook["resource"]["addr"]), str(hook["provisioner"])
    except (ValueError, KeyError, TypeError):
        return None
    text = _unescaped(descriptor, message_end + found.end(), end - len(PROVISIONER_OUTPUT))
    return *names, text


def _find(descriptor: int, start: int, end: int, needle: bytes) -> int | None:
    before = b""
    for piece in pieces(descriptor, start, end):
        data = before + piece
        at = data.find(needle)
        if at >= 0:
            return start - len(before) + at
        start += len(piece)
        before = data[-len(needle) :]
    return None


def _unescaped(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    rest = b""
    for piece in pieces(descriptor, start, end):
        data = rest + piece
        start += len(piece)
        cut = _safe_cut(data) if start < end else len(data)
        data, rest = data[:cut], data[cut:]
        if b"\\" in data:
            text = json.loads(f'"{data.decode("utf-8", "replace")}"', strict=False)
            data = text.encode("utf-8", "replace")
        yield data


def _safe_cut(data: bytes) -> int:
    """Return a position that cuts neither an escape, nor a pair of them, nor a character."""
    found = _COMPLETE.match(data)
    cut = found.end() if found else len(data)
    pair = _FIRST_OF_PAIR.search(data, max(0, cut - 6), cut)
    if pair:
        return pair.start()
    end = cut
    while cut and end - cut < _LONGEST_CHARACTER and data[cut - 1] & 0xC0 == 0x80:  # noqa: PLR2004 - goes on with one
        cut -= 1
    return cut - 1 if cut and data[cut - 1] >= 0xC0 else cut  # noqa: PLR2004 - begins one
