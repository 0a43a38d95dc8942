"""The pool of connections for queries, each used by one query at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from change_events.errors import LedgerError
from change_events.ledger.kept import Kept
from change_events.ledger.problems import LedgerSilent
from change_events.ledger.team_source import TeamSource
from change_events.ledger.tokens import TokenRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.ledger.tokens import Standing

SECONDS = 25.0
"""For one question: less than a client waits."""
_CONNECT_SECONDS = 3


class ReaderPool:
    """Persistent connections, as many as there are concurrent queries.

    Args:
        url: URL of the ledger: ``postgresql://…``. Its user has the roles ``tfevent_collector`` and ``tfevent_reader``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._sources: Kept[TeamSource] = Kept()

    @contextmanager
    def open(self, token: str) -> Iterator[tuple[TeamSource, Standing]]:
        """Open a source for one thread, with the rights of a token; the caller limits the source to the team.

        Raises:
            TokenRefused: the token has no rights.
            LedgerError: the ledger cannot be reached or read.
        """
        source, standing = self._checked(token)
        try:
            yield source, standing
        finally:
            self._sources.give_back(source)

    def close(self) -> None:
        """Close the connections; one in use is closed after its query."""
        self._sources.end()

    def _checked(self, token: str) -> tuple[TeamSource, Standing]:
        """Return a source and the rights of a token, whose query also checks an idle connection.

        A closed connection is replaced. If the server is silent, no other connection is tried.
        """
        while True:
            kept = self._sources.take()
            source = kept or self._opened()
            try:
                return source, source.bearer(token)
            except TokenRefused:
                self._sources.give_back(source)
                raise
            except LedgerError as error:
                is_closed = source.closed
                self._sources.give_back(source)
                if kept is None or not is_closed or isinstance(error, LedgerSilent):
                    raise  # otherwise the server was restarted, or a proxy closed the connection

    def _opened(self) -> TeamSource:
        source = TeamSource.open(self._url, seconds=SECONDS, patience=_CONNECT_SECONDS)
        self._sources.add(source)
        return source
