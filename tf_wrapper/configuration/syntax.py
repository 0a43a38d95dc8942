"""HCL text as blocks and attributes with exact rows, by tree-sitter; a syntax error only affects its own place.

Nodes are visited on demand: a large file costs its parse (about 1 ms per kB) and its top level.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser

_ESCAPE = lazy_pattern(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|([$%])\4\{", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class Block(NamedTuple):
    """A block in a file."""

    kind: str
    labels: tuple[str, ...]
    node: Node
    body: Node | None

    @property
    def first(self) -> int:
        """First row, from 1."""
        return self.node.start_point.row + 1

    @property
    def last(self) -> int:
        """Last row, from 1."""
        return self.node.end_point.row + 1


def parse(text: bytes) -> Node:
    """Return the syntax tree of a file. A file that is not HCL has a tree with ``has_error``."""
    return _parser().parse(text).root_node


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_hcl

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))


def body_of(root: Node) -> Node | None:
    """Return the body of a whole file."""
    return next((child for child in root.named_children if child.type == "body"), None)


def blocks(body: Node | None) -> Iterator[Block]:
    """Return the blocks directly in a body, without those torn apart by a syntax error."""
    for child in body.named_children if body is not None else ():
        if child.type == "block":
            yield _block(child)


def _block(node: Node) -> Block:
    words: list[str] = []
    body = None
    for child in node.named_children:
        kind = child.type
        if kind == "identifier":
            words.append(text_of(child))
        elif kind == "string_lit":
            words.append(_label(child))
        elif kind == "body":
            body = child
    return Block(words[0] if words else "", tuple(words[1:]), node, body)


def _label(node: Node) -> str:
    text = text_of(node)
    if len(text) > 1 and text[0] == text[-1] == '"' and "\\" not in text and "{" not in text:
        return text[1:-1]
    return _unescaped(_between(node))


def attributes(body: Node | None) -> dict[str, Node]:
    """Return the attributes directly in a body: name → expression."""
    nodes: dict[str, Node] = {}
    for child in body.named_children if body is not None else ():
        if child.type == "attribute" and len(named := code(child)) > 1:
            nodes[text_of(named[0])] = named[-1]
    return nodes


def code(node: Node) -> list[Node]:
    """Return the named children of a node, without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def only(node: Node) -> Node | None:
    """Return the only named child of a node, ignoring comments; None if there are more or none."""
    if node.named_child_count == 1:
        child = node.named_child(0)
        return child if child is not None and child.type != "comment" else None
    children = code(node)
    return children[0] if len(children) == 1 else None


def text_of(node: Node) -> str:
    """Return the node's own text."""
    return (node.text or b"").decode("utf-8", "replace")


def template_parts(node: Node) -> list[str | Node]:
    """Return the parts of a quoted template or heredoc: literal texts, and the interpolated nodes."""
    if node.type in {"quoted_template", "string_lit"}:
        return [part if not isinstance(part, str) else _unescaped(part) for part in _pieces(node)]
    return _heredoc(node)


def _pieces(node: Node) -> list[str | Node]:
    children = node.children
    data, base = node.text or b"", node.start_byte
    start = children[0].end_byte if children else base
    end = children[-1].start_byte if len(children) > 1 else start
    found: list[str | Node] = []
    for child in children[1:-1]:
        if child.type.startswith("template_") and child.type != "template_literal":
            found += [data[start - base : child.start_byte - base].decode("utf-8", "replace"), child]
            start = child.end_byte
    found.append(data[start - base : end - base].decode("utf-8", "replace"))
    return [part for part in found if part != ""]


def _between(node: Node) -> str:
    return "".join(part for part in _pieces(node) if isinstance(part, str))


def _heredoc(node: Node) -> list[str | Node]:
    """Return the parts of a heredoc; with ``<<-``, the smallest indentation is removed from every line."""
    names = [child for child in node.children if child.type == "heredoc_identifier"]
    data, base = node.text or b"", node.start_byte
    if len(names) < 2:  # noqa: PLR2004 - where it begins and where it ends
        return []
    start = data.find(b"\n", names[0].end_byte - base) + 1 + base
    end = max(start, data.rfind(b"\n", 0, names[-1].start_byte - base) + 1 + base)
    parts: list[str | Node] = []
    for child in node.children:
        if child.type.startswith("template_") and child.type != "template_literal":
            parts += [data[start - base : child.start_byte - base].decode("utf-8", "replace"), child]
            start = child.end_byte
    parts.append(data[start - base : end - base].decode("utf-8", "replace"))
    if text_of(node).startswith("<<-"):
        parts = _dedented(parts)
    return [re.sub(r"([$%])\1\{", r"\1{", part) if isinstance(part, str) else part for part in parts if part != ""]


def _dedented(parts: list[str | Node]) -> list[str | Node]:
    whole = "".join(part if isinstance(part, str) else "\0" for part in parts)
    depths = [len(line) - len(line.lstrip(" \t")) for line in whole.splitlines() if line.strip()]
    margin = min(depths, default=0)
    found: list[str | Node] = []
    fresh = True
    for part in parts:
        if isinstance(part, str):
            lines = part.splitlines(keepends=True)
            found.append("".join(_cut(line, margin) if at or fresh else line for at, line in enumerate(lines)))
            fresh = part.endswith("\n")
        else:
            found.append(part)
            fresh = False
    return found


def _cut(line: str, margin: int) -> str:
    return line[min(margin, len(line) - len(line.lstrip(" \t"))) :]


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        short, long, letter, mark = match.groups()
        if short or long:
            return chr(min(int(short or long, 16), 0x10FFFF))
        return f"{mark}{{" if mark else _ESCAPES.get(letter, letter)

    return _ESCAPE.sub(one, text)
