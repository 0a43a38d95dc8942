"""Tokens for access to a ledger through a collector. The ledger stores only their digests."""

from __future__ import annotations

import hashlib
import secrets
import string
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.errors import LedgerError
from change_events.ledger.entries import storable
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

PREFIX = "tfel_"
"""How each of them begins, so that scanners for secrets know it."""

_LETTERS = string.ascii_letters + string.digits
_LENGTH = 43  # letters and digits, 256 bits in total
_SHAPE = lazy_pattern(rf"{PREFIX}[A-Za-z0-9]{{{_LENGTH}}}")
_LONGEST_LABEL = 200
_COLUMNS = "id, team, may_write, may_read, label, created_at, expires_at, revoked_at, last_used"
_AGAIN = "`tfevent events ledger token create` makes another one"


class TokenRefused(LedgerError):  # noqa: N818  # what is wrong, as a sentence says it
    """A token is unknown, expired or revoked; the text says which, without any part of the token."""


class Standing(msgspec.Struct, frozen=True):
    """The rights of a valid token's bearer, in one team.

    Attributes:
        token: the token's ID.
        team: the team of the token.
        may_write: may record events.
        may_read: may query events.
        expires_at: when it expires; None for never.
    """

    token: int
    team: str
    may_write: bool
    may_read: bool
    expires_at: datetime | None


class Token(msgspec.Struct, frozen=True):
    """One token as it is listed. ``last_used``: a day in UTC, such as ``2026-11-30``."""

    id: int
    team: str
    may_write: bool
    may_read: bool
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used: str | None


def create(
    connection: psycopg.Connection,
    team: str,
    *,
    may_write: bool,
    may_read: bool,
    label: str = "",
    expires_at: datetime | None = None,
) -> tuple[Token, str]:
    """Create a token; it cannot be read from the ledger afterwards.

    Args:
        connection: of the ledger's owner.
        team: the team whose events its bearer writes and reads.
        may_write: it may record events.
        may_read: it may query events; one of the two is required.
        label: description of its use.
        expires_at: when it expires.

    Returns:
        Its description, and the token itself.

    Raises:
        psycopg.Error: it was not created: the user lacks the right, or the name of the team is invalid.
    """
    token = PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    (row,) = connection.execute(
        f"INSERT INTO tfevent.tokens (team, may_write, may_read, sha256, label, expires_at) "  # noqa: S608 - names of ours
        f"VALUES (%s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}",
        (team, may_write, may_read, _digest(token), storable(label)[:_LONGEST_LABEL], expires_at),
    ).fetchall()
    return _listed(row), token


def listed(connection: psycopg.Connection) -> list[Token]:
    """Return all tokens, the oldest first. Raises psycopg.Error."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM tfevent.tokens ORDER BY id").fetchall()  # noqa: S608 - likewise
    return [_listed(row) for row in rows]


def revoke(connection: psycopg.Connection, token_id: int) -> Token | None:
    """Revoke a token, and return its description; None if it does not exist. Raises psycopg.Error."""
    row = connection.execute(
        "UPDATE tfevent.tokens SET revoked_at = coalesce(revoked_at, now()) WHERE id = %s "  # noqa: S608 - likewise
        f"RETURNING {_COLUMNS}",
        (token_id,),
    ).fetchone()
    return _listed(row) if row else None


def check(connection: psycopg.Connection, token: str) -> Standing:
    """Return the rights of a token's bearer.

    Args:
        connection: connection of a user with the role tfevent_collector, or of the owner; may be read-only.
        token: the text sent by the client, in any form.

    Raises:
        TokenRefused: it is unknown in this ledger, expired or revoked.
        psycopg.Error: the ledger does not answer, or the user lacks the right.
    """
    if _SHAPE.fullmatch(token) is None:
        raise TokenRefused(f"this is not a token of a ledger, {PREFIX}…; {_AGAIN}")
    row = connection.execute(
        "SELECT id, team, may_write, may_read, expires_at, state FROM tfevent.check_token(%s)", (_digest(token),)
    ).fetchone()
    if row is None:
        raise TokenRefused(f"this ledger does not know the token; {_AGAIN}")
    *standing, state = row
    if state == "expired":
        raise TokenRefused(f"the token has expired; {_AGAIN}")
    if state != "valid":
        raise TokenRefused(f"the token was revoked; {_AGAIN}")
    return Standing(*standing)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _listed(row: tuple[object, ...]) -> Token:
    *known, last_used = row
    values: Any = (*known, last_used and str(last_used))
    return Token(*values)
