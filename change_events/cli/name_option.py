"""Names as options' values: an empty one is a mistake, often a variable of a script that is not set."""

from __future__ import annotations

from typing import Any

import click


class Name(click.ParamType):  # type: ignore[type-arg] # generic since click 8.2 only
    """A text that is not empty."""

    name = "name"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> str:
        """The text. Raises click.BadParameter."""
        if not str(value).strip():
            raise click.BadParameter("the value is empty")
        return str(value)


NAME = Name()
