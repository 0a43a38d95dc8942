"""msgspec, imported without what a run does not need: together a sixth of what it imports.

* ``typing_extensions``: msgspec takes ``get_type_hints`` and ``Required`` from there if it is installed, else from
  ``typing``, which has both in every Python that this project supports. It brings ``inspect`` along.
* ``platform``: ``uuid`` imports it, which compiles ten patterns, to ask for the name of the system.
* ``msgspec.inspect`` and the generator of JSON schemas: imported when someone asks for something of theirs.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_INSPECT, _SCHEMA = "msgspec.inspect", "msgspec._json_schema"


class _Platform(ModuleType):
    """All that ``uuid`` asks ``platform`` for."""

    @staticmethod
    def system() -> str:
        return os.uname().sysname


class _Inspect(ModuleType):
    """Stands in for ``msgspec.inspect`` until something of it is asked for."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return getattr(_real(_INSPECT), name)


class _Schema(ModuleType):
    """Stands in for the generator of JSON schemas, whose functions ``msgspec.json`` imports."""

    @staticmethod
    def schema(*arguments: Any, **options: Any) -> Any:
        return _of_schema("schema")(*arguments, **options)

    @staticmethod
    def schema_components(*arguments: Any, **options: Any) -> Any:
        return _of_schema("schema_components")(*arguments, **options)


def _of_schema(name: str) -> Callable[..., Any]:
    return getattr(_real(_SCHEMA), name)  # type: ignore[no-any-return]


def _real(name: str) -> ModuleType:
    if isinstance(sys.modules.get(name), _Inspect | _Schema):
        del sys.modules[name]
    return import_module(name)


def _import() -> None:
    if "msgspec" in sys.modules:
        return
    hidden: dict[str, object] = {
        "typing_extensions": None,  # an import of it fails
        "platform": _Platform("platform"),
        _INSPECT: _Inspect(_INSPECT),
        _SCHEMA: _Schema(_SCHEMA),
    }
    hidden = {name: module for name, module in hidden.items() if name not in sys.modules}
    modules: dict[str, object] = sys.modules  # type: ignore[assignment]
    modules.update(hidden)
    try:
        import msgspec  # noqa: F401
    except (ImportError, AttributeError):  # one that cannot do without: whoever needs it imports it as ever
        for name in (_INSPECT, _SCHEMA):
            modules.pop(name, None)
    finally:
        for name in ("typing_extensions", "platform"):
            if name in hidden:
                modules.pop(name, None)


_import()
