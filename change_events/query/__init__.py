"""What people and programs ask a :class:`~change_events.history.source.Source`: which event, which events, of what.

The command line and the Model Context Protocol server ask by the same functions.
"""

from __future__ import annotations
