"""Administration of a ledger by its owner: create, inspect, and prune it."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.errors import LedgerError
from change_events.ledger import problems, roles, schema
from change_events.ledger.address import address_of
from change_events.ledger.cutting import ServerSilentError, bounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import psycopg

SKEW = 60.0
"""Seconds that clocks may differ before it is reported."""


class Team(NamedTuple):
    """The counts of one team; ``newest`` is the start of its newest event."""

    name: str
    events: int
    running: int
    newest: datetime | None


class Status(msgspec.Struct, frozen=True):
    """The state of a ledger.

    Attributes:
        shown: its address without a password.
        version: version of its schema; ``known``: that of this tfevent.
        bytes: size on disk, with indexes.
        months: the first and the last month with a partition; None without any.
        misplaced: number of events outside the months: with an implausible time, or of a month that cannot be created.
        text_index: whether an index finds parts of texts.
        skew: seconds by which the clock of the server is ahead of this machine's.
        teams: teams with events that this user may read.
        readable: whether this user may read any events; otherwise ``misplaced`` and ``teams`` are empty.
    """

    shown: str
    version: int
    known: int
    bytes: int
    months: tuple[str, str] | None
    misplaced: int
    text_index: bool
    skew: float
    teams: tuple[Team, ...]
    readable: bool


class Made(msgspec.Struct, frozen=True):
    """The result of :func:`make`: the schema before and after, and whether there is an index of texts."""

    before: int
    after: int
    text_index: bool


_READ_ONLY = {"25006": "the server is read-only, as a standby is; the address has to lead to the primary"}


SECONDS = 60.0
"""That a command may take."""
LONG = 3_600.0
"""The same of one that makes an index of all there is, or removes much."""
_BROKEN_OFF = {"57014": "the server was too busy to do it in time; it was broken off and may be repeated"}


@contextmanager
def connected(
    url: str, password: str = "", remedies: Mapping[str, str] | None = None, *, seconds: float | None = SECONDS
) -> Iterator[tuple[psycopg.Connection, str]]:
    """Open a connection to a ledger, and yield it with the URL without a password. Every error is a LedgerError.

    All statements are one transaction, which is rolled back on any error or signal.

    Args:
        url: URL of the ledger.
        password: separate password, which takes precedence over one in the URL.
        remedies: SQLSTATE → remedy in the error text.
        seconds: time limit; None if the caller manages transactions itself.
    """
    address = address_of(url)
    import psycopg

    terms = {**address.terms, **({"password": password} if password else {})}
    try:
        connection = psycopg.connect(**terms, autocommit=True, prepare_threshold=None)  # type: ignore[arg-type]  # terms of libpq
    except psycopg.Error as error:
        raise problems.refused(error, address.shown) from None
    with connection:
        try:
            with bounded(connection, seconds) if seconds else nullcontext():
                yield connection, address.shown
        except ServerSilentError:
            raise problems.silent(address.shown) from None
        except psycopg.Error as error:
            known = {**_READ_ONLY, **_BROKEN_OFF, **(remedies or {})}
            raise problems.explain(error, address.shown, known) from None


def make(connection: psycopg.Connection) -> Made:
    """Create the ledger, or migrate it to the newest schema. Raises LedgerError."""
    import psycopg

    try:
        before, after = schema.migrate(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        raise LedgerError(
            f"this user may not make a ledger ({str(error).partition(chr(10))[0]}): it needs CREATE on the database, "
            "and CREATEROLE unless the server has the roles of a ledger already"
        ) from None
    return Made(before, after, schema.make_text_index(connection))


def grants(team: str) -> tuple[str, ...]:
    """Return psql statements that create a writing and a reading user of a team; psql prompts for the passwords."""
    lines: list[str] = []
    for name, group, may in ((f"{team}_writer", roles.WRITER, "write"), (f"{team}_reader", roles.READER, "read")):
        lines += _user(name, group)
        values = f"('{name}', '{team}', '{may}')"
        lines.append(f"INSERT INTO tfevent.members (role, team, may) VALUES {values};")  # noqa: S608 - to be read
    return tuple(lines)


def retention() -> tuple[str, ...]:
    """Return psql statements that create a user who may prune."""
    return _user("tfevent_pruner", roles.RETENTION)


def collector() -> tuple[str, ...]:
    """Return psql statements that create a user for `tfevent events serve --collect`, with access to all teams."""
    name = "tfevent_serve"
    values = f"('{name}', '*', 'write'), ('{name}', '*', 'read')"
    return (
        *_user(name, f"{roles.COLLECTOR}, {roles.WRITER}, {roles.READER}"),
        f"INSERT INTO tfevent.members (role, team, may) VALUES {values};",  # noqa: S608 - to be read
    )


def _user(name: str, group: str) -> tuple[str, ...]:
    return f'CREATE ROLE "{name}" LOGIN IN ROLE {group};', f'\\password "{name}"'


def status(connection: psycopg.Connection, shown: str) -> Status:
    """Return the state of the ledger. Raises LedgerError if there is none."""
    version = schema.version(connection)
    if not version.schema:
        raise LedgerError(
            f"ledger {shown}: there is no ledger in this database; `tfevent events ledger init` makes one"
        )
    (size, text_index, now), *_ = connection.execute(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint, "
        "to_regclass('tfevent.bodies_by_text') IS NOT NULL, clock_timestamp() "
        "FROM pg_class c WHERE c.relnamespace = 'tfevent'::regnamespace AND c.relkind = 'r'"
    ).fetchall()
    months = [
        f"{name[-6:-2]}-{name[-2:]}"
        for (name,) in connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'tfevent'::regnamespace "
            "AND relname ~ '^events_[0-9]{6}$' ORDER BY relname"
        )
    ]
    ((readable,),) = connection.execute("SELECT has_table_privilege('tfevent.events', 'SELECT')").fetchall()
    misplaced, teams = _events(connection) if readable else (0, ())
    return Status(
        shown,
        version.schema,
        len(schema.MIGRATIONS),
        int(size),
        (months[0], months[-1]) if months else None,
        misplaced,
        bool(text_index),
        (now - datetime.now(UTC)).total_seconds(),
        teams,
        bool(readable),
    )


def _events(connection: psycopg.Connection) -> tuple[int, tuple[Team, ...]]:
    teams = connection.execute(
        "SELECT team, count(*), count(*) FILTER (WHERE state = 'started'), max(started_at) FROM tfevent.events "
        "GROUP BY team ORDER BY team"
    ).fetchall()
    ((misplaced,),) = connection.execute(
        "SELECT count(*) FROM tfevent.events WHERE tableoid = 'tfevent.events_other'::regclass"
    ).fetchall()
    return int(misplaced), tuple(Team(*row) for row in teams)


def prunable(connection: psycopg.Connection, before: date) -> dict[str, int]:
    """Return what :func:`change_events.ledger.removing.prune` would remove.

    Args:
        connection: connection of a user with the role tfevent_retention.
        before: the day, not in the future.

    Returns:
        The number of events by month; ``other``: those outside the months.

    Raises:
        psycopg.Error: the user lacks the right, or the day is in the future.
    """
    rows = connection.execute("SELECT month, events FROM tfevent.prune(%s, true)", (before,)).fetchall()
    return {str(month): int(number) for month, number in rows}
