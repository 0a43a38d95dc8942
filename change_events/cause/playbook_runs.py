"""The earlier runs of a playbook, from the journal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.errors import TfeventError
from change_events.journal import Query, RecordState
from change_events.model import ChangeOutcome, Outcome, Phase
from change_events.model.stack import stack_key
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from change_events.journal import Journal
    from change_events.model import ChangeEvent, Playbook
    from change_events.process.deadline import Deadline

_MOST_RUNS = 20
_MOST_RECORDS = 500
_NUMBER = lazy_pattern(r" #\d+$", re.ASCII)
_WHOLE = {Outcome.SUCCEEDED, Outcome.NO_CHANGE}


class PlaybookRun(NamedTuple):
    """One earlier run.

    Attributes:
        commit: that it was made from.
        uncommitted: files that it had otherwise than the commit; None where that is not known.
        whole: all tasks that this run has were run, and did not fail.
        applied: tasks (``role : name``) that changed something; ``open`` those that were to and did not.
        versions: of roles and collections.
        variables: names of its extra variables.
    """

    commit: str | None
    uncommitted: frozenset[str] | None
    whole: bool
    applied: frozenset[str]
    open: frozenset[str]
    versions: dict[str, str | None]
    variables: frozenset[str]


def task_of(address: str) -> str:
    """A change's address without the number that distinguishes tasks of one name."""
    return _NUMBER.sub("", address)


def runs_before(journal: Journal, event: ChangeEvent, deadline: Deadline) -> list[PlaybookRun]:
    """The earlier runs of an event's playbook with its inventory, newest first, back to one that ran all of it.

    A journal that cannot be read has none. Runs of other hosts (``--limit``) do not count.
    """
    found: list[PlaybookRun] = []
    key, playbook = stack_key(event), event.playbook
    if playbook is None:
        return found
    mark = msgspec.json.encode(playbook.file or "").strip(b'"')
    try:
        for record in journal.list(Query(phase=Phase.APPLIED, tool="ansible", limit=_MOST_RECORDS)):
            if deadline.is_over or len(found) == _MOST_RUNS or (found and found[-1].whole and not found[-1].open):
                break
            if record.id == event.id or record.state is not RecordState.SETTLED or mark not in record.body:
                continue
            other = record.event
            if other.playbook and other.started_at < event.started_at and stack_key(other) == key:
                run = _run(other, other.playbook, playbook)
                found += [run] if run is not None else []
    except (TfeventError, msgspec.MsgspecError):
        return found
    return found


def last(runs: list[PlaybookRun], task: str) -> PlaybookRun | None:
    """The newest run that is known to have left a task as configured."""
    return next((run for run in runs if task in run.applied or (run.whole and task not in run.open)), None)


def _run(event: ChangeEvent, its: Playbook, ours: Playbook) -> PlaybookRun | None:
    if its.limit not in {None, ours.limit}:
        return None
    applied = {task_of(change.address) for change in event.changes if change.outcome is ChangeOutcome.APPLIED}
    missed = {task_of(change.address) for change in event.changes if change.outcome is not ChangeOutcome.APPLIED}
    is_all = not (its.tags or its.skip_tags or its.start_at_task) or (
        (its.tags, its.skip_tags, its.start_at_task) == (ours.tags, ours.skip_tags, ours.start_at_task)
    )
    listed = event.truncated is None or not event.truncated.changes
    vcs, held = event.vcs, event.inputs
    clean = frozenset[str]() if vcs is not None and vcs.dirty is False else None
    return PlaybookRun(
        commit=vcs.commit if vcs else None,
        uncommitted=frozenset(held.uncommitted) if held is not None else clean,
        whole=is_all and listed and event.outcome in _WHOLE,
        applied=frozenset(applied - missed),
        open=frozenset(missed),
        versions={**its.roles, **its.collections},
        variables=frozenset(its.variables),
    )
