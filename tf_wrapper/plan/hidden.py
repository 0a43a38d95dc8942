"""Remembers values that are hidden as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact import Redactor

_SHORTEST_KEY = 8
# words, some with a number behind: database_url, ipv4_address, kubernetes.io/role, maxSize, us-east-1
_WORD = r"(?:[a-z]+(?:(?:[A-Z][a-z]+)+|\d{1,3}[a-z]*)?|(?:[A-Z][a-z]+)+|[A-Z]+\d{0,3})"
_NAME = lazy_pattern(rf"{_WORD}(?:[_./:-]{_WORD})*(?:[_-]\d{{1,3}}[a-z]?)?")


def remember_hidden(value: Any, redactor: Redactor) -> None:
    """Remember a hidden value: its scalars, and its map keys unless they are ordinary names.

    Keys such as ``client_certificate`` or ``us-east-1`` occur in many hidden objects and elsewhere: scrubbing them
    would hide attributes and addresses and protect nothing.
    """
    redactor.remember(value)
    if isinstance(value, (dict, list)):
        for key in _keys(value):
            if len(key) >= _SHORTEST_KEY and not _NAME.fullmatch(key):
                redactor.remember(key)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _keys(part)
