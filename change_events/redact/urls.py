"""Credentials in URLs: ``postgres://app:password@host/db``. Secret query parameters are in ``assignments``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.spans import Span

_AUTHORITY = lazy_pattern(r":(?:\\?/){2}")
# up to the last @ before the path; then, for passwords that were not encoded, up to the first @ after it
_STRICT = lazy_pattern(r"(?P<user>[^\s/?#@:\[\"'<>\\]{0,256}+):(?P<secret>[^\s/?#\"'<>\\]{1,512})@")
_LENIENT = lazy_pattern(r"(?P<user>[^\s/?#@:\[\"'<>]{0,256}+):(?!\d{1,5}(?:[/?#\s]|$))(?P<secret>[^\s\"'<>@]{1,512}+)@")
_USER_ONLY = lazy_pattern(r"(?P<secret>[^\s/?#@:\"'<>\\]{20,512}+)@")


def url_spans(text: str) -> Iterator[Span]:
    """Yield the passwords in URLs, and users as long as a token that stand alone."""
    if "@" not in text:
        return
    for start in _AUTHORITY.finditer(text):
        for pattern in (_STRICT, _LENIENT, _USER_ONLY):
            if match := pattern.match(text, start.end()):
                yield match.span("secret")
                break
