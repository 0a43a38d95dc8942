"""Selects the events of a query, and the index to find them.

A filter is either so common that walking back from the newest event soon finds enough, or so rare that its index is
short. Without statistics, SQLite's guess can cost seconds in a journal of a million events. So the matches of each
filter are counted first, up to :data:`FEW`. The rarest filter uses its index, the others are checked row by row (the
unary ``+`` keeps SQLite from using their indexes).
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.journal.records import Columns, Figures, RecordState, to_micros

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from change_events.journal.records import Query

FEW = 5_000
_HIGHEST = "\U0010ffff"
_NAMES = Columns.__struct_fields__
SELECT = "SELECT e.seq, " + ", ".join(f"e.{name}" for name in _NAMES) + " FROM events e"  # noqa: S608  # names are ours
_UNIQUE = ("key", "run", "parent")
INDEXED = ("outcome", "severity", "service", "environment", "tool", "kind", "phase")
"""Columns that have an index of their own, with the start: what is rare in them is found at once."""

IN_BODIES = ("text", "actor", "tag", "signal")
"""Filters that no column has: each body is looked at, of the newest ``searched`` events at most."""

_HOST = "SELECT h.seq FROM hosts h WHERE h.host = ?"
_UNDELIVERED = "SELECT d.seq FROM deliveries d WHERE d.state <> 'delivered' UNION ALL SELECT u.seq FROM unrouted u"
_CONTAINS = "EXISTS (SELECT 1 FROM bodies b WHERE b.seq = e.seq AND instr(b.search, ?) > 0)"
# the bytes are looked for first: of most bodies, nothing is decoded
_SIGNAL = (
    "EXISTS (SELECT 1 FROM bodies b WHERE b.seq = e.seq AND CASE WHEN instr(b.body, CAST(? AS BLOB)) > 0 "
    "THEN EXISTS (SELECT 1 FROM json_each(CAST(b.body AS TEXT), '$.signals') s "
    "WHERE json_extract(s.value, '$.name') = ?) ELSE 0 END)"
)
_ACTOR = (
    "EXISTS (SELECT 1 FROM bodies b WHERE b.seq = e.seq AND CASE WHEN instr(b.body, CAST(? AS BLOB)) > 0 "
    "THEN coalesce(nullif(json_extract(CAST(b.body AS TEXT), '$.actor.ci.actor'), ''), "
    "json_extract(CAST(b.body AS TEXT), '$.actor.ci.system'), json_extract(CAST(b.body AS TEXT), '$.actor.user')) = ? "
    "ELSE 0 END)"
)
_TAG = (
    "EXISTS (SELECT 1 FROM bodies b WHERE b.seq = e.seq AND CASE WHEN instr(b.body, CAST(? AS BLOB)) > 0 "
    "THEN EXISTS (SELECT 1 FROM json_each(CAST(b.body AS TEXT), '$.tags') s "
    "WHERE s.key = ? AND coalesce(s.value = ?, 1)) ELSE 0 END)"
)
_BELOW = "(h.address = ? OR (h.address >= ? AND h.address < ?) OR (h.address >= ? AND h.address < ?))"
_TOUCHED = f"SELECT t.seq FROM things h JOIN touched t ON t.thing = h.id AND t.path = '' WHERE {_BELOW}"  # noqa: S608  # of ours
_TOUCHES = (
    "EXISTS (SELECT 1 FROM touched t JOIN things h ON h.id = t.thing "  # noqa: S608  # of ours
    f"WHERE t.seq = e.seq AND t.path = '' AND {_BELOW})"
)
_BEFORE = "(e.started_at, e.seq) {} (SELECT b.started_at, b.seq FROM events b WHERE b.id = ?)"
_FIGURES = (
    "SELECT CASE WHEN state = 'started' THEN 'running' ELSE outcome END, kind, tool, environment, service FROM ({})"
)
_OLDEST_SEARCHED = "SELECT started_at FROM events ORDER BY started_at DESC, seq DESC LIMIT 1 OFFSET ?"


class _Term(NamedTuple):
    """One filter: its condition on a row, its index lookup, and its count.

    ``matches`` is empty if there are few at most, None without a useful index.
    """

    check: str
    lead: str
    matches: str | None
    values: tuple[object, ...]


def select(connection: sqlite3.Connection, query: Query) -> tuple[str, tuple[object, ...]]:
    """Return statement and parameters of ``query``; rows are ``seq`` and :class:`Columns`, newest first."""
    where, values = condition(connection, query)
    limit = -1 if query.limit is None else query.limit
    if query.after is None:
        return f"{SELECT}{where} ORDER BY e.started_at DESC, e.seq DESC LIMIT ?", (*values, limit)
    nearest = f"{SELECT}{where} ORDER BY e.started_at, e.seq LIMIT ?"
    return f"SELECT * FROM ({nearest}) ORDER BY started_at DESC, seq DESC", (*values, limit)  # noqa: S608  # of ours


def condition(connection: sqlite3.Connection, query: Query) -> tuple[str, tuple[object, ...]]:
    """Return the condition of the query on ``events e`` in SQL, and its parameters."""
    terms = _terms(query)
    lead = _rarest(connection, terms)
    conditions = [term.lead if term is lead else term.check for term in terms]
    values = [value for term in terms for value in term.values]
    for name, sign in (("since", ">="), ("until", "<")):
        if (moment := getattr(query, name)) is not None:
            conditions.append(f"e.started_at {sign} ?")
            values.append(to_micros(moment))
    for other, sign in ((query.before, "<"), (query.after, ">")):
        if other is not None:
            conditions.append(_BEFORE.format(sign))
            values.append(other)
    if query.text:
        conditions.append(_CONTAINS)
        values.append(query.text.casefold())
    if (oldest := oldest_searched(connection, query)) is not None:
        conditions.append("e.started_at >= ?")
        values.append(oldest)
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), tuple(values)


def figures(connection: sqlite3.Connection, query: Query, most: int) -> Figures:
    """Count the events that ``query`` selects among the newest ``most``, in total and by column."""
    statement, values = select(connection, msgspec.structs.replace(query, before=None, after=None, limit=most + 1))
    with closing(connection.execute(_FIGURES.format(statement), values)) as rows:
        combined = Counter(islice(rows, most))
        more = rows.fetchone() is not None
    by_column: tuple[Counter[str], ...] = tuple(Counter() for _ in range(5))
    for columns, number in combined.items():
        for found, value in zip(by_column, columns, strict=True):
            if value is not None:
                found[value] += number
    return Figures(combined.total(), more, *by_column)


def oldest_searched(connection: sqlite3.Connection, query: Query) -> int | None:
    """Return the start (microseconds) of the oldest examined body; None if all or none are examined."""
    if query.searched is None or not any(getattr(query, name) for name in IN_BODIES):
        return None
    row = connection.execute(_OLDEST_SEARCHED, (query.searched,)).fetchone()
    if row is None or (query.since is not None and to_micros(query.since) > row[0]):
        return None
    return int(row[0])


def _terms(query: Query) -> list[_Term]:
    terms = []
    for name in (*_UNIQUE, *INDEXED):
        if (wanted := getattr(query, name)) is not None:
            count = f"SELECT 1 FROM events WHERE {name} = ?" if name in INDEXED else ""  # noqa: S608  # names are ours
            terms.append(_Term(f"+e.{name} = ?", f"e.{name} = ?", count, (str(wanted),)))
    if query.state is RecordState.STARTED:
        running = "SELECT r.seq FROM events r WHERE r.state = 'started'"  # a literal, or its index would not be used
        terms.append(_Term("e.state = 'started'", f"e.seq IN ({running})", running, ()))
    elif query.state is not None:
        terms.append(_Term("e.state = ?", "", None, (query.state.value,)))
    if query.host is not None:
        check = "EXISTS (SELECT 1 FROM hosts h WHERE h.host = ? AND h.seq = e.seq)"
        terms.append(_Term(check, f"e.seq IN ({_HOST})", _HOST, (query.host,)))
    if query.backfilled is not None:
        terms.append(_Term(f"e.seq {'<' if query.backfilled else '>='} 0", "", None, ()))
    if query.address is not None:
        below = [(query.address + mark, query.address + mark + _HIGHEST) for mark in ".["]
        between = (query.address, *(end for pair in below for end in pair))
        terms.append(_Term(_TOUCHES, f"e.seq IN ({_TOUCHED})", _TOUCHED, between))
    if query.undelivered:
        check = (
            "(EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = e.seq AND d.state <> 'delivered') "
            "OR EXISTS (SELECT 1 FROM unrouted u WHERE u.seq = e.seq))"
        )
        terms.append(_Term(check, f"e.seq IN ({_UNDELIVERED})", _UNDELIVERED, ()))
    return [*terms, *_body_terms(query)]


def _body_terms(query: Query) -> Iterator[_Term]:
    """Return the filters of :data:`IN_BODIES` except the text."""
    if query.actor is not None:
        yield _Term(_ACTOR, "", None, (_json(query.actor), query.actor))
    if query.tag is not None:
        name, given, value = query.tag.partition("=")
        part = f"{_json(name)}:{_json(value) if given else ''}"
        yield _Term(_TAG, "", None, (part, name, value if given else None))
    if query.signal is not None:
        yield _Term(_SIGNAL, "", None, (f'"name":{_json(query.signal)}', query.signal))


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _rarest(connection: sqlite3.Connection, terms: list[_Term]) -> _Term | None:
    """Return the term whose matches are visited; None if all are so common that the newest events suffice."""
    for term in terms:
        if term.matches == "":
            return term
    counted = {}
    for number, term in enumerate(terms):
        if term.matches is None:
            continue
        counting = f"SELECT count(*) FROM ({term.matches} LIMIT ?)"  # noqa: S608  # of ours
        counted[number] = connection.execute(counting, (*term.values, FEW + 1)).fetchone()[0]
    if not counted:
        return None
    rarest = min(counted, key=lambda number: counted[number])
    if counted[rarest] > FEW and (len(terms) > 1 or terms[rarest].lead.startswith("e.seq")):
        return None
    return terms[rarest]
