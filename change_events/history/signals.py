"""Signals derived from history: a value is restored or keeps changing, a type is new, a failed apply is completed.

They are derived when an event settles, before it is recorded, and name the events they are based on. Nothing is
reported without proof: values that are not comparable, stacks without history, older events not yet indexed.
"""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from change_events.history.combinations import across_runs
from change_events.history.reverts import LOOK_BACK, is_flapping, runs_alike, undone_by
from change_events.history.state_edits import edited_before
from change_events.journal.touched_rows import compared
from change_events.model import Action, CauseKind, ChangeOutcome, Outcome, Phase, Signal, stack_key
from change_events.redact.spans import is_marked
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.journal.touched_records import KnownThing, Touch
    from change_events.model import Change, ChangeEvent

SECONDS = 0.3  # time limit at the end of a run
WINDOW = timedelta(days=90)  # within which a restored value is a revert
ALIKE = 3  # runs in a row that set the same attribute from and to the same values
HISTORY = 3  # runs of a stack required for a first time
_MOST_CHANGES = 200
_MOST_ATTRIBUTES = 50  # per change
_MOST_RUNS = 1_000
_MOST_FAILED = 5  # consecutive failed runs completed by one run
_NAMED = 3
_MOVED = 4  # earlier addresses of a resource
_TOUCHING = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DESTROY, Action.IMPORT)
_EDITED = (CauseKind.EDITED_LINE, CauseKind.UNCOMMITTED_EDIT, CauseKind.VARIABLE_GIVEN)
_FAILED = (Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN)


class _Seen(NamedTuple):
    """One attribute of this run: its fingerprints, and its earlier changes, newest first."""

    path: str
    before: str | None
    after: str | None
    earlier: Sequence[Touch]


class _Run(NamedTuple):
    """The current run: its applied changes of resources, and the ids of earlier events of its stack, newest first."""

    event: ChangeEvent
    stack: str
    changes: list[Change]
    before: list[str]


def history_signals(source: Source, event: ChangeEvent, *, seconds: float = SECONDS) -> tuple[Signal, ...]:
    """Return the signals of an event that is about to settle.

    Args:
        source: a journal without the event's changes, or with those of an earlier settling.
        event: the event, redacted; its changes have their outcomes.
        seconds: time limit; the rest is not examined.

    Raises:
        JournalError: the journal cannot be read.
    """
    if event.phase is not Phase.APPLIED or event.explicit:
        return ()
    planned = tuple(_planned_there(source, event))
    changes = [
        change
        for change in event.changes
        if change.outcome is ChangeOutcome.APPLIED and change.task is None and _is_managed(change)
        if not is_marked(change.address)  # the history may be of another resource
    ]
    if not changes:
        return planned
    stack = stack_key(event)
    runs = [one for one in source.events_of_stack(stack, limit=_MOST_RUNS) if one != event.id]
    if not runs and not source.things_of_stack(stack, [change.address for change in changes[:_MOST_CHANGES]]):
        return planned
    run = _Run(event, stack, changes, runs)
    end = time.monotonic() + seconds
    return (
        *across_runs(source, event, changes, runs, end),
        *edited_before(source, event, changes, end),
        *_of_values(source, run, end),
        *_first_touch(source, run),
        *_finished_later(source, run),
        *planned,
    )


def _is_managed(change: Change) -> bool:
    return change.mode == "managed" and not change.deposed


def _of_values(source: Source, run: _Run, end: float) -> Iterator[Signal]:
    event = run.event
    updated = [change for change in run.changes if change.action in (Action.UPDATE, Action.REPLACE)][:_MOST_CHANGES]
    for change in updated:
        if time.monotonic() > end:
            return
        seen = [one for one in _seen(source, run, change) if one.earlier]
        turning = [one for one in seen if is_flapping(one.before, one.after, one.earlier)]
        if turning:
            yield _flapping(change, turning)
        if (alike := [one for one in seen if _is_perpetual(one, change, run.before)]) and not turning:
            yield _perpetual(event, change, alike)
        yield from _reverted(event, change, [one for one in seen if one not in turning])


def _seen(source: Source, run: _Run, change: Change) -> Iterator[_Seen]:
    things = _things(source, run.stack, change)
    since = run.event.started_at - WINDOW
    for attribute, before, after in list(compared(change))[:_MOST_ATTRIBUTES] if things else ():
        if before is None or after is None or is_marked(attribute.path):
            continue
        earlier: list[Touch] = []
        for thing, until in things:
            earlier += source.touches(thing.number, attribute.path, since=since, until=until, limit=LOOK_BACK)
        own = [touch for touch in earlier if touch.event != run.event.id]
        yield _Seen(attribute.path, before, after, sorted(own, key=lambda touch: touch.at, reverse=True))


def _things(source: Source, stack: str, change: Change) -> list[tuple[KnownThing, datetime | None]]:
    """Return the resource by its address, and by earlier ones with the time of the move."""
    found: list[tuple[KnownThing, datetime | None]] = []
    address, until = change.address, None
    for _ in range(_MOVED):
        found += [(thing, until) for thing in source.things_of_stack(stack, [address]).values()]
        move = next((move for move in source.moves(stack, address) if move.new == address), None)
        if move is not None:
            address, until = move.old, min(filter(None, (move.at, until)))
        elif address == change.address and change.previous_address:
            address = change.previous_address
        else:
            break
    return found


def _flapping(change: Change, turning: list[_Seen]) -> Signal:
    first = turning[0]
    events = tuple(dict.fromkeys(touch.event for touch in first.earlier if touch.outcome == "applied"))[:2]
    reason = f"{_paths(turning)}: the same two values take turns, for the third change in a row"
    return Signal(name="flapping", reason=reason, address=change.address, outcome=ChangeOutcome.APPLIED, events=events)


def _is_perpetual(seen: _Seen, change: Change, runs: list[str]) -> bool:
    """Return whether this and the last two runs of the stack made the same change, and no edit explains this one."""
    alike = runs_alike(seen.before, seen.after, seen.earlier)
    in_a_row = [touch.event for touch in alike[: ALIKE - 1]] == runs[: ALIKE - 1]
    return len(alike) >= ALIKE - 1 and in_a_row and not _is_edited(change, seen.path)


def _is_edited(change: Change, path: str) -> bool:
    return any(cause.kind in _EDITED and (not cause.attributes or path in cause.attributes) for cause in change.causes)


def _perpetual(event: ChangeEvent, change: Change, alike: list[_Seen]) -> Signal:
    reason = (
        f"{_paths(alike)}: set from and to the same value in {ALIKE} runs in a row, with no edit; "
        f"{_provider(event, change)} does not keep it, or something else puts it back"
    )
    events = tuple(touch.event for touch in alike[0].earlier[: ALIKE - 1])
    return Signal(name="flapping", reason=reason, address=change.address, outcome=ChangeOutcome.APPLIED, events=events)


def _provider(event: ChangeEvent, change: Change) -> str:
    if not change.provider:
        return "the provider"
    version = event.inputs.providers.get(change.provider) if event.inputs else None
    name = "/".join(change.provider.split("/")[-2:])
    return f"provider {name} {version}" if version else f"provider {name}"


def _reverted(event: ChangeEvent, change: Change, seen: list[_Seen]) -> Iterator[Signal]:
    undone: dict[str, list[tuple[_Seen, Touch]]] = defaultdict(list)
    for one in seen:
        if touch := undone_by(one.before, one.after, one.earlier):
            undone[touch.event].append((one, touch))
    for event_id, found in undone.items():
        ago = short_duration((event.started_at - found[0][1].at).total_seconds())
        paths = _paths([one for one, _ in found])
        yield Signal(
            name="reverted",
            reason=f"{paths}: back at the value that {event_id} replaced {ago} earlier",
            address=change.address,
            outcome=ChangeOutcome.APPLIED,
            events=(event_id,),
        )


def _first_touch(source: Source, run: _Run) -> Iterator[Signal]:
    if len(run.before) < HISTORY or not source.known().complete:
        return
    by_type: dict[str, list[Change]] = defaultdict(list)
    for change in run.changes:
        if change.type and change.action in _TOUCHING:
            by_type[change.type].append(change)
    new = [kind for kind in by_type if not source.is_type_known(run.stack, kind, but=run.event.id)]
    if new:
        count = len(run.before)
        times = f"{count}" if count < _MOST_RUNS else f"the last {count}"
        alone = by_type[new[0]] if len(new) == 1 else []
        yield Signal(
            name="first_touch",
            reason=f"first change of {_listed(new)} in this stack, after {times} recorded runs",
            address=alone[0].address if len(alone) == 1 else None,
            outcome=ChangeOutcome.APPLIED,
        )


def _finished_later(source: Source, run: _Run) -> Iterator[Signal]:
    """Yield a signal for failed runs directly before this one whose remaining changes it has applied."""
    event = run.event
    if event.outcome is not Outcome.SUCCEEDED:
        return
    done = {change.address for change in run.changes}
    completed = []
    for event_id in run.before[:_MOST_FAILED]:
        record = source.get(event_id)
        if record is not None and record.event.state is not None:
            continue  # a state edit between a failed run and its completion
        if record is None or record.outcome not in _FAILED:
            break
        failed = record.event
        left = {
            change.address
            for change in failed.changes
            if change.outcome in (ChangeOutcome.FAILED, ChangeOutcome.NOT_ATTEMPTED) and _is_managed(change)
        }
        if not left or not left <= done:
            break
        completed.append((failed, left))
        done |= {change.address for change in failed.changes if change.outcome is ChangeOutcome.APPLIED}
    if completed:
        failed, left = completed[0]
        ago = short_duration((event.started_at - failed.started_at).total_seconds())
        yield Signal(
            name="finished_later",
            reason=f"completes the run that failed {ago} earlier: {_listed(sorted(left))}",
            outcome=ChangeOutcome.APPLIED,
            events=tuple(one.id for one, _ in completed),
        )


def _planned_there(source: Source, event: ChangeEvent) -> Iterator[Signal]:
    """Yield a signal for the run that saved the plan applied by this one, by the digest of the file."""
    if not (event.tool and event.tool.plan):
        return
    for event_id in source.events_of_plan(event.tool.plan, limit=_MOST_FAILED):
        record = source.get(event_id) if event_id != event.id else None
        if record is None or record.phase != Phase.PLANNED.value:
            continue
        actor = record.event.actor
        by = f" by {actor.user}" if actor and actor.user else ""
        where = f" on {actor.host}" if actor and actor.host else ""
        ago = short_duration((event.started_at - record.started_at).total_seconds())
        yield Signal(name="planned_there", reason=f"the plan was made {ago} earlier{by}{where}", events=(event_id,))
        return


def _paths(seen: list[_Seen]) -> str:
    return _listed([one.path for one in seen])


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
