"""Connections to a ledger that are kept for the next question, each used by one thread at a time."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from change_events.ledger.access import Access

_Source = TypeVar("_Source", bound=Access)


class KeptSources(Generic[_Source]):
    """Those that are idle and those in use; how many there are, their users decide."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Source] = []
        self._busy: set[_Source] = set()
        self._is_ending = False

    def take(self) -> _Source | None:
        """An idle one, which is in use from now on; None where there is none."""
        with self._lock:
            if not self._idle:
                return None
            source = self._idle.pop()
            self._busy.add(source)
            return source

    def add(self, source: _Source) -> None:
        """Note one that was opened to be used."""
        with self._lock:
            self._busy.add(source)

    def give_back(self, source: _Source) -> None:
        """Keep one that is no longer used, unless it has ended or all do."""
        with self._lock:
            self._busy.discard(source)
            if not (source.is_closed or self._is_ending):
                self._idle.append(source)
                return
        source.close()

    def end(self) -> list[_Source]:
        """Close the idle ones, and from now on each that is given back; give those in use."""
        with self._lock:
            self._is_ending = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for source in idle:
            source.close()
        return busy
