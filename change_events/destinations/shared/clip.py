"""Fits texts and tags into a backend's limits, cut between characters and marked with an ellipsis."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from change_events.destinations.base import Limits

_MORE = "…"
_JOINER = "\u200d"
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")
_LONGEST_CLUSTER = 32  # combining marks on one character; more occur in no language


def units(text: str) -> int:
    """Return the number of UTF-16 code units, as the strictest backends count characters."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8(text: str) -> int:
    """Return the size in bytes of UTF-8."""
    return len(text.encode())


def clip(text: str, limit: int, measure: Callable[[str], int] = units) -> str:
    """Return ``text`` if it measures at most ``limit``, otherwise its beginning and "…" within the limit.

    A visible character (a letter with accents, an emoji of several parts) is not split.

    Args:
        text: the text.
        limit: largest size of the result according to ``measure``.
        measure: a size that grows with the text: :func:`units`, :func:`utf8`, or the size in an escaped form.
    """
    if measure(text) <= limit:
        return text
    if measure(_MORE) > limit:
        return ""
    low, high = 0, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle] + _MORE) <= limit:
            low = middle
        else:
            high = middle - 1
    return text[: _boundary(text, low)].rstrip() + _MORE


def _boundary(text: str, cut: int) -> int:
    """Return the last boundary between visible characters at or before ``cut``."""
    for earlier in range(cut, max(cut - _LONGEST_CLUSTER, 0), -1):
        if not _joined(text, earlier):
            return earlier
    return 0 if cut < _LONGEST_CLUSTER else cut


def _joined(text: str, cut: int) -> bool:
    if cut >= len(text):
        return False
    after = text[cut]
    return (
        unicodedata.category(after).startswith("M")
        or after == _JOINER
        or text[cut - 1] == _JOINER
        or _SKIN_TONES[0] <= after <= _SKIN_TONES[1]
    )


def listed(lines: Sequence[str], limit: int, measure: Callable[[str], int] = units) -> str:
    """Return as many whole ``lines`` as fit, and the number of others; cut the first one if even that does not fit."""
    whole = "\n".join(lines)
    if measure(whole) <= limit:
        return whole
    low, high = 0, len(lines) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if measure(_beginning(lines, middle)) <= limit:
            low = middle
        else:
            high = middle - 1
    return _beginning(lines, low) if low else clip(lines[0], limit, measure)


def _beginning(lines: Sequence[str], shown: int) -> str:
    return "\n".join([*lines[:shown], f"{_MORE} and {len(lines) - shown} more"])


class Tags(NamedTuple):
    """The tags that fit, and the number of others."""

    kept: list[str]
    left_out: int


def tags_within(tags: Iterable[str], limits: Limits) -> Tags:
    """Return the tags that fit ``limits``, the most important first; long tags are cut, surplus tags omitted."""
    wanted = list(dict.fromkeys(tag for tag in tags if tag))
    kept: list[str] = []
    for tag in wanted:
        cut = tag if limits.tag_length is None else clip(tag, limits.tag_length)
        if limits.tags is not None and len(kept) == limits.tags:
            break
        if cut not in kept and (limits.tags_bytes is None or _array_bytes([*kept, cut]) <= limits.tags_bytes):
            kept.append(cut)
    return Tags(kept, len(wanted) - len(kept))


def _array_bytes(tags: list[str]) -> int:
    return len(json.dumps(tags, ensure_ascii=False, separators=(",", ":")).encode())
