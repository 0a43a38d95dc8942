"""Caps on the outbox: the oldest deliveries are dropped, remain visible as ``dropped``, and are counted.

Count and size are enforced when an event is enqueued. Age is not: an old delivery is dropped only while its destination
keeps failing. A parked delivery waits for a person, and is dropped after the same time. Ages do not use the wall clock
(:mod:`change_events.journal.lifetime`): a wrong clock must not empty an outbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.journal import destination_health, lifetime

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from change_events.model.retention import Retention

FAILURES = 3  # turns in a row after which age counts
_OWED = "destination = ? AND state IN ('waiting', 'leased', 'parked')"
_SUMS = f"SELECT count(*), coalesce(sum(size), 0) FROM deliveries WHERE {_OWED}"  # noqa: S608  # a constant of ours
_OLDEST = (
    f"SELECT position, size FROM deliveries WHERE {_OWED} "  # noqa: S608  # a constant of ours
    "AND state <> 'leased' AND seq <> ? ORDER BY position"
)


def hold_caps(
    connection: sqlite3.Connection, caps: Retention, now: float, names: Iterable[str], keep: int
) -> list[str]:
    """Drop the oldest deliveries over the caps at these destinations, but never the event with ``seq`` ``keep``.

    Returns:
        A sentence for each destination with dropped deliveries.
    """
    sentences = []
    oldest = lifetime.advance(connection, now) - caps.owed_days * lifetime.DAY
    for name in dict.fromkeys(names):
        surplus = _surplus(connection, caps, name, keep)
        if surplus:
            _drop(connection, name, surplus, "its outbox was at its cap")
            sentences.append(f"the outbox of {name} is at its cap: {_deliveries(len(surplus))} dropped, oldest first")
        forgotten = _older(connection, "parked", name, oldest)
        if forgotten:
            _drop(connection, name, forgotten, f"it was parked for {caps.owed_days} days")
            dropped = f"{_deliveries(len(forgotten))} dropped that had been parked for {caps.owed_days} days"
            sentences.append(f"the outbox of {name}: {dropped}")
    return sentences


def give_up_old(connection: sqlite3.Connection, caps: Retention, now: float, name: str, failures: int) -> str | None:
    """Drop deliveries to ``name`` that waited too long, after ``failures`` in a row; returns a sentence if any."""
    if failures < FAILURES:
        return None
    oldest = lifetime.advance(connection, now) - caps.owed_days * lifetime.DAY
    old = _older(connection, "waiting", name, oldest)
    if not old:
        return None
    _drop(connection, name, old, f"it waited for {caps.owed_days} days, and the destination kept failing")
    return f"the outbox of {name}: {_deliveries(len(old))} dropped that had waited for {caps.owed_days} days"


def _surplus(connection: sqlite3.Connection, caps: Retention, name: str, keep: int) -> list[int]:
    number, size = connection.execute(_SUMS, (name,)).fetchone()
    doomed: list[int] = []
    if number <= caps.owed and size <= caps.owed_bytes:
        return doomed
    for position, length in connection.execute(_OLDEST, (name, keep)):
        if number <= caps.owed and size <= caps.owed_bytes:
            break
        doomed.append(position)
        number -= 1
        size -= length
    return doomed


def _older(connection: sqlite3.Connection, state: str, name: str, oldest: float) -> list[int]:
    rows = connection.execute(
        "SELECT position FROM deliveries WHERE destination = ? AND state = ? AND lived < ?", (name, state, oldest)
    )
    return [position for (position,) in rows]


def _drop(connection: sqlite3.Connection, name: str, positions: Sequence[int], reason: str) -> None:
    connection.executemany(
        "UPDATE deliveries SET state = 'dropped', reason = ?, next_at = 0 WHERE position = ?",
        [(reason, position) for position in positions],
    )
    destination_health.count_dropped(connection, name, len(positions))


def _deliveries(number: int) -> str:
    return f"{number} {'delivery was' if number == 1 else 'deliveries were'}"
