"""The user's stdout and stderr, and their width as seen by terraform."""

from __future__ import annotations

import os

from change_events.output import OutputClosedError, mute, say, write_all

__all__ = ["OutputClosedError", "columns", "mute", "say", "write_all"]

_DEFAULT_COLUMNS = 78  # what terraform assumes where there is no terminal (internal/terminal)


def columns(descriptor: int) -> int:
    """Return the width at which terraform would wrap; 0 for a terminal of unknown width."""
    try:
        return os.get_terminal_size(descriptor).columns
    except OSError:
        return _DEFAULT_COLUMNS
