"""Runs that started before a window and lasted into it: drawn and counted with those that started in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.journal.records import RecordState
from change_events.server.figures import looks_into_bodies, without_bodies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.journal import Query, Record
    from change_events.journal.records import Figures

LOOKED_AT = 200
"""Events before a window of which is asked how long they lasted, and as many that still run."""


def running_in(source: Source, query: Query, start: datetime, *, most: int = LOOKED_AT) -> list[Record]:
    """Return events that started before a window and ended in it or later, newest first.

    Args:
        source: the source.
        query: the filters.
        start: start of the window.
        most: largest number of earlier and of running events to examine.
    """
    before = msgspec.structs.replace(query, since=None, until=start, before=None, limit=most)
    found = [record for record in source.list(_bounded(source, before)) if _lasts(record, start)]
    if query.state is None:
        known = {record.id for record in found}
        running = source.list(msgspec.structs.replace(before, state=RecordState.STARTED))
        found += [record for record in running if record.id not in known]
    return sorted(found, key=lambda record: (record.started_at, record.id), reverse=True)


def _bounded(source: Source, query: Query) -> Query:
    """Limit the query to the newest events: a rare text would read the body of every event."""
    if not looks_into_bodies(query):
        return query
    oldest = None
    for record in source.list(without_bodies(query)):
        oldest = record.started_at
    return msgspec.structs.replace(query, since=oldest)


def _lasts(record: Record, start: datetime) -> bool:
    """Return whether it lasted into the window; an event settled without an end has no duration."""
    return record.state is RecordState.STARTED or (record.ended_at is not None and record.ended_at > start)


def counted_with(figures: Figures, earlier: Sequence[Record]) -> Figures:
    """Return the counts with these events added: in total and by outcome."""
    outcomes = dict(figures.outcomes)
    for record in earlier:
        name = record.outcome or "running"
        outcomes[name] = outcomes.get(name, 0) + 1
    return msgspec.structs.replace(figures, events=figures.events + len(earlier), outcomes=outcomes)
