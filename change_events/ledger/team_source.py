"""A ledger as a collector reads it: for whoever sends a token, and for the team of that token alone."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, LiteralString

from change_events.ledger import problems, tokens
from change_events.ledger.cutting import cut_at
from change_events.ledger.source import LedgerSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from change_events.ledger.tokens import Standing

_CHECK_SECONDS = 5.0
MAY_READ: LiteralString = """
    SELECT NOT row_security_active('tfevent.events') OR pg_has_role('tfevent_owner', 'USAGE')
        OR tfevent.teams('read') && ARRAY[%(team)s::text, '*']
"""
"""Whether a user is shown events of a team."""


class TeamSource(LedgerSource):
    """A :class:`LedgerSource` that answers of one team at a time, whatever else its user may read.

    Each question names the team, and the server is told to show no other one, too.
    """

    _only: str | None = None

    def bearer(self, token: str) -> Standing:
        """What the bearer of a token may do; the day is noted.

        Raises:
            TokenRefused: nothing.
            LedgerError: the ledger does not say it.
        """
        import psycopg

        cut = threading.Event()
        try:
            with cut_at(self._connection, time.monotonic() + _CHECK_SECONDS, cut):
                return tokens.check(self._connection, token)
        except psycopg.Error as error:
            raise problems.silent(self.shown) if cut.is_set() else problems.explain(error, self.shown) from None

    def may_read(self, team: str) -> bool:
        """Whether this user is shown events of a team: without that, they would look like none. Raises LedgerError."""
        import psycopg

        cut = threading.Event()
        try:
            with cut_at(self._connection, time.monotonic() + _CHECK_SECONDS, cut):
                ((allowed,),) = self._connection.execute(MAY_READ, {"team": team}).fetchall()
        except psycopg.Error as error:
            raise problems.silent(self.shown) if cut.is_set() else problems.explain(error, self.shown) from None
        return bool(allowed)

    def narrow(self, team: str, *, in_all: float) -> None:
        """From now on, answer of this team, of which there need not be any event yet, for so many seconds.

        Raises:
            LedgerError: its user may not read this team.
        """
        self._only = None
        self._until = time.monotonic() + in_all
        if not self._is_granted(team):
            self._readable(None)  # it may have been granted meanwhile
            if not self._is_granted(team):
                raise problems.no_team(self.shown, team)
        self._only = team
        self.teams = (team,)

    def _is_granted(self, team: str) -> bool:
        return self._granted is None or team in self._granted

    @property
    def is_broken(self) -> bool:
        """Whether the connection has ended."""
        return bool(self._connection.closed)

    @contextmanager
    def _question(self) -> Iterator[psycopg.Connection]:
        with super()._question() as connection:
            if self._only is not None:
                connection.execute("SELECT set_config('tfevent.teams', %s, true)", (self._only,))
            yield connection
