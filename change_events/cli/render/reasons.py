"""Terraform's ``action_reason`` words as a reader would put them."""

from __future__ import annotations

from change_events.cli.render.terminal import clean


def in_words(reason: str) -> str:
    """The reason in words; one of a later version, or of a hand-made plan, as it is written."""
    from change_events.summary.change_text import plain_reason

    return clean(plain_reason(reason))
