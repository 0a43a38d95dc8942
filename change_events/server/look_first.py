"""The events to read first: severe signals, then failures that no later run has resolved."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from change_events.errors import JournalError
from change_events.history.teams import of_record
from change_events.journal import Query
from change_events.model.stack import stack_key
from change_events.server import times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.server.page import PageRequest
    from change_events.server.rows import EventRow
    from change_events.server.signal_views import SignalView

MOST = 3
_SUBJECTS = 30  # stacks and services whose last success is queried
_RUNS = 20
_LATELY = timedelta(hours=6)  # shown by time of day alone
_FAILURE_RANKS = (1, 2)
_BAD = ("failed", "partial", "unknown")


class Look(NamedTuple):
    """One event: its most severe signal if any, and its time."""

    row: EventRow
    signal: SignalView | None
    when: str


class Looks(NamedTuple):
    """At most :data:`MOST` of the most severe, and their total number; ``more``: there may be others."""

    first: list[Look]
    number: int
    more: bool


def look_first(source: Source, records: Sequence[Record], rows: Sequence[EventRow], request: PageRequest) -> Looks:
    """Return events to read: severe signals, then failures with a warning signal, other failures, other warnings.

    Args:
        source: the source, for later runs of a stack.
        records: the events of the window, newest first.
        rows: the same events as rows.
        request: the request, for times.
    """
    ranked = sorted(
        (rank, place) for place in range(len(rows)) if (rank := _rank(records[place], rows[place])) is not None
    )
    finishes = _Finishes(source)
    places = [place for rank, place in ranked if rank not in _FAILURE_RANKS or not finishes.is_finished(records[place])]
    return Looks([_look(rows[place], request) for place in places[:MOST]], len(places), finishes.some_not_asked)


def _rank(record: Record, row: EventRow) -> int | None:
    """Return 0 for a severe signal, 1 for a failure with a warning signal, 2 without, 3 for a warning; else None."""
    tone = row.signals[0].tone if row.signals else ""
    if tone == "danger":
        return 0
    if record.outcome in _BAD:
        return 1 if tone == "caution" else 2
    return 3 if tone == "caution" else None


_Subject = tuple[str | None, ...]


class _Finishes:
    """The last success of each stack and service, for at most :data:`_SUBJECTS` of them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[_Subject, datetime | None] = {}
        self.some_not_asked = False

    def is_finished(self, record: Record) -> bool:
        """Return whether a later run of the same stack, or a later event about the same service, succeeded.

        Beyond the limit, False.
        """
        source = of_record(self._source, record)
        try:
            event = record.event
            if event.explicit:
                subject: _Subject = (*record.teams, record.kind, record.environment, record.service)
            else:
                subject = (*record.teams, stack_key(event))
            if subject not in self._known:
                if len(self._known) >= _SUBJECTS:
                    self.some_not_asked = True
                    return True
                self._known[subject] = _last_sent(source, record) if event.explicit else _last_run(source, subject[-1])
        except JournalError:  # removed in the meantime
            return True
        last = self._known[subject]
        return last is not None and last > record.started_at


def _last_run(source: Source, stack: str | None) -> datetime | None:
    for run in source.events_of_stack(stack or "", limit=_RUNS):
        found = source.get(run)
        if found is None or found.phase != "applied" or found.outcome != "succeeded":
            continue
        if not found.event.explicit:
            return found.started_at
    return None


def _last_sent(source: Source, record: Record) -> datetime | None:
    """Return when an event of the same kind was last sent for the same service; None without a service."""
    if record.service is None:
        return None
    query = Query(kind=record.kind, service=record.service, environment=record.environment, outcome="succeeded",
                  phase="applied", limit=_RUNS)  # fmt: skip
    for found in source.list(query):
        if found.environment == record.environment and found.event.explicit:
            return found.started_at
    return None


def _look(row: EventRow, request: PageRequest) -> Look:
    signal = row.signals[0] if row.signals and row.signals[0].tone != "fact" else None
    words = "" if row.look.quiet else f", {row.look.word}"
    when = row.when if request.now - row.started_at > _LATELY else row.clock
    return Look(row, signal, f"{when}, {times.ago(row.started_at, request)}{words if signal else ''}")
