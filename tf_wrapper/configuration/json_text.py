"""Parses JSON configuration with HCL's grammar, as text of the same length, so that rows and columns stay the same.

Source: https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.configuration import syntax

if TYPE_CHECKING:
    from tree_sitter import Node

_STRING = lazy_pattern(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = lazy_pattern(rb"\\(.)", re.DOTALL)
_TOKEN = lazy_pattern(rb'\$\$\{|%%\{|[$%]\{|[{}]|\\\\\\"|\\"|\\.', re.DOTALL)


class JsonText(NamedTuple):
    """A JSON file: its expression (None if it has none), and the number of lines before its first row."""

    node: Node | None
    shift: int


def parse(data: bytes) -> JsonText:
    """Parse a JSON file: it is an HCL expression, except for some escapes."""
    text = as_hcl(data)
    node = syntax.attributes(syntax.body_of(syntax.parse(b"x = " + text.strip() + b"\n"))).get("x")
    return JsonText(node, len(text[: len(text) - len(text.lstrip())].splitlines()))


def as_hcl(data: bytes) -> bytes:
    """Return the same configuration without the escapes that HCL lacks; quotes inside interpolations become plain."""
    return _STRING.sub(lambda match: _string(match[0]), data)


def _string(text: bytes) -> bytes:
    if b"\\" not in text:
        return text
    depth, quoted = 0, False

    def token(match: re.Match[bytes]) -> bytes:
        nonlocal depth, quoted
        escape = match[0]
        if depth and escape == b'\\"':
            quoted = not quoted
            return b' "' if quoted else b'" '  # the space stays outside of the quotes
        if depth and quoted and escape == b'\\\\\\"':
            return b'  \\"'
        if not quoted and (escape in {b"${", b"%{"} or (depth and escape == b"{")):
            depth += 1
        elif not quoted and depth and escape == b"}":
            depth -= 1
        return _ESCAPE.sub(lambda one: b"  " if one[1] in b"/bf" else one[0], escape)

    return _TOKEN.sub(token, text)
