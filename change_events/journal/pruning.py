"""Caps on the journal, so that it never fills a disk. What they remove is counted and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.journal import standing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from change_events.caps import Caps

_DAY_MICROS = 86_400 * 1_000_000
_HEADROOM = 0.95  # prune below the cap by so much that not every later run prunes again
_SOME_OPEN = "EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = e.seq AND d.state NOT IN ('delivered', 'dropped'))"

_OWED_BY = "SELECT destination FROM deliveries WHERE seq = ? AND state NOT IN ('delivered', 'dropped')"


class Pruned(msgspec.Struct, frozen=True):
    """What one pruning removed; ``undelivered`` of the ``events`` had not reached every destination."""

    events: int = 0
    undelivered: int = 0

    def sentence(self) -> str:
        """One line for the user."""
        lost = f", {self.undelivered} of them not delivered everywhere" if self.undelivered else ""
        return f"the journal is at its cap: the {self.events} oldest events were removed{lost}"


def prune(connection: sqlite3.Connection, caps: Caps, now_micros: int, keep: int) -> Pruned:
    """Remove what is over the caps, oldest first, delivered before undelivered.

    Running events and the one with ``seq`` ``keep`` stay. Constant time while no cap is reached.
    """
    doomed = _too_old(connection, now_micros - caps.days * _DAY_MICROS, keep)
    events, size = connection.execute("SELECT events, bytes FROM totals").fetchone()
    if events - len(doomed) > caps.events or size > caps.bytes:
        doomed |= _too_many(connection, caps, events, size, keep)
    if not doomed:
        return Pruned()
    pruned = Pruned(len(doomed), sum(doomed.values()))
    _count_dropped(connection, doomed)
    connection.executemany("DELETE FROM events WHERE seq = ?", [(seq,) for seq in doomed])
    connection.execute(
        "UPDATE totals SET pruned = pruned + ?, dropped = dropped + ?", (pruned.events, pruned.undelivered)
    )
    return pruned


def _count_dropped(connection: sqlite3.Connection, doomed: dict[int, int]) -> None:
    """What some destination had not got leaves with its event: counted there, as what the outbox's own caps drop."""
    lost: dict[str, int] = {}
    for seq in (seq for seq, undelivered in doomed.items() if undelivered):
        for (name,) in connection.execute(_OWED_BY, (seq,)):
            lost[name] = lost.get(name, 0) + 1
    for name, number in lost.items():
        standing.count_dropped(connection, name, number)


def _too_old(connection: sqlite3.Connection, cutoff: int, keep: int) -> dict[int, int]:
    return _as_dict(
        connection.execute(
            f"SELECT e.seq, {_SOME_OPEN} FROM events e "  # noqa: S608  # a constant of ours
            "WHERE e.started_at < ? AND e.state = 'settled' AND e.seq <> ?",
            (cutoff, keep),
        )
    )


def _too_many(connection: sqlite3.Connection, caps: Caps, events: int, size: int, keep: int) -> dict[int, int]:
    surplus = max(0, events - int(caps.events * _HEADROOM)) if events > caps.events else 0
    excess = max(0, size - int(caps.bytes * _HEADROOM)) if size > caps.bytes else 0
    doomed: dict[int, int] = {}
    for seq, undelivered, length in connection.execute(
        f"SELECT e.seq, {_SOME_OPEN} AS undelivered, length(b.body) "  # noqa: S608  # a constant of ours
        "FROM events e JOIN bodies b ON b.seq = e.seq WHERE e.state = 'settled' AND e.seq <> ? "
        "ORDER BY undelivered, e.started_at, e.seq",
        (keep,),
    ):
        if surplus <= 0 and excess <= 0:
            break
        doomed[seq] = undelivered
        surplus -= 1
        excess -= length
    return doomed


def _as_dict(rows: Iterable[tuple[int, int]]) -> dict[int, int]:
    return dict(rows)
