"""What keeps a user of the database from recording or reading all events of a team: rights, or a read-only ledger.

Each question is asked within a transaction of that user. Nothing is recorded.
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

# In their order: who may not execute the function that records may not always execute the one that names the teams.
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
    """Why no event of a team (None: of any team at all) would be recorded; None where nothing is known against it."""
    ((read_only,),) = connection.execute("SELECT current_setting('transaction_read_only')::boolean").fetchall()
    return READ_ONLY if read_only else _denied(connection, _TO_WRITE, team)


def against_reading(connection: psycopg.Connection, team: str) -> str | None:
    """Why no event of a team would be shown; None likewise."""
    return _denied(connection, _TO_READ, team)


def _denied(connection: psycopg.Connection, questions: tuple[LiteralString, ...], team: str | None) -> str | None:
    for question in questions:
        ((allowed,),) = connection.execute(question, {"team": team}).fetchall()
        if not allowed:
            return DENIED
    return None
