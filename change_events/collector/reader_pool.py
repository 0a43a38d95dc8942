"""Connections to a ledger from which questions are answered: a few, each for one question at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from change_events.errors import LedgerError
from change_events.ledger.kept import KeptSources
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
    """Connections that are kept; there are as many as questions are answered at once.

    Args:
        url: of the ledger: ``postgresql://…``. Its user has the roles ``tfevent_collector`` and ``tfevent_reader``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._sources: KeptSources[TeamSource] = KeptSources()

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
            self._sources.give_back(source)

    def close(self) -> None:
        """End the connections; one that is in use ends after its question."""
        self._sources.end()

    def _checked(self, token: str) -> tuple[TeamSource, Standing]:
        """The question about the token also shows whether an idle connection still works.

        One that ended is replaced. Where the server says nothing, no other connection would say more.
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
                is_closed = source.is_closed
                self._sources.give_back(source)
                if kept is None or not is_closed or isinstance(error, LedgerSilent):
                    raise  # else the server was started again meanwhile, or a proxy has ended the connection

    def _opened(self) -> TeamSource:
        source = TeamSource.open(self._url, seconds=SECONDS, patience=_CONNECT_SECONDS)
        self._sources.add(source)
        return source
