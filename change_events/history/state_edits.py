"""What a state command did to a resource before a run changes it: the entry that it removed, moved or marked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from change_events.model import Action, ChangeOutcome, Signal, stack_key
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.history.source import Source
    from change_events.journal.touched_records import Touch
    from change_events.model import Change, ChangeEvent

_MOST = 200  # changes of one run that are looked up
_EDITED = {
    "taint": "marked as tainted",
    "untaint": "unmarked as tainted",
    "provider": "given another provider",
    "replace": "pointed to another object",
    "add": "added to the state",
}
_ACTIONS = (Action.FORGET, Action.MOVE, Action.IMPORT, Action.EDIT)


def edited_before(source: Source, event: ChangeEvent, changes: Sequence[Change], end: float) -> Iterator[Signal]:
    """A signal for each change whose resource was last touched by an edit of the state.

    Args:
        source: the journal.
        event: a run that is about to settle.
        changes: those of it that were applied.
        end: when to stop looking, by the monotonic clock.
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
        if change.action is Action.CREATE and (reason := _moved_away(source, stack, event, change, last)):
            yield Signal(name="state_edited", reason=reason, address=change.address, outcome=ChangeOutcome.APPLIED)
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


def _moved_away(source: Source, stack: str, event: ChangeEvent, change: Change, last: Touch | None) -> str:
    """That the address was left by a move after it was last touched."""
    moves = [move for move in source.moves(stack, change.address) if move.old == change.address != move.new]
    if not moves or moves[0].at > event.started_at or (last is not None and last.at > moves[0].at):
        return ""
    if any(one.previous_address == change.address for one in event.changes):
        return ""
    ago = short_duration((event.started_at - moves[0].at).total_seconds())
    return f"the object of this address was moved to {moves[0].new} {ago} earlier: it exists beside the new one"


def _reason(event: ChangeEvent, change: Change, earlier: ChangeEvent) -> str:
    edit = next((one for one in earlier.changes if one.address == change.address and not one.deposed), None)
    if edit is None or (earlier.state is None and edit.action is not Action.FORGET):
        return ""  # imports and moves of a run are changes that its configuration says
    what = _words(edit)
    if not what:
        return ""
    user = earlier.actor.user if earlier.actor else None
    command = f" ({earlier.state.command})" if earlier.state else ""
    ago = short_duration((event.started_at - earlier.started_at).total_seconds())
    reason = f"was {what} {ago} earlier{f' by {user}' if user else ''}{command}"
    if edit.action is Action.FORGET and change.action is Action.CREATE:
        return (
            f"{reason}: the object that it referred to{f', {edit.id},' if edit.id else ''} may exist beside the new one"
        )
    return reason


def _words(edit: Change) -> str:
    if edit.action is Action.FORGET:
        return "removed from the state"
    if edit.action is Action.IMPORT:
        return "imported"
    if edit.action is Action.MOVE:
        return f"moved {edit.note}" if edit.note else f"moved from {edit.previous_address}"
    return " and ".join(_EDITED[how] for how in edit.raw_actions if how in _EDITED)
