"""Converts written values: interpolation and types. No message shows a value."""

from __future__ import annotations

import os
import select
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from change_events.files import trusted_files
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.placeholders import PLACEHOLDERS

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

    from change_events.settings.model import Entry, Key

_REFERENCE = lazy_pattern(r"\$(?P<escaped>\$)?\{(?P<name>\w+)(?P<default>:-(?P<text>[^}]*))?\}")
_PLACEHOLDER = lazy_pattern(r"\{([^{}]*)\}")
_MOST = 1_000_000
_FILE_BYTES = 1_000_000
_FILE_SECONDS = 2.0
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


class Mistake(Exception):  # noqa: N818 - it is one line of a report, never an error of the program
    """What is wrong with a value and what is expected: a clause without the value.

    Args:
        text: the clause.
        usable: the usable part of the value; None if there is none.
    """

    def __init__(self, text: str, usable: Any = None) -> None:
        super().__init__(text)
        self.usable = usable


def interpolate(text: str, environ: Mapping[str, str]) -> str:
    """Return ``text`` with ``${NAME}`` and ``${NAME:-default}`` replaced; ``$${NAME}`` becomes ``${NAME}``."""

    def fill(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match[0][1:]
        value = environ.get(match["name"], "")
        if value or match["default"]:
            return value or match["text"]
        name = match["name"]
        raise Mistake(f"the variable {name} is not set: set it, or write ${{{name}:-default}}")

    return _REFERENCE.sub(fill, text)


def plain(entry: Entry, environ: Mapping[str, str], *, literal: bool = False, typed: bool = False) -> Any:
    """Return the value without places: interpolated unless ``literal``, as written unless ``typed``. Raises Mistake."""
    value = entry.value
    if isinstance(value, dict):
        return {key: plain(child, environ, literal=literal, typed=typed) for key, child in value.items()}
    if isinstance(value, list):
        return [plain(child, environ, literal=literal, typed=typed) for child in value]
    if entry.written and not typed:
        return entry.written
    return interpolate(value, environ) if isinstance(value, str) and not literal else value


def convert(key: Key, value: Any, base: Path) -> Any:  # noqa: PLR0911 - one return a type
    """Return ``value`` as the type of ``key``; relative paths are relative to ``base``. Raises Mistake."""
    match key.type:
        case "string" | "text":
            return _placed(_text(value)) if key.placed else _text(value)
        case "file":
            return read_file(base / Path(_text(value)).expanduser())
        case "path":
            return base / Path(_text(value)).expanduser()
        case "choice":
            return _choice(key, value)
        case "flag":
            return _flag(value)
        case "number" | "integer":
            return _number(value, whole=key.type == "integer")
        case "list":
            return _list(key, value)
        case "map":
            return _map(value)


def read_file(path: Path) -> str:
    """Return the text of a file named in the settings, or of a pipe such as the shell's ``<(…)``. Raises Mistake."""
    try:
        return _bytes_of(path).decode()
    except UnicodeDecodeError as error:
        raise Mistake(f"{path} is not UTF-8 text: convert it") from error
    except OSError as error:
        raise Mistake(f"{path} cannot be read ({error.strerror}): make it a readable file") from error


def _bytes_of(path: Path) -> bytes:
    """Return the content, with limits for pipes without a writer and endless devices."""
    found, end = bytearray(), time.monotonic() + _FILE_SECONDS
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and (wrong := trusted_files.doubt(str(path), status, os.environ)):
            raise Mistake(f"{path} is not read, {wrong}")
        while len(found) <= _FILE_BYTES:
            select.select([descriptor], [], [], max(0, end - time.monotonic()))
            try:
                part = os.read(descriptor, _FILE_BYTES)
            except BlockingIOError:
                raise Mistake(
                    f"{path} returned no data within {_FILE_SECONDS:.0f} s: write to it, or name a file"
                ) from None
            if not part:
                return bytes(found)
            found += part
    finally:
        os.close(descriptor)
    raise Mistake(f"{path} is longer than {_FILE_BYTES:,} bytes: too long for a secret or template")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``: did you mean X?`` for a near miss, else nothing."""
    from difflib import get_close_matches  # for mistakes only

    near = get_close_matches(word, list(known), n=1)
    return f": did you mean {near[0]}?" if near else ""


def _placed(text: str) -> str:
    """Return ``text`` if it has known placeholders only."""
    if any(name not in PLACEHOLDERS for name in _PLACEHOLDER.findall(text)):
        raise Mistake(f"expected {' or '.join(f'{{{name}}}' for name in PLACEHOLDERS)} between braces, nothing else")
    return text


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)) or value is None or value == "":
        raise Mistake("expected text")
    return str(value)


def _choice(key: Key, value: Any) -> str:
    if "off" in key.choices and str(value).lower() in {"off", "no", "false"}:  # all the same to YAML 1.1
        return "off"
    if value not in key.choices:
        raise Mistake(f"expected one of {', '.join(key.choices)}")
    return str(value)


def _flag(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Mistake("expected true or false")


def _number(value: Any, *, whole: bool) -> float | int:
    wanted = Mistake(f"expected a {'whole ' if whole else ''}number above 0")
    if isinstance(value, bool):
        raise wanted
    try:
        number = int(value) if whole else float(value)
    except (TypeError, ValueError) as error:
        raise wanted from error
    if not 0 < number < _MOST:
        raise wanted
    return number


def _list(key: Key, value: Any) -> tuple[str, ...]:
    items = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise Mistake("expected a list of texts")
    given = [item for item in items if item != ""]
    texts = tuple(str(item) for item in given if not (item is None or isinstance(item, (dict, list))))
    faults = _faults(texts) if key.field == "redact_patterns" else {}
    found = tuple(text for text in texts if text not in faults)
    found = _at_any_depth(found) if key.field == "ignore" else found
    mistakes = ["expected a list of texts"] if len(texts) < len(given) else list(faults.values())
    if mistakes:
        raise Mistake("; ".join(mistakes), usable=found or None)  # what the other patterns hide stays hidden
    return found


def _at_any_depth(globs: tuple[str, ...]) -> tuple[str, ...]:
    """Return a glob that matches at any depth: ``*.tags_all`` includes a top-level ``tags_all``."""
    return tuple(dict.fromkeys(form for glob in globs for form in (glob, glob.removeprefix("*."))))


def _faults(patterns: tuple[str, ...]) -> dict[str, str]:
    """Yield invalid patterns, with the remedy."""
    from change_events.redact.patterns import check

    return {
        pattern: f"pattern {number} is not a regular expression ({wrong}): correct it"
        for number, pattern in enumerate(patterns, 1)
        if (wrong := check(pattern))
    }


def _map(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(equals and name.strip() for name, equals, _ in pairs):
            raise Mistake("expected name=value, separated by commas")
        return {name.strip(): text.strip() for name, _, text in pairs}
    if not isinstance(value, dict) or any(isinstance(item, (dict, list)) or item is None for item in value.values()):
        raise Mistake("expected names and values, one line each")
    return {name: str(item) for name, item in value.items()}
