"""Caps on the journal, so that it never fills a disk. Removed events are counted and reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.journal import destination_health, touched
from change_events.text.plural import number_of

if TYPE_CHECKING:
    import sqlite3

    from change_events.model.retention import Retention

_DAY_MICROS = 86_400 * 1_000_000
_HEADROOM = 0.95  # prune below the cap by so much that not every later run prunes again
BATCH = 250  # events that one command removes at most: it is in someone's way meanwhile
_ROWS = 10_000  # of what they changed, likewise
_LOOK = 10_000  # of the oldest events are looked at for ones that have arrived, before one is removed that has not
_PAGES = 2_000  # of 4 kB that one command gives back to the file system at most
_SOME_OPEN = (
    "(EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = e.seq AND d.state NOT IN ('delivered', 'dropped')) "
    "OR EXISTS (SELECT 1 FROM unrouted u WHERE u.seq = e.seq))"
)
_OWED_BY = "SELECT destination FROM deliveries WHERE seq = ? AND state NOT IN ('delivered', 'dropped')"
_TOO_OLD = (
    "SELECT e.seq, 0 FROM events e WHERE e.started_at < ? AND e.state = 'settled' AND e.seq >= 0 AND e.seq <> ? "  # noqa: S608  # a constant of ours
    f"AND NOT {_SOME_OPEN} ORDER BY e.started_at, e.seq LIMIT ?"
)
_KEPT_TOO_LONG = (  # what was made of history is as old as its record
    f"SELECT e.seq, 0 FROM backfilled e WHERE e.at < ? AND e.seq <> ? AND NOT {_SOME_OPEN} LIMIT ?"  # noqa: S608  # of ours
)
_OLDEST = (
    f"SELECT o.seq, o.undelivered, length(b.body) FROM (SELECT e.seq, e.started_at, {_SOME_OPEN} AS undelivered "  # noqa: S608  # of ours
    "FROM events e WHERE e.state = 'settled' AND e.seq <> ? ORDER BY e.started_at, e.seq LIMIT ?"
    ") o JOIN bodies b ON b.seq = o.seq ORDER BY o.undelivered, o.started_at, o.seq LIMIT ?"
)


class Pruned(msgspec.Struct, frozen=True):
    """The result of pruning.

    Attributes:
        events: number of removed events.
        undelivered: those with open deliveries.
        aged: those older than ``days``; the others exceeded a cap.
        days: retention of events.
    """

    events: int = 0
    undelivered: int = 0
    aged: int = 0
    days: int = 0

    def sentence(self) -> str:
        """One line for the user."""
        were = "was" if self.aged == 1 else "were"
        old = (
            f"{number_of(self.aged, 'event')} older than {self.days} days {were} removed from the journal (`keep.days`)"
        )
        if self.aged == self.events:
            return old
        lost = f", {self.undelivered} of them not delivered everywhere" if self.undelivered else ""
        surplus = self.events - self.aged
        oldest = f"the {surplus} oldest events were removed" if surplus > 1 else "the oldest event was removed"
        return "; ".join([*([old] if self.aged else []), f"the journal is at its cap: {oldest}{lost}"])


def prune(connection: sqlite3.Connection, caps: Retention, now_micros: int, keep: int) -> Pruned:
    """Remove events over the caps, oldest first, delivered before undelivered; at most :data:`BATCH` at once.

    Running events and the one with ``seq`` ``keep`` stay. Age alone does not remove an event with open deliveries.
    Constant time while no cap is reached.
    """
    oldest = (now_micros - caps.days * _DAY_MICROS, keep, BATCH)
    doomed = dict(connection.execute(_TOO_OLD, oldest).fetchall())
    doomed |= connection.execute(_KEPT_TOO_LONG, (*oldest[:2], BATCH - len(doomed))).fetchall()
    aged = set(doomed)
    events, size = connection.execute("SELECT events, bytes FROM totals").fetchone()
    if len(doomed) < BATCH and (events - len(doomed) > caps.events or size > caps.bytes):
        doomed |= _too_many(connection, caps, (events, size), keep, BATCH - len(doomed))
    if not doomed:
        return Pruned()
    doomed = {seq: doomed[seq] for seq in touched.bounded(connection, list(doomed), _ROWS)}
    pruned = Pruned(len(doomed), sum(doomed.values()), len(aged & doomed.keys()), caps.days)
    _count_dropped(connection, doomed)
    touched.forget(connection, list(doomed))
    connection.executemany("DELETE FROM events WHERE seq = ?", [(seq,) for seq in doomed])
    connection.execute(
        "UPDATE totals SET pruned = pruned + ?, dropped = dropped + ?", (pruned.events, pruned.undelivered)
    )
    return pruned


def give_back(connection: sqlite3.Connection) -> None:
    """Return free pages to the file system, outside of a transaction."""
    # `execute` would take one step, that is, one page
    connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")


def _count_dropped(connection: sqlite3.Connection, doomed: dict[int, int]) -> None:
    """Count the open deliveries of removed events as dropped, as at the outbox's own caps."""
    lost: dict[str, int] = {}
    for seq in (seq for seq, undelivered in doomed.items() if undelivered):
        for (name,) in connection.execute(_OWED_BY, (seq,)):
            lost[name] = lost.get(name, 0) + 1
    for name, number in lost.items():
        destination_health.count_dropped(connection, name, number)


def _too_many(
    connection: sqlite3.Connection, caps: Retention, has: tuple[int, int], keep: int, most: int
) -> dict[int, int]:
    events, size = has
    surplus = max(0, events - int(caps.events * _HEADROOM)) if events > caps.events else 0
    excess = max(0, size - int(caps.bytes * _HEADROOM)) if size > caps.bytes else 0
    doomed: dict[int, int] = {}
    for seq, undelivered, length in connection.execute(_OLDEST, (keep, _LOOK, most)):
        if surplus <= 0 and excess <= 0:
            break
        doomed[seq] = undelivered
        surplus -= 1
        excess -= length
    return doomed
