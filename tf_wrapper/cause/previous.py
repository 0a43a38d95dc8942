"""The earlier runs of a stack in the journal: at which commit each resource last matched its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.cause.earlier_runs import DONE, lists_all, runs_back
from change_events.model import ChangeOutcome
from change_events.redact.spans import is_marked

if TYPE_CHECKING:
    from change_events.journal import Journal
    from change_events.model import ChangeEvent, Inputs
    from change_events.process.deadline import Deadline


class Run(NamedTuple):
    """One earlier run.

    Attributes:
        commit: the commit it was made from.
        dirty: it had uncommitted edits.
        whole: everything it did not change matched the configuration; False if the scope of the run is unknown.
        applied: addresses it changed, as they were then; a redacted address may be ambiguous.
        open: addresses it planned to change and did not.
        inputs: inputs of the run.
    """

    commit: str | None
    dirty: bool
    whole: bool
    applied: frozenset[str]
    open: frozenset[str]
    inputs: Inputs | None


def runs_before(journal: Journal, event: ChangeEvent, deadline: Deadline) -> list[Run]:
    """Return the earlier runs of an event's stack, newest first, back to one that succeeded as a whole."""
    known = (event.vcs and event.vcs.repository) or (event.tool and event.tool.directory) or ""
    return runs_back(
        journal, event, deadline, mark=known, run_of=lambda other: _run(other) if is_same_stack(event, other) else None
    )


def is_same_stack(one: ChangeEvent, other: ChangeEvent) -> bool:
    """Return whether two runs use the same state: the same workspace of the same directory, in any clone."""
    if one.tool is None or other.tool is None or one.tool.workspace != other.tool.workspace:
        return False
    if one.vcs and other.vcs and one.vcs.repository and other.vcs.repository:
        return (one.vcs.repository, one.vcs.path) == (other.vcs.repository, other.vcs.path)
    return one.tool.directory == other.tool.directory


def _run(event: ChangeEvent) -> Run | None:
    if event.state is not None:
        return None  # a state command applies no configuration
    applied = frozenset(change.address for change in event.changes if change.outcome is ChangeOutcome.APPLIED)
    if not (event.outcome in DONE or applied):
        return None  # it stopped before it changed anything
    vcs, left = event.vcs, frozenset(change.address for change in event.changes) - applied
    compared = bool(event.changes or event.summary.counts.no_op)  # -refresh-only looks at no configuration
    return Run(
        commit=vcs.commit if vcs else None,
        dirty=vcs is None or vcs.dirty is not False,
        whole=compared and not event.partial and lists_all(event) and not any(map(is_marked, left)),
        applied=frozenset(address for address in applied if not is_marked(address)),
        open=left,
        inputs=event.inputs,
    )
