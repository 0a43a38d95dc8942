"""Settings: ``tfevent.yaml`` from the working directory upwards, the user's own file, and ``TFEVENT_*`` variables.

:func:`load` raises all mistakes at once; :func:`load_leniently` is for runs, which no mistake may stop.
"""

from __future__ import annotations

from change_events.settings.loading import load, load_leniently
from change_events.settings.model import Settings

__all__ = ["Settings", "load", "load_leniently"]
