"""``suspects``: changes before an incident, the most likely cause first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from change_events.history.suspects import MOST_EVENTS, Incident
from change_events.mcp.answers import MOST, Found, under_way
from change_events.mcp.arguments import ToolArgumentError, duration, moment
from change_events.mcp.bounds import bounded, page
from change_events.query.answers import suspects as ranking_of
from change_events.query.known_names import check_known
from change_events.query.times import check_past

if TYPE_CHECKING:
    from change_events.history.source import Source
    from change_events.mcp.arguments import SuspectsArguments
    from change_events.settings import Settings

_EACH = 4_000
_ROOM = 2_000


def suspects(source: Source, settings: Settings, arguments: SuspectsArguments) -> Found:  # noqa: ARG001 - as of all tools
    """Return the ranking. Raises TfeventError with near matches for an unknown service, environment or host."""
    now = datetime.now(UTC)
    at = moment("at", arguments.at) or now
    try:
        check_past(at, now)
    except ValueError as error:
        raise ToolArgumentError(f"at: {error}") from None
    window = duration("window", arguments.window)
    check_known(source, service=arguments.service, environment=arguments.environment, host=arguments.host)
    incident = Incident(at, window, arguments.service, arguments.environment, arguments.host)
    first = arguments.suspects_from
    ranking = ranking_of(source, incident, limit=first + arguments.limit)
    head = bounded(msgspec.structs.replace(ranking, suspects=()), _ROOM)
    asked = ranking.suspects[first:]
    shown = page(asked, MOST - _ROOM - head.size, _EACH)
    notes = [f"of suspects, {words}" for words in shown.left_out]
    after, total = first + len(shown.items), ranking.candidates
    following: dict[str, str | int] | None = None
    if after < total and shown.items:
        following = {"suspects_from": after, "at": at.isoformat()}  # the ranking depends on the time
        notes.append(f"suspects {first + 1} to {after} of {total}: `next` has the arguments for those that follow")
    elif first >= total > 0:
        notes.append(f"{total} changes were ranked: `suspects_from` leaves out all of them")
    if ranking.cut:
        notes.append(f"only the newest {MOST_EVENTS} events of the window were ranked: a shorter `window` ranks all")
    if not ranking.candidates:
        notes.append("no change in this time is recorded")
    return Found({**head.value, "suspects": shown.items}, (*notes, *under_way(asked)), following)
