"""Decoded JSON: what stands under sensitive names at any depth, and the same value with all of that hidden."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from change_events.redact.spans import MARK

_LARGEST_JSON = 1024 * 1024  # characters of JSON in a string that are looked into
_WIDEST_NUMBER = 2**63
_HINT = re.compile(r"(?i:pass|pwd|psk|secret|token|key|cred|auth|sas|salt|jwt|connection|config|webhook|private)")
_NAME_KEYS = ("name", "key", "Name", "Key")
_VALUE_KEYS = ("value", "Value")

Redact = Callable[[str], str]
IsSensitive = Callable[[str], bool]


def is_open(value: object) -> bool:
    """Tell whether a value says nothing even under a sensitive name: a flag, nothing, or empty."""
    return value is None or isinstance(value, bool) or value in ("", [], {})


def secrets_in(value: Any, is_sensitive: IsSensitive) -> Iterator[Any]:
    """Yield what stands under a sensitive name, at any depth, in JSON inside strings too.

    A pair such as ``{"name": "DB_PASSWORD", "value": "x"}``, as containers take their environment, is a name too.
    """
    if isinstance(value, str):
        inner = parse_json(value)
        if inner is not None:
            yield from secrets_in(inner, is_sensitive)
    elif isinstance(value, dict):
        named = _named_value(value, is_sensitive)
        for key, part in value.items():
            if key == named or (isinstance(key, str) and is_sensitive(key)):
                if not is_open(part):
                    yield part
            else:
                yield from secrets_in(part, is_sensitive)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from secrets_in(part, is_sensitive)


def hide_in(value: Any, is_sensitive: IsSensitive, redact: Redact) -> Any:
    """Return JSON-like data in which sensitive names have :data:`MARK` for a value and every text is redacted."""
    if isinstance(value, str):
        inner = parse_json(value)
        return redact(value) if inner is None else hide_in_json(value, inner, is_sensitive, redact)
    if isinstance(value, dict):
        named = _named_value(value, is_sensitive)
        return {
            redact(str(key)): MARK
            if (key == named or is_sensitive(str(key))) and not is_open(part)
            else hide_in(part, is_sensitive, redact)
            for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [hide_in(part, is_sensitive, redact) for part in value]
    return value if value is None or isinstance(value, bool) else _number(value, redact)


def hide_in_json(text: str, decoded: Any, is_sensitive: IsSensitive, redact: Redact) -> str:
    """Return a JSON text redacted by its names; as it was written where no name in it is sensitive."""
    if next(secrets_in(decoded, is_sensitive), None) is None:
        return redact(text)
    return redact(msgspec.json.encode(hide_in(decoded, is_sensitive, redact), enc_hook=str).decode())


def parse_json(text: str) -> Any:
    """Return the object or array that a text holds, or None; only where it may hold a sensitive name."""
    if text.lstrip()[:1] not in ("{", "[") or len(text) > _LARGEST_JSON or not _HINT.search(text):
        return None
    from change_events.diff import decode_exact

    try:
        return decode_exact(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


def _named_value(value: dict[Any, Any], is_sensitive: IsSensitive) -> str | None:
    """Return the key of the value in a name-and-value pair whose name is sensitive."""
    for key in _NAME_KEYS:
        name = value.get(key)
        if isinstance(name, str) and is_sensitive(name):
            return next((candidate for candidate in _VALUE_KEYS if candidate in value), None)
    return None


def _number(value: Any, redact: Redact) -> Any:
    """Keep a number, unless it is a secret; as text where JSON readers would lose its digits."""
    try:
        lexeme = str(value)
    except ValueError:  # an int of more digits than Python writes in decimal
        return MARK
    shown = redact(lexeme)
    if shown != lexeme:
        return MARK
    if isinstance(value, float) or (isinstance(value, int) and -_WIDEST_NUMBER <= value < _WIDEST_NUMBER):
        return value
    return shown
