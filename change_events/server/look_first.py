"""The events to read first: grave signals, then what did not go well and nothing has finished since."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.errors import JournalError
from change_events.model.stack import stack_key
from change_events.server import times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.server.page import PageRequest
    from change_events.server.rows import EventRow
    from change_events.server.signal_views import SignalView

MOST = 3
_FAILURES = 10  # of which is asked whether something finished them
_RUNS = 20
_BAD = ("failed", "partial", "unknown")


class Look(NamedTuple):
    """One event: its gravest signal if it has one, and when it was."""

    row: EventRow
    signal: SignalView | None
    when: str


def look_first(source: Source, records: Sequence[Record], rows: Sequence[EventRow], request: PageRequest) -> list[Look]:
    """At most three, the gravest first.

    Args:
        source: what is asked what happened to a stack since.
        records: the events of the window, newest first.
        rows: the same.
        request: for the times.
    """
    ranked = sorted(
        (rank, place) for place in range(len(rows)) if (rank := _rank(records[place], rows[place])) is not None
    )
    chosen: list[Look] = []
    asked = 0
    for rank, place in ranked:
        if rank == 1:
            asked += 1
            if asked > _FAILURES or _is_finished(source, records[place]):
                continue
        chosen.append(_look(rows[place], request))
        if len(chosen) == MOST:
            break
    return chosen


def _rank(record: Record, row: EventRow) -> int | None:
    """0 for a grave signal, 1 for a failure, 2 for another signal that warns; None for the rest."""
    tone = row.signals[0].tone if row.signals else ""
    if tone == "danger":
        return 0
    if record.outcome in _BAD:
        return 1
    return 2 if tone == "caution" else None


def _is_finished(source: Source, record: Record) -> bool:
    """Whether a later run of the same stack went well."""
    try:
        runs = source.events_of_stack(stack_key(record.event), limit=_RUNS)
    except JournalError:  # gone meanwhile
        return True
    for run in runs:
        if run == record.id:
            return False
        later = source.get(run)
        if later is not None and later.phase == "applied" and later.outcome == "succeeded":
            return later.started_at > record.started_at
    return False


def _look(row: EventRow, request: PageRequest) -> Look:
    signal = row.signals[0] if row.signals and row.signals[0].tone != "fact" else None
    words = "" if row.look.quiet else f", {row.look.word}"
    when = row.when if times.ago(row.started_at, request).endswith(" d ago") else row.clock
    return Look(row, signal, f"{when}, {times.ago(row.started_at, request)}{words if signal else ''}")
