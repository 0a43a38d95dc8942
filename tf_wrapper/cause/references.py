"""The references of an expression, with the steps written after each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tf_wrapper.cause.loops import loop_of
from tf_wrapper.cause.parts import LITERALS, Part, arguments_of, function, literal, narrow, peeled
from tf_wrapper.configuration import syntax
from tf_wrapper.configuration.expressions import Hcl, Scope, UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tree_sitter import Node

    from tf_wrapper.cause.loops import Loop
    from tf_wrapper.cause.parts import Step

_FILES = {
    "file", "filebase64", "templatefile", "filemd5", "filesha1", "filesha256", "filesha512",
    "filebase64sha256", "filebase64sha512",
}  # fmt: skip
_LOOKS_UP = {"lookup", "element"}
_USES_PART = {*_LOOKS_UP, "keys", "length", "contains", "index", "slice", "one"}  # of their first argument
_SUFFIXES = {"get_attr", "index", "splat"}


class Reference(NamedTuple):
    """A reference: ``root`` is its first word (``var``, ``local``, a resource type), ``steps`` the rest.

    Attributes:
        is_narrow: the value depends on all of the referenced value, not on an unknown part of it.
        is_itself: the value, or its requested element, is the referenced value.
    """

    root: str
    steps: tuple[Step, ...]
    is_narrow: bool = True
    is_itself: bool = False


class Found(NamedTuple):
    """The references of a part, and the files it reads: absolute path → whether the whole file matters."""

    references: list[Reference]
    files: dict[str, bool]


def references(part: Part, each: Step | None, folder: str, root: str, *, exists: bool = False) -> Found:
    """Return the references of one part, in textual order.

    Args:
        part: the part.
        each: the value of ``each.key`` or ``count.index``; None if unknown.
        folder: folder of the module, for ``path.module``.
        root: folder of the root module.
        exists: only the existence of an element matters.
    """
    reader = _Reader(each, folder, root, exists=exists)
    reader.read(part, {}, is_narrow=True, is_itself=True)
    return reader.found


class _Bound(NamedTuple):
    """The value of a variable of a ``for`` expression; ``key`` is None for any element."""

    loop: Loop
    key: Step | None
    is_key: bool  # the name is the key itself
    outer: Mapping[str, _Bound]


class _Reader:
    def __init__(self, each: Step | None, folder: str, root: str, *, exists: bool) -> None:
        self.found = Found([], {})
        self._each, self._folder, self._root, self._exists = each, folder, root, exists

    def read(self, part: Part, bound: Mapping[str, _Bound], *, is_narrow: bool, is_itself: bool = False) -> None:
        whole = peeled(part.node)
        if part.rest and whole.type == "conditional":
            self._conditional(whole, part, bound, is_narrow=is_narrow, is_itself=is_itself)
            return
        if part.rest and (loop := loop_of(whole)) is not None and loop.is_keyed:
            self._element(loop, part, bound, is_narrow=is_narrow, is_itself=is_itself)
            return
        self._nodes(part, whole, bound, is_narrow=is_narrow and not part.is_wide, is_itself=is_itself)

    def _conditional(
        self, whole: Node, part: Part, bound: Mapping[str, _Bound], *, is_narrow: bool, is_itself: bool
    ) -> None:
        condition, *branches = [child for child in whole.named_children if child.type == "expression"]
        self.read(_whole(condition), bound, is_narrow=is_narrow)
        for branch in branches:
            for piece in narrow(branch, part.rest):
                self.read(piece, bound, is_narrow=is_narrow, is_itself=is_itself)

    def _element(
        self, loop: Loop, part: Part, bound: Mapping[str, _Bound], *, is_narrow: bool, is_itself: bool
    ) -> None:
        """Read one element of the result of a ``for`` expression that keeps the keys of its collection."""
        inner = _names(loop, part.rest[0], bound)
        if self._exists and is_itself:
            for piece in narrow(loop.collection, part.rest[:1]):
                self.read(piece, bound, is_narrow=is_narrow, is_itself=True)
        else:
            for piece in narrow(loop.value, part.rest[1:]):
                self.read(piece, inner, is_narrow=is_narrow)
        if len(loop.names) == 1:  # of a map, the name is no key
            self.read(_whole(loop.collection), bound, is_narrow=False)
        if loop.condition is not None:
            self.read(_whole(loop.condition), inner, is_narrow=is_narrow and self._exists)

    def _nodes(self, part: Part, whole: Node, bound: Mapping[str, _Bound], *, is_narrow: bool, is_itself: bool) -> None:
        if whole.type in LITERALS:
            return
        stack: list[list[Node]] = [[part.node]]
        while stack:
            first, *suffixes = stack.pop()
            if first.type == "comment":
                continue
            if first.type == "variable_expr":
                rest = part.rest if whole in {first, first.parent} else ()
                is_all = is_itself and whole == first.parent
                self._chain(first, suffixes, rest, bound, is_narrow=is_narrow, is_itself=is_all)
                stack += reversed([[one] for one in suffixes if one.type != "get_attr"])
            elif is_narrow and _is_followed(first):
                self._nodes(Part(first, first), first, bound, is_narrow=False, is_itself=False)
            elif first.type == "for_expr" and (loop := loop_of(first)) is not None:
                self._whole_loop(loop, bound, is_narrow=is_narrow)
            elif first.type == "function_call":
                stack += reversed([[one] for one in self._call(first, bound, is_narrow=is_narrow)])
            else:
                stack += reversed(_grouped(first))

    def _whole_loop(self, loop: Loop, bound: Mapping[str, _Bound], *, is_narrow: bool) -> None:
        """Read a ``for`` expression of which all elements matter."""
        inner = _names(loop, None, bound)
        self.read(_whole(loop.collection), bound, is_narrow=is_narrow and loop.uses_all)
        for node in (loop.key, loop.value, loop.condition):
            if node is not None:
                self.read(_whole(node), inner, is_narrow=is_narrow)

    def _call(self, node: Node, bound: Mapping[str, _Bound], *, is_narrow: bool) -> list[Node]:
        """Read a call, and return the arguments that are left to read."""
        for path in _file(node, self._folder, self._root):
            self.found.files[path] = is_narrow or self.found.files.get(path, False)
        arguments = arguments_of(node)
        if function(node) not in _USES_PART or not arguments:
            return arguments
        key = self._key(arguments[1], bound) if function(node) in _LOOKS_UP and len(arguments) > 1 else None
        if key is None:
            self.read(_whole(arguments[0]), bound, is_narrow=False)
        else:
            for piece in narrow(arguments[0], (key,)):
                self.read(piece, bound, is_narrow=is_narrow)
        return arguments[1:]

    def _chain(
        self,
        first: Node,
        suffixes: list[Node],
        rest: tuple[Step, ...],
        bound: Mapping[str, _Bound],
        *,
        is_narrow: bool,
        is_itself: bool,
    ) -> None:
        root = syntax.text_of(first)
        steps: list[Step] = []
        for child in suffixes:
            step = self._step(child, bound)
            if step is None:
                is_narrow, is_itself, rest = False, False, ()
                break
            steps.append(step)
        if root not in bound:
            self.found.references.append(Reference(root, (*steps, *rest), is_narrow, is_itself))
            return
        name = bound[root]
        if name.key is not None and not name.is_key:
            for piece in narrow(name.loop.collection, (name.key, *steps, *rest)):
                self.read(piece, name.outer, is_narrow=is_narrow)

    def _step(self, node: Node, bound: Mapping[str, _Bound]) -> Step | None:
        if node.type == "get_attr":
            return syntax.text_of(node).lstrip(".").strip()
        if node.type != "index":
            return None
        inner = node.named_children[0] if node.named_children else None
        if inner is None or inner.type == "legacy_index":
            text = syntax.text_of(inner).lstrip(".") if inner is not None else ""
            return int(text) if text.isdigit() else None
        expression = next((child for child in inner.named_children if child.type == "expression"), None)
        return self._key(expression, bound) if expression is not None else None

    def _key(self, node: Node, bound: Mapping[str, _Bound]) -> Step | None:
        text = "".join(syntax.text_of(node).split())
        if text in {"each.key", "each.value", "count.index"}:
            return self._each
        if text in bound and (bound[text].is_key or len(bound[text].loop.names) == 1):
            return bound[text].key
        found = literal(node)
        if found is None:
            return None
        return int(found) if peeled(node).type == "numeric_lit" and found.isdigit() else found


def _names(loop: Loop, key: Step | None, outer: Mapping[str, _Bound]) -> dict[str, _Bound]:
    *keys, value = loop.names
    return {
        **outer,
        **{name: _Bound(loop, key, is_key=True, outer=outer) for name in keys},
        value: _Bound(loop, key, is_key=False, outer=outer),
    }


def _whole(node: Node) -> Part:
    return Part(node, node)


def _grouped(node: Node) -> list[list[Node]]:
    """Yield the children of a node, each variable with the steps after it; operations have them as siblings."""
    found: list[list[Node]] = []
    children = [child for child in node.named_children if child.type != "comment"]
    if node.type == "object_elem" and literal(children[0], is_key=True) is not None:
        children = children[1:]
    for child in children:
        if child.type in _SUFFIXES and found and found[-1][0].type == "variable_expr":
            found[-1].append(child)
        else:
            found.append([child])
    return found


def _is_followed(node: Node) -> bool:
    """Return whether a part of the expression's result is selected: ``yamldecode(…).port``."""
    after = node.next_named_sibling if node.type not in _SUFFIXES else None
    return after is not None and after.type in _SUFFIXES


def _file(node: Node, folder: str, root: str) -> Iterator[str]:
    if function(node) not in _FILES or not (arguments := arguments_of(node)):
        return
    try:
        name = Hcl(arguments[0]).value(Scope({}, {"module": folder, "root": root, "cwd": root}))
    except UnknownValueError:
        return
    if isinstance(name, str):
        yield os.path.normpath(os.path.join(root, name))
