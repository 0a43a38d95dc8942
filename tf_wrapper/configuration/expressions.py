"""Values of expressions that can be determined without terraform: literals, templates, plain references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tf_wrapper.configuration import syntax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tree_sitter import Node

_MARKS = {"sensitive", "ephemeralasnull"}
_TRANSPARENT = {"sensitive", "nonsensitive", "tostring", "trimspace", "chomp"}
_READS = {"file", "filebase64", "templatefile", "fileset", "fileexists", "pathexpand", "abspath"}
_PLACES = {"index", "new_index", "get_attr", "attr_splat", "full_splat"}
_LONGEST_FILE = 65536


class UnknownValueError(Exception):
    """The value cannot be determined without terraform."""


class Scope:
    """The values of references inside one module.

    Args:
        values: ``("var", name)`` or ``("local", name)`` → its expression and the scope of that expression.
        path: ``path.module``, ``path.root`` and ``path.cwd``.
    """

    def __init__(self, values: Mapping[tuple[str, str], tuple[Expression, Scope]], path: Mapping[str, str]) -> None:
        self.values = values
        self.path = path
        self._open: set[tuple[str, str]] = set()

    def look_up(self, root: str, name: str) -> Any:
        """Return the value of a reference.

        Raises:
            UnknownValueError: it cannot be determined, or refers to itself.
        """
        if root == "path" and name in self.path:
            return self.path[name]
        key = (root, name)
        if key not in self.values or key in self._open:
            raise UnknownValueError
        expression, scope = self.values[key]
        self._open.add(key)
        try:
            return expression.value(scope)
        finally:
            self._open.discard(key)


NOWHERE = Scope({}, {})


class Expression:
    """An expression in HCL or JSON, or a plain value from a variable file or the command line."""

    def value(self, scope: Scope = NOWHERE) -> Any:
        """Return its value as plain Python.

        Raises:
            UnknownValueError: it cannot be determined.
        """
        raise NotImplementedError

    def marked(self) -> Iterator[Expression]:
        """Return the arguments of all calls of ``sensitive`` in it."""
        raise NotImplementedError

    def pieces(self) -> Iterator[str]:
        """Return the literal texts its value may contain, without names of files, keys and attributes."""
        raise NotImplementedError

    def literal(self) -> Any:
        """Return its value if it is a literal, else None."""
        try:
            return self.value()
        except UnknownValueError:
            return None

    def flag(self) -> bool:
        """Return whether a flag such as ``sensitive`` is set; True if that cannot be determined."""
        try:
            result = self.value()
        except UnknownValueError:
            return True
        return result not in {False, None, "false"} if isinstance(result, (bool, str, type(None))) else True


class Hcl(Expression):
    """An expression in HCL syntax."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def value(self, scope: Scope = NOWHERE) -> Any:
        """See :class:`Expression`."""
        try:
            return _evaluate(self.node, scope)
        except RecursionError:
            raise UnknownValueError from None

    def marked(self) -> Iterator[Expression]:
        """See :class:`Expression`."""
        if b"sensitive" not in (self.node.text or b""):
            return
        for node in _walk(self.node):
            if node.type == "function_call" and _function(node) in _MARKS:
                yield from (Hcl(argument) for argument in _arguments(node))

    def pieces(self) -> Iterator[str]:
        """See :class:`Expression`."""
        stack = [self.node]
        while stack:
            node = stack.pop()
            if node.type in {"quoted_template", "string_lit", "heredoc_template"}:
                yield from (part for part in syntax.template_parts(node) if isinstance(part, str))
            if node.type in _PLACES or (node.type == "function_call" and _function(node) in _READS):
                continue
            children = node.named_children
            stack += children[1:] if node.type == "object_elem" else children


class Json(Expression):
    """An expression in JSON syntax, whose strings are templates.

    Args:
        data: decoded JSON; objects as lists of pairs or as dictionaries.
        is_template: strings are templates; False in variable files and defaults.
    """

    def __init__(self, data: Any, *, is_template: bool = True) -> None:
        self.data = data
        self._is_template = is_template

    def value(self, scope: Scope = NOWHERE) -> Any:
        """See :class:`Expression`."""
        return self._value(self.data, scope)

    def _value(self, data: Any, scope: Scope) -> Any:
        if isinstance(data, str) and self._is_template and ("${" in data or "%{" in data):
            return _template(data).value(scope)
        if isinstance(data, list):
            return [self._value(part, scope) for part in data]
        if isinstance(data, dict):
            return {key: self._value(part, scope) for key, part in data.items()}
        return data

    def marked(self) -> Iterator[Expression]:
        """See :class:`Expression`."""
        for text in _texts(self.data):
            if self._is_template and "sensitive" in text:
                yield from _template(text).marked()

    def pieces(self) -> Iterator[str]:
        """See :class:`Expression`."""
        for text in _texts(self.data):
            if self._is_template and "${" in text:
                yield from _template(text).pieces()
            else:
                yield text


class Given(Json):
    """A value from outside of the configuration; it contains no templates."""

    def __init__(self, data: Any) -> None:
        super().__init__(data, is_template=False)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, (list, dict)):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _texts(part)


def _template(text: str) -> Hcl:
    """Parse a JSON string as a template, in a heredoc, which needs no escapes."""
    word = "END"
    while word in text:
        word += "_"
    root = syntax.parse(f"x = <<{word}\n{text}\n{word}\n".encode())
    node = syntax.attributes(syntax.body_of(root)).get("x")
    return _OneLine(node) if node is not None and not root.has_error else Opaque()


class _OneLine(Hcl):
    def value(self, scope: Scope = NOWHERE) -> Any:
        found = super().value(scope)
        if isinstance(found, str):
            return found.removesuffix("\n")
        return found


class Opaque(Hcl):
    """An expression that does not parse; its value is unknown."""

    def __init__(self) -> None:
        pass

    def value(self, scope: Scope = NOWHERE) -> Any:  # noqa: ARG002 - the same for all scopes
        """See :class:`Expression`."""
        raise UnknownValueError

    def marked(self) -> Iterator[Expression]:
        """See :class:`Expression`."""
        return iter(())

    def pieces(self) -> Iterator[str]:
        """See :class:`Expression`."""
        return iter(())


# -- evaluation ---------------------------------------------------------------------------------------------------


def _evaluate(node: Node, scope: Scope) -> Any:
    found = _EVALUATORS.get(node.type)
    if found is None or node.has_error:
        raise UnknownValueError
    return found(node, scope)


def _only_child(node: Node, scope: Scope) -> Any:
    children = [child for child in node.named_children if child.type != "comment"]
    if len(children) == 1:
        return _evaluate(children[0], scope)
    # a reference is a root and its steps, side by side
    if len(children) == 2 and children[0].type == "variable_expr" and children[1].type == "get_attr":  # noqa: PLR2004
        return scope.look_up(syntax.text_of(children[0]), syntax.text_of(children[1]).lstrip(".").strip())
    raise UnknownValueError


def _operation(node: Node, scope: Scope) -> Any:
    inner = node.named_children[0]
    operand = [child for child in inner.named_children if child.type != "comment"]
    sign = syntax.text_of(inner)[:1]
    if inner.type != "unary_operation" or len(operand) != 1:
        raise UnknownValueError
    found = _evaluate(operand[0], scope)
    if sign == "!" and isinstance(found, bool):
        return not found
    if sign == "-" and isinstance(found, (int, float)):
        return -found
    raise UnknownValueError


def _number(node: Node, _: Scope) -> Any:
    text = syntax.text_of(node)
    try:
        return int(text)
    except ValueError:
        return float(text)


def _composed(node: Node, scope: Scope) -> Any:
    parts = syntax.template_parts(node)
    if len(parts) == 1 and not isinstance(parts[0], str):
        return _interpolated(parts[0], scope)  # "${x}" is x itself, whatever its type
    return "".join(part if isinstance(part, str) else _as_text(_interpolated(part, scope)) for part in parts)


def _heredoc(node: Node, scope: Scope) -> Any:
    parts = syntax.template_parts(node)
    if len(parts) == 2 and not isinstance(parts[0], str) and parts[1] == "\n":  # noqa: PLR2004 - a JSON string's own
        return _interpolated(parts[0], scope)
    return _composed(node, scope)


def _interpolated(node: Node, scope: Scope) -> Any:
    inner = [child for child in node.named_children if child.type == "expression"]
    if node.type != "template_interpolation" or len(inner) != 1:
        raise UnknownValueError
    return _evaluate(inner[0], scope)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise UnknownValueError


def _tuple(node: Node, scope: Scope) -> Any:
    return [_evaluate(child, scope) for child in node.named_children if child.type == "expression"]


def _object(node: Node, scope: Scope) -> Any:
    found = {}
    for element in node.named_children:
        if element.type == "object_elem":
            key, value = (child for child in element.named_children if child.type == "expression")
            found[_key(key, scope)] = _evaluate(value, scope)
    return found


def _key(node: Node, scope: Scope) -> str:
    text = syntax.text_of(node)
    return text if text.replace("-", "_").isidentifier() else _as_text(_evaluate(node, scope))


def _call(node: Node, scope: Scope) -> Any:
    name, arguments = _function(node), _arguments(node)
    if len(arguments) != 1 or name not in {*_TRANSPARENT, "file"}:
        raise UnknownValueError
    found = _evaluate(arguments[0], scope)
    if name == "file":
        return _file(found, scope)
    if name in {"trimspace", "chomp"} and isinstance(found, str):
        return found.strip() if name == "trimspace" else found.rstrip("\r\n")
    return found


def _file(path: Any, scope: Scope) -> str:
    import os

    from tf_wrapper.configuration import inputs

    base = scope.path.get("cwd")
    if not isinstance(path, str) or base is None:
        raise UnknownValueError
    data = inputs.read(os.path.join(base, path), _LONGEST_FILE)
    if data is None:
        raise UnknownValueError
    return data.decode("utf-8", "replace")


def _function(node: Node) -> str:
    first = node.named_children[0] if node.named_children else None
    return syntax.text_of(first) if first is not None else ""


def _arguments(node: Node) -> list[Node]:
    for child in node.named_children:
        if child.type == "function_arguments":
            return [argument for argument in child.named_children if argument.type == "expression"]
    return []


def _walk(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack += node.named_children


_EVALUATORS: dict[str, Callable[[Node, Scope], Any]] = {
    "expression": _only_child,
    "literal_value": _only_child,
    "collection_value": _only_child,
    "template_expr": _only_child,
    "operation": _operation,
    "numeric_lit": _number,
    "bool_lit": lambda node, _: syntax.text_of(node) == "true",
    "null_lit": lambda _, __: None,
    "string_lit": _composed,
    "quoted_template": _composed,
    "heredoc_template": _heredoc,
    "tuple": _tuple,
    "object": _object,
    "function_call": _call,
}
