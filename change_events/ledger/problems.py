"""Errors of PostgreSQL as one sentence a user can act on, without passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.destinations.shared.postgres_rejections import Rejection, rejection_of
from change_events.errors import LedgerError
from change_events.journal.errors import JournalTooSlow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from change_events.ledger.schema import Version


class LedgerTooSlow(LedgerError, JournalTooSlow):  # noqa: N818  # what is wrong, as a sentence says it
    """An answer exceeded its time limit."""


class NotInLedger(LedgerError):  # noqa: N818  # as above
    """The requested data exists only in a journal."""


class NoTeamToRead(LedgerError):  # noqa: N818  # as above
    """The user of the ledger may read the events of no team."""


class EventGone(LedgerError):  # noqa: N818  # as above
    """An event was removed after it was listed."""


class LedgerSilent(LedgerTooSlow):
    """The server did not respond."""


_INIT = "`tfevent events ledger init` makes one"
_SILENT = (
    "the server did not answer in time; try again, and see whether it, or a pooler or proxy before it, still works"
)
TOO_LONG = "the answer took too long and was broken off; ask for less, e.g. since a later time"
_OF_USER = "check user and password; PGPASSWORD or ~/.pgpass keep one"
_REMEDIES = {
    Rejection.STARTING: "try again in a moment",
    Rejection.CONNECTIONS: "try again, or use a pooler such as pgbouncer",
    Rejection.USER: _OF_USER,
    Rejection.NO_ENTRY: "the server has to allow this user from here, in pg_hba.conf",
    Rejection.NO_LOGIN: _OF_USER,
    Rejection.DATABASE: "check its name: the server does not have this database, or forbids it",
    Rejection.PARAMETER: "leave it out of the address: a pooler does not pass it on",
    Rejection.TLS: "check sslmode and sslrootcert in the address",
    Rejection.OTHER: "check host and port, and that the server runs and may be reached from here",
}
_CANCELLED = "57014"
_BY_STATE = {
    "42501": "this user may not read it: `tfevent events ledger init --team NAME` says what to grant",
    "3F000": f"there is no ledger in this database; {_INIT}",
    "42P01": f"there is no ledger in this database, or a part of it is missing; {_INIT}",
    "42703": "its schema is not the one that this tfevent reads; `tfevent events ledger status` says which it has",
    "53200": "the server is out of memory; ask for less, or try again",
    "53100": "the disk of the server is full",
}
_CLASSES = {
    "57P": "the server ended the connection; try again",
    "08": "the connection was lost; try again",
    "53": "the server is overloaded; try again",
}
_LONGEST = 300


def no_team(shown: str, team: str | None = None) -> NoTeamToRead:
    """Return the error for a user who may not read any team, or not this one; ``shown`` as in :func:`refused`."""
    what = f"may not read the events of team {team}" if team else "may read no team's events"
    return NoTeamToRead(
        f"ledger {shown}: this user {what}; `tfevent events ledger init --team NAME` says what to grant"
    )


def refused(error: psycopg.Error, shown: str) -> LedgerError:
    """Return the error for a failed connection.

    Args:
        error: the error of the driver.
        shown: the ledger's URL without a password.
    """
    text = _sentence(error)
    return LedgerError(f"ledger {shown}: {text}; {_REMEDIES[rejection_of(text)]}")


def silent(shown: str) -> LedgerTooSlow:
    """Return the error for a silent server; ``shown`` as in :func:`refused`."""
    return LedgerSilent(f"ledger {shown}: {_SILENT}")


def explain(error: psycopg.Error, shown: str, remedies: Mapping[str, str] | None = None) -> LedgerError:
    """Return the error for a failed statement.

    Args:
        error: the error of the driver.
        shown: the ledger's URL without a password.
        remedies: SQLSTATE → remedy, instead of the one for readers.
    """
    state = error.sqlstate
    if state is None:
        return LedgerError(f"ledger {shown}: the connection was lost ({_sentence(error)}); try again")
    if state == _CANCELLED and state not in (remedies or {}):
        return LedgerTooSlow(f"ledger {shown}: {TOO_LONG}")
    known = (
        (remedies or {}).get(state)
        or _BY_STATE.get(state)
        or next((text for head, text in _CLASSES.items() if state.startswith(head)), None)
    )
    return LedgerError(f"ledger {shown}: {known or f'{_sentence(error)} ({state})'}")


def check_version(version: Version, shown: str, *, oldest: int) -> None:
    """Raise LedgerError if this tfevent cannot read a ledger of this version.

    Args:
        version: version of the ledger.
        shown: its URL without a password.
        oldest: the oldest readable schema. One newer than this tfevent's is readable unless it declares otherwise.
    """
    from change_events.ledger.schema import MIGRATIONS, Trouble  # imports the statements of all migrations

    trouble = version.trouble(oldest)
    if trouble is Trouble.MISSING:
        raise LedgerError(f"ledger {shown}: there is no ledger in this database; {_INIT}")
    if trouble is Trouble.NEWER:
        raise LedgerError(
            f"ledger {shown}: a newer tfevent made it (schema {version.schema}, this one knows {len(MIGRATIONS)}); "
            "upgrade tfevent"
        )
    if trouble is Trouble.OLDER:
        raise LedgerError(
            f"ledger {shown}: it has schema {version.schema}, and this tfevent reads {oldest} or newer; "
            "`tfevent events ledger init` brings it up to date"
        )


def _sentence(error: psycopg.Error) -> str:
    """Return the first line of an error, without the driver's prefix."""
    first = str(error).strip().partition("\n")[0].strip().rstrip(".")
    return first.rpartition("FATAL: ")[2].removeprefix("connection failed: ").strip()[:_LONGEST] or type(error).__name__
