"""The option ``--limit``, the same in each command that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def limit_option(default: int, description: str, *, least: int = 0) -> Callable[[Any], Any]:
    """Decorate a command with ``--limit N``.

    Args:
        default: shown in the help.
        description: what is limited; says that 0 is for all where ``least`` is 0.
        least: the smallest N.
    """
    return click.option(
        "--limit", type=click.IntRange(min=least), default=default, show_default=True, metavar="N", help=description
    )
