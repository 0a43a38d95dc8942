"""What is known of a thing's past: its last changes, what they undid, and what changed before a moment.

Everything here asks a :class:`~change_events.history.source.Source`, which a journal is; other sources can follow.
"""

from __future__ import annotations
