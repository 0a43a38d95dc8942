"""Answers from a ledger: one connection for each page that is being made, kept for the pages that follow."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from change_events.errors import LedgerError
from change_events.ledger.kept import KeptSources
from change_events.ledger.problems import LedgerTooSlow
from change_events.ledger.source import LedgerSource
from change_events.server.ledger_watcher import LedgerWatcher
from change_events.server.policy import CONNECT_SECONDS, QUERY_SECONDS
from change_events.server.reader import NoTeamError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from change_events.history.source import Source


class _PagesSource(LedgerSource):
    """A server may be started before a team has its first event."""

    _serves_new_teams = True


class LedgerSources:
    """A ledger, as one of its users sees it.

    A connection is idle between two pages; each page begins with a question that shows whether it still works, which
    teams may be read, and that this tfevent reads the ledger. There are as many as pages are made at once, at most.

    Args:
        url: of the ledger.
        team: whose events are shown; None for all that the user of the address may read.

    Raises:
        LedgerError: it cannot be reached or read; the text says what to do.
    """

    def __init__(self, url: str, team: str | None) -> None:
        self._url = url
        self._team = team
        self._sources: KeptSources[LedgerSource] = KeptSources()
        first = _PagesSource.open(url, team, seconds=QUERY_SECONDS)
        self._sources.give_back(first)
        self.name = f"ledger {first.shown}" + (f", team {team}" if team else "")
        self.teams = first.teams

    @contextmanager
    def open(self, teams: Collection[str] | None = None) -> Iterator[Source]:
        """As the protocol says. Raises NoTeamError where none of the teams is one of the ledger."""
        with ExitStack() as stack:
            source = self._begun(stack, teams)
            if teams is not None and not source.teams:
                raise NoTeamError(teams)
            yield source

    def is_live(self, _source: Source, /) -> bool:
        """As the protocol says."""
        return True

    def watcher(self) -> LedgerWatcher:
        """As the protocol says."""
        return LedgerWatcher(self._url, self._team)

    def interrupt(self) -> None:
        """As the protocol says; whoever calls this does not wait for a server that may not answer."""
        for source in self._sources.end():
            threading.Thread(target=source.interrupt, daemon=True).start()

    def _begun(self, stack: ExitStack, teams: Collection[str] | None) -> LedgerSource:
        """A source for one page, until the end of the stack."""
        while kept := self._sources.take():
            try:
                return self._begin(kept, stack, teams)
            except LedgerError as error:
                if isinstance(error, LedgerTooSlow) or not kept.is_closed:
                    raise  # else the server was started again meanwhile, or a proxy has ended the connection
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
