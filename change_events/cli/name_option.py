"""Names as option values: an empty one is a mistake, often an unset variable of a script."""

from __future__ import annotations

from typing import Any

import click


class Name(click.ParamType):  # type: ignore[type-arg] # generic since click 8.2 only
    """A non-empty text."""

    name = "name"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> str:
        """Return the text. Raises click.BadParameter."""
        if not str(value).strip():
            raise click.BadParameter("the value is empty")
        return str(value)


NAME = Name()
