"""Positions of the blocks in a configuration file, in HCL or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tf_wrapper.configuration import json_text, syntax

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "action": 2}


class Rows(NamedTuple):
    """First and last line of a block, from 1, inclusive."""

    first: int
    last: int


def block_rows(data: bytes, *, is_json: bool) -> dict[tuple[str, ...], Rows]:
    """Return the blocks of known kinds: kind and labels → rows of the first such block."""
    found: dict[tuple[str, ...], Rows] = {}
    for name, rows in _json(data) if is_json else _hcl(data):
        found.setdefault(name, rows)
    return found


def _hcl(data: bytes) -> Iterator[tuple[tuple[str, ...], Rows]]:
    for block in syntax.blocks(syntax.body_of(syntax.parse(data))):
        if len(block.labels) == _LABELS.get(block.kind):
            yield (block.kind, *block.labels), Rows(block.first, block.last)


def _json(data: bytes) -> Iterator[tuple[tuple[str, ...], Rows]]:
    text = json_text.parse(data)
    for kind, node in _elements(text.node):
        if kind in _LABELS:
            yield from ((name, _moved(rows, text.shift)) for name, rows in _labelled(node, (kind,), _LABELS[kind]))


def _moved(rows: Rows, by: int) -> Rows:
    return Rows(rows.first + by, rows.last + by)


def _labelled(node: Node, name: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Rows]]:
    for label, value in _elements(node):
        if depth > 1:
            yield from _labelled(value, (*name, label), depth - 1)
        else:
            element = value.parent or value
            yield (*name, label), Rows(element.start_point.row + 1, value.end_point.row + 1)


def _elements(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Return the pairs of an object, or of each object in a list."""
    if node is None:
        return
    if node.type == "object":
        for element in node.named_children:
            if element.type == "object_elem":
                key, value = (child for child in element.named_children if child.type == "expression")
                yield syntax.text_of(key).strip('"'), value
    elif node.type in {"expression", "collection_value", "tuple"}:
        for child in node.named_children:
            yield from _elements(child)
