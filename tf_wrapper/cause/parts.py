"""Parts of a configuration file: a block, an argument, an element of a literal, in HCL and JSON.

JSON is parsed as an HCL expression by :mod:`tf_wrapper.configuration.json_text`, since its strings are templates there.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tf_wrapper.configuration import json_text, syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

Step = str | int
_BOM = b"\xef\xbb\xbf"
_PEELED = {"expression", "literal_value", "collection_value", "template_expr"}
_SINGLE = {"toset", "tolist", "tomap", "nonsensitive", "sensitive", "try", "coalesce", "flatten", "distinct"}
LITERALS = {"string_lit", "numeric_lit", "bool_lit"}
_LABELS = {
    "resource": 2, "data": 2, "ephemeral": 2, "module": 1, "variable": 1, "output": 1, "provider": 1,
    "locals": 0, "moved": 0, "import": 0, "removed": 0,
}  # fmt: skip


class Part(NamedTuple):
    """A part of a file.

    Attributes:
        node: its syntax tree.
        named: the node that includes its name, if it has one.
        shift: number of lines before the parsed text of a JSON file.
        rest: steps into its value that the text does not show, since it is a reference or a call.
        has_others: the text also contains values other than the requested one.
    """

    node: Node
    named: Node | Body
    shift: int = 0
    rest: tuple[Step, ...] = ()
    has_others: bool = False

    @property
    def first(self) -> int:
        """First line, from 1. Computed on demand, since asking the parser is as expensive as finding the part."""
        if isinstance(self.named, Body):
            return self.named.first
        return self.named.start_point.row + 1 + self.shift

    @property
    def is_wide(self) -> bool:
        """Whether an edit may concern another part of the value than the requested one."""
        return self.has_others or (bool(self.rest) and not is_chain(self.node))

    @property
    def is_block(self) -> bool:
        """Whether it is the body of a block."""
        return self.node.type == "body"


class Body:
    """The body of a block.

    Args:
        node: its syntax tree; None for an empty file.
        first: first line of the block, from 1.
        is_json: the file is JSON.
        shift: number of lines before the parsed text of a JSON file.
    """

    def __init__(self, node: Node | None, first: int, *, is_json: bool = False, shift: int = 0) -> None:
        self.node = node
        self.first = first
        self.is_json = is_json
        self.shift = shift

    @cached_property
    def arguments(self) -> dict[str, list[tuple[Node, Node]]]:
        """Arguments of an HCL body: name → the node with its name, and its value."""
        found: dict[str, list[tuple[Node, Node]]] = {}
        for child in self._children["attribute"]:
            named = syntax.code(child)
            if len(named) > 1 and named[0].type == "identifier":
                found.setdefault(syntax.text_of(named[0]), []).append((child, named[-1]))
        return found

    @cached_property
    def nested(self) -> list[Node]:
        """Nested blocks of an HCL body."""
        return self._children["block"]

    @cached_property
    def _children(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {"attribute": [], "block": []}
        for child in self.node.named_children if self.node is not None else ():
            if (of_kind := found.get(child.type)) is not None:
                of_kind.append(child)
        return found


class File:
    """A file of configuration, variables or versions, parsed on first use.

    Args:
        path: absolute path in the working tree.
        data: its content.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.whole = data
        self.data = data.removeprefix(_BOM)
        self.is_json = path.endswith(".json")
        self.is_escaped = self.is_json and b"\\u" in self.data  # its names may be written otherwise

    def bodies(self, name: tuple[str, ...]) -> list[Body]:
        """Return the blocks of this kind with these labels."""
        if "blocks" not in self.__dict__ and not self.is_escaped:  # not parsed yet
            for word in name:
                if word.encode() not in self.data:
                    return []
        return self.blocks.get(name, [])

    @cached_property
    def top(self) -> Body:
        """The file as a body, e.g. the attributes of a variable file."""
        if not self.is_json:
            root = syntax.parse(self.data)
            return Body(syntax.body_of(root), 1)
        text = json_text.parse(self.data)
        return Body(text.node, 1, is_json=True, shift=text.shift)

    @cached_property
    def blocks(self) -> dict[tuple[str, ...], list[Body]]:
        """All blocks by kind and labels."""
        found: dict[tuple[str, ...], list[Body]] = {}
        for name, body in self._json_blocks() if self.is_json else self._hcl_blocks():
            found.setdefault(name, []).append(body)
        return found

    def _hcl_blocks(self) -> Iterator[tuple[tuple[str, ...], Body]]:
        for block in syntax.blocks(self.top.node):
            if len(block.labels) == _LABELS.get(block.kind):
                name = (block.kind, *block.labels)
                yield name, Body(block.body, block.first)

    def _json_blocks(self) -> Iterator[tuple[tuple[str, ...], Body]]:
        for kind, node in elements(self.top.node):
            if kind in _LABELS:
                yield from self._labelled(node, (kind,), _LABELS[kind])

    def _labelled(self, node: Node, name: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Body]]:
        inner = peeled(node)
        if inner.type == "tuple":
            for child in _expressions(inner):
                yield from self._labelled(child, name, depth)
        elif depth:
            for label, value in elements(inner):
                yield from self._labelled(value, (*name, label), depth - 1)
        else:
            outer = inner.parent.parent if inner.parent is not None else None
            start = outer if outer is not None and outer.type == "object_elem" else inner
            shift = self.top.shift
            yield name, Body(inner, start.start_point.row + 1 + shift, is_json=True, shift=shift)


def parts(body: Body, path: Sequence[Step]) -> list[Part]:
    """Return the parts for an argument of a block: the argument, nested blocks, or a part of a literal.

    Args:
        body: the block.
        path: names of arguments and blocks, keys and indices; empty for the whole block.
    """
    if body.node is None:
        return []
    if not path:
        return [Part(body.node, body)]
    if body.is_json:
        return _json_parts(body, tuple(path))
    name, further = path[0], tuple(path[1:])
    arguments = body.arguments.get(name, ()) if isinstance(name, str) else ()
    found = [part for named, value in arguments for part in _argument(named, value, further)]
    rest = _without_index(further)
    return found + [part for block in body.nested for part in _nested(block, name, rest)]


def inside(part: Part) -> list[Part]:
    """Return the arguments and blocks directly in a block."""
    if not part.is_block:
        return []
    return [_part(child, 0) for child in part.node.named_children if child.type in {"attribute", "block"}]


def _without_index(path: Sequence[Step]) -> tuple[Step, ...]:
    """Drop a numeric index: blocks of a set have no order, so a number does not identify one."""
    return tuple(path[1:]) if path and isinstance(path[0], int) else tuple(path)


def _nested(node: Node, name: Step, rest: tuple[Step, ...]) -> list[Part]:
    words = [child for child in node.named_children if child.type in {"identifier", "string_lit"}]
    inner = next((child for child in node.named_children if child.type == "body"), None)
    kind = syntax.text_of(words[0]) if words else ""
    if kind == name and len(words) == 1:
        if inner is None or not rest:
            return [Part(node, node)]
        return parts(Body(inner, node.start_point.row + 1), rest)
    if kind == "dynamic" and len(words) > 1 and syntax.text_of(words[1]).strip('"') == name:
        if inner is None or not rest:
            return [Part(node, node)]
        body = Body(inner, node.start_point.row + 1)
        return [*parts(body, ("content", *rest)), *_of_all(parts(body, ("for_each",)))]
    return []


def _of_all(found: list[Part]) -> list[Part]:
    """Return all elements: which one of a dynamic block's collection makes which block is unknown."""
    return [part._replace(has_others=True) for part in found]


def _argument(named: Node, value: Node, steps: tuple[Step, ...]) -> list[Part]:
    if not steps:
        return [Part(value, named)]
    narrowed = narrow(value, steps)
    if len(narrowed) == 1 and narrowed[0].node == value:  # the line with the name on it
        return [narrowed[0]._replace(named=named)]
    return narrowed


def _json_parts(body: Body, path: tuple[Step, ...]) -> list[Part]:
    found: list[Part] = []
    for key, value in elements(body.node):
        if key == path[0]:
            found += narrow(value, path[1:], body.shift)
        elif key == "dynamic":
            for label, inner in elements(value):
                if label == path[0]:
                    rest = _without_index(path[1:])
                    found += narrow(inner, ("content", *rest), body.shift)
                    found += _of_all(narrow(inner, ("for_each",), body.shift))
    return found


def narrow(node: Node, steps: tuple[Step, ...], shift: int = 0) -> list[Part]:
    """Return the part of a literal at these steps; nothing if the literal lacks it; otherwise the whole expression."""
    if not steps:
        return [_part(node, shift)]
    inner = peeled(node)
    kind = inner.type
    if kind == "object":
        return _of_object(inner, steps, shift)
    if kind == "tuple":
        return _of_tuple(inner, steps, shift)
    if kind == "function_call":
        return _of_call(node, inner, steps, shift)
    if kind in LITERALS or (kind == "quoted_template" and "${" not in syntax.text_of(inner)):
        return [_part(node, shift)]
    return [_part(node, shift, steps)]


def _part(node: Node, shift: int, rest: tuple[Step, ...] = ()) -> Part:
    return Part(node, node, shift, rest)


def _of_object(node: Node, steps: tuple[Step, ...], shift: int) -> list[Part]:
    found: list[Part] = []
    computed = False
    for element in node.named_children:
        if element.type == "object_elem":
            key, value = (child for child in element.named_children if child.type == "expression")
            name = literal(key, is_key=True)
            if name is None:
                computed = True
            elif name == str(steps[0]):
                inner = narrow(value, steps[1:], shift)
                whole = len(steps) == 1 and len(inner) == 1
                found += [inner[0]._replace(named=element)] if whole else inner
    return found or ([_part(node, shift, steps)] if computed else [])


def _of_call(node: Node, inner: Node, steps: tuple[Step, ...], shift: int) -> list[Part]:
    name, arguments = function(inner), arguments_of(inner)
    if name == "merge":
        return _of_merge(arguments, steps, shift)
    if name in _SINGLE and arguments:
        return [part for argument in arguments for part in narrow(argument, steps, shift)]
    return [_part(node, shift, steps)]


def _of_merge(arguments: list[Node], steps: tuple[Step, ...], shift: int) -> list[Part]:
    """Return the last argument that certainly has the key, and those after it."""
    found: list[Part] = []
    for argument in reversed(arguments):
        found = narrow(argument, steps, shift) + found
        if peeled(argument).type == "object" and any(key == str(steps[0]) for key, _ in elements(argument)):
            break
    return found


def _of_tuple(node: Node, steps: tuple[Step, ...], shift: int) -> list[Part]:
    items = _expressions(node)
    first = steps[0]
    if isinstance(first, int):
        return narrow(items[first], steps[1:], shift) if 0 <= first < len(items) else []
    if all(peeled(item).type == "object" for item in items):  # blocks in JSON, or a list of objects
        return [part for item in items for part in narrow(item, steps, shift)]
    same = [_part(item, shift) for item in items if literal(item) == first]
    known = all(literal(item) is not None for item in items)
    return same if same or known else [_part(node, shift, steps)]


def peeled(node: Node) -> Node:
    """Return the expression without wrappers: parentheses, or a template that is a single interpolation."""
    while True:
        kind = node.type
        inner = None
        if kind in _PEELED:
            inner = syntax.only(node)
        elif kind == "quoted_template":
            inner = _only_interpolation(syntax.code(node))
        if inner is None:
            return node
        node = inner


def _only_interpolation(children: list[Node]) -> Node | None:
    inner = [child for child in children if child.type not in {"quoted_template_start", "quoted_template_end"}]
    if len(inner) != 1 or inner[0].type != "template_interpolation":
        return None
    return next((child for child in inner[0].named_children if child.type == "expression"), None)


def is_chain(node: Node) -> bool:
    """Return whether an expression is only a reference."""
    inner = peeled(node)
    first = inner.named_children[0] if inner.type == "expression" and inner.named_children else inner
    return first.type == "variable_expr"


def literal(node: Node, *, is_key: bool = False) -> str | None:
    """Return the text of a plain literal or an object's bare key; None for anything else."""
    inner = peeled(node)
    if is_key and inner.type == "variable_expr":
        return syntax.text_of(inner)
    if inner.type in {"string_lit", "quoted_template"}:
        pieces = syntax.template_parts(inner)
        return "".join(map(str, pieces)) if all(isinstance(piece, str) for piece in pieces) else None
    return syntax.text_of(inner) if inner.type in LITERALS else None


def elements(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Return the pairs of an object literal, or of each object in a list of them: key → value."""
    if node is None:
        return
    inner = peeled(node)
    if inner.type == "tuple":
        for child in _expressions(inner):
            yield from elements(child)
    elif inner.type == "object":
        for element in inner.named_children:
            if element.type == "object_elem":
                key, value = (child for child in element.named_children if child.type == "expression")
                yield literal(key, is_key=True) or "", value


def function(node: Node) -> str:
    """Return the name of a called function."""
    return syntax.text_of(node.named_children[0]) if node.named_children else ""


def arguments_of(node: Node) -> list[Node]:
    """Return the arguments of a call."""
    held = next((child for child in node.named_children if child.type == "function_arguments"), None)
    return _expressions(held) if held is not None else []


def _expressions(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type == "expression"]


def normal(part: Part) -> tuple[str, ...]:
    """Return the tokens of a part without comments and layout; equal for equivalent texts."""
    tokens: list[str] = []
    stack = [part.node]
    while stack:
        node = stack.pop()
        if node.type == "comment":
            continue
        if node.child_count and not node.type.startswith("heredoc_template"):
            stack += reversed(node.children)
        elif text := syntax.text_of(node).strip("\r\n" if node.type == "template_literal" else None):
            tokens.append(text)
    return tuple(tokens)
