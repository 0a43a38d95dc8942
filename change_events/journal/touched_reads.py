"""Queries for resources and hosts and their changes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from change_events.journal.access import Access
from change_events.journal.listing import INDEXED
from change_events.journal.records import from_micros, to_micros
from change_events.journal.touched_records import Known, KnownThing, Move, Touch

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

_THINGS = (
    "SELECT t.id, t.address, t.kind, t.type, coalesce(s.key, '') FROM things t LEFT JOIN stacks s ON s.id = t.stack "
)
_TOUCHES = (
    "SELECT t.thing, t.path, t.seq, e.id, e.started_at, t.action, t.outcome, t.before, t.after "
    "FROM touched t JOIN events e ON e.seq = t.seq "
)
_OLDEST = "SELECT started_at FROM indexed i JOIN events e ON e.seq = i.seq WHERE i.seq >= ? ORDER BY i.seq LIMIT 1"
_NEWEST = "SELECT max(x.seq) FROM touched x WHERE x.thing = t.id AND x.path = ''"
_LOWEST = -(2**62)
_HIGHEST = "\U0010ffff"
# from one path to the next by the primary key, however many events each of them has
_PATHS = """
    WITH RECURSIVE found(path) AS (
        SELECT (SELECT min(path) FROM touched WHERE thing = ?1 AND path >= ?2 AND path <= ?3)
        UNION ALL
        SELECT (SELECT min(path) FROM touched t WHERE t.thing = ?1 AND t.path > found.path AND t.path <= ?3)
        FROM found WHERE found.path IS NOT NULL
    ) SELECT path FROM found WHERE path IS NOT NULL LIMIT ?4
"""
_VALUES = """
    WITH RECURSIVE found(value) AS (
        SELECT (SELECT min(COLUMN) FROM events)
        UNION ALL
        SELECT (SELECT min(COLUMN) FROM events e WHERE e.COLUMN > found.value) FROM found WHERE found.value IS NOT NULL
    ) SELECT value FROM found WHERE value IS NOT NULL LIMIT ?
"""


class TouchedReads(Access):
    """The part of a journal that reads changes of resources and hosts ("things")."""

    def known(self) -> Known:
        """Return since when things are known; backfilled events count only if there are no others."""

        def work(connection: sqlite3.Connection) -> Known:
            row = connection.execute(_OLDEST, (0,)).fetchone() or connection.execute(_OLDEST, (_LOWEST,)).fetchone()
            unindexed = connection.execute("SELECT unindexed FROM totals").fetchone()[0]
            return Known(from_micros(row[0]) if row else None, not unindexed)

        return self._read(work)

    def things_at(self, pattern: str, *, limit: int) -> list[KnownThing]:
        """Return things whose address is ``pattern``, is below it (``module.a``, ``x.y[0]``), or matches it as a glob.

        ``*`` and ``?`` are glob characters; brackets are part of addresses and literal.
        """
        if "*" in pattern or "?" in pattern:
            head = pattern[: min(pattern.find(mark) for mark in "*?" if mark in pattern)]
            where = "WHERE t.address >= ? AND t.address < ? AND t.address GLOB ?"
            values: tuple[object, ...] = (head, head + _HIGHEST, pattern.replace("[", "[[]"))
        else:
            below = [(pattern + mark, pattern + mark + _HIGHEST) for mark in (".", "[")]
            where = "WHERE t.address = ?" + " OR (t.address >= ? AND t.address < ?)" * len(below)
            values = (pattern, *(end for pair in below for end in pair))
        return self._things(f"{where} ORDER BY t.address, t.id LIMIT ?", (*values, limit))

    def things_named(self, name: str, *, limit: int) -> list[KnownThing]:
        """Return resources with this ID, name or network address."""
        where = "WHERE t.id IN (SELECT n.thing FROM names n WHERE n.name = ?) ORDER BY t.address LIMIT ?"
        return self._things(where, (name, limit))

    def names_of(self, things: Iterable[int]) -> dict[int, list[str]]:
        """Return the other names of each of these things."""

        def work(connection: sqlite3.Connection) -> dict[int, list[str]]:
            return {
                number: [
                    str(name) for (name,) in connection.execute("SELECT name FROM names WHERE thing = ?", (number,))
                ]
                for number in things
            }

        return self._read(work)

    def addresses(self, *, limit: int) -> list[str]:
        """Return known addresses, hosts and other names, for near matches."""

        def work(connection: sqlite3.Connection) -> list[str]:
            rows = connection.execute(
                "SELECT DISTINCT address FROM (SELECT address FROM things ORDER BY id DESC LIMIT ?)", (limit,)
            ).fetchall()
            rows += connection.execute("SELECT DISTINCT name FROM names LIMIT ?", (limit,)).fetchall()
            return [str(text) for (text,) in rows]

        return self._read(work)

    def things_of_stack(self, stack: str, addresses: Sequence[str]) -> dict[str, KnownThing]:
        """Return those of these addresses that are known in a stack."""

        def work(connection: sqlite3.Connection) -> dict[str, KnownThing]:
            row = connection.execute("SELECT id FROM stacks WHERE key = ?", (stack,)).fetchone()
            found = {}
            for address in addresses if row else ():
                thing = connection.execute(
                    f"{_THINGS} WHERE t.stack = ? AND t.address = ?", (row[0], address)
                ).fetchone()
                if thing:
                    found[address] = KnownThing(*thing)
            return found

        return self._read(work)

    def touches(
        self, thing: int, path: str = "", *, since: datetime | None = None, until: datetime | None = None, limit: int
    ) -> list[Touch]:
        """Return the changes of one attribute of a thing (or by one task on a host), latest record first.

        Backfilled changes are inserted by time.

        Args:
            thing: its number.
            path: the attribute; empty for the thing as a whole.
            since: only events that started at or after it.
            until: only events that started before or at it.
            limit: maximum number.
        """
        conditions, values = ["t.thing = ?", "t.path = ?"], [thing, path]
        for moment, sign in ((since, ">="), (until, "<=")):
            if moment is not None:
                conditions.append(f"e.started_at {sign} ?")
                values.append(to_micros(moment))
        newest = f"{_TOUCHES} WHERE {' AND '.join(conditions)} AND t.seq {{}} 0 ORDER BY t.seq DESC LIMIT ?"
        statement = f"SELECT * FROM ({newest.format('>=')}) UNION ALL SELECT * FROM ({newest.format('<')})"  # noqa: S608  # of ours
        values += [limit]
        rows = self._read(lambda connection: connection.execute(statement, (*values, *values)).fetchall())
        found = [_touch(row) for row in rows]
        backfilled = [touch for touch in found if touch.seq < 0]
        if not backfilled:
            return found
        from heapq import merge  # few journals have history that was read in

        recorded = found[: -len(backfilled)]
        return list(islice(merge(recorded, backfilled, key=lambda touch: touch.at, reverse=True), limit))

    def newest(self, things: Sequence[int]) -> dict[int, int]:
        """Return the start of the last event that changed each of these things (at most some thousand)."""
        marks = ", ".join("?" for _ in things)
        last = f"({_NEWEST}), ({_NEWEST} AND x.seq < 0)"
        statement = (  # only marks are put in
            f"SELECT t.id, (SELECT max(e.started_at) FROM events e WHERE e.seq IN ({last})) "  # noqa: S608
            f"FROM things t WHERE t.id IN ({marks})"
        )
        rows = self._read(lambda connection: connection.execute(statement, tuple(things)).fetchall())
        return {thing: micros for thing, micros in rows if micros is not None}

    def paths(self, thing: int, attribute: str = "", *, limit: int) -> list[str]:
        """Return the changed attributes of a thing in order: this one and those below it, or all."""
        found: list[str] = []
        for low in (attribute, f"{attribute}.", f"{attribute}[") if attribute else ("\0",):
            high = low if low == attribute else low + _HIGHEST if attribute else _HIGHEST
            rows = self._read(
                lambda connection: connection.execute(_PATHS, (thing, low, high, limit)).fetchall()  # noqa: B023  # called at once
            )
            found += [str(path) for (path,) in rows]
        return sorted(found)[:limit]

    def moves(self, stack: str, address: str) -> list[Move]:
        """Return moves to and from this address, newest first."""
        statement = (
            "SELECT m.old, m.new, e.started_at FROM moves m JOIN events e ON e.seq = m.seq "
            "JOIN stacks s ON s.id = m.stack WHERE s.key = ? AND {} = ? ORDER BY e.started_at DESC"
        )

        def work(connection: sqlite3.Connection) -> list[Move]:
            rows = [
                row
                for side in ("m.new", "m.old")
                for row in connection.execute(statement.format(side), (stack, address)).fetchall()
            ]
            return [Move(old, new, from_micros(at)) for old, new, at in dict.fromkeys(rows)]

        return self._read(work)

    def stacks(self, *, limit: int) -> list[str]:
        """Return the keys of stacks that runs changed (or tried to), latest record first."""
        statement = (
            "SELECT key, (SELECT max(i.seq) FROM indexed i WHERE i.stack = s.id AND i.seq >= 0) AS last FROM stacks s "
            "WHERE last IS NOT NULL ORDER BY last DESC LIMIT ?"
        )
        return [
            str(key) for key, _ in self._read(lambda connection: connection.execute(statement, (limit,)).fetchall())
        ]

    def events_of_stack(self, stack: str, *, limit: int) -> list[str]:
        """Return the IDs of runs that changed this stack (or tried to), newest first, without backfilled ones."""
        statement = (
            "SELECT e.id FROM indexed i JOIN events e ON e.seq = i.seq "
            "WHERE i.stack = (SELECT id FROM stacks WHERE key = ?) AND i.seq >= 0 ORDER BY i.seq DESC LIMIT ?"
        )
        rows = self._read(lambda connection: connection.execute(statement, (stack, limit)).fetchall())
        return [str(event_id) for (event_id,) in rows]

    def events_of_plan(self, digest: str, *, limit: int) -> list[str]:
        """Return the IDs of events that saved or applied this plan file, latest record first."""
        statement = (
            "SELECT e.id FROM plans p JOIN events e ON e.seq = p.seq WHERE p.digest = ? ORDER BY p.seq DESC LIMIT ?"
        )
        rows = self._read(lambda connection: connection.execute(statement, (digest, limit)).fetchall())
        return [str(event_id) for (event_id,) in rows]

    def is_type_known(self, stack: str, kind: str, *, but: str) -> bool:
        """Return whether another event than ``but`` changed a resource of this type in this stack."""
        statement = (
            "SELECT 1 FROM things t JOIN touched x ON x.thing = t.id JOIN events e ON e.seq = x.seq "
            "WHERE t.stack = (SELECT id FROM stacks WHERE key = ?) AND t.type = ? AND e.id <> ? LIMIT 1"
        )
        return self._read(lambda connection: connection.execute(statement, (stack, kind, but)).fetchone()) is not None

    def values_of(self, column: str, *, limit: int) -> list[str]:
        """Return the distinct values of ``environment``, ``service`` or another indexed column. Raises ValueError."""
        if column not in INDEXED:
            raise ValueError(column)
        statement = _VALUES.replace("COLUMN", column)
        rows = self._read(lambda connection: connection.execute(statement, (limit,)).fetchall())
        return [str(value) for (value,) in rows]

    def _things(self, where: str, values: tuple[object, ...]) -> list[KnownThing]:
        rows = self._read(lambda connection: connection.execute(_THINGS + where, values).fetchall())
        return [KnownThing(*row) for row in rows]


def _touch(row: tuple[Any, ...]) -> Touch:
    thing, path, seq, event, at, *rest = row
    return Touch(thing, path, seq, event, from_micros(at), *rest)
