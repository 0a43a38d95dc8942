"""What started an event and what it started, and its neighbours: in its stack, and in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.journal import Query
from change_events.model import stack_key
from change_events.server import times
from change_events.server.rows import Look, look_of
from change_events.server.teams import of_record
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.model import ChangeEvent
    from change_events.server.page import PageRequest

_TITLE = 200
_ANCESTORS = 10
_CHILDREN = 50
_LOOKED_AT = 10  # neighbours, among which explicit events are passed over
_RUNS = 500  # of a stack, among which the one before and the one after are looked for


class Step(NamedTuple):
    """An event that leads to another page."""

    id: str
    title: str
    look: Look
    when: str


class Family(NamedTuple):
    """Events around one.

    Attributes:
        ancestors: from the first down to the one that started it.
        missing: it was started by a run that is not recorded here.
        children: in the order of their starts; ``more`` says that there are others.
        earlier: the run of the same stack before it; ``later`` the one after it.
        older: the event that is listed after it; ``newer`` the one before.
    """

    ancestors: list[Step]
    missing: bool
    children: list[Step]
    more: bool
    earlier: Step | None
    later: Step | None
    older: str
    newer: str


def family(source: Source, record: Record, event: ChangeEvent, request: PageRequest) -> Family:
    """The events around one. Raises JournalError."""
    own = of_record(source, record)
    ancestors, missing = _ancestors(own, record, request)
    children = list(own.list(Query(parent=record.run, limit=_CHILDREN + 1))) if record.run else []
    shown = sorted((one for one in children[:_CHILDREN] if one.id != record.id), key=lambda one: one.started_at)
    earlier, later = _neighbours(own, event, request)
    return Family(
        ancestors,
        missing,
        [_step(one, request) for one in shown],
        len(children) > _CHILDREN,
        earlier,
        later,
        older=_only(source, Query(before=record.id, limit=1)),
        newer=_only(source, Query(after=record.id, limit=1)),
    )


def _ancestors(source: Source, record: Record, request: PageRequest) -> tuple[list[Step], bool]:
    found: list[Step] = []
    seen = {record.id}
    while record.parent is not None and len(found) < _ANCESTORS:
        parent = next(iter(source.list(Query(run=record.parent, limit=1))), None)
        if parent is None:
            return found, True
        if parent.id in seen:  # runs that name each other
            break
        seen.add(parent.id)
        found.insert(0, _step(parent, request))
        record = parent
    return found, False


def _neighbours(source: Source, event: ChangeEvent, request: PageRequest) -> tuple[Step | None, Step | None]:
    if event.explicit:
        return None, None  # it says what happened somewhere, and is no run of the stack
    runs = source.events_of_stack(stack_key(event), limit=_RUNS)
    if event.id not in runs:
        return None, None
    place = runs.index(event.id)
    earlier, later = runs[place + 1 : place + 1 + _LOOKED_AT], runs[max(place - _LOOKED_AT, 0) : place][::-1]
    return _first(source, earlier, request), _first(source, later, request)


def _first(source: Source, ids: Sequence[str], request: PageRequest) -> Step | None:
    """The first that is a run."""
    found = (record for one in ids if (record := source.get(one)) and not record.event.explicit)
    record = next(found, None)
    return _step(record, request) if record else None


def _step(record: Record, request: PageRequest) -> Step:
    title = one_line(record.title, _TITLE) or record.kind
    return Step(record.id, title, look_of(record), times.short(record.started_at, request))


def _only(source: Source, query: Query) -> str:
    return next((record.id for record in source.list(query)), "")
