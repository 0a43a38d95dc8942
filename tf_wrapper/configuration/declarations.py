"""The declarations in one configuration file, in HCL or JSON.

JSON follows https://developer.hashicorp.com/terraform/language/syntax/json: at each level of labels an object, or a
list of objects, whose keys may be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tf_wrapper.configuration import syntax
from tf_wrapper.configuration.expressions import Hcl, Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tf_wrapper.configuration.expressions import Expression

_LABELS = {"variable": 1, "output": 1, "module": 1, "locals": 0}
_PLAIN = {"variable": {"default", "description", "type"}}  # JSON: no templates there
_BOM = b"\xef\xbb\xbf"


class Declared(NamedTuple):
    """A top-level block: ``attributes`` are those directly in it; rows start at 1, 0 if unknown."""

    kind: str
    labels: tuple[str, ...]
    row: int
    attributes: dict[str, Expression]


class Read(NamedTuple):
    """The declarations of a file.

    Attributes:
        declared: its blocks of the kinds variable, output, module and locals.
        marked: the arguments of all calls of ``sensitive(…)``.
        whole: the whole file was understood.
    """

    declared: tuple[Declared, ...]
    marked: tuple[Expression, ...]
    whole: bool


def read_file(data: bytes, *, is_json: bool) -> Read:
    """Parse the declarations of one file's content."""
    data = data.removeprefix(_BOM)
    return _read_json(data) if is_json else _read_hcl(data)


def _read_hcl(data: bytes) -> Read:
    root = syntax.parse(data)
    declared = []
    for block in syntax.blocks(syntax.body_of(root)):
        if len(block.labels) == _LABELS.get(block.kind):
            found = {name: Hcl(node) for name, node in syntax.attributes(block.body).items()}
            declared.append(Declared(block.kind, block.labels, block.first, {**found}))
    marked = tuple(Hcl(root).marked()) if b"sensitive" in data else ()
    return Read(tuple(declared), marked, whole=not root.has_error)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object whose keys may be repeated."""


def _read_json(data: bytes) -> Read:
    import json

    try:
        content = json.loads(data, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return Read((), (), whole=False)
    declared = []
    for kind, value in _pairs(content):
        if kind in _LABELS:
            for labels, body in _labelled(value, _LABELS[kind]):
                plain = _PLAIN.get(kind, set())
                found = {name: Json(_plain(part), is_template=name not in plain) for name, part in body}
                declared.append(Declared(kind, labels, 0, {**found}))
    marked = tuple(Json(_plain(content)).marked()) if b"sensitive" in data else ()
    return Read(tuple(declared), marked, whole=True)


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    """Return the pairs of an object, or of each object in a list, without comments."""
    if isinstance(value, _Pairs):
        yield from (pair for pair in value if pair[0] != "//")
    elif isinstance(value, list):
        for part in value:
            yield from _pairs(part)


def _labelled(value: Any, depth: int) -> Iterator[tuple[tuple[str, ...], list[tuple[str, Any]]]]:
    if isinstance(value, list) and not isinstance(value, _Pairs):
        for part in value:
            yield from _labelled(part, depth)
    elif isinstance(value, _Pairs) and depth == 0:
        yield (), list(_pairs(value))
    elif isinstance(value, _Pairs):
        for label, part in _pairs(value):
            for labels, body in _labelled(part, depth - 1):
                yield (label, *labels), body


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {key: _plain(part) for key, part in value}
    return [_plain(part) for part in value] if isinstance(value, list) else value
