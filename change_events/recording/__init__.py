"""Recording: one event on its way into the journal and out to its destinations, for whoever observes a run.

:class:`EventWriter` starts and settles an event; :class:`RecoverableRun` does so for a run that may be killed;
:mod:`change_events.recording.recovery` closes the records of runs that were killed.
"""

from __future__ import annotations

from change_events.recording.recoverable import RecoverableRun
from change_events.recording.writer import EventWriter, RecordResult, report_line

__all__ = ["EventWriter", "RecordResult", "RecoverableRun", "report_line"]
