"""Builds the SQL of listings, one statement per team; the server's statistics select the index.

The tables of hosts, signals and tags also have the start of an event, so that each can drive a listing by time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from change_events.journal.counting import COLUMNS
from change_events.journal.records import Columns, RecordState, from_micros
from change_events.ledger.entries import indexed, storable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from change_events.journal.records import Query

LISTED = ("outcome", "severity", "service", "environment", "tool", "kind", "phase")
_MATCHED = ("key", "run", "parent", "actor", *LISTED)
_BESIDE = ("host", "tag", "signal")
"""Filters with a table of their own."""
_HIGHEST = "\U0010ffff"


def micros(column: str) -> str:
    """Return the SQL of a time in microseconds since 1970, independent of the connection's time zone."""
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


_EXPRESSIONS = {
    "id": 'e.id::text COLLATE "C"',
    "started_at": micros("e.started_at"),
    "ended_at": micros("e.ended_at"),
}
_COLUMNS = ", ".join(
    f"{_EXPRESSIONS.get(name, f'e.{name}')} AS {name}" for name in (*Columns.__struct_fields__, "team")
)
_FIGURES = (
    "CASE WHEN e.state = 'started' THEN 'running' ELSE e.outcome END AS outcome, e.kind, e.tool, e.environment, "
    f"e.service, {_EXPRESSIONS['id']} AS id, {_EXPRESSIONS['started_at']} AS started_at"
)
COUNTED = """
    WITH found AS MATERIALIZED ({})
    SELECT outcome, kind, tool, environment, service, count(*), (SELECT count(*) FROM found)
    FROM (SELECT * FROM found LIMIT %(limit)s - 1) AS counted GROUP BY 1, 2, 3, 4, 5
"""
BY_ID = (
    f"SELECT {_COLUMNS} FROM tfevent.events e "  # noqa: S608  # of ours
    "WHERE e.team = {team} AND e.id BETWEEN %(low)s AND %(high)s ORDER BY e.id LIMIT %(limit)s"
)
NEWEST = "started_at DESC, id DESC"
OLDEST = "started_at, id"
ANCHORS = (
    f"SELECT e.id::text, {micros('e.started_at')} FROM tfevent.events e "  # noqa: S608  # of ours
    "WHERE e.team = ANY (%(teams)s) AND e.id = ANY (%(ids)s::uuid[]) ORDER BY e.ingested_at DESC"  # the first counts
)
STARTS = (
    f"SELECT {micros('e.started_at')} AS started_at, e.id FROM tfevent.events e "  # noqa: S608  # of ours
    "WHERE e.team = {team} ORDER BY e.started_at DESC, e.id DESC LIMIT %(limit)s"
)
_JOIN = (
    "JOIN tfevent.{column}s AS of_{column} ON of_{column}.team = e.team AND of_{column}.id = e.id "
    "AND of_{column}.team = {{team}} AND of_{column}.{column} = %({column})s"
)
_ADDRESS = """e.id IN (
    SELECT t.id FROM tfevent.things k JOIN tfevent.touched t ON t.team = k.team AND t.thing = k.id AND t.path = ''
    WHERE k.team = {team} AND (k.address = %(address)s
        OR k.address >= %(below)s AND k.address < %(below_end)s
        OR k.address >= %(inside)s AND k.address < %(inside_end)s)
)"""
# without other filters: at most a page per thing, however often it was changed
_NEAREST = """e.id IN (
    SELECT t.id FROM tfevent.things k CROSS JOIN LATERAL (
        SELECT x.started_at, x.id FROM tfevent.touched x
        WHERE x.team = k.team AND x.thing = k.id AND x.path = ''{bounds}
        ORDER BY x.started_at {order}, x.id {order} LIMIT %(limit)s
    ) AS t
    WHERE k.team = {team} AND (k.address = %(address)s
        OR k.address >= %(below)s AND k.address < %(below_end)s
        OR k.address >= %(inside)s AND k.address < %(inside_end)s)
    GROUP BY t.started_at, t.id ORDER BY t.started_at {order}, t.id {order} LIMIT %(limit)s
)"""
# newest event first; with EXISTS, the server would read every body before listing any event
_CONTAINS = "(SELECT b.search LIKE %(text)s FROM tfevent.bodies b WHERE b.team = e.team AND b.id = e.id)"


class Anchor(NamedTuple):
    """The event that a page follows, or precedes."""

    started_at: datetime
    id: str


class Bounds(NamedTuple):
    """The events around a page, the start of the searched period for a text, and the requested ids."""

    before: Anchor | None = None
    after: Anchor | None = None
    searched: datetime | None = None
    ids: tuple[str, ...] | None = None


def statement(query: Query, bounds: Bounds, *, figures: bool = False) -> tuple[str, dict[str, Any]]:
    """Return the statement of ``query`` for ``{team}``, and its values except ``limit``.

    Args:
        query: the query.
        bounds: the events named by its ``before`` and ``after``.
        figures: select the columns to count instead of those to list.
    """
    selected, values = selection(query, bounds)
    lead = lead_of(query)
    start = f"{lead}.started_at"
    if bounds.ids is not None:
        start = f"({start} + interval '0')"  # prevents use of an index's order: only these ids are read
    order = f"{start}, {lead}.id" if query.after is not None else f"{start} DESC, {lead}.id DESC"
    columns = _FIGURES if figures else _COLUMNS
    if all(getattr(query, name) is None for name in (*_MATCHED, *_BESIDE, "state", "backfilled", "text")):
        order_of_touches = "DESC" if query.after is None else "ASC"
        demanded = "".join(f" AND {one}" for one in _between(query, bounds, "x")[0])
        nearest = _NEAREST.replace("{bounds}", demanded).replace("{order}", order_of_touches)
        selected = selected.replace(_ADDRESS, nearest)
    return f"SELECT {columns} {selected} ORDER BY {order} LIMIT %(limit)s", values  # trusted text


def lead_of(query: Query) -> str:
    """Return the table whose index has the events of a query by time, with their starts."""
    return next((f"of_{column}" for column in _BESIDE if getattr(query, column) is not None), "e")


def selection(query: Query, bounds: Bounds) -> tuple[str, dict[str, Any]]:
    """Return the selection of events ``e`` of ``{team}``: a statement from FROM on, and its values."""
    joins, conditions, values = _matched(query)
    between, moments = _between(query, bounds, lead_of(query))
    conditions += between
    values |= moments | text_value(query)
    if query.text:
        conditions.append(_CONTAINS)
    if bounds.ids is not None:
        joins.append("JOIN unnest(%(ids)s::uuid[]) AS given(id) ON given.id = e.id")
        values["ids"] = list(dict.fromkeys(bounds.ids))
    where = " AND ".join(["e.team = {team}", *conditions])
    return f"FROM tfevent.events e {' '.join(joins)} WHERE {where}", values


def _between(query: Query, bounds: Bounds, table: str) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions on the start of an event in a table, and their values."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for name, sign, moment in (
        ("since", ">=", query.since),
        ("until", "<", query.until),
        ("searched", ">=", bounds.searched),
    ):
        if moment is not None:
            conditions.append(f"{table}.started_at {sign} %({name})s")
            values[name] = moment
    for name, sign, anchor in (("before", "<", bounds.before), ("after", ">", bounds.after)):
        if anchor is not None:
            conditions.append(f"({table}.started_at, {table}.id) {sign} (%({name})s, %({name}_id)s)")
            values |= {name: anchor.started_at, f"{name}_id": UUID(anchor.id)}
    return conditions, values


def text_value(query: Query) -> dict[str, str]:
    """Return the LIKE pattern of a query's text as the value ``text``; empty without a text."""
    return {"text": f"%{_literal(query.text.casefold())}%"} if query.text else {}


def counted(selected: str, by: Sequence[str]) -> str:
    """Return the statement that counts selected events by spans and columns; an event of two teams counts once."""
    columns = "".join(f", {COLUMNS[name]}" for name in by)
    groups = range(1, len(by) + 2)
    head, where = selected.split(" WHERE ", 1)
    hosts = " JOIN tfevent.hosts h ON h.team = e.team AND h.id = e.id" if "host" in by else ""
    return (
        f"SELECT ({micros('e.started_at')} - %(first)s) / %(width)s{columns}, count(DISTINCT e.id) "  # of ours
        f"{head}{hosts} WHERE {where} GROUP BY {', '.join(map(str, groups))} "
        f"ORDER BY {', '.join(f'{number} NULLS FIRST' for number in groups)}"
    )


def anchor_of(started_at: int, event_id: str) -> Anchor:
    """Return the anchor of an event by its columns."""
    return Anchor(from_micros(started_at), event_id)


def uuid_of(text: str) -> UUID | None:
    """Return a text as a UUID if it has the usual form of ids; otherwise None."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def id_range(beginning: str) -> tuple[UUID, UUID] | None:
    """Return the lowest and the highest id with this prefix; None if no id can have it."""
    form = "00000000-0000-0000-0000-000000000000"
    if len(beginning) > len(form):
        return None
    low, high = (beginning + form[len(beginning) :].replace("0", digit) for digit in "0f")
    ends = uuid_of(low), uuid_of(high)
    return (ends[0], ends[1]) if ends[0] and ends[1] else None


def below(address: str) -> dict[str, str]:
    """Return the bounds of the ranges of addresses below an address."""
    return {
        "address": storable(address),
        "below": f"{address}.",
        "below_end": f"{address}.{_HIGHEST}",
        "inside": f"{address}[",
        "inside_end": f"{address}[{_HIGHEST}",
    }


def _matched(query: Query) -> tuple[list[str], list[str], dict[str, Any]]:
    joins: list[str] = []
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for name in _MATCHED:
        if (wanted := getattr(query, name)) is not None:
            conditions.append(f"e.{name} = %({name})s")
            values[name] = indexed(str(wanted))
    if query.state is not None:
        conditions.append(f"e.state = '{RecordState(query.state).value}'")  # a literal, for the index of some
    if query.backfilled is not None:
        conditions.append("e.backfilled" if query.backfilled else "NOT e.backfilled")
    for column in _BESIDE:
        if (wanted := getattr(query, column)) is not None:
            joins.append(_JOIN.format(column=column))
            values[column] = indexed(wanted)
    if query.address is not None:
        conditions.append(_ADDRESS)
        values |= below(query.address)
    return joins, conditions, values


def _literal(text: str) -> str:
    """Escape ``text`` for a LIKE pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
