"""Values of root variables from variable files, ``-var`` and ``TF_VAR_…``, in terraform's order.

Source of the order: https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tf_wrapper.configuration import inputs, syntax
from tf_wrapper.configuration.expressions import Given, Hcl
from tf_wrapper.configuration.files import variable_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tf_wrapper.configuration.expressions import Expression

Options = Sequence[tuple[str, str]]
"""Name and value of every flag of a command line, in order."""

_BOM = b"\xef\xbb\xbf"
_PREFIX = "TF_VAR_"


class Values(NamedTuple):
    """Values from outside of the configuration.

    Attributes:
        given: name → every value given for it.
        readable: all sources could be read; otherwise there may be other values. A file with a syntax error counts as
            read, since terraform stops at it.
    """

    given: dict[str, list[Expression]]
    readable: bool


def given_values(directory: str, options: Options | None, environ: Mapping[str, str]) -> Values:
    """Return all values given for the root module's variables; the last one of each variable wins.

    Args:
        directory: the root module.
        options: name and value of terraform's flags, in order; None if the command line is not understood.
        environ: terraform's environment.
    """
    expressions: dict[str, list[Expression]] = {}
    readable = options is not None
    for name, text in environ.items():
        if name.startswith(_PREFIX):
            expressions.setdefault(name.removeprefix(_PREFIX), []).extend(_typed(text))
    sources = [("var-file", path) for path in variable_files(directory)]
    sources += options or ()
    for kind, text in sources:
        if kind == "var":
            name, _, value = text.partition("=")
            expressions.setdefault(name.strip(), []).extend(_typed(value))
        elif kind == "var-file":
            values = read_variable_file(os.path.join(directory, text))
            readable = readable and values is not None
            for name, expression in (values or {}).items():
                expressions.setdefault(name, []).append(expression)
    return Values(expressions, readable)


def read_variable_file(path: str) -> dict[str, Expression] | None:
    """Return the values in a variable file; None if it cannot be read. JSON is recognised by the file name."""
    data = inputs.read(path)
    if data is None:
        return None
    data = data.removeprefix(_BOM)
    if path.endswith(".json"):
        return _from_json(data)
    return {name: Hcl(node) for name, node in syntax.attributes(syntax.body_of(syntax.parse(data))).items()}


def _from_json(data: bytes) -> dict[str, Expression]:
    import json

    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    parts = content if isinstance(content, list) else [content]
    return {name: Given(value) for part in parts if isinstance(part, dict) for name, value in part.items()}


def _typed(text: str) -> list[Expression]:
    """Return a value from the command line or the environment: a string, or HCL if the variable has another type."""
    found: list[Expression] = [Given(text)]
    if text.lstrip()[:1] in {"{", "[", '"'}:
        node = syntax.attributes(syntax.body_of(syntax.parse(b"x = " + text.encode("utf-8", "replace") + b"\n")))
        value: Any = Hcl(node["x"]).literal() if "x" in node else None
        if value is not None:
            found.append(Given(value))
    return found
