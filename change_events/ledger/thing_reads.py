"""Queries about things and their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.journal.records import from_micros
from change_events.journal.touched_records import Known, KnownThing, Move, Touch
from change_events.ledger.access import Access, rows
from change_events.ledger.entries import indexed, storable
from change_events.ledger.listing import LISTED, below, micros, uuid_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

_HIGHEST = "\U0010ffff"
_THINGS = (
    "SELECT t.id, t.address, t.kind, t.type, coalesce(s.key, '') AS stack FROM tfevent.things t "
    "LEFT JOIN tfevent.stacks s ON s.id = t.stack WHERE t.team = {team} AND "
)
_STACK = "(SELECT s.id FROM tfevent.stacks s WHERE s.team = {team} AND s.key = %(stack)s)"
_BELOW = (
    "(t.address = %(address)s OR t.address >= %(below)s AND t.address < %(below_end)s "
    "OR t.address >= %(inside)s AND t.address < %(inside_end)s) ORDER BY t.address, t.id LIMIT %(limit)s"
)
_GLOB = (
    "t.address >= %(head)s AND t.address < %(end)s AND t.address LIKE %(pattern)s "
    "ORDER BY t.address, t.id LIMIT %(limit)s"
)
_NAMED = (
    "t.id IN (SELECT n.thing FROM tfevent.names n WHERE n.team = {team} AND n.name = %(name)s) "
    "ORDER BY t.address, t.id LIMIT %(limit)s"
)
_OF_STACK = f"t.stack = {_STACK} AND t.address = ANY (%(addresses)s) ORDER BY t.address, t.id LIMIT %(limit)s"
_NAMES = (
    "SELECT n.thing, n.name FROM tfevent.names n WHERE n.team = ANY (%(teams)s) AND n.thing = ANY (%(things)s) "
    "ORDER BY n.name"
)
_ADDRESSES = (
    "SELECT DISTINCT address FROM (SELECT address FROM tfevent.things WHERE team = ANY (%(teams)s) "
    "ORDER BY id DESC LIMIT %(limit)s) AS newest"
)
_OTHER_NAMES = "SELECT DISTINCT n.name FROM tfevent.names n WHERE n.team = ANY (%(teams)s) LIMIT %(limit)s"
_TOUCHES = (
    f"SELECT x.thing, x.path, {micros('x.started_at')}, x.id::text, {micros('x.started_at')}, x.action, x.outcome, "  # noqa: S608  # of ours
    "x.before, x.after FROM tfevent.touched x WHERE {conditions} ORDER BY x.started_at DESC, x.id DESC LIMIT %(limit)s"
)
_ONE = (
    "x.thing = %(thing)s AND "
    "x.team = (SELECT t.team FROM tfevent.things t WHERE t.id = %(thing)s AND t.team = ANY (%(teams)s))"
)
_NEWEST = (
    "SELECT t.id, (SELECT x.started_at FROM tfevent.touched x WHERE x.team = t.team AND x.thing = t.id AND x.path = '' "
    "ORDER BY x.started_at DESC, x.id DESC LIMIT 1) AS at FROM tfevent.things t "
    "WHERE t.team = ANY (%(teams)s) AND t.id = ANY (%(things)s)"
)
# skips from path to path by the index, regardless of the number of events
_NEXT_PATH = (
    f"(SELECT x.path FROM tfevent.touched x WHERE {_ONE} AND x.path {{}} AND x.path <= %(high)s "  # noqa: S608  # of ours
    "ORDER BY x.path LIMIT 1)"
)
_PATHS = f"""
    WITH RECURSIVE found(path) AS (
        SELECT {_NEXT_PATH.format(">= %(low)s")}
        UNION ALL
        SELECT {_NEXT_PATH.format("> found.path")} FROM found WHERE found.path IS NOT NULL
    ) SELECT path FROM found WHERE path IS NOT NULL LIMIT %(limit)s
"""  # noqa: S608  # of ours
_VALUES = """
    WITH RECURSIVE found(value) AS (
        SELECT (SELECT min(e.COLUMN) FROM tfevent.events e WHERE e.team = {team})
        UNION ALL
        SELECT (SELECT min(e.COLUMN) FROM tfevent.events e WHERE e.team = {team} AND e.COLUMN > found.value)
        FROM found WHERE found.value IS NOT NULL
    ) SELECT value FROM found WHERE value IS NOT NULL LIMIT %(limit)s
"""
_MOVES = (
    f"SELECT m.old, m.new, {micros('m.started_at')} AS at FROM tfevent.moves m "  # noqa: S608  # of ours
    f"WHERE m.team = {{team}} AND m.stack = {_STACK} AND m.SIDE = %(address)s "
    "ORDER BY m.started_at DESC, m.id DESC LIMIT %(limit)s"
)
_OLDEST = (
    f"SELECT {micros('e.started_at')} AS at FROM tfevent.events e WHERE e.team = {{team}} AND e.state = 'settled' "  # noqa: S608  # of ours
    "AND e.backfilled = %(backfilled)s ORDER BY e.id LIMIT %(limit)s"
)
_EVENTS = f"SELECT e.id::text AS id, {micros('e.started_at')} AS at FROM tfevent.events e WHERE e.team = {{team}} AND "  # noqa: S608  # of ours
_NEWEST_FIRST = " ORDER BY e.started_at DESC, e.id DESC LIMIT %(limit)s"
_OF_STACKS = f"e.stack = {_STACK} AND NOT e.backfilled {_NEWEST_FIRST}"
_OF_PLAN = f"e.plan = %(plan)s {_NEWEST_FIRST}"
_STACKS = (
    "SELECT s.key, last.at FROM tfevent.stacks s CROSS JOIN LATERAL ("
    "SELECT e.started_at AS at FROM tfevent.events e WHERE e.team = s.team AND e.stack = s.id AND NOT e.backfilled "
    "ORDER BY e.started_at DESC, e.id DESC LIMIT 1) AS last WHERE s.team = ANY (%(teams)s)"
)
_LAST_STACKS = f"SELECT key FROM ({_STACKS}) AS s GROUP BY key ORDER BY max(at) DESC LIMIT %(limit)s"  # noqa: S608  # of ours
_TYPE_KNOWN = (
    "SELECT 1 FROM tfevent.things t JOIN tfevent.touched x ON x.team = t.team AND x.thing = t.id "  # noqa: S608  # of ours
    f"WHERE t.team = {{team}} AND t.stack = {_STACK} AND t.type = %(kind)s "
    "AND x.id IS DISTINCT FROM %(but)s::uuid LIMIT %(limit)s"
)
_MOST_MOVES = 1_000


class ThingReads(Access):
    """The part of a ledger source for things."""

    def known(self) -> Known:
        """Return how far back things are known: since the first event.

        Backfilled events count only if there are no others.
        """
        for backfilled in (False, True):
            found = self._ask_each(_OLDEST, "at", {"backfilled": backfilled, "limit": 1})
            if found:
                return Known(from_micros(found[0][0]), complete=True)
        return Known(None, complete=True)

    def things_at(self, pattern: str, *, limit: int) -> list[KnownThing]:
        """Return things with the address ``pattern``, below it (``module.a``, ``x.y[0]``), or matching it as a glob.

        ``*`` and ``?`` are wildcards; brackets are literal, as parts of addresses.
        """
        if "*" not in pattern and "?" not in pattern:
            return self._things(_BELOW, {**below(pattern), "limit": limit})
        head = pattern[: min(pattern.find(mark) for mark in "*?" if mark in pattern)]
        values = {"head": head, "end": head + _HIGHEST, "pattern": _like(pattern), "limit": limit}
        return self._things(_GLOB, values)

    def things_named(self, name: str, *, limit: int) -> list[KnownThing]:
        """Return resources with this id, name or network address."""
        return self._things(_NAMED, {"name": name, "limit": limit})

    def names_of(self, things: Iterable[int]) -> dict[int, list[str]]:
        """Return the other names of each of these things."""
        found: dict[int, list[str]] = {number: [] for number in things}
        for number, name in self._ask(_NAMES, self._of(found)) if found else ():
            found[number].append(str(name))
        return found

    def addresses(self, *, limit: int) -> list[str]:
        """Return known addresses, hosts, and their other names, for near matches."""
        values = {"teams": list(self.teams), "limit": limit}
        with self._question() as connection:
            found = [*rows(connection, _ADDRESSES, values), *rows(connection, _OTHER_NAMES, values)]
        return [str(text) for (text,) in found]

    def things_of_stack(self, stack: str, addresses: Sequence[str]) -> dict[str, KnownThing]:
        """Return those of these addresses that are known in a stack."""
        given = [storable(address) for address in addresses]
        if not given:
            return {}
        values = {"stack": indexed(stack), "addresses": given, "limit": len(given) * len(self.teams)}
        return {thing.address: thing for thing in self._things(_OF_STACK, values)}

    def touches(
        self, thing: int, path: str = "", *, since: datetime | None = None, until: datetime | None = None, limit: int
    ) -> list[Touch]:
        """Return the changes of one attribute of a thing (or by one task on a host), newest first.

        Args:
            thing: its number.
            path: the attribute; empty for the whole thing.
            since: only events that started at or after it.
            until: only events that started at or before it.
            limit: largest number of changes.
        """
        conditions, values = [_ONE, "x.path = %(path)s"], {**self._of_one(thing), "path": path, "limit": limit}
        for name, moment, sign in (("since", since, ">="), ("until", until, "<=")):
            if moment is not None:
                conditions.append(f"x.started_at {sign} %({name})s")
                values[name] = moment
        found = self._ask(_TOUCHES.format(conditions=" AND ".join(conditions)), values)
        return [
            Touch(number, where, seq, event, from_micros(at), *rest) for number, where, seq, event, at, *rest in found
        ]

    def newest(self, things: Sequence[int]) -> dict[int, int]:
        """Return when the last event that changed each of these things started; for up to a few thousand things."""
        statement = f"SELECT id, {micros('at')} FROM ({_NEWEST}) AS found WHERE at IS NOT NULL"  # noqa: S608  # of ours
        return dict(self._ask(statement, self._of(things)))

    def paths(self, thing: int, attribute: str = "", *, limit: int) -> list[str]:
        """Return the changed attributes of a thing, sorted: this one and nested ones, or all."""
        found: list[str] = []
        with self._question() as connection:
            for low in (attribute, f"{attribute}.", f"{attribute}[") if attribute else ("\1",):
                high = low if low == attribute else low + _HIGHEST if attribute else _HIGHEST
                values = {**self._of_one(thing), "low": low, "high": high, "limit": limit}
                found += [str(path) for (path,) in rows(connection, _PATHS, values)]
        return sorted(found)[:limit]

    def moves(self, stack: str, address: str) -> list[Move]:
        """Return the moves to and from this address, newest first."""
        values = {"stack": indexed(stack), "address": address, "limit": _MOST_MOVES}
        found = [
            row for side in ("new", "old") for row in self._ask_each(_MOVES.replace("SIDE", side), "at DESC", values)
        ]
        return [Move(old, new, from_micros(at)) for old, new, at in dict.fromkeys(found)]

    def stacks(self, *, limit: int) -> list[str]:
        """Return the keys of stacks that runs changed (or tried to), the most recent run first."""
        return [str(key) for (key,) in self._ask(_LAST_STACKS, {"teams": list(self.teams), "limit": limit})]

    def events_of_stack(self, stack: str, *, limit: int) -> list[str]:
        """Return the ids of runs that changed this stack (or tried to), newest first, without backfilled ones."""
        return self._events(_OF_STACKS, {"stack": indexed(stack), "limit": limit})

    def events_of_plan(self, digest: str, *, limit: int) -> list[str]:
        """Return the ids of events that saved or applied this plan file, newest first."""
        return self._events(_OF_PLAN, {"plan": digest, "limit": limit})

    def is_type_known(self, stack: str, kind: str, *, but: str) -> bool:
        """Return whether another event than ``but`` changed a resource of this type in this stack."""
        values = {"stack": indexed(stack), "kind": kind, "but": uuid_of(but), "limit": 1}
        return bool(self._ask_each(_TYPE_KNOWN, "1", values))

    def values_of(self, column: str, *, limit: int) -> list[str]:
        """Return the distinct values of ``environment``, ``service`` or another indexed column. Raises ValueError."""
        if column not in LISTED:
            raise ValueError(column)
        found = self._ask_each(_VALUES.replace("COLUMN", column), "value", {"limit": limit})
        return list(dict.fromkeys(str(value) for (value,) in found))

    def _things(self, conditions: str, values: dict[str, Any]) -> list[KnownThing]:
        return [KnownThing(*row) for row in self._ask_each(_THINGS + conditions, "address, id", values)]

    def _events(self, conditions: str, values: dict[str, Any]) -> list[str]:
        found = self._ask_each(_EVENTS + conditions, "at DESC, id DESC", values)
        return list(dict.fromkeys(str(event_id) for event_id, _ in found))

    def _of(self, things: Iterable[int]) -> dict[str, Any]:
        return {"teams": list(self.teams), "things": list(things)}

    def _of_one(self, thing: int) -> dict[str, Any]:
        return {"teams": list(self.teams), "thing": thing}


def _like(glob: str) -> str:
    """Return the LIKE pattern that is equivalent to a glob."""
    plain = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return plain.replace("*", "%").replace("?", "_")
