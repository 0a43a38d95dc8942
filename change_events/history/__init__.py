"""History of resources, tasks and hosts: last changes, reverts, and changes before a given time.

All functions read a :class:`~change_events.history.source.Source`, e.g. a journal.
"""

from __future__ import annotations
