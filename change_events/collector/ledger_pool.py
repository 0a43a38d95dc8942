"""The connections of a collector to its ledger: a few, kept, each for one transaction at a time."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from change_events.collector.problems import TROUBLES, RequestProblem
from change_events.errors import LedgerError
from change_events.ledger import problems, rights, schema
from change_events.ledger.address import address_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECTIONS = 8
_PATIENCE = 3.0  # seconds until a connection is there
_CONNECT_SECONDS = 3
_AGAIN = 5.0  # seconds after which a client asks again
_CORRECTED = 60.0  # the same where somebody has to correct something


_GRANTS = "`tfevent events ledger init --team NAME` prints what to grant to a collector"


class LedgerPool:
    """Connections to a ledger, for several threads.

    Args:
        url: its address.
        report: is given one line when the ledger begins to fail, and one when it works again.
    """

    def __init__(self, url: str, report: Callable[[str], None]) -> None:
        address = address_of(url)
        self.shown = address.shown
        self._report = report
        self._trouble = ""
        self._stuck: set[str] = set()
        logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())
        logging.getLogger("psycopg.pool").propagate = False  # what it says, is said here
        self._terms: dict[str, Any] = {
            **address.terms,
            "connect_timeout": _CONNECT_SECONDS,
            "autocommit": True,
            "prepare_threshold": None,
        }
        self._pool = ConnectionPool(
            kwargs=self._terms,
            min_size=0,
            max_size=CONNECTIONS,
            timeout=_PATIENCE,
            reconnect_timeout=_PATIENCE,
            check=ConnectionPool.check_connection,
            num_workers=2,
            open=False,
        )

    def open(self) -> None:
        """See that it is a ledger which takes events, of this user. Raises LedgerError."""
        self._pool.open()
        try:
            with self._pool.connection() as connection:
                schema.check_writable(connection, self.shown)
                if rights.against_writing(connection, None) == rights.DENIED:
                    raise LedgerError(f"ledger {self.shown}: this user may record events of no team; {_GRANTS}")
        except PoolTimeout:
            self._explain()
        except psycopg.Error as error:
            raise problems.explain(error, self.shown) from None

    def close(self) -> None:
        """End the connections."""
        self._pool.close(timeout=1.0)

    @contextmanager
    def transaction(self, seconds: float, *, keep: bool = True) -> Iterator[psycopg.Connection]:
        """A transaction in which no statement takes longer; without ``keep``, it changes nothing in the end.

        Raises:
            RequestProblem: the ledger does not work, with the status 503.
            psycopg.DataError: of a statement, like IntegrityError.
        """
        try:
            with self._pool.connection() as connection, connection.transaction(force_rollback=not keep):
                connection.execute(f"SET LOCAL statement_timeout = {int(seconds * 1_000)}".encode())
                yield connection
        except (psycopg.DataError, psycopg.IntegrityError):
            raise
        except psycopg.errors.InsufficientPrivilege:
            raise self.stuck(TROUBLES[rights.DENIED]) from None
        except psycopg.errors.ReadOnlySqlTransaction:
            raise self.stuck(TROUBLES[rights.READ_ONLY]) from None
        except PoolTimeout:
            raise self._failed("it cannot be reached") from None
        except psycopg.Error as error:
            raise self._failed(str(problems.explain(error, self.shown))) from None
        self._works()

    def stuck(self, trouble: str) -> RequestProblem:
        """What to raise where the ledger answers and takes nothing until somebody corrects that: the status 503."""
        if trouble not in self._stuck:
            self._stuck.add(trouble)
            self._report(f"ledger {self.shown}: nothing is recorded: {trouble}")
        return RequestProblem(503, f"{trouble}; its administrator has to correct that", retry_after=_CORRECTED)

    def takes(self) -> None:
        """Note that events were recorded."""
        if self._stuck:
            self._stuck.clear()
            self._report(f"ledger {self.shown}: events are recorded again")

    def _failed(self, trouble: str) -> RequestProblem:
        if not self._trouble:
            self._report(f"ledger {self.shown}: {trouble.removeprefix(f'ledger {self.shown}: ')}")
        self._trouble = trouble
        return RequestProblem(503, "its ledger does not work at the moment; make the request again", retry_after=_AGAIN)

    def _works(self) -> None:
        if self._trouble:
            self._trouble = ""
            self._report(f"ledger {self.shown}: it works again")

    def _explain(self) -> None:
        """Raise the error with which a connection fails; the pool does not say it."""
        self._pool.close()
        try:
            psycopg.connect(**self._terms).close()
        except psycopg.Error as error:
            raise problems.refused(error, self.shown) from None
        raise LedgerError(f"ledger {self.shown}: it did not answer in time; try again")
