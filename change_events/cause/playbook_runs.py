"""The earlier runs of a playbook, from the journal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from change_events.cause.earlier_runs import DONE, lists_all, runs_back
from change_events.model import ChangeOutcome
from change_events.model.stack import stack_key
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from change_events.journal import Journal
    from change_events.model import ChangeEvent, Playbook
    from change_events.process.deadline import Deadline

_NUMBER = lazy_pattern(r" #\d+$", re.ASCII)


class PlaybookRun(NamedTuple):
    """One earlier run.

    Attributes:
        commit: the commit it was made from.
        uncommitted: files that differed from the commit; None if unknown.
        whole: all tasks of the current run ran in it, and did not fail.
        applied: tasks (``role : name``) that changed something; ``open``: those that should have and did not.
        versions: versions of roles and collections.
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
    """Return the address of a change without the number that distinguishes tasks of one name."""
    return _NUMBER.sub("", address)


def runs_before(journal: Journal, event: ChangeEvent, deadline: Deadline) -> list[PlaybookRun]:
    """Return earlier runs of an event's playbook and inventory, newest first, back to one that ran all of it.

    Runs limited to other hosts (``--limit``) do not count.
    """
    key, playbook = stack_key(event), event.playbook
    if playbook is None:
        return []

    def run_of(other: ChangeEvent) -> PlaybookRun | None:
        if other.playbook is None or other.started_at >= event.started_at or stack_key(other) != key:
            return None
        return _run(other, other.playbook, playbook)

    return runs_back(journal, event, deadline, mark=playbook.file or "", run_of=run_of)


def _run(event: ChangeEvent, its: Playbook, ours: Playbook) -> PlaybookRun | None:
    if its.limit not in {None, ours.limit}:
        return None
    applied = {task_of(change.address) for change in event.changes if change.outcome is ChangeOutcome.APPLIED}
    missed = {task_of(change.address) for change in event.changes if change.outcome is not ChangeOutcome.APPLIED}
    is_all = not (its.tags or its.skip_tags or its.start_at_task) or (
        (its.tags, its.skip_tags, its.start_at_task) == (ours.tags, ours.skip_tags, ours.start_at_task)
    )
    vcs, held = event.vcs, event.inputs
    clean = frozenset[str]() if vcs is not None and vcs.dirty is False else None
    return PlaybookRun(
        commit=vcs.commit if vcs else None,
        uncommitted=frozenset(held.uncommitted) if held is not None else clean,
        whole=is_all and lists_all(event) and event.outcome in DONE,
        applied=frozenset(applied - missed),
        open=frozenset(missed),
        versions={**its.roles, **its.collections},
        variables=frozenset(its.variables),
    )
