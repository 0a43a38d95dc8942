"""Persistent connections to a ledger, each used by one thread at a time."""

from __future__ import annotations

import threading
from typing import Generic, Protocol, TypeVar


class _Closable(Protocol):
    """A connection of the driver, or a source with one."""

    @property
    def closed(self) -> bool:
        """Whether it can no longer be used."""

    def close(self) -> None:
        """Close it."""


_Connection = TypeVar("_Connection", bound=_Closable)


class Kept(Generic[_Connection]):
    """Idle and used connections; their number is up to the caller."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self._is_ending = False

    def take(self) -> _Connection | None:
        """Return an idle connection and mark it as used; None if there is none."""
        with self._lock:
            if not self._idle:
                return None
            connection = self._idle.pop()
            self._busy.add(connection)
            return connection

    def add(self, connection: _Connection) -> None:
        """Add a new connection, marked as used."""
        with self._lock:
            self._busy.add(connection)

    def give_back(self, connection: _Connection) -> None:
        """Return a connection to the idle ones, unless it is closed or all are being closed."""
        with self._lock:
            self._busy.discard(connection)
            if not (connection.closed or self._is_ending):
                self._idle.append(connection)
                return
        connection.close()

    def end(self) -> list[_Connection]:
        """Close the idle connections, and later those given back; return those in use."""
        with self._lock:
            self._is_ending = True
            busy = list(self._busy)
        self.drop_idle()
        return busy

    def drop_idle(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
