"""Placeholders in texts of the settings."""

from __future__ import annotations

PLACEHOLDERS = ("workspace", "directory")


def filled(text: str | None, **values: str | None) -> str | None:
    """Return ``text`` with ``{workspace}`` and ``{directory}`` substituted; None if nothing remains."""
    if text is None:
        return None
    for name in PLACEHOLDERS:
        text = text.replace(f"{{{name}}}", values.get(name) or "")
    return text or None
