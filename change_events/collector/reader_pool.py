"""Connections to a ledger from which questions are answered: a few, each for one question at a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from change_events.errors import LedgerError
from change_events.ledger.team_source import TeamSource
from change_events.ledger.tokens import TokenRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.ledger.tokens import Standing

SECONDS = 25.0
"""For one question: less than a client waits."""


class ReaderPool:
    """Connections that are kept; there are as many as questions are answered at once.

    Args:
        url: of the ledger: ``postgresql://…``. Its user has the roles ``tfevent_collector`` and ``tfevent_reader``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._idle: list[TeamSource] = []
        self._is_ending = False

    @contextmanager
    def open(self, token: str) -> Iterator[tuple[TeamSource, Standing]]:
        """A source for one thread, and what the bearer of a token may do; it has to be narrowed to the team.

        Raises:
            TokenRefused: nothing.
            LedgerError: the ledger cannot be reached or read.
        """
        source, standing = self._checked(token)
        try:
            yield source, standing
        finally:
            self._keep(source)

    def close(self) -> None:
        """End the connections; one that is in use ends after its question."""
        with self._lock:
            self._is_ending = True
            idle, self._idle = self._idle, []
        for source in idle:
            source.close()

    def _checked(self, token: str) -> tuple[TeamSource, Standing]:
        """The question about the token also shows whether an idle connection still works."""
        while True:
            kept = self._take()
            source = kept or TeamSource.open(self._url, seconds=SECONDS)
            try:
                return source, source.bearer(token)
            except TokenRefused:
                self._keep(source)
                raise
            except LedgerError:
                is_closed = source.is_closed
                self._keep(source)
                if kept is None or not is_closed:
                    raise  # else the server was started again meanwhile, or a proxy has ended the connection

    def _take(self) -> TeamSource | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, source: TeamSource) -> None:
        with self._lock:
            if not (source.is_closed or self._is_ending):
                self._idle.append(source)
                return
        source.close()
