"""Signals from two runs of a stack: one weakened a protection, and another made use of that within a day."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from change_events.model import Action, ChangeOutcome, Signal
from change_events.signals import stateful_kind
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.history.source import Source
    from change_events.model import Change, ChangeEvent

DAY = timedelta(hours=24)
_MOST_EVENTS = 20  # examined per stack
_PROTECTIONS = {"protection_removed", "data_loss_armed"}


def across_runs(
    source: Source, event: ChangeEvent, changes: Sequence[Change], before: Sequence[str], end: float
) -> Iterator[Signal]:
    """Yield signals for changes prepared by an earlier run of the same stack.

    Args:
        source: source of earlier events.
        event: event of the current run.
        changes: its applied changes.
        before: ids of earlier events of the stack, newest first.
        end: deadline (``time.monotonic``).
    """
    gone = {address: change for change in changes if _ends(change) for address in _addresses(change)}
    wider = next((change for change in changes if _has(change, "iam_widened")), None)
    if not gone and wider is None:
        return
    unaudited = wider is None or any(_has(change, "audit_silenced") for change in changes)
    for earlier in _of_a_day(source, event, before, end):
        ago = short_duration((event.started_at - earlier.started_at).total_seconds())
        for signal in earlier.signals:
            if signal.outcome is not ChangeOutcome.APPLIED:
                continue
            if signal.name in _PROTECTIONS and (change := gone.pop(signal.address or "", None)):
                yield Signal(
                    name="unprotected_then_destroyed",
                    reason=f"its protection was removed {ago} earlier",
                    address=change.address,
                    outcome=change.outcome,
                    events=(earlier.id,),
                )
            elif signal.name == "audit_silenced" and wider is not None and not unaudited:
                unaudited = True
                yield Signal(
                    name="access_widened_unaudited",
                    reason=f"audit logs were reduced ({signal.address}) {ago} earlier",
                    address=wider.address,
                    outcome=wider.outcome,
                    events=(earlier.id,),
                )


def _ends(change: Change) -> bool:
    return change.action in {Action.DESTROY, Action.REPLACE} and stateful_kind(change.type or "") is not None


def _addresses(change: Change) -> list[str]:
    return [address for address in (change.address, change.previous_address) if address]


def _has(change: Change, name: str) -> bool:
    return any(risk.name == name for risk in change.risks)


def _of_a_day(source: Source, event: ChangeEvent, before: Sequence[str], end: float) -> Iterator[ChangeEvent]:
    """Yield the events of the preceding day, newest first."""
    for event_id in before[:_MOST_EVENTS]:
        record = source.get(event_id) if time.monotonic() < end else None
        if record is None or record.started_at < event.started_at - DAY:
            return
        yield record.event
