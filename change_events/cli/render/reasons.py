"""Texts for terraform's ``action_reason``."""

from __future__ import annotations

from change_events.cli.render.terminal import clean


def in_words(reason: str) -> str:
    """Return the text of a reason; an unknown reason unchanged."""
    from change_events.summary.change_text import plain_reason

    return clean(plain_reason(reason))
