"""Counts events by columns and time, without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.journal.listing import condition
from change_events.journal.records import to_micros

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from change_events.journal.records import Query

COLUMNS = {
    "environment": "e.environment",
    "service": "e.service",
    "kind": "e.kind",
    "phase": "e.phase",
    "severity": "e.severity",
    "outcome": "CASE e.state WHEN 'started' THEN 'running' ELSE e.outcome END",
    "host": "h.host",
}
SPANS = 1_000
"""The most spans of time that are counted at once."""

_HOSTS = " JOIN hosts h ON h.seq = e.seq"


class Count(NamedTuple):
    """Events of one time span with the same values.

    Attributes:
        span: index of the span, from 0.
        values: values of the requested columns; the outcome is `running` if there is none yet.
        number: number of events.
    """

    span: int
    values: tuple[str | None, ...]
    number: int


def count(connection: sqlite3.Connection, query: Query, by: Sequence[str], width: timedelta) -> Sequence[Count]:
    """Count events; see :meth:`change_events.history.source.Source.counted`."""
    first = first_of(query, by, width)
    where, values = condition(connection, query)
    columns = "".join(f", {COLUMNS[name]}" for name in by)
    groups = ", ".join(str(number + 1) for number in range(len(by) + 1))
    statement = (
        f"SELECT (e.started_at - ?) / ?{columns}, count(*) "  # noqa: S608  # names are ours
        f"FROM events e{_HOSTS if 'host' in by else ''}{where} GROUP BY {groups} ORDER BY {groups}"
    )
    micros = round(width.total_seconds() * 1_000_000)
    rows = connection.execute(statement, (to_micros(first), micros, *values))
    return [Count(row[0], tuple(row[1:-1]), row[-1]) for row in rows]


def first_of(query: Query, by: Sequence[str], width: timedelta) -> datetime:
    """Return the start of the first span. Raises ValueError for too many spans or an unknown column."""
    if query.since is None or query.until is None or not 0 < (query.until - query.since) / width <= SPANS:
        raise ValueError(f"events are counted between two moments, in {SPANS} spans at most")
    if unknown := set(by) - set(COLUMNS):
        raise ValueError(f"events are not counted by {', '.join(sorted(unknown))}")
    return query.since
