"""Teams of a ledger whose events are read together: what has the same name in two of them is not the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from change_events.history.source import Source
    from change_events.journal import Record


@runtime_checkable
class _OfTeams(Protocol):
    teams: tuple[str, ...]

    def of_teams(self, teams: Collection[str], /) -> Source:
        """The same source for questions about these teams."""


def teams_in(source: Source) -> Sequence[str]:
    """The teams that a source tells apart; none of a journal, or of one team alone."""
    return source.teams if isinstance(source, _OfTeams) and len(source.teams) > 1 else ()


def read_teams(source: Source) -> Sequence[str]:
    """The teams whose events a source has, be it one or several; none of a journal."""
    return source.teams if isinstance(source, _OfTeams) else ()


def each_team(source: Source) -> Sequence[tuple[str, Source]]:
    """A source for each team, with its name; of a journal, or of one team, itself without a name."""
    if not isinstance(source, _OfTeams) or len(source.teams) < 2:  # noqa: PLR2004 - several
        return [("", source)]
    return [(team, source.of_teams((team,))) for team in source.teams]


def name_of(source: Source) -> str:
    """The team of a source that has one."""
    return ", ".join(source.teams) if isinstance(source, _OfTeams) else ""


def of_record(source: Source, record: Record) -> Source:
    """What the teams know that have recorded an event so."""
    return source.of_teams(record.teams) if isinstance(source, _OfTeams) and record.teams else source
