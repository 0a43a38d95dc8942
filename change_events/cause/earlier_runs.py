"""The earlier runs of a stack in the journal, and the last one after which something matched its configuration."""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from change_events.errors import TfeventError
from change_events.journal import Query, RecordState
from change_events.model import ChangeEvent, Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from change_events.journal import Journal, Record
    from change_events.process.deadline import Deadline

MOST_RUNS = 20
_MOST_RECORDS = 500
DONE = frozenset({Outcome.SUCCEEDED, Outcome.NO_CHANGE})
"""How a run ends that left nothing undone."""


class EarlierRun(Protocol):
    """One earlier run."""

    @property
    def whole(self) -> bool:
        """Whether everything it did not change matched the configuration."""

    @property
    def applied(self) -> frozenset[str]:
        """Names of what it changed."""

    @property
    def open(self) -> frozenset[str]:
        """Names of what it planned to change and did not."""


_Run = TypeVar("_Run", bound=EarlierRun)


def runs_back(
    journal: Journal,
    event: ChangeEvent,
    deadline: Deadline,
    *,
    mark: str,
    run_of: Callable[[ChangeEvent], _Run | None],
) -> list[_Run]:
    """Return the runs of the same tool before an event, newest first, back to one that left nothing open.

    Args:
        journal: the journal; if it cannot be read, the runs read so far are returned.
        event: the event of the run.
        deadline: runs not read by then are omitted.
        mark: a text contained in every event of the stack, so that most events of other stacks are not decoded.
        run_of: converts an event to a run; None if it is of another stack, or changed nothing.
    """
    found: list[_Run] = []
    tool = event.tool.name if event.tool else None
    query = Query(phase=Phase.APPLIED, tool=tool, backfilled=False, limit=_MOST_RECORDS)
    held = msgspec.json.encode(mark).strip(b'"')
    try:
        runs: tuple[Iterator[Record | ChangeEvent], ...] = (journal.list(query), _baselines(journal, event, held))
        for record in merge(*runs, key=_start, reverse=True):
            if deadline.is_over or len(found) == MOST_RUNS or (found and found[-1].whole and not found[-1].open):
                break
            if isinstance(record, ChangeEvent):
                other = record
            elif record.id == event.id or record.state is not RecordState.SETTLED or held not in record.body:
                continue
            else:
                other = record.event
            run = run_of(other)
            found += [run] if run is not None else []
    except (TfeventError, msgspec.MsgspecError):
        return found
    return found


def _start(run: Record | ChangeEvent) -> datetime:
    return run.started_at


def _baselines(journal: Journal, event: ChangeEvent, text: bytes) -> Iterator[ChangeEvent]:
    """Yield runs of the same tool without changes, which are not recorded as events."""
    name = event.tool and event.tool.name
    for one in journal.baselines(text):
        if one.started_at < event.started_at and (one.tool and one.tool.name) == name:
            yield one


def last(runs: list[_Run], names: set[str]) -> _Run | None:
    """Return the newest run after which something is known to have matched its configuration.

    Args:
        runs: the runs, newest first.
        names: all its names, including the addresses of a resource before it was moved.
    """
    return next((run for run in runs if names & run.applied or (run.whole and not names & run.open)), None)


def lists_all(event: ChangeEvent) -> bool:
    """Return whether the event lists all of its changes."""
    return event.truncated is None or not event.truncated.changes
