"""The end of each command's help: what people type."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """Lay out command lines for ``--help``; the backspace tells click to leave the lines as they are."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
