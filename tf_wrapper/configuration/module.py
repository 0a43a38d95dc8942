"""The declarations of a module: variables, locals, outputs and module calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tf_wrapper.configuration import inputs
from tf_wrapper.configuration.declarations import read_file
from tf_wrapper.configuration.files import holds, module_files

if TYPE_CHECKING:
    from tf_wrapper.configuration.declarations import Declared, Read
    from tf_wrapper.configuration.expressions import Expression

_NO_ARGUMENTS = {"source", "version", "providers", "count", "for_each", "depends_on"}


class Variable(NamedTuple):
    """An input variable, with override files merged.

    Attributes:
        name: its name.
        file: the file that declares it.
        row: its first line there, from 1; 0 in JSON.
        sensitive: the argument ``sensitive``; True if it cannot be determined.
        ephemeral: the argument ``ephemeral``; True if it cannot be determined.
        default: None if the variable is required.
    """

    name: str
    file: str
    row: int
    sensitive: bool = False
    ephemeral: bool = False
    default: Expression | None = None


class Output(NamedTuple):
    """An output value."""

    name: str
    sensitive: bool
    value: Expression | None


class Module(NamedTuple):
    """The declarations in the files of a directory.

    Attributes:
        directory: the directory.
        variables: by name.
        locals: name → expression.
        outputs: by name.
        calls: name of a module block → its arguments.
        marked: the arguments of all calls of ``sensitive(…)``.
        whole: all files were read and understood.
    """

    directory: str
    variables: dict[str, Variable]
    locals: dict[str, Expression]
    outputs: dict[str, Output]
    calls: dict[str, dict[str, Expression]]
    marked: tuple[Expression, ...]
    whole: bool


def read_module(directory: str, *, tofu: bool | None = None, word: str = "") -> Module:
    """Read the module in a directory; only regular files are opened.

    Args:
        directory: the module.
        tofu: see :func:`tf_wrapper.configuration.files.module_files`.
        word: read only files that contain this word of letters.
    """
    module = Module(directory, {}, {}, {}, {}, (), whole=True)
    for path in module_files(directory, tofu=tofu):
        is_json = path.endswith(".json")
        data = inputs.read(path)
        if data is None:
            module = module._replace(whole=False)
        elif holds(data, word, is_json=is_json):
            module = _with_file(module, read_file(data, is_json=is_json), path)
    return module


def _with_file(module: Module, read: Read, path: str) -> Module:
    for declared in read.declared:
        _DECLARE[declared.kind](module, declared, path)
    return module._replace(marked=module.marked + read.marked, whole=module.whole and read.whole)


def _variable(module: Module, declared: Declared, path: str) -> None:
    name = declared.labels[0]
    found = module.variables.get(name) or Variable(name, path, declared.row)
    given = declared.attributes
    module.variables[name] = found._replace(
        sensitive=given["sensitive"].flag() if "sensitive" in given else found.sensitive,
        ephemeral=given["ephemeral"].flag() if "ephemeral" in given else found.ephemeral,
        default=given.get("default", found.default),
    )


def _output(module: Module, declared: Declared, _: str) -> None:
    name = declared.labels[0]
    found = module.outputs.get(name) or Output(name, sensitive=False, value=None)
    given = declared.attributes
    sensitive = given["sensitive"].flag() if "sensitive" in given else found.sensitive
    module.outputs[name] = Output(name, sensitive, given.get("value", found.value))


def _locals(module: Module, declared: Declared, _: str) -> None:
    module.locals.update(declared.attributes)


def _call(module: Module, declared: Declared, _: str) -> None:
    arguments = ((name, value) for name, value in declared.attributes.items() if name not in _NO_ARGUMENTS)
    module.calls.setdefault(declared.labels[0], {}).update(arguments)


_DECLARE = {"variable": _variable, "output": _output, "locals": _locals, "module": _call}
