"""Related events: ancestors, children, and neighbours in the stack and in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.history.teams import of_record
from change_events.journal import Query
from change_events.model import stack_key
from change_events.server import times, urls
from change_events.server.rows import Look, event_href, look_of, team_of_address
from change_events.server.teams import name_of, teams_in
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.model import ChangeEvent
    from change_events.report.visible import Verbatim
    from change_events.server.page import PageRequest

_TITLE = 200
_ANCESTORS = 10
_CHILDREN = 50
_LOOKED_AT = 10  # neighbours, including skipped explicit events
_RUNS = 500  # of a stack, searched for the previous and the next one


class Step(NamedTuple):
    """A link to a related event."""

    href: Verbatim
    title: str
    look: Look
    when: str


class Family(NamedTuple):
    """The related events of one.

    Attributes:
        ancestors: from the first down to the one that started it.
        missing: the run that started it is not recorded here.
        children: in the order of their starts; ``more``: there are others.
        earlier: the previous run of the same stack; ``later``: the next one.
        older: the page of the next older event in the list; ``newer``: of the next newer one.
    """

    ancestors: list[Step]
    missing: bool
    children: list[Step]
    more: bool
    earlier: Step | None
    later: Step | None
    older: Verbatim | str
    newer: Verbatim | str


def family(source: Source, record: Record, event: ChangeEvent, request: PageRequest) -> Family:
    """Return the related events of one. Raises JournalError."""
    own = of_record(source, record)
    steps = _Steps(request, name_of(own) if teams_in(source) and not teams_in(own) else "")
    ancestors, missing = _ancestors(own, record, steps)
    children = list(own.list(Query(parent=record.run, limit=_CHILDREN + 1))) if record.run else []
    shown = sorted((one for one in children[:_CHILDREN] if one.id != record.id), key=lambda one: one.started_at)
    earlier, later = _neighbours(own, event, steps)
    return Family(
        ancestors,
        missing,
        [steps.step(one) for one in shown],
        len(children) > _CHILDREN,
        earlier,
        later,
        older=_only(source, Query(before=record.id, limit=1)),
        newer=_only(source, Query(after=record.id, limit=1)),
    )


class _Steps(NamedTuple):
    """Creates links; ``team`` is the team of the events if several are read."""

    request: PageRequest
    team: str

    def step(self, record: Record) -> Step:
        """Return the link to an event."""
        title = one_line(record.title, _TITLE) or record.kind
        href = urls.event(record.id, team=self.team or team_of_address(record))
        return Step(href, title, look_of(record), times.short(record.started_at, self.request))


def _ancestors(source: Source, record: Record, steps: _Steps) -> tuple[list[Step], bool]:
    found: list[Step] = []
    seen = {record.id}
    while record.parent is not None and len(found) < _ANCESTORS:
        parent = next(iter(source.list(Query(run=record.parent, limit=1))), None)
        if parent is None:
            return found, True
        if parent.id in seen:  # a cycle of runs
            break
        seen.add(parent.id)
        found.insert(0, steps.step(parent))
        record = parent
    return found, False


def _neighbours(source: Source, event: ChangeEvent, steps: _Steps) -> tuple[Step | None, Step | None]:
    if event.explicit:
        return None, None  # an explicit event is no run of the stack
    runs = source.events_of_stack(stack_key(event), limit=_RUNS)
    if event.id not in runs:
        return None, None
    place = runs.index(event.id)
    earlier, later = runs[place + 1 : place + 1 + _LOOKED_AT], runs[max(place - _LOOKED_AT, 0) : place][::-1]
    return _first(source, earlier, steps), _first(source, later, steps)


def _first(source: Source, ids: Sequence[str], steps: _Steps) -> Step | None:
    """Return the link to the first run among these."""
    found = (record for one in ids if (record := source.get(one)) and not record.event.explicit)
    record = next(found, None)
    return steps.step(record) if record else None


def _only(source: Source, query: Query) -> Verbatim | str:
    return next((event_href(record) for record in source.list(query)), "")
