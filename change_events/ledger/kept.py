"""Persistent connections to a ledger, each used by one thread at a time."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from change_events.ledger.access import Access

_Source = TypeVar("_Source", bound=Access)


class KeptSources(Generic[_Source]):
    """Idle and used connections; their number is up to the caller."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Source] = []
        self._busy: set[_Source] = set()
        self._is_ending = False

    def take(self) -> _Source | None:
        """Return an idle connection and mark it as used; None if there is none."""
        with self._lock:
            if not self._idle:
                return None
            source = self._idle.pop()
            self._busy.add(source)
            return source

    def add(self, source: _Source) -> None:
        """Add a new connection, marked as used."""
        with self._lock:
            self._busy.add(source)

    def give_back(self, source: _Source) -> None:
        """Return a connection to the idle ones, unless it is closed or all are being closed."""
        with self._lock:
            self._busy.discard(source)
            if not (source.is_closed or self._is_ending):
                self._idle.append(source)
                return
        source.close()

    def end(self) -> list[_Source]:
        """Close the idle connections, and later those given back; return those in use."""
        with self._lock:
            self._is_ending = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for source in idle:
            source.close()
        return busy
