"""Teams of a ledger whose events are read together: what has the same name in two of them is not the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from change_events.history.source import Source
    from change_events.journal import Record


@runtime_checkable
class OfTeams(Protocol):
    """What a source of several teams has beside the questions.

    Attributes:
        teams: whose events are read.
    """

    teams: tuple[str, ...]

    def of_teams(self, teams: Collection[str], /) -> Source:
        """The same source for questions about these teams."""

    def versions(self, id_or_prefix: str, /) -> Iterator[Record]:
        """The event with this id as each team has recorded it."""


def of_record(source: Source, record: Record) -> Source:
    """What the teams know that have recorded an event so; of a journal, the source itself."""
    return source.of_teams(record.teams) if isinstance(source, OfTeams) and record.teams else source
