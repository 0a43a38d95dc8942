"""Output values in terraform's format (that of `terraform output` and the console).

A value is decoded JSON with numbers as text, with the JSON form of its cty type: ``"string"``, ``["list", T]``,
``["object", {name: T}]`` and so on.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_PRIMITIVES = {"string", "number", "bool"}
_COLLECTIONS = {"list": "tolist", "set": "toset", "map": "tomap"}
_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"',
}  # fmt: skip
_STEP = 2


class Number(str):
    """A JSON number as text: cty's numbers are exact and longer than any float."""

    __slots__ = ()


def decode(raw: bytes) -> Any:
    """Decode JSON with its numbers as :class:`Number`.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(raw, parse_int=Number, parse_float=Number)


def format_value(value: Any, kind: Any, indent: int = 0) -> str:
    """Return ``value`` of the cty type ``kind`` in terraform's syntax; ``indent`` is that of its first line."""
    name = kind if isinstance(kind, str) else kind[0]
    if value is None:
        return _null(kind, name)
    if name in _COLLECTIONS:
        return f"{_COLLECTIONS[name]}({_collection(name, value, kind[1], indent)})"
    if name == "object":
        return _mapping(value, kind[1].__getitem__, indent)
    if name == "tuple":
        return _sequence(value, kind[1], indent)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, Number) else _string(str(value), indent)


def _null(kind: Any, name: str) -> str:
    if name == "dynamic":
        return "null"
    if name in _PRIMITIVES:
        return f"to{name}(null)"
    if name in _COLLECTIONS:
        return f"{_COLLECTIONS[name]}(null) /* of {_friendly(kind[1])} */"
    return f"null /* {_friendly(kind)} */"


def _friendly(kind: Any) -> str:
    name = kind if isinstance(kind, str) else str(kind[0])
    return f"{name} of {_friendly(kind[1])}" if name in _COLLECTIONS else name


def _collection(name: str, value: Any, element: Any, indent: int) -> str:
    if name == "map":
        return _mapping(value, lambda _: element, indent)
    return _sequence(value, [element] * len(value), indent)


def _mapping(value: dict[str, Any], kind_of: Callable[[str], Any], indent: int) -> str:
    inner = indent + _STEP
    lines = [
        f"{' ' * inner}{_string(key, inner)} = {format_value(value[key], kind_of(key), inner)}" for key in sorted(value)
    ]
    return _enclosed("{", lines, "}", indent)


def _sequence(value: list[Any], kinds: list[Any], indent: int) -> str:
    inner = indent + _STEP
    lines = [f"{' ' * inner}{format_value(element, kind, inner)}," for element, kind in zip(value, kinds, strict=True)]
    return _enclosed("[", lines, "]", indent)


def _enclosed(start: str, lines: list[str], end: str, indent: int) -> str:
    if not lines:
        return start + end
    return "\n".join([start, *lines, " " * indent + end])


def _string(text: str, indent: int) -> str:
    lines = text.split("\n")
    if len(lines) == 1:
        return quote(text)
    word = "EOT"
    while any(line.strip() == word for line in lines):
        word += "_"
    margin = " " * indent
    body = "".join(f"\n{margin}{line}" for line in [*lines, word])
    return f"{'<<-' if indent else '<<'}{word}{body}"


def quote(text: str) -> str:
    """Return a string literal with the escapes of Go's strconv.Quote."""
    return '"' + "".join(_ESCAPES.get(char) or _escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    if char.isprintable():
        return char
    if code < 0x20 or code == 0x7F:  # noqa: PLR2004 - the ASCII control characters
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four or eight digits
