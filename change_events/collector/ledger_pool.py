"""The pool of a collector's connections to its ledger, each used by one transaction at a time."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

from change_events.collector.problems import TROUBLES, RequestProblem
from change_events.errors import LedgerError
from change_events.ledger import problems, rights, schema
from change_events.ledger.address import address_of
from change_events.ledger.cutting import GRACE, ServerSilentError, bounded, cut_at
from change_events.ledger.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECTIONS = 8
"""As many as there are threads that use them."""
_CONNECT_SECONDS = 2  # less than a client's timeout; the minimum of the driver
_START_SECONDS = 10.0
_PAUSE = 1.0  # seconds without new attempts after a ledger was silent
_AGAIN = 5.0  # seconds until a client retries
_CORRECTED = 60.0  # the same if someone has to fix something
_IN_TRANSACTION = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
_GRANTS = "`tfevent events ledger init --team NAME` prints what to grant to a collector"


class LedgerPool:
    """Connections to a ledger, for several threads.

    Args:
        url: URL of the ledger.
        report: called with a line when the ledger begins to fail, and when it works again.
    """

    def __init__(self, url: str, report: Callable[[str], None]) -> None:
        address = address_of(url, _CONNECT_SECONDS)
        self.shown = address.shown
        self._report = report
        self._is_failing = False
        self._stuck: set[str] = set()
        self._terms: dict[str, Any] = {**address.terms, "autocommit": True, "prepare_threshold": None}
        self._connections: Kept[psycopg.Connection] = Kept()
        self._silent_until = 0.0

    def open(self) -> None:
        """Check that it is a ledger that accepts events of this user. Raises LedgerError."""
        connection = self._connected()
        try:
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close idle connections; a connection in use is closed after its transaction."""
        self._connections.end()

    @contextmanager
    def transaction(self, seconds: float, *, keep: bool = True) -> Iterator[psycopg.Connection]:
        """Open a transaction with a time limit for each statement and for the whole; roll it back without ``keep``.

        An idle connection that was closed by the server is replaced, since nothing was sent on it yet.

        Raises:
            RequestProblem: the ledger fails (status 503).
            psycopg.DataError: raised by a statement, like IntegrityError.
        """
        deadline, cut = time.monotonic() + seconds + GRACE, threading.Event()
        connection = self._begun(seconds, deadline)
        try:
            with cut_at(connection, deadline, cut):
                yield connection
                connection.execute("COMMIT" if keep else "ROLLBACK")
        except (psycopg.DataError, psycopg.IntegrityError):
            raise
        except psycopg.errors.InsufficientPrivilege:
            raise self.stuck(TROUBLES[rights.DENIED]) from None
        except psycopg.errors.ReadOnlySqlTransaction:
            self._connections.drop_idle()  # with several hosts in the URL, a new connection may reach the primary
            raise self.stuck(TROUBLES[rights.READ_ONLY]) from None
        except psycopg.Error as error:
            raise self._lost(error, cut) from None
        finally:
            self._give_back(connection)
        self._works()

    def stuck(self, trouble: str) -> RequestProblem:
        """Return the error (status 503) for a ledger that answers but accepts nothing until someone fixes it."""
        if trouble not in self._stuck:
            self._stuck.add(trouble)
            self._report(f"ledger {self.shown}: nothing is recorded: {trouble}")
        return RequestProblem(503, f"{trouble}; its administrator has to correct that", retry_after=_CORRECTED)

    def takes(self) -> None:
        """Note that the ledger records events."""
        if self._stuck:
            self._stuck.clear()
            self._report(f"ledger {self.shown}: events are recorded again")

    def _check(self, connection: psycopg.Connection) -> None:
        try:
            with bounded(connection, _START_SECONDS):
                schema.check_writable(connection, self.shown)
                if rights.against_writing(connection, None) == rights.DENIED:
                    raise LedgerError(f"ledger {self.shown}: this user may record events of no team; {_GRANTS}")
        except ServerSilentError:
            raise problems.silent(self.shown) from None
        except psycopg.Error as error:
            raise problems.explain(error, self.shown) from None

    def _begun(self, seconds: float, deadline: float) -> psycopg.Connection:
        """Return a connection in a transaction. Raises RequestProblem."""
        begin = f"BEGIN; SET LOCAL statement_timeout = {int(seconds * 1_000)}".encode()
        while True:
            kept, cut = self._connections.take(), threading.Event()
            try:
                connection = kept or self._connected()
            except LedgerError as error:
                raise self._failed(error) from None
            try:
                with cut_at(connection, deadline, cut):
                    connection.execute(begin)
            except psycopg.Error as error:
                connection.close()
                self._give_back(connection)
                if cut.is_set() or kept is None:
                    raise self._lost(error, cut) from None
            else:
                return connection

    def _connected(self) -> psycopg.Connection:
        if time.monotonic() < self._silent_until:
            raise problems.silent(self.shown)
        try:
            connection = psycopg.connect(**self._terms)
        except psycopg.errors.ConnectionTimeout:
            raise self._silent() from None
        except psycopg.Error as error:
            raise problems.refused(error, self.shown) from None
        self._connections.add(connection)
        return connection

    def _give_back(self, connection: psycopg.Connection) -> None:
        if connection.info.transaction_status in _IN_TRANSACTION:
            with suppress(psycopg.Error), cut_at(connection, time.monotonic() + GRACE):
                connection.execute("ROLLBACK")
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            connection.close()
        self._connections.give_back(connection)

    def _silent(self) -> LedgerError:
        """Return the error for a silent ledger, and close the idle connections."""
        self._silent_until = time.monotonic() + _PAUSE
        self._connections.drop_idle()
        return problems.silent(self.shown)

    def _lost(self, error: psycopg.Error, cut: threading.Event) -> RequestProblem:
        return self._failed(self._silent() if cut.is_set() else problems.explain(error, self.shown))

    def _failed(self, error: LedgerError) -> RequestProblem:
        if not self._is_failing:
            self._is_failing = True
            self._report(str(error))
        return RequestProblem(503, "its ledger does not work at the moment; make the request again", retry_after=_AGAIN)

    def _works(self) -> None:
        if self._is_failing:
            self._is_failing = False
            self._report(f"ledger {self.shown}: it works again")
