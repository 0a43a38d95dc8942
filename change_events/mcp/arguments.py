"""The arguments of the tools: their types, and error messages worded like those of the command line's options."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from change_events.errors import TfeventError
from change_events.model import Kind, Outcome, Phase
from change_events.query import times
from change_events.query.selection import RUNNING
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

_T = TypeVar("_T", bound=msgspec.Struct)
_V = TypeVar("_V")
OUTCOMES = (*(outcome.value for outcome in Outcome), RUNNING)
KINDS = tuple(kind.value for kind in Kind)
PHASES = tuple(phase.value for phase in Phase)
WHEN = "an age (90m, 2h, 3d, 1w), a time of day (14:05) or an ISO 8601 time (local where it names no zone)"
_PLACE = lazy_pattern(r" - at `\$\.?(.*)`$")
_MISSING = lazy_pattern(r"Object missing required field `(.*)`")
_TYPES = {"int": "a whole number", "str": "a text", "bool": "true or false", "|": "or"}
_TYPE = lazy_pattern(r"\b(int|str|bool)\b|\|")
_UNKNOWN = lazy_pattern(r"Object contains unknown field `(.*)`")


class ToolArgumentError(TfeventError):
    """An argument cannot be used; the text names it and what is expected."""


def _words(text: str, choices: Sequence[str] = ()) -> msgspec.Meta:
    return msgspec.Meta(description=text, extra_json_schema={"enum": [*choices, None]} if choices else None)


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the arguments of a tool."""


def read(kind: type[_T], given: dict[str, Any]) -> _T:
    """Return the arguments of a tool.

    Numbers may be given as text, as some models do.

    Raises:
        ToolArgumentError: an argument is unknown, of another type, or empty.
    """
    names = kind.__struct_fields__
    try:
        found = msgspec.convert(given, kind, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ToolArgumentError(_explained(str(error), names)) from None
    for name in names:
        value = getattr(found, name)
        if isinstance(value, str) and not value.strip():
            raise ToolArgumentError(f"{name}: the value is empty; leave it out")
    return found


def _explained(text: str, names: Sequence[str]) -> str:
    if unknown := _UNKNOWN.match(text):
        near = get_close_matches(unknown[1], names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"expected {', '.join(names)}"
        return f"{unknown[1]!r} is not an argument: {hint}"
    if missing := _MISSING.match(text):
        return f"{missing[1]} is required"
    place = _PLACE.search(text)
    message = _TYPE.sub(lambda found: _TYPES[found[0]], _PLACE.sub("", text).replace("`", ""))
    return f"{place[1]}: {message[:1].lower()}{message[1:]}" if place and place[1] else message


def moment(name: str, text: str | None) -> datetime | None:
    """Return a time in UTC; None if none is given. Raises ToolArgumentError."""
    return None if text is None else _named(name, times.moment, text)


def duration(name: str, text: str) -> timedelta:
    """Return a duration. Raises ToolArgumentError."""
    return _named(name, times.duration, text)


def _named(name: str, reading: Callable[[str], _V], text: str) -> _V:
    try:
        return reading(text)
    except ValueError as error:
        raise ToolArgumentError(f"{name}: {error}") from None


def choice(name: str, value: str | None, choices: Sequence[str]) -> None:
    """Raise ToolArgumentError for a value that is not one of the choices."""
    if value is not None and value not in choices:
        near = get_close_matches(value, choices, n=1)
        hint = f"did you mean {near[0]}?" if near else f"expected {', '.join(choices)}"
        raise ToolArgumentError(f"{name}: {value!r} is not one of the choices: {hint}")


class ListArguments(Arguments, frozen=True, kw_only=True):
    """Filters of a list; all that are given must hold."""

    since: Annotated[str | None, _words(f"Started at or after this time: {WHEN}.")] = None
    until: Annotated[str | None, _words("Started before this time, in the same format.")] = None
    before: Annotated[str | None, _words("ID of an event: only older ones, for the next page (see `next`).")] = None
    environment: Annotated[str | None, _words("Only of this environment.")] = None
    service: Annotated[str | None, _words("Only of this service.")] = None
    tool: Annotated[str | None, _words("Only of this tool: terraform, tofu, ansible, or a command's name.")] = None
    host: Annotated[str | None, _words("Only playbook runs that include this host, and events sent from it.")] = None
    outcome: Annotated[str | None, _words("Only with this outcome.", OUTCOMES)] = None
    kind: Annotated[str | None, _words("Only of this kind.", KINDS)] = None
    phase: Annotated[str | None, _words("Only of this phase; applied excludes plans.", PHASES)] = None
    signal: Annotated[str | None, _words("Only with this risk signal, e.g. exposed_to_world.")] = None
    text: Annotated[str | None, _words("Only with this text in title, message, addresses, users or commits.")] = None
    undelivered: Annotated[bool, _words("Only those that some destination has not got.")] = False
    limit: Annotated[int, msgspec.Meta(description="At most so many events.", ge=1, le=100)] = 20


class ShowArguments(Arguments, frozen=True, kw_only=True):
    """Which event, and which of its changes."""

    id: Annotated[str, _words("ID of an event, a unique beginning of one, `last`, or `last-2` for the one before.")]
    changes_from: Annotated[
        int, msgspec.Meta(description="Leave out so many changes before the first (see `next`).", ge=0)
    ] = 0
    limit: Annotated[int, msgspec.Meta(description="At most so many changes.", ge=1, le=200)] = 50


class WhyArguments(Arguments, frozen=True, kw_only=True):
    """What is asked about."""

    subject: Annotated[
        str,
        _words(
            "A resource address, a prefix (module.web) or glob (*.main) of one, with .ATTRIBUTE behind it if wanted; "
            "or a host; or the ID, name or network address of a machine."
        ),
    ]
    since: Annotated[str | None, _words(f"Only changes at or after this time: {WHEN}.")] = None
    until: Annotated[str | None, _words("Only changes before this time, in the same format (see `next`).")] = None
    limit: Annotated[int, msgspec.Meta(description="At most so many events.", ge=1, le=50)] = 10


class SuspectsArguments(Arguments, frozen=True, kw_only=True):
    """What is known of an incident; service, environment and host rank changes and exclude none."""

    at: Annotated[str | None, _words(f"When the incident began, now by default: {WHEN}.")] = None
    window: Annotated[str, _words("How long before it to look: 90m, 6h, 2d.")] = "6h"
    service: Annotated[str | None, _words("Affected service; its changes rank higher.")] = None
    environment: Annotated[str | None, _words("Affected environment; its changes rank higher.")] = None
    host: Annotated[str | None, _words("Affected host; its changes rank higher.")] = None
    suspects_from: Annotated[
        int, msgspec.Meta(description="Leave out so many suspects before the first (see `next`).", ge=0)
    ] = 0
    limit: Annotated[int, msgspec.Meta(description="At most so many suspects.", ge=1, le=50)] = 5


class DriftArguments(Arguments, frozen=True, kw_only=True):
    """Which directories."""

    directory: Annotated[str | None, _words("Only directories with this text in their path.")] = None
    status: Annotated[str | None, _words("Only with this status of the last check.", ("unknown", "drift", "clean"))] = (
        None
    )
    directories_from: Annotated[
        int, msgspec.Meta(description="Leave out so many directories before the first (see `next`).", ge=0)
    ] = 0
    limit: Annotated[int, msgspec.Meta(description="At most so many directories.", ge=1, le=200)] = 50
