"""The option ``--limit``, shared by commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 1_000_000
_NUMBER = lazy_pattern(r"-?[0-9]{1,9}")


class Limit(click.ParamType):  # type: ignore[type-arg] # generic since click 8.2 only
    """An integer from ``least`` to :data:`MOST`, with an error message that names the range."""

    name = "number"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> int:
        """Return the number. Raises click.BadParameter."""
        text = str(value).strip()
        number = int(text) if _NUMBER.fullmatch(text) else -1
        if not self._least <= number <= MOST:
            every = " (0 for all)" if not self._least else ""
            raise click.BadParameter(f"{text!r} is not a number from {self._least} to {MOST}{every}")
        return number


def limit_option(default: int, description: str, *, least: int = 0, name: str = "limit") -> Callable[[Any], Any]:
    """Decorate a command with ``--limit N``, or with that option under another name.

    Args:
        default: shown in the help.
        description: what is limited; says that 0 is for all where ``least`` is 0.
        least: the smallest N.
        name: of the option.
    """
    return click.option(
        f"--{name}", type=Limit(least), default=default, show_default=True, metavar="N", help=description
    )
