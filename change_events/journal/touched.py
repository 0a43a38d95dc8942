"""Records what each event changed of which resource or host; older events are indexed in steps.

Plain functions inside the caller's transaction. Reading is in :mod:`change_events.journal.touched_reads`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.journal.touched_rows import Rows, rows_of
from change_events.model.stack import stack_key

if TYPE_CHECKING:
    import sqlite3

    from change_events.journal.touched_rows import Thing
    from change_events.model import ChangeEvent

MOST_IN_ALL = 1_000_000  # rows, about 100 MB with their indexes
STEP = 200  # older events in one transaction
_BATCH = 50  # events whose rows one write removes at most
_MISSING = (
    "SELECT e.seq, b.body FROM events e JOIN bodies b ON b.seq = e.seq WHERE e.state = 'settled' AND e.seq < ? "
    "AND NOT EXISTS (SELECT 1 FROM indexed i WHERE i.seq = e.seq) ORDER BY e.seq DESC LIMIT ?"
)
_TABLES = ("touched", "moves", "plans", "indexed")


def record(connection: sqlite3.Connection, seq: int, event: ChangeEvent, *, most: int = MOST_IN_ALL) -> None:
    """Write the rows of a settled event, replacing those of an earlier settling."""
    _forget(connection, [seq])
    _insert(connection, seq, event)
    _hold_cap(connection, most, seq)


def forget(connection: sqlite3.Connection, seqs: list[int]) -> None:
    """Remove the rows of events that are about to be pruned, and things without any rows left."""
    things: set[int] = set()
    for seq in seqs:
        things |= {thing for (thing,) in connection.execute("SELECT thing FROM touched WHERE seq = ?", (seq,))}
    _forget(connection, seqs)
    connection.executemany(
        "DELETE FROM things WHERE id = ? AND NOT EXISTS (SELECT 1 FROM touched t WHERE t.thing = things.id)",
        [(thing,) for thing in things],
    )


def bounded(connection: sqlite3.Connection, seqs: list[int], most: int) -> list[int]:
    """Return the first of these events, at least one, that have at most ``most`` rows together."""
    rows = 0
    for place, seq in enumerate(seqs):
        rows += (connection.execute("SELECT size FROM indexed WHERE seq = ?", (seq,)).fetchone() or (0,))[0]
        if rows > most:
            return seqs[: max(place, 1)]
    return seqs


def index_step(connection: sqlite3.Connection, before: int, *, step: int = STEP, most: int = MOST_IN_ALL) -> int | None:
    """Write the rows of some events recorded by an older version, newest first.

    Args:
        connection: inside a transaction.
        before: only events below this ``seq``.
        step: maximum number of events.
        most: maximum number of rows; the rest is omitted.

    Returns:
        The ``before`` of the next step; None when nothing is left to do.
    """
    unindexed, touched = connection.execute("SELECT unindexed, touched FROM totals").fetchone()
    rows = connection.execute(_MISSING, (before, step)).fetchall() if unindexed and touched < most else []
    if not rows:
        connection.execute("UPDATE totals SET unindexed = 0 WHERE unindexed <> 0")
        return None
    import msgspec

    from change_events.redact.sealing import unseal

    for seq, body in rows:
        try:
            event = unseal(bytes(body)).event
        except msgspec.DecodeError:
            connection.execute("INSERT INTO indexed (seq, stack, size) VALUES (?, 0, 0)", (seq,))
            continue
        _insert(connection, seq, event)
    return int(rows[-1][0])


def _insert(connection: sqlite3.Connection, seq: int, event: ChangeEvent) -> None:
    rows = _rows(event)
    stack = _stack_id(connection, stack_key(event)) if rows.rows else 0
    ids = _thing_ids(connection, stack, {row.thing: None for row in rows.rows})
    connection.executemany(
        "INSERT INTO touched (thing, path, seq, action, outcome, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(ids[row.thing], row.path, seq, *row[2:]) for row in rows.rows],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO moves (stack, new, old, seq) VALUES (?, ?, ?, ?)",
        [(stack, new, old, seq) for new, old in rows.moves],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO names (name, thing) VALUES (?, ?)",
        [(name, ids[thing]) for name, thing in rows.names if thing in ids],
    )
    if event.tool and event.tool.plan:
        connection.execute("INSERT INTO plans (digest, seq) VALUES (?, ?)", (event.tool.plan, seq))
    connection.execute("INSERT INTO indexed (seq, stack, size) VALUES (?, ?, ?)", (seq, stack, len(rows.rows)))


def _rows(event: ChangeEvent) -> Rows:
    try:
        return rows_of(event)
    except Exception:  # noqa: BLE001 - an odd event must not be lost because its past cannot be asked for
        return Rows([], [], [])


def _stack_id(connection: sqlite3.Connection, key: str) -> int:
    connection.execute("INSERT OR IGNORE INTO stacks (key) VALUES (?)", (key,))
    return int(connection.execute("SELECT id FROM stacks WHERE key = ?", (key,)).fetchone()[0])


def _thing_ids(connection: sqlite3.Connection, stack: int, things: dict[Thing, None]) -> dict[Thing, int]:
    ids = {}
    for thing in things:
        key = (stack if thing.kind == "resource" else 0, thing.address)
        row = connection.execute("SELECT id FROM things WHERE stack = ? AND address = ?", key).fetchone()
        if row is None:
            ids[thing] = (
                connection.execute(
                    "INSERT INTO things (stack, address, kind, type) VALUES (?, ?, ?, ?)",
                    (*key, thing.kind, thing.type),
                ).lastrowid
                or 0
            )
        else:
            ids[thing] = int(row[0])
    return ids


def _forget(connection: sqlite3.Connection, seqs: list[int]) -> None:
    for table in _TABLES:
        connection.executemany(f"DELETE FROM {table} WHERE seq = ?", [(seq,) for seq in seqs])  # noqa: S608  # of ours


def _hold_cap(connection: sqlite3.Connection, most: int, keep: int) -> None:
    """Remove the rows of the oldest events while there are too many rows."""
    (touched,) = connection.execute("SELECT touched FROM totals").fetchone()
    if touched <= most:
        return
    doomed = []
    for seq, size in connection.execute(
        "SELECT seq, size FROM indexed WHERE seq <> ? ORDER BY seq LIMIT ?", (keep, _BATCH)
    ):
        if touched <= most:
            break
        doomed.append(int(seq))
        touched -= size
    forget(connection, doomed)
