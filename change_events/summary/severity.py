"""Severity of an event.

error: failed, partially failed or unknown (also if the run was cancelled as well), or a signal is an error.
warning: a resource was (or is planned to be) destroyed or replaced, a signal is a warning, or a run was cancelled after
its first change. info: everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Outcome, Severity

if TYPE_CHECKING:
    from change_events.model import ChangeEvent, OutcomeCounts

_ORDER = list(Severity)
_BAD = {Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN}


def severity(event: ChangeEvent) -> Severity:
    """Return the severity of an event, from its outcome, counts and signals."""
    if event.outcome in _BAD and event.backfilled is None:  # backfilled events have no known outcome
        return Severity.ERROR
    if event.outcome is Outcome.DECLINED:
        return Severity.INFO
    if event.outcome is Outcome.CANCELLED:
        return _cancelled(event.summary.outcomes)
    counts = event.summary.counts
    own = Severity.WARNING if counts.destroy or counts.replace else Severity.INFO
    return max((own, *(signal.severity for signal in event.signals)), key=_ORDER.index)


def _cancelled(outcomes: OutcomeCounts) -> Severity:
    if outcomes.failed or outcomes.unknown:
        return Severity.ERROR
    return Severity.WARNING if outcomes.applied else Severity.INFO
