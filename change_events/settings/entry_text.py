"""A value of an item in a list of rules, as text: the same for `signals` and `drift.ignore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.settings.model import Entry

_LONGEST = 200


def text_of(entry: Entry | None) -> str:
    """A value as it is written, cut at 200 characters; empty for none, and for what is no text."""
    if entry is None or entry.value is None or isinstance(entry.value, (dict, list)):
        return ""
    return str(entry.written or entry.value)[:_LONGEST]
