"""Answers that take many questions: asked for as a whole where a source is too far away to be asked for each part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.history.suspects import Incident, Ranking
    from change_events.history.why import Answer


@runtime_checkable
class Elsewhere(Protocol):
    """A source that answers these where its events are."""

    def why(self, text: str, /, *, limit: int, since: datetime | None = None, until: datetime | None = None) -> Answer:
        """The last changes of what ``text`` names."""

    def suspects(self, incident: Incident, /, *, limit: int | None) -> Ranking:
        """What changed before an incident."""


def why(
    source: Source, text: str, *, limit: int, since: datetime | None = None, until: datetime | None = None
) -> Answer:
    """The last changes of what ``text`` names; see :func:`change_events.history.why.why`."""
    if isinstance(source, Elsewhere):
        return source.why(text, limit=limit, since=since, until=until)
    from change_events.history import why as parts

    return parts.why(source, text, limit=limit, since=since, until=until)


def suspects(source: Source, incident: Incident, *, limit: int | None) -> Ranking:
    """What changed before an incident; see :func:`change_events.history.suspects.suspects`."""
    if isinstance(source, Elsewhere):
        return source.suspects(incident, limit=limit)
    from change_events.history import suspects as parts

    return parts.suspects(source, incident, limit=limit)
