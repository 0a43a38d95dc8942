"""Teams of a ledger that are read together; equal names in two teams do not denote the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from change_events.history.source import Source
    from change_events.journal import Record


@runtime_checkable
class OfTeams(Protocol):
    """The additional interface of a source with several teams.

    Attributes:
        teams: the teams whose events are read.
    """

    teams: tuple[str, ...]

    def of_teams(self, teams: Collection[str], /) -> Source:
        """Return this source limited to these teams."""

    def versions(self, id_or_prefix: str, /) -> Iterator[Record]:
        """Yield the event with this id as recorded by each team."""


def of_record(source: Source, record: Record) -> Source:
    """Return the source limited to the teams of a record; for a journal, the source itself."""
    return source.of_teams(record.teams) if isinstance(source, OfTeams) and record.teams else source
