"""Access to a ledger for reading: each question is a transaction of its own, which cannot write and ends in time.

What a connection remembers is set within the transaction, so that a pooler may hand each one to another connection.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from change_events.errors import LedgerError
from change_events.ledger import problems, schema
from change_events.ledger.address import address_of
from change_events.ledger.cutting import cut_at
from change_events.ledger.entries import storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    import psycopg

SECONDS = 30.0  # that one question may take
GRACE = 2.0
"""Seconds after that in which the server may say so; then it is taken for silent, and the connection is cut."""
OLDEST_READ = 1
"""The first schema that is read."""
# Each question is answered by indexes, in their order. By its statistics, the server would now and then read a table
# from end to end, above all where two conditions depend on each other: then the first page takes as long as all pages.
_BEGIN = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL jit = off; "
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)
# those that a reader may read; null for one who may read all
_READABLE = """
    SELECT CASE WHEN row_security_active('tfevent.events') AND NOT pg_has_role('tfevent_owner', 'USAGE')
        AND NOT tfevent.reads_all() THEN tfevent.readable() END
"""
_TEAMS = """
    WITH RECURSIVE found(team) AS (
        SELECT (SELECT min(team) FROM tfevent.events)
        UNION ALL
        SELECT (SELECT min(e.team) FROM tfevent.events e WHERE e.team > found.team) FROM found
        WHERE found.team IS NOT NULL
    ) SELECT team FROM found WHERE team IS NOT NULL
"""
# of each team by itself, in the order of an index, however many there are
_OF_SEVERAL = (
    "SELECT r.* FROM unnest(%(teams)s::text[]) AS one(team) CROSS JOIN LATERAL ({}) AS r ORDER BY {} LIMIT %(limit)s"
)


class Access:
    """One open connection, and what is asked by it.

    Attributes:
        shown: the ledger's address without a password.
        teams: whose events are read.
    """

    def __init__(
        self, connection: psycopg.Connection, shown: str, *, team: str | None, seconds: float, in_all: float | None
    ) -> None:
        self._connection = connection
        self.shown = shown
        self._seconds = seconds
        self._until = None if in_all is None else time.monotonic() + in_all
        self.teams: tuple[str, ...] = ()
        self.teams = self._readable(team)

    @classmethod
    def open(cls, url: str, team: str | None = None, *, seconds: float = SECONDS, in_all: float | None = None) -> Self:
        """Connect, and see that it is a ledger which this tfevent reads.

        Args:
            url: its address: ``postgresql://…``.
            team: whose events are read; None for all that this user may read.
            seconds: after which one question is broken off.
            in_all: after which all of them are.

        Raises:
            LedgerError: it cannot be reached or read; the text says what to do.
        """
        address = address_of(url)
        import psycopg

        try:
            connection = psycopg.connect(**address.terms, autocommit=True, prepare_threshold=None)  # type: ignore[arg-type]  # terms of libpq
        except psycopg.Error as error:
            raise problems.refused(error, address.shown) from None
        except (OSError, ValueError) as error:
            raise LedgerError(f"ledger {address.shown}: {type(error).__name__}; check its address") from None
        try:
            return cls(connection, address.shown, team=team, seconds=seconds, in_all=in_all)
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def interrupt(self) -> None:
        """Break off the answer that is being made, in whatever thread, and every later one."""
        self._until = 0.0
        self._connection.cancel()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    @contextmanager
    def _question(self) -> Iterator[psycopg.Connection]:
        """A transaction in which everything is seen as of one moment."""
        import psycopg

        milliseconds, cut = self._milliseconds(), threading.Event()
        try:
            with cut_at(self._connection, time.monotonic() + milliseconds / 1_000 + GRACE, cut):
                self._connection.execute(_BEGIN.format(milliseconds).encode())
                yield self._connection
                self._connection.execute("COMMIT")
        except psycopg.Error as error:
            self._give_up()
            if cut.is_set():
                raise problems.silent(self.shown) from None
            raise problems.explain(error, self.shown) from None
        except BaseException:
            self._give_up()
            raise

    def _ask(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with self._question() as connection:
            return rows(connection, statement, values)

    def _ask_each(self, statement: str, order: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of one statement about each team together.

        Args:
            statement: names the team as ``{team}``, and has the order and the limit ``%(limit)s`` of its own.
            order: the same by the names of its columns.
            values: of the marks in it; ``limit`` is one.
        """
        return self._ask(*self._of_each(statement, order, values))

    def _of_each(self, statement: str, order: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        if len(self.teams) == 1:
            return statement.replace("{team}", "%(team)s"), {**values, "team": self.teams[0]}
        several = _OF_SEVERAL.format(statement.replace("{team}", "one.team"), order)
        return several, {**values, "teams": list(self.teams)}

    def _milliseconds(self) -> int:
        if self._until is None:
            return int(self._seconds * 1_000)
        left = self._until - time.monotonic()
        if left <= 0:
            raise problems.LedgerTooSlow(f"ledger {self.shown}: {problems.TOO_LONG}")
        return max(1, int(min(left, self._seconds) * 1_000))

    def _give_up(self) -> None:
        """Leave the transaction; a connection in an unknown state is of no use to the next question."""
        from psycopg import Error
        from psycopg.pq import TransactionStatus

        try:
            if self._connection.info.transaction_status is not TransactionStatus.IDLE:
                with cut_at(self._connection, time.monotonic() + GRACE):
                    self._connection.execute("ROLLBACK")
        except Error:
            self._connection.close()

    def _readable(self, team: str | None) -> tuple[str, ...]:
        """The teams whose events are read. Raises LedgerError."""
        with self._question() as connection:
            version = schema.version(connection)
            problems.check_version(version, self.shown, oldest=OLDEST_READ, newest=len(schema.MIGRATIONS))
            ((readable,),) = rows(connection, _READABLE, {})
            known = [name for (name,) in rows(connection, _TEAMS, {})] if readable is None else sorted(readable)
        if team is None:
            return tuple(known)
        if team not in known:
            others = ", ".join(known) or "none"
            raise LedgerError(
                f"ledger {self.shown}: team {team!r} has no events that this user may read; others: {others}"
            )
        return (team,)


def rows(connection: psycopg.Connection, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement of ours; texts are made such as a ledger stores them."""
    return connection.execute(statement.encode(), _storable(values) or None).fetchall()


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}
