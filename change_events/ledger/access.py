"""Read access to a ledger: each query is a read-only transaction with a time limit.

Settings are local to the transaction, so that a pooler may use another connection for each.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from change_events.destinations.shared.postgres import TEAM
from change_events.errors import LedgerError
from change_events.ledger import problems, schema
from change_events.ledger.address import address_of
from change_events.ledger.cutting import cut_at
from change_events.ledger.entries import storable
from change_events.ledger.text_function import INDEX, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from types import TracebackType

    import psycopg

SECONDS = 30.0  # time limit of one query
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
# the teams a reader may read; null for all
_READABLE = """
    SELECT CASE WHEN row_security_active('tfevent.events') AND NOT pg_has_role('tfevent_owner', 'USAGE')
        AND NOT tfevent.reads_all() THEN tfevent.readable() END
"""
_FINDS_TEXTS = """
    SELECT coalesce(has_function_privilege(to_regprocedure(%(function)s), 'EXECUTE')
        AND to_regclass(%(index)s) IS NOT NULL, false)
"""
_TEAMS = """
    WITH RECURSIVE found(team) AS (
        SELECT (SELECT min(team) FROM tfevent.events)
        UNION ALL
        SELECT (SELECT min(e.team) FROM tfevent.events e WHERE e.team > found.team) FROM found
        WHERE found.team IS NOT NULL
    ) SELECT team FROM found WHERE team IS NOT NULL
"""
_WITH_EVENTS = (
    "SELECT one FROM unnest(%(names)s::text[]) AS one "
    "WHERE EXISTS (SELECT 1 FROM tfevent.events e WHERE e.team = one) ORDER BY one"
)
_NOBODY = "-"  # not the name of a team
# per team, in the order of an index
_OF_SEVERAL = (
    "SELECT r.* FROM unnest(%(teams)s::text[]) AS one(team) CROSS JOIN LATERAL ({}) AS r ORDER BY {} LIMIT %(limit)s"
)


class Access:
    """An open connection, and its queries.

    Attributes:
        shown: the ledger's address without a password.
        teams: the teams whose events are read.
        finds_texts: whether there is an index of texts that this user may use.
    """

    _serves_new_teams = False
    """Whether a team may be chosen of which there is no event yet, where this user reads all teams."""

    def __init__(
        self,
        connection: psycopg.Connection,
        shown: str,
        *,
        team: str | None,
        seconds: float,
        in_all: float | None,
    ) -> None:
        self._connection = connection
        self.shown = shown
        self._seconds = seconds
        self._until = None if in_all is None else time.monotonic() + in_all
        self._ended = threading.Event()
        self._cut = threading.Event()
        self._selected = ""
        self._limit = 0
        self._is_together = False
        self.teams: tuple[str, ...] = ()
        self.finds_texts = False
        self.teams = self._readable(team)

    @classmethod
    def open(
        cls,
        url: str,
        team: str | None = None,
        *,
        seconds: float = SECONDS,
        in_all: float | None = None,
        patience: int | None = None,
    ) -> Self:
        """Connect, and check that it is a ledger that this tfevent can read.

        Args:
            url: URL of the ledger: ``postgresql://…``.
            team: the team whose events are read; None for all that this user may read.
            seconds: time limit of one query.
            in_all: time limit of all queries, in seconds.
            patience: seconds to connect, unless the URL has a limit.

        Raises:
            LedgerError: it cannot be reached or read, or this user reads no team; the text says what to do.
        """
        address = address_of(url, patience)
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

    @contextmanager
    def together(
        self, team: str | None = None, *, in_all: float | None = None, within: Collection[str] | None = None
    ) -> Iterator[Self]:
        """Use one transaction for all queries of this block: they see one snapshot, and take less time.

        The readable teams and the version of the ledger are checked again.

        Args:
            team: as in :meth:`open`.
            in_all: as in :meth:`open`.
            within: only these teams are read; None for no limit.

        Raises:
            LedgerError: as in :meth:`open`.
        """
        self._until = None if in_all is None else time.monotonic() + in_all
        names = self._select(within)
        with self._question():
            self._is_together = True
            try:
                self.teams = self._readable(team, names)
                yield self
            finally:
                self._is_together = False

    def of_teams(self, teams: Collection[str]) -> Self:
        """Return an object for queries about these teams on the same connection."""
        narrowed = copy(self)
        narrowed.teams = tuple(name for name in self.teams if name in teams)
        return narrowed

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, here or by the server."""
        return bool(self._connection.closed)

    def interrupt(self) -> None:
        """Cancel the current query, from any thread, and every later one."""
        self._ended.set()
        self._connection.cancel()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _question(self) -> Iterator[psycopg.Connection]:
        """Open a transaction with one snapshot."""
        import psycopg

        if self._is_together:
            with self._part():
                yield self._connection
            return
        self._limit = self._milliseconds()
        self._cut.clear()
        try:
            with cut_at(self._connection, time.monotonic() + self._limit / 1_000 + GRACE, self._cut):
                self._connection.execute((_BEGIN.format(self._limit) + self._selected).encode())
                yield self._connection
                self._connection.execute("COMMIT")
        except psycopg.Error as error:
            self._give_up()
            raise self._explained(error) from None
        except BaseException:
            self._give_up()
            raise

    @contextmanager
    def _part(self) -> Iterator[None]:
        """Run a part of the transaction, within its remaining time."""
        import psycopg

        left = self._milliseconds()
        try:
            if left < self._limit / 2:
                self._limit = left
                self._connection.execute(f"SET LOCAL statement_timeout = {left}".encode())
            yield
        except psycopg.Error as error:
            raise self._explained(error) from None

    def _select(self, within: Collection[str] | None) -> list[str] | None:
        """Make the server show only these teams from the next transaction on, in addition to the user's rights.

        Returns:
            The valid names of teams among them; None for no limit.
        """
        names = None if within is None else [name for name in sorted(within) if TEAM.fullmatch(name)]
        self._selected = "" if names is None else f"; SET LOCAL tfevent.teams = '{','.join(names) or _NOBODY}'"
        return names

    def _explained(self, error: psycopg.Error) -> LedgerError:
        return problems.silent(self.shown) if self._cut.is_set() else problems.explain(error, self.shown)

    def _ask(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows of one statement."""
        with self._question() as connection:
            return rows(connection, statement, values)

    def _ask_each(self, statement: str, order: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the merged rows of one statement that is run per team.

        Args:
            statement: has the team as ``{team}``, and its own order and limit ``%(limit)s``.
            order: the same order by column names.
            values: values of its placeholders, including ``limit``.
        """
        return self._ask(*self._of_each(statement, order, values))

    def _of_each(self, statement: str, order: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        if len(self.teams) == 1:
            return statement.replace("{team}", "%(team)s"), {**values, "team": self.teams[0]}
        several = _OF_SEVERAL.format(statement.replace("{team}", "one.team"), order)
        return several, {**values, "teams": list(self.teams)}

    def _milliseconds(self) -> int:
        left = self._seconds if self._until is None else self._until - time.monotonic()
        if left <= 0 or self._ended.is_set():
            raise problems.LedgerTooSlow(f"ledger {self.shown}: {problems.TOO_LONG}")
        return max(1, int(min(left, self._seconds) * 1_000))

    def _give_up(self) -> None:
        """End the transaction; close the connection if its state is unknown."""
        from psycopg import Error
        from psycopg.pq import TransactionStatus

        try:
            if self._connection.info.transaction_status is not TransactionStatus.IDLE:
                with cut_at(self._connection, time.monotonic() + GRACE):
                    self._connection.execute("ROLLBACK")
        except Error:
            self._connection.close()

    def _readable(self, team: str | None, names: list[str] | None = None) -> tuple[str, ...]:
        """Return the teams whose events are read, limited to ``names`` if given. Raises LedgerError."""
        reads_all = False
        with self._question() as connection:
            version = schema.version(connection)
            problems.check_version(version, self.shown, oldest=OLDEST_READ)
            ((self.finds_texts,),) = rows(connection, _FINDS_TEXTS, {"function": SIGNATURE, "index": INDEX})
            if names is not None:
                known = [name for (name,) in rows(connection, _WITH_EVENTS, {"names": names})]
            else:
                ((readable,),) = rows(connection, _READABLE, {})
                known = [name for (name,) in rows(connection, _TEAMS, {})] if readable is None else sorted(readable)
                reads_all = readable is None
                if readable == []:
                    raise problems.no_team(self.shown)
        if names is not None and team is not None:
            return (team,) if team in known else ()
        if team is None:
            return tuple(known)
        if team not in known and not (self._serves_new_teams and reads_all):
            others = ", ".join(known) or "none"
            raise LedgerError(
                f"ledger {self.shown}: team {team!r} has no events that this user may read; others: {others}"
            )
        return (team,)


def rows(connection: psycopg.Connection, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a trusted statement; texts are converted to what a ledger can store."""
    return connection.execute(statement.encode(), _storable(values) or None).fetchall()


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}
