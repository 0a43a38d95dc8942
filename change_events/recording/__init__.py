"""Recording: one event on its way into the journal and out to its destinations, for whoever observes a run.

:class:`EventWriter` starts and settles an event; :class:`RecoverableRun` does so for a run that may be killed;
:mod:`change_events.recording.recovery` closes the records of runs that were killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.recording.writer import EventWriter, RecordResult, report_line

if TYPE_CHECKING:
    from change_events.recording.recoverable import RecoverableRun

__all__ = ["EventWriter", "RecordResult", "RecoverableRun", "report_line"]


def __getattr__(name: str) -> Any:
    """Import what closes killed runs when it is asked for: a run of terraform mostly has none to close."""
    if name != "RecoverableRun":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from change_events.recording.recoverable import RecoverableRun

    return RecoverableRun
