"""Regular expressions that are compiled when they are first used.

``re`` compiles in Python: all patterns of a run cost a tenth of its CPU, and the smallest apply uses one in seven.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from typing import Any, AnyStr


def lazy_pattern(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What :func:`re.compile` returns, as far as methods and attributes go; ``re.error`` comes with the first use."""
    return LazyPattern(pattern, flags)  # type: ignore[return-value]


class LazyPattern:
    """Stands in for a pattern. A method is bound to the instance on first use: later calls find it at once."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._source = (pattern, flags)
        self._compiled: re.Pattern[Any] | None = None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Only called for what the instance does not have yet."""
            if name.startswith("_"):
                raise AttributeError(name)
            self._compiled = self._compiled or re.compile(*self._source)
            found = getattr(self._compiled, name)
            setattr(self, name, found)
            return found
