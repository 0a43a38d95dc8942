"""Records events in a ledger on PostgreSQL: one connection per flush, one transaction per event.

Session state is set inside the transaction, and no statement is prepared, so that a pooler may use another session for
each transaction.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from change_events.delivery.transport import TransportError
from change_events.destinations.base import Request, Response
from change_events.destinations.shared.postgres import LOOK, SCHEMA_STATES, LedgerRequest
from change_events.ledger import rights
from change_events.ledger.cutting import cut_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import psycopg

OLDEST_SCHEMA = 1
"""The first schema whose functions take what this version sends."""
_EXTRA = "it needs the package psycopg: pip install 'tfevent[server]'"
_GRACE = 0.05  # seconds that the server may take to say that it has no time left
_SAID = ("FATAL", "ERROR", "no password supplied")  # where there is an answer, if only one of the driver's
_WORDS = (
    ("Connection refused", "connection refused"),
    ("timeout", "it did not answer in time"),
    ("could not translate host name", "its name cannot be resolved"),
    ("Name or service not known", "its name cannot be resolved"),
    ("No route to host", "no route to it"),
    ("Network is unreachable", "the network is unreachable"),
    ("No such file or directory", "there is no such socket"),
    ("server closed the connection", "it closed the connection"),
)


def get_ready() -> None:
    """Import the driver, if it is installed."""
    with suppress(ImportError):
        import psycopg

        import change_events.ledger.writing  # noqa: F401

        del psycopg


def open_transport(options: Mapping[str, Any]) -> PostgresTransport:
    """Return the connection of one destination."""
    del options  # a request has all of them
    return PostgresTransport()


class PostgresTransport:
    """A connection to one database; see :class:`Transport`."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def abandon(self) -> None:
        """Do nothing: what the thread waits for ends with the process."""

    def send(self, request: Request, deadline: float) -> Response:
        """Record one event, or only query the version of the ledger.

        Returns:
            200; or 500 with the header ``sqlstate`` (one of :data:`SCHEMA_STATES` if the schema is the reason, empty if
            no session was established), and the server's message as ``body``. ``skew``: seconds that its clock is
            ahead.

        Raises:
            TransportError: there is no answer.
        """
        if not isinstance(request, LedgerRequest):
            raise TypeError("not an event to record")
        try:
            import psycopg
        except ImportError:  # also where it finds no library of PostgreSQL's
            raise TransportError(_EXTRA) from None
        if deadline - time.monotonic() <= 0:
            raise TransportError("time limit reached")
        try:
            return self._sent(request, deadline)
        except psycopg.Error as error:
            lost = self._connection is None or self._connection.closed
            if lost or error.sqlstate is None:
                self._close()
            return _answer(error, deadline)
        except (OSError, ValueError) as error:  # ValueError: of an address, which may hold a password
            self._close()
            raise TransportError(f"the connection failed ({type(error).__name__})") from None

    def _sent(self, request: LedgerRequest, deadline: float) -> Response:
        connection = self._connection
        if connection is None or connection.closed:
            connection = self._connection = _connected(request, deadline)
        with cut_at(connection, deadline + _GRACE), connection.transaction():
            left = max(1, int((deadline - time.monotonic()) * 1000))
            connection.execute(f"SET LOCAL statement_timeout = {left}".encode())
            if refused := _refused(connection):
                return refused
            if request.method == LOOK:
                return _looked(connection, request)
            return _recorded(connection, request)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _connected(request: LedgerRequest, deadline: float) -> psycopg.Connection:
    import psycopg

    terms: dict[str, Any] = {"password": request.password} if request.password else {}
    return psycopg.connect(
        request.address,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=max(2, int(deadline - time.monotonic())),  # two seconds are the driver's least
        application_name="tfevent",
        client_encoding="UTF8",
        **terms,
    )


def _refused(connection: psycopg.Connection) -> Response | None:
    """Return the answer if this tfevent cannot write to a ledger of this version."""
    from change_events.ledger import schema

    states = {
        schema.Trouble.MISSING: "3F000",
        schema.Trouble.NEWER: SCHEMA_STATES.newer,
        schema.Trouble.OLDER: SCHEMA_STATES.older,
    }
    trouble = schema.version(connection).trouble(OLDEST_SCHEMA)
    return Response(500, {"sqlstate": states[trouble]}) if trouble else None


def _looked(connection: psycopg.Connection, request: LedgerRequest) -> Response:
    """Return whether the events of this team would be recorded, as far as can be known without one, and the clock."""
    if state := rights.against_writing(connection, request.team):
        return Response(500, {"sqlstate": state})
    ((now,),) = connection.execute("SELECT clock_timestamp()").fetchall()
    return Response(200, {"skew": f"{(now - datetime.now(UTC)).total_seconds():.3f}"})


def _recorded(connection: psycopg.Connection, request: LedgerRequest) -> Response:
    import msgspec

    from change_events.journal.records import RecordState
    from change_events.ledger.writing import record
    from change_events.redact.sealing import unseal

    try:
        sealed = unseal(request.body)
    except msgspec.DecodeError:
        return Response(500, {"sqlstate": "22023"}, b"no event")
    is_running = sealed.event.outcome is None and sealed.event.ended_at is None
    try:
        record(connection, request.team, sealed, RecordState.STARTED if is_running else RecordState.SETTLED)
    except ValueError:
        return Response(500, {"sqlstate": "22P02"}, b"its ID is not a UUID")
    return Response(200)


def _answer(error: psycopg.Error, deadline: float) -> Response:
    """Return the server's error as an answer; raises TransportError if there is none."""
    text = (error.diag.message_primary or str(error)).strip()
    if error.sqlstate is None:
        if not any(word in text for word in _SAID):
            raise TransportError(_clause(text, deadline))
        said = [
            line.rpartition("FATAL:")[2].strip() for line in text.splitlines() if "FATAL" in line or "ERROR" in line
        ]
        return Response(500, {}, (said[-1] if said else text).encode())
    return Response(500, {"sqlstate": error.sqlstate, "content-type": "text/plain"}, text.partition("\n")[0].encode())


def _clause(text: str, deadline: float) -> str:
    """Return why there is no answer, in tfevent's words: texts of the driver name the address."""
    known = next((words for part, words in _WORDS if part.lower() in text.lower()), None)
    if known is None and time.monotonic() >= deadline:
        return "it did not answer in time"
    return known or "the connection failed"
