"""Parses ``for`` expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tf_wrapper.configuration import syntax

if TYPE_CHECKING:
    from tree_sitter import Node


class Loop(NamedTuple):
    """A ``for`` expression.

    Attributes:
        names: variables for key and value, or for the value alone.
        collection: the collection it iterates over.
        key: key expression of an object; None for a tuple.
        value: value expression.
        condition: expression after ``if``.
        is_grouped: several values may share a key (``...``).
    """

    names: tuple[str, ...]
    collection: Node
    key: Node | None
    value: Node
    condition: Node | None
    is_grouped: bool

    @property
    def is_keyed(self) -> bool:
        """Return whether it keeps the keys of its collection: ``for k, v in x : k => …``."""
        return self.key is not None and not self.is_grouped and syntax.text_of(self.key).strip() == self.names[0]

    @property
    def uses_all(self) -> bool:
        """Return whether it uses whole elements: no attribute is picked from the value."""
        nodes = [node for node in (self.key, self.value, self.condition) if node is not None]
        while nodes:
            node = nodes.pop()
            following = node.next_named_sibling
            is_value = node.type == "variable_expr" and syntax.text_of(node) == self.names[-1]
            if is_value and following is not None and following.type in {"get_attr", "index", "splat"}:
                return False
            nodes += node.named_children
        return True


def loop_of(node: Node) -> Loop | None:
    """Return the parts of a ``for`` expression; None for any other expression."""
    if node.type != "for_expr" or not node.named_children:
        return None
    inner = node.named_children[0]
    intro = next((child for child in inner.named_children if child.type == "for_intro"), None)
    made = [child for child in inner.named_children if child.type == "expression"]
    if intro is None or not made:
        return None
    names = tuple(syntax.text_of(child) for child in intro.named_children if child.type == "identifier")
    collection = next((child for child in intro.named_children if child.type == "expression"), None)
    condition = next((child for child in inner.named_children if child.type == "for_cond"), None)
    if not names or collection is None:
        return None
    grouped = any(child.type == "ellipsis" for child in inner.children)
    return Loop(names, collection, made[0] if len(made) > 1 else None, made[-1], condition, grouped)
