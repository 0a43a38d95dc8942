"""How much of a page the details of its events may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTES = 760_000  # with the rest, the page stays below a megabyte
_SPECIAL = "&<>\"'"


class Room:
    """How many bytes of a page are left for details."""

    def __init__(self, left: int = _BYTES) -> None:
        self.left = left

    def take(self, overhead: int, *texts: str) -> bool:
        """Keep room for texts as they will be written, and the markup around them; False where there is too little."""
        wanted = overhead + sum(_written(text) for text in texts)
        if wanted > self.left:
            return False
        self.left -= wanted
        return True

    def some(self, texts: Iterable[str], longest: int = 500) -> list[str]:
        """As many of the texts as there is room for, each cut to ``longest`` characters."""
        kept: list[str] = []
        for text in texts:
            cut = text if len(text) <= longest else text[: longest - 1] + "…"
            if not self.take(60, cut):
                break
            kept.append(cut)
        return kept


def _written(text: str) -> int:
    """The most bytes of a text on the page."""
    if text.isascii() and text.isprintable():
        return len(text) + 4 * sum(text.count(sign) for sign in _SPECIAL)
    return 20 * len(text)
