"""Shapes of well-known tokens, in text of any kind.

Each pattern is compiled when a text first holds one of its hints.
"""

from __future__ import annotations

import binascii
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from change_events.redact.harmless_values import is_fact
from change_events.redact.token_shapes import SHAPES, Shape
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.spans import Span


_HINTS = tuple((hint, shape) for shape in SHAPES for hint in shape.hints)
_BASIC = lazy_pattern(r"(?i:basic)(?:[ \t]{1,4}|%20)([A-Za-z0-9+/_-]{6,}+={0,2})")
_AWS_SECRET = lazy_pattern(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_NEAR = 240  # characters between an AWS key id and its secret
_PEM = lazy_pattern(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = lazy_pattern(r"-----END [A-Z0-9 ]{0,60}-----")


def token_spans(text: str) -> Iterator[Span]:
    """Yield where something has the shape of a well-known token."""
    lower = text.lower()
    for shape in dict.fromkeys(shape for hint, shape in _HINTS if hint in lower):
        found = list(shape_spans(_compiled(shape), text))
        if shape.name == "authorization header":  # `authorization = "AWS_IAM"` is a setting
            found = [(start, end) for start, end in found if not is_fact(text[start:end], plain=False)]
        yield from found
        if found and shape is SHAPES[0]:
            yield from _near_aws_keys(text, found)
    if "basic" in lower:
        yield from _basic(text)
    if "private key" in lower:
        yield from _private_keys(text)


def shape_spans(pattern: Any, text: str, **bounds: float) -> Iterator[Span]:
    """Yield the group ``secret`` of every match, or all of it where the pattern has no such group.

    The pattern is one of :mod:`re`, or of ``regex`` with its bounds (``timeout``, in seconds).
    """
    group: str | int = "secret" if "secret" in pattern.groupindex else 0
    for match in pattern.finditer(text, **bounds):
        start, end = match.span(group)
        if 0 <= start < end:
            yield start, end


@cache
def _compiled(shape: Shape) -> re.Pattern[str]:
    return re.compile(shape.pattern)


def _near_aws_keys(text: str, keys: list[Span]) -> Iterator[Span]:
    """Yield 40-character secrets that stand close to an AWS key id: alone, such a text could be anything."""
    seen = 0
    for start, end in keys:
        first = max(seen, start - _NEAR)
        yield from (match.span() for match in _AWS_SECRET.finditer(text, first, end + _NEAR))
        seen = end


def _basic(text: str) -> Iterator[Span]:
    for match in _BASIC.finditer(text):
        if ":" in _decoded(match[1]):
            yield match.span(1)


def _decoded(encoded: str) -> str:
    run = encoded.rstrip("=")
    try:
        return binascii.a2b_base64(run + "=" * (-len(run) % 4)).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def _private_keys(text: str) -> Iterator[Span]:
    """Yield private keys in PEM; one that is cut off reaches to the end of the text."""
    end = 0
    while match := _PEM.search(text, end):
        last = _PEM_END.search(text, match.end())
        end = last.end() if last else len(text)
        yield match.start(), end
