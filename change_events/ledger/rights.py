"""Checks why a database user cannot record or read all events of a team: missing rights, or a read-only ledger.

Each check runs in a transaction of that user. Nothing is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    import psycopg

READ_ONLY, DENIED = "25006", "42501"
"""What is found, as the SQLSTATE with which recording or reading would fail."""

MAY_READ: LiteralString = """
    SELECT NOT row_security_active('tfevent.events') OR pg_has_role('tfevent_owner', 'USAGE')
        OR tfevent.teams('read') && ARRAY[%(team)s::text, '*']
"""
"""Whether a user is shown events of a team."""

# The order matters: a user without the right to record may not be allowed to list teams either.
_TO_WRITE: tuple[LiteralString, ...] = (
    "SELECT has_function_privilege('tfevent.record_events(text, jsonb, bytea[])', 'EXECUTE')",
    """
        SELECT pg_has_role(session_user, 'tfevent_owner', 'MEMBER')
            OR CASE WHEN %(team)s::text IS NULL THEN cardinality(tfevent.teams('write')) > 0
                ELSE tfevent.teams('write') && ARRAY[%(team)s::text, '*'] END
    """,
)
_TO_READ: tuple[LiteralString, ...] = ("SELECT has_table_privilege('tfevent.events', 'SELECT')", MAY_READ)


def against_writing(connection: psycopg.Connection, team: str | None) -> str | None:
    """Return why no event of a team (None: of any team) could be recorded; None if no obstacle is known."""
    ((read_only,),) = connection.execute("SELECT current_setting('transaction_read_only')::boolean").fetchall()
    return READ_ONLY if read_only else _denied(connection, _TO_WRITE, team)


def against_reading(connection: psycopg.Connection, team: str) -> str | None:
    """Return why no event of a team could be read; None if no obstacle is known."""
    return _denied(connection, _TO_READ, team)


def _denied(connection: psycopg.Connection, questions: tuple[LiteralString, ...], team: str | None) -> str | None:
    for question in questions:
        ((allowed,),) = connection.execute(question, {"team": team}).fetchall()
        if not allowed:
            return DENIED
    return None
