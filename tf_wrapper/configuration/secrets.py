"""Secrets in the configuration, for runs without a readable plan with its marks.

A plan that failed early leaves no plan file, and no plan holds ephemeral values or the arguments of ``sensitive(…)``.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tf_wrapper.configuration import inputs
from tf_wrapper.configuration.expressions import Scope, UnknownValueError
from tf_wrapper.configuration.module import read_module
from tf_wrapper.configuration.values import given_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tf_wrapper.configuration.expressions import Expression
    from tf_wrapper.configuration.module import Module, Variable
    from tf_wrapper.configuration.values import Options, Values

_SECONDS = 1.5  # for the modules below the root one
_DEEPEST = 20


class Secrets(NamedTuple):
    """Values that must not be shown.

    Attributes:
        values: plain Python values of any type.
        named: values and defaults of unmarked variables by name; secret if the name says so.
        literals: texts in the configuration by the name they are assigned to; secret by the rules for attributes.
        kept_out: a secret variable's value comes from a prompt or a pipe, where it cannot be read.
        ephemeral_kept_out: as ``kept_out``, and the variable is ephemeral, so that no plan holds the value either.
    """

    values: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()
    kept_out: bool = False
    ephemeral_kept_out: bool = False
    literals: tuple[tuple[str, str], ...] = ()


def find_secrets(
    directory: str,
    data_dir: str,
    options: Options | None,
    environ: Mapping[str, str],
    *,
    tofu: bool | None = None,
    root: str | None = None,
) -> Secrets:
    """Return the secrets in the configuration of a run, including the modules it calls.

    Args:
        directory: terraform's working directory, where it finds variable files.
        data_dir: terraform's data directory, which lists the modules.
        options: name and value of terraform's flags, in order; None if the command line is not understood.
        environ: terraform's environment.
        tofu: whether OpenTofu reads the configuration.
        root: the root module, if it is another directory.
    """
    module = read_module(root or directory, tofu=tofu)
    given = given_values(directory, options, environ)
    values = {("var", name): _scoped(each[-1]) for name, each in given.given.items()}
    tree = _Tree(directory, data_dir, tofu=tofu)
    secrets = list(tree.secrets(module, "", values))
    secret = [one for one in module.variables.values() if one.sensitive or one.ephemeral]
    hidden = {one.name for one in secret} if module.whole else set(given.given)  # in doubt all of them
    secrets += [value for name in sorted(hidden) for value in _values(given.given.get(name, ()))]
    named = [(name, value) for name, each in given.given.items() if name not in hidden for value in _values(each)]
    defaults = {one.name: one.default for one in module.variables.values() if one.name not in hidden and one.default}
    named += [(name, value) for name, default in defaults.items() for value in _values([default])]
    out = [one for one in secret if _is_kept_out(one, given)]
    return Secrets(tuple(secrets), tuple(named), bool(out), any(one.ephemeral for one in out))


def _is_kept_out(variable: Variable, given: Values) -> bool:
    return not given.readable or (variable.name not in given.given and variable.default is None)


def _values(expressions: Iterable[Expression]) -> Iterator[Any]:
    for expression in expressions:
        found = expression.literal()
        if found is not None:
            yield found


_Known = dict[tuple[str, str], tuple["Expression", Scope]]


def _scoped(expression: Expression) -> tuple[Expression, Scope]:
    return expression, Scope({}, {})


class _Tree:
    """The root module and the modules below it, each with the values of its variables."""

    def __init__(self, directory: str, data_dir: str, *, tofu: bool | None) -> None:
        self._root = directory
        self._tofu = tofu
        self._folders = module_folders(data_dir, directory)
        self._deadline = time.monotonic() + _SECONDS

    def secrets(self, module: Module, key: str, given: _Known, depth: int = 0) -> Iterator[Any]:
        """Return the secrets of a module and of those it calls; ``given`` are its arguments."""
        scope = self._scope(module, given)
        for variable in module.variables.values():
            if variable.sensitive or variable.ephemeral:
                yield from _texts_of(given.get(("var", variable.name)))
                yield from _texts_of((variable.default, scope) if variable.default is not None else None)
        for argument in module.marked:
            yield from _texts_of((argument, scope))
        for output in module.outputs.values():
            if output.sensitive and output.value is not None:
                yield from _texts_of((output.value, scope), pieces=False)
        for name, arguments in module.calls.items():
            below = f"{key}.{name}" if key else name
            if depth < _DEEPEST and below in self._folders and time.monotonic() < self._deadline:
                child = read_module(self._folders[below], tofu=self._tofu)
                handed: _Known = {("var", one): (value, scope) for one, value in arguments.items()}
                yield from self.secrets(child, below, handed, depth + 1)

    def _scope(self, module: Module, given: _Known) -> Scope:
        known: _Known = {}
        scope = Scope(known, {"module": module.directory, "root": self._root, "cwd": self._root})
        known.update({("local", name): (value, scope) for name, value in module.locals.items()})
        for variable in module.variables.values():
            if variable.default is not None:
                known["var", variable.name] = (variable.default, scope)
        known.update(given)
        return scope


def _texts_of(place: tuple[Expression, Scope] | None, *, pieces: bool = True) -> Iterator[Any]:
    """Return the value; if it cannot be determined, its literal texts."""
    if place is None:
        return
    expression, scope = place
    try:
        yield expression.value(scope)
    except UnknownValueError:
        if pieces:
            yield from expression.pieces()


def module_folders(data_dir: str, directory: str) -> dict[str, str]:
    """Return the folders of installed modules: key (``a.b`` for module b called by a) → absolute path."""
    data = inputs.read(os.path.join(data_dir, "modules", "modules.json"))
    if not data:
        return {}
    import json  # 2 ms, for which a stack without modules does not wait

    try:
        manifest = json.loads(data)
        rows = [(str(module["Key"]), str(module["Dir"])) for module in manifest["Modules"]]
    except (ValueError, KeyError, TypeError):
        return {}
    return {key: os.path.normpath(os.path.join(directory, folder)) for key, folder in rows}
