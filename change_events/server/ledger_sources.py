"""Sources of a ledger: one connection per concurrent page, reused for later pages."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from change_events.errors import LedgerError
from change_events.ledger.kept import Kept
from change_events.ledger.problems import LedgerTooSlow
from change_events.ledger.source import LedgerSource
from change_events.server.ledger_watcher import LedgerWatcher
from change_events.server.policy import CONNECT_SECONDS, QUERY_SECONDS
from change_events.server.reader import NoTeamError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from change_events.history.source import Source


class _PagesSource(LedgerSource):
    """A source that accepts a team without events, since a server may start before the first event."""

    _serves_new_teams = True


class LedgerSources:
    """A ledger with the rights of one of its users.

    A connection is idle between pages; each page begins with a query that checks the connection, the readable teams,
    and the schema. There are at most as many connections as concurrent pages.

    Args:
        url: URL of the ledger.
        team: the team whose events are shown; None for all that the user of the URL may read.

    Raises:
        LedgerError: it cannot be reached or read; the text says what to do.
    """

    def __init__(self, url: str, team: str | None) -> None:
        self._url = url
        self._team = team
        self._sources: Kept[LedgerSource] = Kept()
        first = _PagesSource.open(url, team, seconds=QUERY_SECONDS)
        self._sources.give_back(first)
        self.name = f"ledger {first.shown}" + (f", team {team}" if team else "")
        self.teams = first.teams

    @contextmanager
    def open(self, teams: Collection[str] | None = None) -> Iterator[Source]:
        """See the protocol. Raises NoTeamError if none of the teams is in the ledger."""
        with ExitStack() as stack:
            source = self._begun(stack, teams)
            if teams is not None and not source.teams:
                raise NoTeamError(teams)
            yield source

    def is_live(self, _source: Source, /) -> bool:
        """See the protocol."""
        return True

    def watcher(self) -> LedgerWatcher:
        """See the protocol."""
        return LedgerWatcher(self._url, self._team)

    def interrupt(self) -> None:
        """See the protocol; does not wait for an unresponsive server."""
        for source in self._sources.end():
            threading.Thread(target=source.interrupt, daemon=True).start()

    def _begun(self, stack: ExitStack, teams: Collection[str] | None) -> LedgerSource:
        """Return a source for one page, until the end of the stack."""
        while kept := self._sources.take():
            try:
                return self._begin(kept, stack, teams)
            except LedgerError as error:
                if isinstance(error, LedgerTooSlow) or not kept.closed:
                    raise  # otherwise the server was restarted, or a proxy closed the connection
        return self._begin(self._connected(), stack, teams)

    def _begin(self, source: LedgerSource, stack: ExitStack, teams: Collection[str] | None) -> LedgerSource:
        with ExitStack() as own:
            own.callback(self._sources.give_back, source)
            own.enter_context(source.together(self._team, in_all=QUERY_SECONDS, within=teams))
            stack.push(own.pop_all())
        return source

    def _connected(self) -> LedgerSource:
        source = _PagesSource.open(
            self._url, self._team, seconds=QUERY_SECONDS, in_all=QUERY_SECONDS, patience=CONNECT_SECONDS
        )
        self._sources.add(source)
        return source
