"""The share of a page for the details of its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTES = 760_000  # with the rest, the page stays below a megabyte
_SPECIAL = "&<>\"'"


class Room:
    """The bytes of a page left for details."""

    def __init__(self, left: int = _BYTES) -> None:
        self.left = left

    def take(self, overhead: int, *texts: str) -> bool:
        """Reserve bytes for escaped texts and their markup; return False if there are too few."""
        wanted = overhead + sum(_written(text) for text in texts)
        if wanted > self.left:
            return False
        self.left -= wanted
        return True

    def some(self, texts: Iterable[str], longest: int = 500) -> list[str]:
        """Return the leading texts that fit, each cut to ``longest`` characters."""
        kept: list[str] = []
        for text in texts:
            cut = text if len(text) <= longest else text[: longest - 1] + "…"
            if not self.take(60, cut):
                break
            kept.append(cut)
        return kept


def _written(text: str) -> int:
    """Return the largest size in bytes of a text on the page."""
    if text.isascii() and text.isprintable():
        return len(text) + 4 * sum(text.count(sign) for sign in _SPECIAL)
    return 20 * len(text)
