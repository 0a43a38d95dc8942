"""The tables, and the migrations of older files.

``PRAGMA user_version`` counts the migrations of a file. A migration is a tuple of statements (triggers contain
semicolons, so no script is split); it is never edited once released, only followed by another one.

Bodies and search text are separate from the listed columns: listing reads short rows only. They are stored
uncompressed: anyone can check with ``grep`` that no secret is in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.errors import JournalError
from change_events.journal.listing import INDEXED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_OURS = {"events", "bodies", "deliveries"}  # tables of every version
_FIRST = (
    """CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL CHECK (state IN ('started', 'settled')),
        started_at INTEGER NOT NULL,
        ended_at INTEGER,
        kind TEXT NOT NULL,
        phase TEXT NOT NULL,
        outcome TEXT,
        severity TEXT NOT NULL,
        environment TEXT,
        service TEXT,
        tool TEXT,
        title TEXT NOT NULL
    )""",
    "CREATE INDEX events_by_start ON events (started_at, seq)",
    "CREATE INDEX events_running ON events (started_at, seq) WHERE state = 'started'",
    """CREATE TABLE bodies (
        seq INTEGER PRIMARY KEY REFERENCES events ON DELETE CASCADE,
        search TEXT NOT NULL,
        body BLOB NOT NULL
    )""",
    """CREATE TABLE deliveries (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        seq INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
        destination TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'delivered', 'parked')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_at REAL NOT NULL DEFAULT 0,
        lease TEXT,
        lease_until REAL NOT NULL DEFAULT 0,
        reason TEXT,
        UNIQUE (seq, destination)
    )""",
    """CREATE INDEX deliveries_open ON deliveries (destination, position)
        WHERE state IN ('waiting', 'leased')""",
    "CREATE INDEX deliveries_undelivered ON deliveries (seq) WHERE state <> 'delivered'",
    "CREATE INDEX deliveries_by_state ON deliveries (destination, state)",
    # Running totals, so that no write counts 100,000 rows to know whether a cap is reached.
    "CREATE TABLE totals (events INTEGER, bytes INTEGER, pruned INTEGER, dropped INTEGER)",
    "INSERT INTO totals VALUES (0, 0, 0, 0)",
    """CREATE TRIGGER body_added AFTER INSERT ON bodies BEGIN
        UPDATE totals SET events = events + 1, bytes = bytes + length(new.body); END""",
    """CREATE TRIGGER body_changed AFTER UPDATE OF body ON bodies BEGIN
        UPDATE totals SET bytes = bytes + length(new.body) - length(old.body); END""",
    """CREATE TRIGGER body_removed AFTER DELETE ON bodies BEGIN
        UPDATE totals SET events = events - 1, bytes = bytes - length(old.body); END""",
)

# Links between runs, the hosts a playbook met, and senders' own keys.
_LINKS = (
    "ALTER TABLE events ADD COLUMN run TEXT",
    "ALTER TABLE events ADD COLUMN parent TEXT",
    "ALTER TABLE events ADD COLUMN key TEXT",
    "CREATE INDEX events_by_run ON events (run) WHERE run IS NOT NULL",
    "CREATE INDEX events_by_parent ON events (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX events_by_key ON events (key, started_at) WHERE key IS NOT NULL",
    """CREATE TABLE hosts (
        host TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
        PRIMARY KEY (host, seq)
    ) WITHOUT ROWID""",
    "CREATE INDEX hosts_by_event ON hosts (seq)",
)

# How each destination is doing, and a state for deliveries that a cap has given up. A CHECK cannot be altered, so the
# deliveries move to a new table; positions go on from where they were, because processes may hold old ones.
_DESTINATIONS = (
    """CREATE TABLE destinations (
        name TEXT PRIMARY KEY,
        failures INTEGER NOT NULL DEFAULT 0,
        failed_at REAL NOT NULL DEFAULT 0,
        due_at REAL NOT NULL DEFAULT 0,
        reason TEXT,
        busy_until REAL NOT NULL DEFAULT 0,
        dropped INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    "ALTER TABLE deliveries RENAME TO deliveries_before",
    """CREATE TABLE deliveries (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        seq INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
        destination TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'delivered', 'parked', 'dropped')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_at REAL NOT NULL DEFAULT 0,
        lease TEXT,
        leased_at REAL NOT NULL DEFAULT 0,
        lease_until REAL NOT NULL DEFAULT 0,
        reason TEXT,
        since REAL NOT NULL,
        size INTEGER NOT NULL,
        UNIQUE (seq, destination)
    )""",
    """INSERT INTO sqlite_sequence (name, seq)
        SELECT 'deliveries', seq FROM sqlite_sequence WHERE name = 'deliveries_before'""",
    """INSERT INTO deliveries (position, seq, destination, state, attempts, next_at, reason, since, size)
        SELECT d.position, d.seq, d.destination, d.state, d.attempts, d.next_at, d.reason,
            CAST(strftime('%s', 'now') AS REAL), length(b.body)
        FROM deliveries_before d JOIN bodies b ON b.seq = d.seq""",
    "DROP TABLE deliveries_before",
    """CREATE INDEX deliveries_open ON deliveries (destination, position)
        WHERE state IN ('waiting', 'leased')""",
    """CREATE INDEX deliveries_owed ON deliveries (destination, position)
        WHERE state IN ('waiting', 'leased', 'parked')""",
    "CREATE INDEX deliveries_undelivered ON deliveries (seq) WHERE state <> 'delivered'",
    "CREATE INDEX deliveries_by_state ON deliveries (destination, state, size)",
)

# The start and the end of one event can be delivered to a destination: two deliveries. `handle` is the backend's own
# name of what the start became there. A UNIQUE cannot be altered either.
_STAGES = (
    "ALTER TABLE deliveries RENAME TO deliveries_before",
    """CREATE TABLE deliveries (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        seq INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
        destination TEXT NOT NULL,
        stage TEXT NOT NULL DEFAULT 'settled' CHECK (stage IN ('started', 'settled')),
        state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'delivered', 'parked', 'dropped')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_at REAL NOT NULL DEFAULT 0,
        lease TEXT,
        leased_at REAL NOT NULL DEFAULT 0,
        lease_until REAL NOT NULL DEFAULT 0,
        reason TEXT,
        since REAL NOT NULL,
        size INTEGER NOT NULL,
        handle TEXT,
        UNIQUE (seq, destination, stage)
    )""",
    """INSERT INTO sqlite_sequence (name, seq)
        SELECT 'deliveries', seq FROM sqlite_sequence WHERE name = 'deliveries_before'""",
    """INSERT INTO deliveries (position, seq, destination, state, attempts, next_at, lease, leased_at, lease_until,
            reason, since, size)
        SELECT position, seq, destination, state, attempts, next_at, lease, leased_at, lease_until, reason, since, size
        FROM deliveries_before""",
    "DROP TABLE deliveries_before",
    """CREATE INDEX deliveries_open ON deliveries (destination, position)
        WHERE state IN ('waiting', 'leased')""",
    """CREATE INDEX deliveries_owed ON deliveries (destination, position)
        WHERE state IN ('waiting', 'leased', 'parked')""",
    "CREATE INDEX deliveries_undelivered ON deliveries (seq) WHERE state <> 'delivered'",
    "CREATE INDEX deliveries_by_state ON deliveries (destination, state, size)",
    """CREATE INDEX deliveries_begun ON deliveries (destination)
        WHERE stage = 'started' AND state IN ('waiting', 'leased', 'parked')""",
)

# Until when the destination itself asked to be left alone: no one shortens that, though a person may shorten our waits.
_ASKED = ("ALTER TABLE destinations ADD COLUMN asked_until REAL NOT NULL DEFAULT 0",)

# Events that were recorded while a settings file had mistakes, so that it was not known where they go.
_UNROUTED = (
    """CREATE TABLE unrouted (
        seq INTEGER NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
        file TEXT NOT NULL,
        wanted TEXT,
        PRIMARY KEY (seq, file)
    ) WITHOUT ROWID""",
)

# Ages that no wrong clock leaps over (:mod:`change_events.journal.lifetime`): of the journal, and of each delivery that
# waits or is parked. What waited before counts from here on.
_LIFETIME = (
    "ALTER TABLE totals ADD COLUMN lived REAL NOT NULL DEFAULT 0",
    "ALTER TABLE totals ADD COLUMN seen_at REAL NOT NULL DEFAULT 0",
    "ALTER TABLE deliveries ADD COLUMN lived REAL NOT NULL DEFAULT 0",
)

# What was changed of which thing (:mod:`change_events.journal.touched`). `indexed` has a row for each event whose
# changes are in `touched`; those of an older file are added later, in steps: `totals.unindexed` says whether any lack.
_TOUCHED = (
    "CREATE TABLE stacks (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)",
    """CREATE TABLE things (
        id INTEGER PRIMARY KEY,
        stack INTEGER NOT NULL,
        address TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('resource', 'host')),
        type TEXT,
        UNIQUE (stack, address)
    )""",
    "CREATE INDEX things_by_address ON things (address)",
    "CREATE INDEX things_by_type ON things (stack, type)",
    """CREATE TABLE touched (
        thing INTEGER NOT NULL REFERENCES things ON DELETE CASCADE,
        path TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
        action TEXT NOT NULL,
        outcome TEXT NOT NULL,
        before TEXT,
        after TEXT,
        PRIMARY KEY (thing, path, seq)
    ) WITHOUT ROWID""",
    "CREATE INDEX touched_by_event ON touched (seq)",
    """CREATE TABLE moves (
        stack INTEGER NOT NULL,
        new TEXT NOT NULL,
        old TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
        PRIMARY KEY (stack, new, old, seq)
    ) WITHOUT ROWID""",
    "CREATE INDEX moves_by_old ON moves (stack, old)",
    "CREATE INDEX moves_by_event ON moves (seq)",
    """CREATE TABLE names (
        name TEXT NOT NULL,
        thing INTEGER NOT NULL REFERENCES things ON DELETE CASCADE,
        PRIMARY KEY (name, thing)
    ) WITHOUT ROWID""",
    "CREATE INDEX names_by_thing ON names (thing)",
    """CREATE TABLE indexed (
        seq INTEGER PRIMARY KEY REFERENCES events ON DELETE CASCADE,
        stack INTEGER NOT NULL,
        size INTEGER NOT NULL
    )""",
    "CREATE INDEX indexed_by_stack ON indexed (stack, seq)",
    "ALTER TABLE totals ADD COLUMN touched INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE totals ADD COLUMN unindexed INTEGER NOT NULL DEFAULT 0",
    "UPDATE totals SET unindexed = events > 0",
    """CREATE TRIGGER indexed_added AFTER INSERT ON indexed BEGIN
        UPDATE totals SET touched = touched + new.size; END""",
    """CREATE TRIGGER indexed_removed AFTER DELETE ON indexed BEGIN
        UPDATE totals SET touched = touched - old.size; END""",
)

# Events by the plan file that they saved or applied.
_PLANS = (
    """CREATE TABLE plans (
        digest TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
        PRIMARY KEY (digest, seq)
    ) WITHOUT ROWID""",
    "CREATE INDEX plans_by_event ON plans (seq)",
)

# The last run of each stack that found nothing to change (:mod:`change_events.journal.baselines`).
_BASELINES = (
    """CREATE TABLE baselines (
        stack TEXT NOT NULL,
        scope TEXT NOT NULL,
        at INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (stack, scope)
    ) WITHOUT ROWID""",
)

# Events made of history (:mod:`change_events.journal.backfilled`). Their `seq` is below zero, in the order of time.
_BACKFILLED = (
    """CREATE TABLE backfilled (
        seq INTEGER PRIMARY KEY REFERENCES events ON DELETE CASCADE,
        version TEXT NOT NULL,
        source TEXT NOT NULL,
        place TEXT NOT NULL,
        spans INTEGER NOT NULL,
        at INTEGER NOT NULL,
        UNIQUE (version, place)
    )""",
    "CREATE INDEX backfilled_by_place ON backfilled (source, place)",
)

# The last drift check of each directory (:mod:`change_events.journal.drift_checks`).
_DRIFT_CHECKS = (
    """CREATE TABLE drift_checks (
        directory TEXT NOT NULL,
        workspace TEXT NOT NULL,
        checked_at REAL NOT NULL,
        known_at REAL,
        clean_at REAL,
        revision INTEGER NOT NULL,
        terms TEXT NOT NULL,
        reason TEXT,
        drift BLOB NOT NULL,
        PRIMARY KEY (directory, workspace)
    ) WITHOUT ROWID""",
    "CREATE TABLE drift_notices (notice TEXT PRIMARY KEY, day TEXT NOT NULL) WITHOUT ROWID",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _LINKS,
    _DESTINATIONS,
    _STAGES,
    _ASKED,
    _UNROUTED,
    _LIFETIME,
    _TOUCHED,
    _PLANS,
    _BASELINES,
    _BACKFILLED,
    _DRIFT_CHECKS,
)


# For listing. Apart from the migrations: to make them for a million events takes seconds, which no run shall wait for.
_LISTED = {
    f"events_by_{name}": f"CREATE INDEX IF NOT EXISTS events_by_{name} ON events ({name}, started_at)"
    for name in INDEXED
}
_LARGE = 20_000  # events


def version(connection: sqlite3.Connection) -> int:
    """Return the number of migrations of this file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, path: str, migrations: Sequence[tuple[str, ...]] = MIGRATIONS) -> None:
    """Migrate the file to the newest schema, in one transaction.

    Raises:
        JournalError: the file was written by a newer tfevent; it stays unchanged.
    """
    if version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _advance(connection, path, migrations)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check(connection: sqlite3.Connection, path: str) -> bool:
    """Return whether the file is empty; otherwise check that its schema is current.

    Raises:
        JournalError: it has another schema than this version's.
    """
    done = version(connection)
    if done == len(MIGRATIONS):
        return False
    if not done and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        return True
    refuse(connection, path)
    raise JournalError(
        f"journal {path}: written by an older tfevent (schema {done}, this one reads {len(MIGRATIONS)}); "
        "`tfevent events list` brings it up to date"
    )


def make_indexes(connection: sqlite3.Connection, *, large: bool) -> None:
    """Create missing indexes; those of a file with many events only with ``large``."""
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    missing = [statement for name, statement in _LISTED.items() if name not in there]
    if missing and (large or connection.execute("SELECT events FROM totals").fetchone()[0] <= _LARGE):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in missing:
                connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _advance(connection: sqlite3.Connection, path: str, migrations: Sequence[tuple[str, ...]]) -> None:
    done = version(connection)  # again: another process may have migrated while we waited for the lock
    refuse(connection, path, migrations)
    for statements in migrations[done:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(migrations)}")


def refuse(connection: sqlite3.Connection, path: str, migrations: Sequence[tuple[str, ...]] = MIGRATIONS) -> None:
    """Raise JournalError for a file of a newer version or of another program; nothing is written."""
    done = version(connection)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not tables >= _OURS if done else tables:
        raise JournalError(f"journal {path}: it is the database of another program; set TFEVENT_JOURNAL to a new file")
    if done > len(migrations):
        raise JournalError(
            f"journal {path}: written by a newer tfevent (schema {done}, this one knows {len(migrations)}); "
            "upgrade tfevent, or set TFEVENT_JOURNAL to another file"
        )
