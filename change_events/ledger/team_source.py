"""A ledger as read by a collector, limited to the team of the client's token."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, LiteralString

from change_events.ledger import problems, schema, tokens
from change_events.ledger.access import OLDEST_READ
from change_events.ledger.cutting import cut_at
from change_events.ledger.rights import MAY_READ
from change_events.ledger.source import LedgerSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from change_events.ledger.tokens import Standing

_CHECK_SECONDS = 5.0
# the same row as `schema.version`, in one statement, since it precedes each query
_NARROWS: LiteralString = (
    f"SELECT ({MAY_READ}), version, oldest_writer "  # noqa: S608  # text of ours
    "FROM tfevent.schema ORDER BY version DESC LIMIT 1"
)


class TeamSource(LedgerSource):
    """A :class:`LedgerSource` limited to one team at a time, whatever else its user may read.

    Each query names the team, and the server is set to show no other one.
    """

    def bearer(self, token: str) -> Standing:
        """Return the rights of a token's bearer, and record the day of use.

        Raises:
            TokenRefused: the token has no rights.
            LedgerError: the ledger fails.
        """
        with self._shortly() as connection:
            return tokens.check(connection, token)

    def narrow(self, team: str, *, in_all: float) -> None:
        """Limit queries to this team, which need not have events yet, for ``in_all`` seconds.

        Raises:
            NoTeamToRead: the user cannot read events of this team, which would look like none.
            LedgerError: the ledger fails, or was upgraded to a schema that this tfevent cannot read.
        """
        with self._shortly() as connection:
            found = connection.execute(_NARROWS, {"team": team}).fetchone()
        allowed, *version = found or (False, 0, 0)
        problems.check_version(schema.Version(*version), self.shown, oldest=OLDEST_READ)
        if not allowed:
            raise problems.no_team(self.shown, team)
        self._until = time.monotonic() + in_all
        self._select((team,))
        self.teams = (team,)

    @contextmanager
    def _shortly(self) -> Iterator[psycopg.Connection]:
        """Use the connection for a quick statement."""
        import psycopg

        cut = threading.Event()
        try:
            with cut_at(self._connection, time.monotonic() + _CHECK_SECONDS, cut):
                yield self._connection
        except psycopg.Error as error:
            raise problems.silent(self.shown) if cut.is_set() else problems.explain(error, self.shown) from None
