"""msgspec, imported without ``typing_extensions``.

msgspec takes ``get_type_hints`` and ``Required`` from there if it is installed, else from ``typing``, which has both in
every Python that this project supports. It brings ``inspect`` along: together a twentieth of what a run imports.
"""

from __future__ import annotations

import sys

_NAME = "typing_extensions"


def _import() -> None:
    if _NAME in sys.modules or "msgspec" in sys.modules:
        return
    hidden: dict[str, object] = sys.modules  # type: ignore[assignment]  # None: an import of it fails
    hidden[_NAME] = None
    try:
        import msgspec  # noqa: F401
    except ImportError:  # one that cannot do without: whoever needs it imports it as ever
        return
    finally:
        hidden.pop(_NAME, None)


_import()
