"""Possible origins of drift: records of CloudTrail, and events of the journal that mention the resource."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from change_events.errors import JournalError
from change_events.model import DriftOrigin, DriftStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from change_events.drift.memory import Step, Transition
    from change_events.journal import Journal
    from change_events.model import ChangeEvent
    from change_events.redact import Redactor

_MOST = 3  # origins per resource
_SHORTEST = 4  # characters of a searched name
_WINDOW = timedelta(days=90)
_SEARCHED = 20_000


def with_origins(
    steps: Sequence[Step], journal: Journal, redactor: Redactor, say: Callable[[str], object]
) -> list[Step]:
    """Return the steps with the records that may explain their new drift.

    Args:
        steps: steps of a check.
        journal: searched if CloudTrail has nothing.
        redactor: redactor of the check.
        say: receives a message if CloudTrail could not be queried.
    """
    from change_events.drift.cloudtrail import Subject, look_up

    subjects = [
        Subject(_key(step, one), one.drift.type or "", one.names, _since(one))
        for step in steps
        for one in step.transitions
        if one.drift.status is not DriftStatus.GONE
    ]
    answer = look_up(subjects)
    if answer.trouble:
        say(answer.trouble)
    found = dict(answer.origins)

    def explained(step: Step, one: Transition) -> Transition:
        if one.drift.status is DriftStatus.GONE:
            return one
        origins = found.get(_key(step, one)) or tuple(_of_journal(step, one, journal))
        clean = tuple(_redacted(origin, redactor) for origin in origins[:_MOST])
        return one._replace(drift=replace(one.drift, origins=clean))

    return [step._replace(transitions=tuple(explained(step, one) for one in step.transitions)) for step in steps]


def _key(step: Step, one: Transition) -> str:
    return f"{step.check.path}\n{step.check.workspace}\n{one.drift.address}"


def _since(one: Transition) -> datetime | None:
    return None if one.clean_at is None else datetime.fromtimestamp(one.clean_at, UTC)


def _of_journal(step: Step, one: Transition, journal: Journal) -> Iterator[DriftOrigin]:
    """Yield events of other directories since the last clean check that name the resource or its host."""
    from change_events.journal import Query

    since = _since(one) or datetime.now(UTC) - _WINDOW
    seen: set[str] = set()
    for name in one.names:
        if len(name) < _SHORTEST:
            continue
        for query in (
            Query(since=since, text=name, limit=_MOST, searched=_SEARCHED),
            Query(since=since, host=name, limit=_MOST),
        ):
            try:
                records = list(journal.list(query))
            except JournalError:
                return
            for record in records:
                if record.id not in seen and _may_explain(record.event, step):
                    seen.add(record.id)
                    yield _origin(record.event)


def _may_explain(event: ChangeEvent, step: Step) -> bool:
    """Return whether it changed something outside of the directory, whose own changes are not drift."""
    directory = event.tool.directory if event.tool else None
    return event.phase.value == "applied" and event.kind.value != "drift" and directory != step.next.directory


def _origin(event: ChangeEvent) -> DriftOrigin:
    actor = event.actor
    who = (actor.ci.actor or actor.ci.system if actor.ci else actor.user) if actor else None
    return DriftOrigin(source="journal", action=event.title, actor=who, at=event.started_at, event=event.id)


def _redacted(origin: DriftOrigin, redactor: Redactor) -> DriftOrigin:
    actor = redactor.text(origin.actor) if origin.actor else None
    return replace(origin, action=redactor.text(origin.action), actor=actor)
