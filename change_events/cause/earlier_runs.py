"""The earlier runs of a stack, from the journal: which one was the last to leave something as configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from change_events.errors import TfeventError
from change_events.journal import Query, RecordState
from change_events.model import Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.journal import Journal
    from change_events.model import ChangeEvent
    from change_events.process.deadline import Deadline

MOST_RUNS = 20
_MOST_RECORDS = 500
DONE = frozenset({Outcome.SUCCEEDED, Outcome.NO_CHANGE})
"""How a run ends that left nothing undone."""


class EarlierRun(Protocol):
    """One earlier run."""

    @property
    def whole(self) -> bool:
        """Whether whatever it did not change was as configured."""

    @property
    def applied(self) -> frozenset[str]:
        """What it changed."""

    @property
    def open(self) -> frozenset[str]:
        """What it was to change and did not."""


_Run = TypeVar("_Run", bound=EarlierRun)


def runs_back(
    journal: Journal,
    event: ChangeEvent,
    deadline: Deadline,
    *,
    mark: str,
    run_of: Callable[[ChangeEvent], _Run | None],
) -> list[_Run]:
    """Runs of the same tool before an event, newest first, back to one that left nothing open.

    Args:
        journal: one that cannot be read has none, or those that were read until then.
        event: the run whose past is looked for.
        deadline: runs that are not read by then are left out.
        mark: a text that each event of the stack holds: most of other stacks' need not be decoded.
        run_of: makes a run of an event; None where it is of another stack, or changed nothing.
    """
    found: list[_Run] = []
    query = Query(phase=Phase.APPLIED, tool=event.tool.name if event.tool else None, limit=_MOST_RECORDS)
    held = msgspec.json.encode(mark).strip(b'"')
    try:
        for record in journal.list(query):
            if deadline.is_over or len(found) == MOST_RUNS or (found and found[-1].whole and not found[-1].open):
                break
            if record.id == event.id or record.state is not RecordState.SETTLED or held not in record.body:
                continue
            run = run_of(record.event)
            found += [run] if run is not None else []
    except (TfeventError, msgspec.MsgspecError):
        return found
    return found


def last(runs: list[_Run], names: set[str]) -> _Run | None:
    """The newest run that is known to have left something as configured.

    Args:
        runs: newest first.
        names: all that it was called: of a resource, the addresses that it had before it was moved among them.
    """
    return next((run for run in runs if names & run.applied or (run.whole and not names & run.open)), None)


def lists_all(event: ChangeEvent) -> bool:
    """Whether none of its changes were left out of an event."""
    return event.truncated is None or not event.truncated.changes
