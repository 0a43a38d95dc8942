"""Recording: one event on its way into the journal and out to its destinations, for whoever observes a run.

:class:`Recording` starts and settles an event; :class:`OwnedRun` does so for a run that may be killed;
:mod:`change_events.recording.leftovers` closes the records of runs that were killed.
"""

from __future__ import annotations

from change_events.recording.owned import OwnedRun
from change_events.recording.record import Recording, Settled, report_line

__all__ = ["OwnedRun", "Recording", "Settled", "report_line"]
