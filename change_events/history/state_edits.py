"""Signals for changes of resources whose state entry was removed, moved or marked by an earlier command."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from change_events.model import Action, ChangeOutcome, Signal, stack_key
from change_events.model.state_versions import is_shared
from change_events.summary.state_edit import ELSEWHERE, UNFINISHED
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.history.source import Source
    from change_events.journal.touched_records import Touch
    from change_events.model import Change, ChangeEvent

_MOST = 200  # changes examined per run
_EDITED = {
    "taint": "marked as tainted",
    "untaint": "unmarked as tainted",
    "provider": "given another provider",
    "replace": "pointed to another object",
    "add": "added to the state",
}
_ENDS = {Action.DESTROY: ("destroy", "destroyed"), Action.REPLACE: ("replace", "replaced")}
_ACTIONS = (Action.FORGET, Action.MOVE, Action.IMPORT, Action.EDIT)


def edited_before(source: Source, event: ChangeEvent, changes: Sequence[Change], end: float) -> Iterator[Signal]:
    """Yield a signal for each change whose resource was last touched by an edit of the state.

    Args:
        source: the journal.
        event: event of a run that is about to settle.
        changes: its applied changes.
        end: deadline by the monotonic clock.
    """
    if event.state is not None:
        return
    stack = stack_key(event)
    things = source.things_of_stack(stack, [change.address for change in changes[:_MOST]])
    for change in changes[:_MOST]:
        if time.monotonic() > end:
            return
        thing = things.get(change.address)
        touches = source.touches(thing.number, until=event.started_at, limit=2) if thing else []
        last = next((touch for touch in touches if touch.event != event.id), None)
        if change.action is Action.CREATE and (signal := _moved_away(source, stack, event, change, last)):
            yield signal
            continue
        if last is None or last.action not in _ACTIONS:
            continue
        record = source.get(last.event)
        if record is not None and (reason := _reason(event, change, record.event)):
            yield Signal(
                name="state_edited",
                reason=reason,
                address=change.address,
                outcome=ChangeOutcome.APPLIED,
                events=(last.event,),
            )


def _moved_away(source: Source, stack: str, event: ChangeEvent, change: Change, last: Touch | None) -> Signal | None:
    """Return a signal if a command moved the object of this address after the address was last touched."""
    moves = [move for move in source.moves(stack, change.address) if move.old == change.address != move.new]
    if not moves or moves[0].at > event.started_at or (last is not None and last.at > moves[0].at):
        return None
    if any(one.previous_address == change.address for one in event.changes):
        return None
    thing = source.things_of_stack(stack, [moves[0].new]).get(moves[0].new)
    touches = source.touches(thing.number, since=moves[0].at, until=event.started_at, limit=_MOST) if thing else ()
    since = [touch for touch in touches if touch.event != event.id]
    record = source.get(since[-1].event) if since else None
    if record is None or record.event.state is None or record.event.backfilled is not None:
        return None  # a run moves what its configuration declares
    ago = short_duration((event.started_at - moves[0].at).total_seconds())
    moved = next((one for one in record.event.changes if one.address == moves[0].new), None)
    if moved is not None and moved.note == ELSEWHERE:
        where, fate = f"{moves[0].new} of another state", ": it may exist beside the new one"
    else:
        later = len(since) > 1 or any(one.old == moves[0].new for one in source.moves(stack, moves[0].new))
        where, fate = moves[0].new, "" if later else _fate(event, moves[0].new)
    return Signal(
        name="state_edited",
        reason=f"the object of this address was moved to {where} {ago} earlier{fate}",
        address=change.address,
        outcome=ChangeOutcome.APPLIED,
        events=(record.event.id,),
    )


def _fate(event: ChangeEvent, address: str) -> str:
    """Return what this run does to an object that was not touched since the move."""
    own = next((one for one in event.changes if one.address == address and not one.deposed), None)
    if own is not None and own.action in _ENDS:
        to_do, done = _ENDS[own.action]
        return f", and this run {done if own.outcome is ChangeOutcome.APPLIED else f'was to {to_do}'} it"
    if any(one.address == address and one.action is Action.DESTROY for one in event.drift):
        return ""
    return ": it exists beside the new one"


def _reason(event: ChangeEvent, change: Change, earlier: ChangeEvent) -> str:
    edit = next((one for one in earlier.changes if one.address == change.address and not one.deposed), None)
    if edit is None or (earlier.state is None and edit.action is not Action.FORGET):
        return ""  # a run imports and moves what its configuration declares
    if earlier.backfilled is not None:
        return ""  # an apply between the two states may have done it
    what = _words(edit)
    if not what:
        return ""
    ago = short_duration((event.started_at - earlier.started_at).total_seconds())
    reason = f"was {what} {ago} earlier{_author(earlier)}"
    if edit.action is Action.FORGET and change.action is Action.CREATE:
        return (
            f"{reason}: the object that it referred to{f', {edit.id},' if edit.id else ''} may exist beside the new one"
        )
    return reason


def _author(earlier: ChangeEvent) -> str:
    """Return who made an edit, and how; without the author if another command may have made it."""
    state, user = earlier.state, earlier.actor.user if earlier.actor else None
    if state is not None and earlier.outcome in UNFINISHED:
        return f" during a {UNFINISHED[earlier.outcome]} {state.command}{f' of {user}' if user else ''}"
    if state is not None and is_shared(state):
        return " by one of several commands"
    return f"{f' by {user}' if user else ''}{f' ({state.command})' if state else ''}"


def _words(edit: Change) -> str:
    if edit.action is Action.FORGET:
        return "removed from the state"
    if edit.action is Action.IMPORT:
        return "imported"
    if edit.action is Action.MOVE:
        return f"moved {ELSEWHERE}" if edit.note == ELSEWHERE else f"moved from {edit.previous_address}"
    return " and ".join(_EDITED[how] for how in edit.raw_actions if how in _EDITED)
