"""Recording: writes an event to the journal and delivers it, for the observers of runs.

:class:`EventWriter` starts and settles an event; :class:`RecoverableRun` does so for a run that may be killed;
:mod:`change_events.recording.recovery` settles killed runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.recording.writer import EventWriter, RecordResult, report_line

if TYPE_CHECKING:
    from change_events.recording.recoverable import RecoverableRun

__all__ = ["EventWriter", "RecordResult", "RecoverableRun", "report_line"]


def __getattr__(name: str) -> Any:
    """Import the recovery of killed runs on demand: most runs of terraform do not need it."""
    if name != "RecoverableRun":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from change_events.recording.recoverable import RecoverableRun

    return RecoverableRun
