"""The earlier runs of a stack, from the journal: at which commit each resource was last known to be as configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.errors import TfeventError
from change_events.journal import Query, RecordState
from change_events.model import ChangeOutcome, Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.journal import Journal
    from change_events.model import ChangeEvent, Inputs
    from change_events.process.deadline import Deadline

_MOST_RUNS = 20
_MOST_RECORDS = 500
_WHOLE = {Outcome.SUCCEEDED, Outcome.NO_CHANGE}


class Run(NamedTuple):
    """One earlier run.

    Attributes:
        commit: that it was made from.
        dirty: it had edits that no commit holds.
        whole: whatever it did not change was as configured.
        applied: addresses that it changed, under the names that they had then.
        open: addresses that it was to change and did not.
        inputs: what it was given.
    """

    commit: str | None
    dirty: bool
    whole: bool
    applied: frozenset[str]
    open: frozenset[str]
    inputs: Inputs | None


def runs_before(journal: Journal, event: ChangeEvent, deadline: Deadline) -> list[Run]:
    """The earlier runs of an event's stack, newest first, back to one that succeeded as a whole.

    A journal that cannot be read has none.
    """
    found: list[Run] = []
    try:
        for other in _events(journal, event, deadline):
            run = _run(other)
            if run is not None:
                found.append(run)
            if len(found) == _MOST_RUNS or (run is not None and run.whole and not run.open):
                break
    except (TfeventError, msgspec.MsgspecError):
        return found
    return found


def last(runs: list[Run], addresses: set[str]) -> Run | None:
    """The newest run that left a resource as configured.

    Args:
        runs: newest first.
        addresses: of the resource, those that it had before it was moved among them.
    """
    for run in runs:
        if addresses & run.applied or (run.whole and not addresses & run.open):
            return run
    return None


def _events(journal: Journal, event: ChangeEvent, deadline: Deadline) -> Iterator[ChangeEvent]:
    query = Query(phase=Phase.APPLIED, tool=event.tool.name if event.tool else None, limit=_MOST_RECORDS)
    known = (event.vcs and event.vcs.repository) or (event.tool and event.tool.directory) or ""
    mark = msgspec.json.encode(known).strip(b'"')  # most of other stacks' events need not be decoded
    for record in journal.list(query):
        if deadline.is_over:
            return
        if record.id == event.id or record.state is not RecordState.SETTLED or mark not in record.body:
            continue
        if is_same_stack(event, other := record.event):
            yield other


def is_same_stack(one: ChangeEvent, other: ChangeEvent) -> bool:
    """Whether two runs are about the same state: the same workspace of the same directory, wherever it is cloned."""
    if one.tool is None or other.tool is None or one.tool.workspace != other.tool.workspace:
        return False
    if one.vcs and other.vcs and one.vcs.repository and other.vcs.repository:
        return (one.vcs.repository, one.vcs.path) == (other.vcs.repository, other.vcs.path)
    return one.tool.directory == other.tool.directory


def _run(event: ChangeEvent) -> Run | None:
    applied = frozenset(change.address for change in event.changes if change.outcome is ChangeOutcome.APPLIED)
    done = event.outcome in _WHOLE
    if not (done or applied):
        return None  # it stopped before it changed anything
    listed = event.truncated is None or not event.truncated.changes
    vcs = event.vcs
    return Run(
        commit=vcs.commit if vcs else None,
        dirty=vcs is None or vcs.dirty is not False,
        whole=not event.partial and listed,
        applied=applied,
        open=frozenset(change.address for change in event.changes) - applied,
        inputs=event.inputs,
    )
