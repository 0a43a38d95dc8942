"""The versions of the schema, and the migration of older ledgers.

Table ``tfevent.schema`` has a row for each migration. A migration is a tuple of statements; it is never edited once
released, only followed by another one. New columns are nullable or have a default, and the function that records takes
the entries of the version before: an older writer keeps working for one minor version of tfevent.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from change_events.errors import LedgerError
from change_events.ledger import (
    batch_function,
    months,
    prune_function,
    record_function,
    removing_functions,
    roles,
    tables,
    text_function,
    token_tables,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

_LOCK = 7_233_172  # key of an advisory lock
_MONTHS_AHEAD = 3


class Migration(NamedTuple):
    """Statements, and the oldest schema version that a writer must know after them."""

    statements: tuple[str, ...]
    oldest_writer: int = 1


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        (
            *tables.STATEMENTS,
            *roles.FUNCTIONS,
            *months.STATEMENTS,
            *record_function.STATEMENTS,
            *prune_function.STATEMENTS,
            *roles.GRANTS,
        )
    ),
    Migration(token_tables.STATEMENTS),
    Migration(text_function.STATEMENTS),
    Migration(batch_function.STATEMENTS),
    Migration(removing_functions.STATEMENTS),
)

_BEGIN = (
    *roles.BEFORE,
    f"CREATE SCHEMA IF NOT EXISTS tfevent AUTHORIZATION {roles.OWNER}",
    f"SET LOCAL ROLE {roles.OWNER}",
    """CREATE TABLE IF NOT EXISTS tfevent.schema (
        version integer PRIMARY KEY,
        oldest_writer integer NOT NULL,
        at timestamptz NOT NULL DEFAULT now()
    )""",
)
_NO_VERSION = (
    "the tables of a ledger are there, but tfevent.schema, which has their version, is empty: restore its rows from a "
    "backup, or execute INSERT INTO tfevent.schema (version, oldest_writer) VALUES ({0}, 1) if the last `tfevent "
    "events ledger init` was that of this version"
)
_AGAIN = (*roles.BEFORE, f"SET LOCAL ROLE {roles.OWNER}")  # a newer version may add a role


class Trouble(Enum):
    """Why a version of tfevent cannot use a ledger: there is none, or its version is unsupported."""

    MISSING = auto()
    NEWER = auto()
    OLDER = auto()


class Version(NamedTuple):
    """The version of a ledger: its schema (0 if there is none), and the oldest one a writer must know."""

    schema: int
    oldest_writer: int

    def trouble(self, oldest: int = 1) -> Trouble | None:
        """Return why this tfevent cannot use it; ``oldest``: the oldest schema that supports the operation."""
        if not self.schema:
            return Trouble.MISSING
        if self.oldest_writer > len(MIGRATIONS):
            return Trouble.NEWER
        return Trouble.OLDER if self.schema < oldest else None


def version(connection: psycopg.Connection) -> Version:
    """Return the version of the ledger in this database."""
    if not _exists(connection, "tfevent.schema"):
        return Version(0, 0)
    row = connection.execute(
        "SELECT version, oldest_writer FROM tfevent.schema ORDER BY version DESC LIMIT 1"
    ).fetchone()
    return Version(*row) if row else Version(0, 0)


def _exists(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return bool(row and row[0])


def check_writable(connection: psycopg.Connection, shown: str) -> None:
    """Raise LedgerError if this tfevent cannot write to the ledger. ``shown``: its URL without a password."""
    found = version(connection)
    trouble = found.trouble()
    if trouble is Trouble.MISSING:
        raise LedgerError(
            f"ledger {shown}: there is no ledger in this database; `tfevent events ledger init` makes one"
        )
    if trouble is Trouble.NEWER:
        raise LedgerError(
            f"ledger {shown}: a newer tfevent made it (schema {found.schema}, this one knows {len(MIGRATIONS)}), and "
            "it does not take this one's events; upgrade tfevent"
        )


def migrate(connection: psycopg.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> tuple[int, int]:
    """Migrate the ledger to the newest schema, in one transaction, and create the partitions of the next months.

    Args:
        connection: connection of the ledger's owner.
        migrations: all migrations, in order.

    Returns:
        The version before and after.

    Raises:
        LedgerError: a newer tfevent created it, or the database is unsuitable.
        psycopg.Error: a statement failed; nothing was changed.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        _check_database(connection)
        before = version(connection).schema
        if before > len(migrations):
            raise LedgerError(
                f"the ledger was made by a newer tfevent (schema {before}, this one knows {len(migrations)}); "
                "upgrade tfevent"
            )
        if not before and _exists(connection, "tfevent.events"):
            raise LedgerError(_NO_VERSION.format(len(migrations)))
        for statement in _AGAIN if before else _BEGIN:
            connection.execute(statement)
        for number, migration in enumerate(migrations[before:], before + 1):
            for statement in migration.statements:
                connection.execute(statement)
            connection.execute(
                "INSERT INTO tfevent.schema (version, oldest_writer) VALUES (%s, %s)",
                (number, migration.oldest_writer),
            )
        connection.execute("SELECT tfevent.months_ahead(%s)", (_MONTHS_AHEAD,))
        connection.execute("RESET ROLE")  # the caller's transaction continues, and the owner may not create extensions
    return before, len(migrations)


def make_text_index(connection: psycopg.Connection) -> bool:
    """Create the index of parts of texts; return whether it exists, since the extension pg_trgm may be forbidden."""
    import psycopg

    try:
        with connection.transaction():
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            connection.execute(
                "CREATE INDEX IF NOT EXISTS bodies_by_text ON tfevent.bodies USING gin (search gin_trgm_ops)"
            )
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject, psycopg.errors.FeatureNotSupported,
            psycopg.errors.UndefinedFile):  # fmt: skip
        return False
    return True


def _check_database(connection: psycopg.Connection) -> None:
    encoding, number = connection.execute(
        "SELECT current_setting('server_encoding'), current_setting('server_version_num')::integer"
    ).fetchone() or ("", 0)
    if encoding != "UTF8":
        raise LedgerError(
            f"the database has the encoding {encoding}; a ledger needs UTF8 (CREATE DATABASE … ENCODING 'UTF8')"
        )
    if number < 130_000:  # noqa: PLR2004 - xid8 came with 13
        raise LedgerError(f"PostgreSQL {number // 10_000} is too old; a ledger needs 13 or newer")
