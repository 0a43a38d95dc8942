"""Client-side time limits of a connection, since the server's own does not apply if the server is unreachable."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


GRACE = 2.0
"""Seconds after its limit in which a server may say that it is reached; then it is taken for silent."""


class ServerSilentError(Exception):
    """The server did not respond in time, and the connection was closed."""


@contextmanager
def bounded(connection: psycopg.Connection, seconds: float) -> Iterator[None]:
    """Open a transaction with a time limit for each statement and, approximately, for the whole.

    Args:
        connection: a connection in autocommit mode.
        seconds: the server cancels a statement after this time, and the client closes the connection soon afterwards.

    Raises:
        ServerSilentError: the connection was closed; the transaction is rolled back, unless it was already committing.
    """
    import psycopg

    cut = threading.Event()
    try:
        with cut_at(connection, time.monotonic() + seconds + GRACE, cut), connection.transaction():
            connection.execute(f"SET LOCAL statement_timeout = {round(seconds * 1_000)}".encode())
            yield
    except psycopg.Error:
        if cut.is_set():
            raise ServerSilentError from None
        raise


@contextmanager
def cut_at(connection: psycopg.Connection, deadline: float, cut: threading.Event | None = None) -> Iterator[None]:
    """Close the connection at ``deadline`` unless the block has ended, even if the connection hangs.

    Args:
        connection: an open connection; a waiting caller gets an error of the driver.
        deadline: time by :func:`time.monotonic`.
        cut: set before the connection is closed.

    Raises:
        psycopg.Error: the connection is closed.
    """
    own = socket.socket(
        fileno=os.dup(connection.fileno())
    )  # a duplicate, since the driver may close its descriptor at any time

    def end() -> None:
        if cut is not None:
            cut.set()
        with suppress(OSError):
            own.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.01, deadline - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        own.close()
