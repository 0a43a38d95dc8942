"""Teams of a ledger that are read together, for the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.history.teams import OfTeams
from change_events.server.parameters import ParameterError
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.server.page import PageRequest


def teams_in(source: Source) -> Sequence[str]:
    """Return the teams of a source; none for a journal or a single team."""
    return source.teams if isinstance(source, OfTeams) and len(source.teams) > 1 else ()


def chosen_team(source: Source, request: PageRequest) -> str:
    """Return the parameter `team`; empty if not set. Raises ParameterError for a team that is not read."""
    team = request.query.get("team", "")
    if team and not (isinstance(source, OfTeams) and team in source.teams):
        shown = one_line(team.replace("`", "'"))
        raise ParameterError(f"`{shown}` is not a team whose events you read here.")
    return team


def each_team(source: Source) -> Sequence[tuple[str, Source]]:
    """Return a source for each team, with its name; for a journal or a single team, the source with an empty name."""
    if not isinstance(source, OfTeams) or len(source.teams) < 2:  # noqa: PLR2004 - several
        return [("", source)]
    return [(team, source.of_teams((team,))) for team in source.teams]


def name_of(source: Source) -> str:
    """Return the team (or teams) of a source; empty for a journal."""
    return ", ".join(source.teams) if isinstance(source, OfTeams) else ""


def as_recorded(source: Source, event_id: str, team: str) -> Record | None:
    """Return the event with this id as recorded by a team; without a team, the first record."""
    if not team or not isinstance(source, OfTeams):
        return source.get(event_id)
    return next((one for one in source.versions(event_id) if team in one.teams), None)
