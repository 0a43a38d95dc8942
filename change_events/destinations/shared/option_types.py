"""Options of destinations: their types and the validation of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import msgspec

from change_events.destinations.shared import command_line
from change_events.destinations.shared.databases import collector_at, database_of, is_of_http
from change_events.errors import TfeventError

if TYPE_CHECKING:
    from collections.abc import Callable

OptionType = Literal[
    "string", "url", "path", "integer", "choice", "choices", "string-map", "list", "host", "command", "database"
]


class OptionError(TfeventError):
    """An option cannot be used. The text begins with its name, says what is expected, and holds no secret value."""


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a destination, as validated by the settings and listed in the documentation.

    Attributes:
        choices: allowed values of a ``choice``, or of each entry of ``choices``.
        secret: the value is never shown; of a ``string-map``, the values are not.
        environment: environment variable that sets the option, if any.
    """

    name: str
    type: OptionType
    help: str
    default: str | int | tuple[str, ...] | None = None
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    environment: str | None = None


CA_FILE = Option(
    name="ca_file",
    type="path",
    help="PEM file of certificate authorities to trust instead of the usual ones (also SSL_CERT_FILE).",
)


def problem_of(option: Option, value: object) -> str | None:
    """Return what is wrong with ``value``, without quoting it; None if it is valid."""
    holds, expected = _FORMS[option.type]
    if holds(option, value):
        return None
    if option.type == "database" and is_of_http(str(value)):
        return f"the address of the collector {collector_at(str(value)).trouble}"
    return f"expected {expected.format(', '.join(option.choices))}"


def _is_choice(option: Option, value: object) -> bool:
    return isinstance(value, str) and value in option.choices


def _are_choices(option: Option, value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(_is_choice(option, one) for one in value)


def _is_count(_option: Option, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_line(_option: Option, value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_address(_option: Option, value: object) -> bool:
    return isinstance(value, str) and is_url(value)


def _is_header_map(_option: Option, value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(part, str) and part.isprintable() for pair in value.items() for part in pair
    )


def _is_list(_option: Option, value: object) -> bool:
    items = value if isinstance(value, (list, tuple)) else [value]
    return bool(items) and all(isinstance(item, str) and item.isprintable() for item in items)


def _is_host(_option: Option, value: object) -> bool:
    return isinstance(value, str) and all(character.isalnum() or character in ".-_:%" for character in value)


def _is_command(_option: Option, value: object) -> bool:
    return command_line.is_command(value)


def _is_database(_option: Option, value: object) -> bool:
    return isinstance(value, str) and (database_of(value) is not None or not collector_at(value).trouble)


# type of option: (predicate, what is expected instead); {} is replaced with the choices
_FORMS: dict[OptionType, tuple[Callable[[Option, object], bool], str]] = {
    "choice": (_is_choice, "one of {}"),
    "choices": (_are_choices, "a list of {}"),
    "integer": (_is_count, "a whole number above 0"),
    "url": (_is_address, "a URL, https://host/path"),
    "string-map": (_is_header_map, "names and values, one line each"),
    "string": (_is_line, "text on one line"),
    "path": (_is_line, "text on one line"),
    "list": (_is_list, "a list of texts, or one text with commas"),
    "host": (_is_host, "the name or address of a host"),
    "command": (_is_command, command_line.EXPECTED),
    "database": (
        _is_database,
        "the address of a database, postgresql://USER@HOST:PORT/DATABASE, or of a collector, https://HOST",
    ),
}


def is_url(value: str) -> bool:
    """Return whether ``value`` is a printable http or https URL with a host."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError for an invalid port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isprintable() and " " not in value
