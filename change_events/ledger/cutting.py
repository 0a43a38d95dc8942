"""A limit of time on this side of a connection: the server's own does not hold where nothing comes from it any more."""

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
    """Nothing came from the server in time, and the connection was cut."""


@contextmanager
def bounded(connection: psycopg.Connection, seconds: float) -> Iterator[None]:
    """A transaction of whose statements none takes longer than that, nor all of them together much longer.

    Args:
        connection: one that commits by itself.
        seconds: the server breaks off a statement after them, and this side cuts the connection soon afterwards.

    Raises:
        ServerSilentError: the connection was cut; the transaction is rolled back, unless its end was under way.
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
    """As long as this lasts, no longer than until ``deadline``: then the connection is cut, however it hangs.

    Args:
        connection: an open one; what waits for it gets an error of the driver's.
        deadline: moment of :func:`time.monotonic`.
        cut: set before the connection is cut.

    Raises:
        psycopg.Error: the connection is closed.
    """
    own = socket.socket(fileno=os.dup(connection.fileno()))  # of our own: the driver may close its number at any time

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
