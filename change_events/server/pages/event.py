"""The page of one event: outcome, risks, causes, and the plan with its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.report.changes import ChangeView, TableRow, worst_first
from change_events.report.room import Room
from change_events.report.views import event_view
from change_events.server import times, urls
from change_events.server.cause_views import CauseView, cause_view, shared_view
from change_events.server.delivery_views import delivery_views
from change_events.server.family import family
from change_events.server.page import Page
from change_events.server.parameters import ParameterError, check_parameters, refusal
from change_events.server.rows import event_row, team_of_address
from change_events.server.signal_views import gravest_first, signal_view
from change_events.server.teams import as_recorded, chosen_team

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from change_events.history.source import Source
    from change_events.model import Change, ChangeEvent
    from change_events.report.views import EventView
    from change_events.server.page import PageRequest

PARAMETERS = ("team",)
ROOM = 250_000  # bytes of details
_SIGNALS = 50
_ADDRESS = 500
_CAUSED = 100  # changes shown with their own cause
_LOOKS = {"applied": "ok", "failed": "bad", "not_attempted": "none", "unknown": "unknown"}
_NOT_FOUND = {
    "journal": "No event of this address is recorded here. The oldest events go first, when the journal is full.",
    "ledger": "No event of this address is in this ledger, or none that may be read: it was removed, or never there.",
}


class ShownChange(NamedTuple):
    """A change: ``thing`` is the address for its history, empty for a task.

    ``alike`` lists siblings by `count` or `for_each` with the same change.
    """

    view: ChangeView
    thing: str
    cause: CauseView | None
    alike: list[ShownChange]


class Part(NamedTuple):
    """A part of a bar, in percent."""

    kind: str
    x: float
    width: float


class Planned(NamedTuple):
    """A row of the plan: squares, or parts of one bar if there are too many."""

    row: TableRow
    squares: list[str]
    bar: list[Part]


def build(source: Source, request: PageRequest) -> Page:
    """Return the page of the event with the id of the path. Raises JournalError."""
    try:
        check_parameters(request, PARAMETERS)
        record = as_recorded(source, request.path["id"], chosen_team(source, request))
    except ParameterError as error:
        return refusal(error, urls.event(request.path["id"]))
    if record is None:
        absent = {"title": "There is no such event", "text": _NOT_FOUND[source.called], "link": "/list"}
        return Page("error.html", absent, 404)
    event = record.event
    view = event_view(event, "", Room(ROOM))
    row = event_row(record, request)
    context = {
        "title": row.title,
        "row": row,
        "others": [(team, urls.event(record.id, team=team)) for team in record.others],
        "team": team_of_address(record),
        "environment": event.environment or "",
        "service": event.service or "",
        "full": times.full(record.started_at, request),
        "ago": times.ago(record.started_at, request),
        "moment": times.exact(record.started_at, request),
        "signals": gravest_first(map(signal_view, event.signals))[:_SIGNALS],
        "more_signals": max(0, len(event.signals) - _SIGNALS),
        "causes": [shared_view(cause, event.vcs) for cause in event.causes],
        "view": view,
        "facts": [fact for fact in view.facts if fact.name != "event"],
        "planned": list(_planned(view)),
        "changes": _folded(_changes(event, view)),
        "hosts": view.hosts,
        "family": family(source, record, event, request),
        "units": [one for one in event.stacks.units if one.event] if event.stacks else [],
        "related": event.related,
        "deliveries": delivery_views(record, request),
    }
    return Page("event.html", context)


def _changes(event: ChangeEvent, view: EventView) -> Iterator[ShownChange]:
    for number, (change, shown) in enumerate(zip(worst_first(event), view.changes.items, strict=False)):
        own = change.causes if number < _CAUSED else ()
        yield ShownChange(shown, _thing(change), cause_view(own[0], event.vcs) if own else None, [])


def _folded(changes: Iterable[ShownChange]) -> list[ShownChange]:
    """Merge siblings that differ only in key and duration."""
    found: dict[object, ShownChange] = {}
    for number, one in enumerate(changes):
        resource, bracket, _ = one.thing.rpartition("[") if one.thing.endswith("]") else ("", "", "")
        same = repr((resource, one.view._replace(address="", right=""), one.cause)) if bracket else number
        if same in found:
            found[same].alike.append(one)
        else:
            found[same] = one
    return list(found.values())


def _thing(change: Change) -> str:
    return "" if change.task is not None or len(change.address) > _ADDRESS else change.address


def _planned(view: EventView) -> Iterator[Planned]:
    for row in view.table:
        total, *figures = row.figures
        parts: list[Part] = []
        for kind, number in zip(_LOOKS.values(), figures, strict=True):
            if number:
                x = sum(part.width for part in parts)
                parts.append(Part(kind, round(x, 2), round(100 * number / total, 2)))
        yield Planned(row, [_LOOKS[square.outcome] for square in row.squares], [] if row.squares else parts)
