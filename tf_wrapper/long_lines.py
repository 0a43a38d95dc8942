"""Lines of a stream that are too long to be held: what a provisioner printed without a line break, megabytes of it.

Such a line is read from the file in pieces. It holds the text twice: in ``@message``, then in ``hook.output``, which is
the last of the hook; the type comes after it (terraform writes the keys of a message in order).
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from tf_wrapper.apply_log import PROVISIONER_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 20
_MESSAGE_ENDS = b'","@module":"'  # inside of a string its quotes would be escaped
_HEAD = 1 << 16  # bytes from there to where the output begins: a time and an address
_HOOK = re.compile(rb'"hook":(\{"resource":\{.*?\},"provisioner":"(?:[^"\\\\]|\\\\.)*"),"output":"', re.DOTALL)
_ESCAPE = re.compile(rb"\\\\(?:u[0-9a-fA-F]{4}(?:\\\\u[dD][c-fC-F][0-9a-fA-F]{2})?|.)", re.DOTALL)
_LONGEST_ESCAPE = 12  # a pair of surrogates


def is_provisioner_output(descriptor: int, start: int, end: int) -> bool:
    """Whether the line between these offsets is one of a provisioner's output."""
    size = len(PROVISIONER_OUTPUT)
    return end - start > size and os.pread(descriptor, size, end - size) == PROVISIONER_OUTPUT


def pieces(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """The bytes between two offsets, some at a time."""
    while start < end and (piece := os.pread(descriptor, min(_PIECE, end - start), start)):
        start += len(piece)
        yield piece


def provisioner_output(descriptor: int, start: int, end: int) -> tuple[str, str, Iterator[bytes]] | None:
    """Address, provisioner and the text in pieces of UTF-8; None where the line is another, or of another shape."""
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
        rest = b""
        if start < end:
            cut = _safe_cut(data)
            data, rest = data[:cut], data[cut:]
        yield _ESCAPE.sub(_character, data) if b"\\" in data else data


def _safe_cut(data: bytes) -> int:
    """Where no escape is cut in two: before the first of those that begin in the last bytes."""
    at = max(0, len(data) - _LONGEST_ESCAPE)
    while at > 0 and data[at - 1 : at] == b"\\":
        at -= 1
    found = data.find(b"\\", at)
    return len(data) if found < 0 else found


def _character(found: re.Match[bytes]) -> bytes:
    return str(json.loads(b'"' + found[0] + b'"')).encode("utf-8", "replace")
