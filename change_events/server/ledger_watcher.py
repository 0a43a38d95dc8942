"""Watches a ledger for new events: one query a second for all listeners, answered by two indexes.

PostgreSQL's `LISTEN` does not work through a pooler in transaction mode, and `NOTIFY` takes a lock of the
whole server at each commit.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from change_events.errors import LedgerError
from change_events.journal.records import to_micros
from change_events.ledger.access import Access, rows
from change_events.ledger.listing import micros
from change_events.ledger.problems import LedgerTooSlow
from change_events.server.policy import CONNECT_SECONDS, QUERY_SECONDS
from change_events.server.watching import GONE, News

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEWEST = 50
"""Events of a team that are looked at, by their starts, and as many of those that run."""

_RECENT = timedelta(days=40)
"""Older events are in partitions that are not looked at."""

_MARGIN = timedelta(seconds=2)
_COLUMNS = (
    "e.id::text AS id, e.team, e.state, e.outcome, e.severity, e.tx::text::bigint AS tx, "
    f"{micros('greatest(e.ingested_at, e.ended_at)')} AS moved, e.started_at"
)
_OF_TEAM = f"SELECT {_COLUMNS} FROM tfevent.events e WHERE e.team = {{team}} AND e.id >= %(recent)s::uuid "  # noqa: S608  # of ours
_NEWEST_FIRST = "ORDER BY e.started_at DESC, e.id DESC LIMIT %(newest)s"
_LATEST = (_OF_TEAM + _NEWEST_FIRST, f"{_OF_TEAM} AND e.state = 'started' {_NEWEST_FIRST}")
_CLOCK = f"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, {micros('clock_timestamp()')}"


class _Seen(NamedTuple):
    """The state of an event of a team; ``moved``: when it was recorded or ended, in microseconds."""

    id: str
    team: str
    state: str
    outcome: str | None
    severity: str
    tx: int
    moved: int


class _Latest(NamedTuple):
    """The latest events, with the transaction and the server time of the query."""

    position: int
    at: int
    events: Sequence[_Seen]


class _Reads(Access):
    """A connection that reads the latest events."""

    _serves_new_teams = True

    def latest(self) -> _Latest:
        """Return the latest events of each team. Raises LedgerError."""
        recent = UUID(int=int((datetime.now(UTC) - _RECENT).timestamp() * 1_000) << 80)
        with self._question() as connection:
            [(position, at)] = rows(connection, _CLOCK, {})
            found: dict[tuple[str, str], _Seen] = {}
            for statement in _LATEST:
                given = {"recent": str(recent), "newest": _NEWEST, "limit": _NEWEST * max(1, len(self.teams))}
                for *row, _ in rows(connection, *self._of_each(statement, "team", given)):
                    seen = _Seen(*row)
                    found[seen.team, seen.id] = seen
        return _Latest(position, at, list(found.values()))


class LedgerWatcher:
    """A ledger, which may be unavailable temporarily.

    The newest and the running events of each team are compared with their last state, so that late commits are not
    missed. An event recorded long after it began may be missed until the page is reloaded.

    Args:
        url: of the ledger.
        team: as for the pages.
    """

    seconds = 1.0

    def __init__(self, url: str, team: str | None) -> None:
        self._url = url
        self._team = team
        self._reads: _Reads | None = None
        self._known: dict[tuple[str, str], str] | None = None
        self.is_away = False

    def start(self) -> None:
        """As the protocol says."""
        self.poll()

    def poll(self) -> Sequence[News]:
        """As the protocol says."""
        had = self._reads is not None
        try:
            latest = self._asked()
        except LedgerTooSlow:
            self.is_away = True
            return ()
        except LedgerError:
            self.is_away = not had  # maybe only the connection was closed: the next poll opens another one
            return ()
        self.is_away = False
        known = {(one.team, one.id): one.state for one in latest.events}
        before, self._known = self._known, known
        if before is None:
            return ()
        if before and not known:
            return (GONE,)
        return _news(latest.position, [one for one in latest.events if before.get((one.team, one.id)) != one.state])

    def since(self, position: int, moment: datetime | None = None) -> Sequence[News]:
        """See the protocol; uses its own connection, since another thread may poll."""
        try:
            with self._opened() as reads, reads.together(self._team):
                latest = reads.latest()
        except LedgerError:
            return ()
        if moment is None:
            return _news(latest.position, [one for one in latest.events if one.tx >= position])
        ahead = latest.at - to_micros(datetime.now(UTC))  # offset of the server's clock
        least = to_micros(moment - _MARGIN) + ahead
        return _news(latest.position, [one for one in latest.events if one.moved >= least])

    def close(self) -> None:
        """As the protocol says."""
        if self._reads is not None:
            self._reads.close()
            self._reads = None

    def _asked(self) -> _Latest:
        try:
            if self._reads is None:
                self._reads = self._opened()
            with self._reads.together(self._team):  # teams may be new
                return self._reads.latest()
        except LedgerError:
            with suppress(LedgerError):
                self.close()
            raise

    def _opened(self) -> _Reads:
        return _Reads.open(self._url, self._team, seconds=QUERY_SECONDS, patience=CONNECT_SECONDS)


def _news(position: int, found: Sequence[_Seen]) -> Sequence[News]:
    return sorted(
        News(position, one.id, (one.outcome or "") if one.state == "settled" else "running", one.severity, one.team)
        for one in found
    )
