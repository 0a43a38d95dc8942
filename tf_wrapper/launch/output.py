"""The user's own stdout and stderr, and what they look like to terraform."""

from __future__ import annotations

import os

from change_events.output import OutputClosedError, mute, say, write_all

__all__ = ["OutputClosedError", "columns", "mute", "say", "write_all"]

_DEFAULT_COLUMNS = 78  # what terraform assumes where there is no terminal (internal/terminal)


def columns(descriptor: int) -> int:
    """Width that terraform would wrap to when printing there; 0 for a terminal that does not know its own."""
    try:
        return os.get_terminal_size(descriptor).columns
    except OSError:
        return _DEFAULT_COLUMNS
