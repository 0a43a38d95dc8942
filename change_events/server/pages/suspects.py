"""The page of suspects: changes before an incident, the most likely cause first, with the reason of each point."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from change_events.errors import JournalError, TfeventError
from change_events.history.suspects import Incident, Suspect, rank
from change_events.model import ValueKind
from change_events.query.known_names import check_known
from change_events.query.times import check_past, duration
from change_events.report.attributes import Row, row
from change_events.report.changes import worst_first
from change_events.server import times, urls
from change_events.server.filters import LONGEST, Filters, moment_of
from change_events.server.page import Page
from change_events.server.parameters import ParameterError, check_parameters, refusal
from change_events.server.rows import EventRow, event_row
from change_events.text.markdown import one_line
from change_events.text.plural import number_of
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.history.suspects import Ranking
    from change_events.journal import Record
    from change_events.report.visible import Verbatim
    from change_events.server.page import PageRequest

SHOWN = 10
_WINDOWS = ("1h", "6h", "24h", "3d", "7d")
_WINDOW = "6h"
_SCOPE = ("environment", "service", "host")
_CHOICES = 500
_ATTRIBUTES = 3
_MOMENT = 98.0  # percent of the width
_MINUTES = 5
_MINUS = "\u2212"


class Asked(NamedTuple):
    """The values of the form."""

    before: str
    window: str
    environment: str
    service: str
    host: str


class ShownSuspect(NamedTuple):
    """One event of the ranking; ``width`` is its score in percent of the highest."""

    number: int
    suspect: Suspect
    row: EventRow
    attributes: list[Row]
    before: str
    width: float
    points: list[tuple[str, str]]


class Mark(NamedTuple):
    """An event on the time line; ``number`` is 0 if it is not shown below."""

    x: float
    number: int
    clock: str


def build(source: Source, request: PageRequest) -> Page:
    """Return the page; `before`, `window` and the scope come from the form. Raises JournalError."""
    try:
        check_parameters(request, Asked._fields)
    except ParameterError as error:
        return refusal(error, urls.page("suspects"))
    asked = _asked(request)
    context: dict[str, object] = {
        "current": "suspects",
        "asked": asked,
        "windows": list(dict.fromkeys((*_WINDOWS, asked.window))),
        "environments": _choices(source, "environment"),
        "services": _choices(source, "service"),
    }
    try:
        incident = _incident(source, asked, request)
    except JournalError:
        raise
    except (TfeventError, ValueError, OverflowError) as error:
        nothing = {"title": "This moment cannot be ranked", "error": str(error), "ranking": None}
        return Page("suspects.html", {**context, **nothing}, 400)
    ranking, records = rank(source, incident, limit=None)
    shown = [_shown(record, request, ranking, place) for place, record in enumerate(records[:SHOWN])]
    scope = {name: getattr(asked, name) for name in _SCOPE} | {"window": asked.window}
    context |= {
        "title": _title(ranking, incident, request),
        "error": "",
        "ranking": ranking,
        "scope": _scope(asked, ranking, request),
        "suspects": shown,
        "others": len(ranking.suspects) - len(shown),
        "marks": list(_marks(ranking, request)),
        "moment": _MOMENT,
        "at": times.clock(ranking.at, request),
        "begin": times.short(ranking.since, request),
        "listed": urls.events(
            Filters(since=times.exact(ranking.since, request), until=times.exact(ranking.at, request))
        ),
        "earlier": _moved(ranking.at, -_MINUTES, scope, request),
        "later": _moved(ranking.at, _MINUTES, scope, request),
    }
    return Page("suspects.html", context)


def _choices(source: Source, column: str) -> list[str]:
    return [value for value in source.values_of(column, limit=_CHOICES) if len(value) <= LONGEST]


def _asked(request: PageRequest) -> Asked:
    given = {name: request.query.get(name, "").strip()[:LONGEST] for name in Asked._fields}
    return Asked(**{**given, "window": given["window"] or _WINDOW})


def _incident(source: Source, asked: Asked, request: PageRequest) -> Incident:
    at = moment_of(asked.before, request) if asked.before else request.now
    check_past(at, request.now)
    scope = {name: getattr(asked, name) or None for name in _SCOPE}
    check_known(source, **scope)
    return Incident(at, duration(asked.window), **{name: scope[name] for name in ("service", "environment", "host")})


def _title(ranking: Ranking, incident: Incident, request: PageRequest) -> str:
    at = times.short(ranking.at, request)
    if not ranking.suspects:
        return f"Nothing changed in the {short_duration(_seconds(incident.window))} before {at}"
    first = one_line(ranking.suspects[0].title, 120)
    number = ranking.candidates
    return f"Likeliest of {number_of(number, 'event')} before {at}: {first}"


def _scope(asked: Asked, ranking: Ranking, request: PageRequest) -> str:
    parts = [one_line(asked.service), f"in {one_line(asked.environment)}" if asked.environment else ""]
    parts.append(f"on {one_line(asked.host)}" if asked.host else "")
    where = " ".join(part for part in parts if part) or "everything"
    return f"For {where}, {times.short(ranking.since, request)} to {times.short(ranking.at, request)}."


def _shown(record: Record, request: PageRequest, ranking: Ranking, place: int) -> ShownSuspect:
    one = ranking.suspects[place]
    highest = max(ranking.suspects[0].score, 1)
    changes = worst_first(record.event)
    found = [item for change in changes[:SHOWN] for item in change.attributes]
    attributes = list({(item.path, item.before, item.after): item for item in found}.values())  # once for siblings
    attributes.sort(key=lambda item: item.after.kind is ValueKind.UNKNOWN)  # computed values last
    ended = min(one.ended_at or ranking.at, ranking.at)
    seconds = _seconds(ranking.at - ended)
    return ShownSuspect(
        number=place + 1,
        suspect=one,
        row=event_row(record, request),
        attributes=[row(item) for item in attributes[:_ATTRIBUTES]],
        before=f"{short_duration(seconds)} before" if seconds else "was running",
        width=round(max(0.0, 100 * one.score / highest), 1),
        points=[(f"{reason.points:+g}".replace("-", _MINUS), one_line(reason.text)) for reason in one.reasons],
    )


def _marks(ranking: Ranking, request: PageRequest) -> Iterator[Mark]:
    whole = max(_seconds(ranking.at - ranking.since), 1)
    for number, one in enumerate(ranking.suspects, 1):
        ended = min(one.ended_at or ranking.at, ranking.at)
        x = _MOMENT * _seconds(ended - ranking.since) / whole
        yield Mark(round(max(0.0, x), 2), number if number <= SHOWN else 0, times.short(ended, request))


def _moved(at: datetime, minutes: int, scope: dict[str, str], request: PageRequest) -> Verbatim:
    moved = at + timedelta(minutes=minutes)
    return urls.suspects(before=times.exact(min(moved, request.now), request), **scope)


def _seconds(length: timedelta) -> float:
    return length.total_seconds()
