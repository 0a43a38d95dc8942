"""Counts of loaded events, and the filters that make other counts expensive."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from change_events.journal.records import Figures, RecordState
from change_events.query.selection import RUNNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.journal import Query, Record

IN_BODIES = ("actor", "tag", "signal", "text")
"""Filters for which a journal has no index: the body of each event is looked at."""


def looks_into_bodies(query: Query) -> bool:
    """Return whether the query has a filter that reads bodies."""
    return any(getattr(query, name) for name in IN_BODIES)


def without_bodies(query: Query) -> Query:
    """Return the query without filters that read bodies."""
    return msgspec.structs.replace(query, **dict.fromkeys(IN_BODIES))


def figures_of(records: Sequence[Record]) -> Figures:
    """Return the counts of a completely loaded list, without a query."""
    by_column: tuple[Counter[str], ...] = tuple(Counter() for _ in range(5))
    for record in records:
        outcome = RUNNING if record.state is RecordState.STARTED else record.outcome
        columns = (outcome, record.kind, record.tool, record.environment, record.service)
        for found, value in zip(by_column, columns, strict=True):
            if value is not None:
                found[value] += 1
    return Figures(len(records), False, *by_column)  # a field
