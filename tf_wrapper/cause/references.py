"""What an expression refers to, with the steps into each thing that are written beside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tf_wrapper.cause.parts import arguments_of, function, literal, peeled
from tf_wrapper.configuration import syntax
from tf_wrapper.configuration.expressions import Hcl, Scope, UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from tf_wrapper.cause.parts import Part, Step

_FILES = {
    "file", "filebase64", "templatefile", "filemd5", "filesha1", "filesha256", "filesha512",
    "filebase64sha256", "filebase64sha512",
}  # fmt: skip
_LOOKS_UP = {"lookup", "element"}


class Reference(NamedTuple):
    """``root`` is the first word (``var``, ``local``, a resource's type), ``steps`` what follows it."""

    root: str
    steps: tuple[Step, ...]


class Found(NamedTuple):
    """The references of a piece, and the files that it reads (absolute paths)."""

    references: list[Reference]
    files: list[str]


def references(part: Part, each: Step | None, folder: str, root: str) -> Found:
    """What one piece refers to, in the order in which it stands there.

    Args:
        part: the piece.
        each: what ``each.key`` or ``count.index`` is in it; None where that is not known.
        folder: the module's own, for ``path.module``.
        root: that of the root module.
    """
    found = Found([], [])
    whole = peeled(part.node)
    stack = [part.node]
    while stack:
        node = stack.pop()
        if node.type == "comment":
            continue
        children = [child for child in node.named_children if child.type != "comment"]
        if node.type == "expression" and children and children[0].type == "variable_expr":
            found.references.append(_chain(children, each, part.rest if node == whole else ()))
            stack += reversed([child for child in children[1:] if child.type != "get_attr"])
            continue
        if node.type == "function_call":
            found.files.extend(_file(node, folder, root))
            if (looked := _looked_up(node, each)) is not None:
                found.references.append(looked)
                children = arguments_of(node)[1:]
        if node.type == "object_elem":
            children = children[1:] if literal(children[0], is_key=True) is not None else children
        stack += reversed(children)
    return found


def _chain(children: list[Node], each: Step | None, rest: tuple[Step, ...]) -> Reference:
    steps: list[Step] = []
    for child in children[1:]:
        step = _step(child, each)
        if step is None:
            return Reference(syntax.text_of(children[0]), tuple(steps))
        steps.append(step)
    return Reference(syntax.text_of(children[0]), (*steps, *rest))


def _step(node: Node, each: Step | None) -> Step | None:
    if node.type == "get_attr":
        return syntax.text_of(node).lstrip(".").strip()
    if node.type != "index":
        return None
    inner = node.named_children[0] if node.named_children else None
    if inner is None or inner.type == "legacy_index":
        text = syntax.text_of(inner).lstrip(".") if inner is not None else ""
        return int(text) if text.isdigit() else None
    expression = next((child for child in inner.named_children if child.type == "expression"), None)
    return _key(expression, each) if expression is not None else None


def _key(node: Node, each: Step | None) -> Step | None:
    text = "".join(syntax.text_of(node).split())
    if text in {"each.key", "each.value", "count.index"}:
        return each
    found = literal(node)
    if found is None:
        return None
    return int(found) if peeled(node).type == "numeric_lit" and found.isdigit() else found


def _looked_up(node: Node, each: Step | None) -> Reference | None:
    """``lookup(x, key)`` and ``element(x, index)`` as ``x[key]``, where the key is known."""
    arguments = arguments_of(node)
    if function(node) not in _LOOKS_UP or len(arguments) < 2:  # noqa: PLR2004 - what is looked in, and the key
        return None
    inner = peeled(arguments[0])
    children = [child for child in inner.named_children if child.type != "comment"]
    key = _key(arguments[1], each)
    if key is None or not children or children[0].type != "variable_expr":
        return None
    return _chain(children, each, (key,))


def _file(node: Node, folder: str, root: str) -> Iterator[str]:
    if function(node) not in _FILES or not (arguments := arguments_of(node)):
        return
    try:
        name = Hcl(arguments[0]).value(Scope({}, {"module": folder, "root": root, "cwd": root}))
    except UnknownValueError:
        return
    if isinstance(name, str):
        yield os.path.normpath(os.path.join(root, name))
