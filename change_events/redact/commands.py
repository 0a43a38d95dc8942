"""One display string of a command line, without the values that may be secrets."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Any

from change_events.redact.programs import without_short_secrets
from change_events.redact.spans import MARK

_LONGEST = 1000  # characters of a command line that are kept
_VALUES = frozenset({"var", "backend-config", "from-literal"})  # NAME=VALUE, whose value is no one's business
_CUT = " …"

Redact = Callable[[str], str]
Hides = Callable[[str, Any], bool]


def render_command(argv: Sequence[str], hides: Hides, redact: Redact) -> str:
    """Return ``argv`` as one would type it in a shell, redacted and cut to 1,000 characters.

    Args:
        argv: the command and its arguments.
        hides: decides about an option or variable by its name and value.
        redact: redacts one text.
    """
    words: list[str] = []
    pending = ""  # the option whose value comes as the next argument
    for argument in without_short_secrets(argv):
        if pending and (pending in _VALUES or not argument.startswith("-")):
            hidden = MARK if hides(pending, argument) else redact(argument)
            words.append(_assigned(argument) if pending in _VALUES else hidden)
            pending = ""
            continue
        words.append(_option(argument, hides, redact))
        pending = _expects_value(argument)
    line = redact(" ".join(shlex.quote(redact(word).replace("\n", "\\n")) for word in words))
    return line if len(line) <= _LONGEST else line[: _LONGEST - len(_CUT)] + _CUT


def _option(argument: str, hides: Hides, redact: Redact) -> str:
    name, equals, value = argument.partition("=")
    if not equals:
        return redact(argument)
    if argument.startswith("-") and name.lstrip("-") in _VALUES:
        return f"{name}={_assigned(value)}"
    return f"{name}={MARK}" if value and hides(name.lstrip("-"), value) else redact(argument)


def _assigned(assignment: str) -> str:
    """Hide the value of NAME=VALUE; what has none is a file or a name."""
    name, equals, _ = assignment.partition("=")
    return f"{name}={MARK}" if equals else assignment


def _expects_value(argument: str) -> str:
    """Return the name of an option whose value can be the next argument."""
    name = argument.lstrip("-")
    if not argument.startswith("-") or "=" in argument:
        return ""
    return name
