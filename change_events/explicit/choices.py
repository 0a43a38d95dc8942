"""The words that options of explicit events take.

The same as in :mod:`change_events.model.enums` (a test holds it), without its import: a command that is run through
tfevent must not wait for the model.
"""

from __future__ import annotations

KINDS = ("deployment", "build", "boot", "start", "stop", "infrastructure", "drift", "custom")
OUTCOMES = ("succeeded", "partial", "failed", "cancelled", "declined", "no_change", "unknown")
SEVERITIES = ("info", "warning", "error")
STATES = ("started", "finished")
