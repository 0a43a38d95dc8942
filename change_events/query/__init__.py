"""Queries of a :class:`~change_events.history.source.Source`: selection of an event, of events, and of names.

Shared by the command line and the Model Context Protocol server.
"""

from __future__ import annotations
