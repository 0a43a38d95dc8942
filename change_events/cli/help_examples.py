"""The examples at the end of each command's help."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """Lay out command lines for ``--help``; the backspace makes click keep the line breaks."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
