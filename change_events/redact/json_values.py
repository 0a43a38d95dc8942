"""Decoded JSON: what stands under sensitive names at any depth, and the same value with all of that hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from change_events.redact.harmless_values import is_fact, is_fact_at
from change_events.redact.programs import secret_arguments
from change_events.redact.spans import MARK
from change_events.text.lazy_pattern import lazy_pattern

_LARGEST_JSON = 1024 * 1024  # characters of JSON in a string that are looked into
_WIDEST_NUMBER = 2**63
_HINT = lazy_pattern(
    r"(?i:pass|pwd?|psk|secret|token|key|cred|auth|sas|salt|jwt|connection|config|webhook|private|otp|pin|code|bearer"
    r"|cookie|pat|phrase|mnemonic|community|string)"
)
_NAME_KEYS = ("name", "key", "Name", "Key")
_VALUE_KEYS = ("value", "Value")

Redact = Callable[[str], str]
Hides = Callable[[str, Any], bool]


def secrets_in(value: Any, hides: Hides) -> Iterator[Any]:
    """Yield what is hidden under a sensitive name, at any depth, in JSON inside strings too.

    Of an object or array, what is a fact by itself (``secrets[0].name``) is left out. A pair such as
    ``{"name": "DB_PASSWORD", "value": "x"}``, as containers take their environment, is a name too.
    """
    if isinstance(value, str):
        inner = parse_json(value)
        if inner is not None:
            yield from secrets_in(inner, hides)
    elif isinstance(value, dict):
        named = _named_value(value, hides)
        for key, part in value.items():
            if key == named or (isinstance(key, str) and hides(key, part)):
                yield from _without_facts(part)
            elif _may_hold(part):
                yield from secrets_in(part, hides)
    elif isinstance(value, (list, tuple)):
        yield from secret_arguments(value)
        for part in value:
            yield from secrets_in(part, hides)


def _may_hold(value: Any) -> bool:
    """Whether there can be a name inside: most values of a large document are short texts, numbers and flags."""
    if isinstance(value, str):
        return "{" in value or "[" in value
    return isinstance(value, (dict, list, tuple)) and bool(value)


def _without_facts(value: Any) -> Iterator[Any]:
    """Yield the parts of a hidden value that are not facts."""
    if isinstance(value, dict):
        for key, part in value.items():
            if not is_fact_at(key, part):
                yield from _without_facts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _without_facts(part)
    elif not is_fact(value, plain=True):
        yield value


def hide_in(value: Any, hides: Hides, redact: Redact) -> Any:
    """Return JSON-like data in which sensitive names have :data:`MARK` for a value and every text is redacted."""
    if isinstance(value, str):
        inner = parse_json(value)
        return redact(value) if inner is None else hide_in_json(value, inner, hides, redact)
    if isinstance(value, dict):
        named = _named_value(value, hides)
        return {
            redact(str(key)): MARK if key == named or hides(str(key), part) else hide_in(part, hides, redact)
            for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [hide_in(part, hides, redact) for part in value]
    return value if value is None or isinstance(value, bool) else _number(value, redact)


def hide_in_json(text: str, decoded: Any, hides: Hides, redact: Redact) -> str:
    """Return a JSON text redacted by its names; as it was written where no name in it is sensitive."""
    if next(secrets_in(decoded, hides), None) is None:
        return redact(text)
    return redact(msgspec.json.encode(hide_in(decoded, hides, redact), enc_hook=str).decode())


def parse_json(text: str) -> Any:
    """Return the object or array that a text holds, or None; only where it may hold a sensitive name."""
    if text.lstrip()[:1] not in ("{", "[") or len(text) > _LARGEST_JSON or not _HINT.search(text):
        return None
    from change_events.text.exact_json import decode_exact

    try:
        return decode_exact(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


def _named_value(value: dict[Any, Any], hides: Hides) -> str | None:
    """Return the key of the value in a name-and-value pair whose name is sensitive."""
    for key in _NAME_KEYS:
        name = value.get(key)
        if isinstance(name, str):
            found = next((candidate for candidate in _VALUE_KEYS if candidate in value), None)
            if found is not None and hides(name, value[found]):
                return found
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
