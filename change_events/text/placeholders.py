"""The placeholders that texts of the settings may hold."""

from __future__ import annotations

PLACEHOLDERS = ("workspace", "directory")


def filled(text: str | None, **values: str | None) -> str | None:
    """``text`` with ``{workspace}`` and ``{directory}`` filled in; None where nothing is left of it."""
    if text is None:
        return None
    for name in PLACEHOLDERS:
        text = text.replace(f"{{{name}}}", values.get(name) or "")
    return text or None
