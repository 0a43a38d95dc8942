"""Answers that take many queries: a remote source computes them as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.history.suspects import Incident, Ranking
    from change_events.history.why import Answer


@runtime_checkable
class Elsewhere(Protocol):
    """A remote source that computes these answers where its events are."""

    def why(self, text: str, /, *, limit: int, since: datetime | None = None, until: datetime | None = None) -> Answer:
        """Return the last changes of the subject of ``text``."""

    def suspects(self, incident: Incident, /, *, limit: int | None) -> Ranking:
        """Return the changes before an incident."""


def why(
    source: Source, text: str, *, limit: int, since: datetime | None = None, until: datetime | None = None
) -> Answer:
    """Return the last changes of the subject of ``text``; see :func:`change_events.history.why.why`."""
    if isinstance(source, Elsewhere):
        return source.why(text, limit=limit, since=since, until=until)
    from change_events.history import why as parts

    return parts.why(source, text, limit=limit, since=since, until=until)


def suspects(source: Source, incident: Incident, *, limit: int | None) -> Ranking:
    """Return the changes before an incident; see :func:`change_events.history.suspects.suspects`."""
    if isinstance(source, Elsewhere):
        return source.suspects(incident, limit=limit)
    from change_events.history import suspects as parts

    return parts.suspects(source, incident, limit=limit)
