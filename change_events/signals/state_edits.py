"""Rules for the state: resources no longer managed, a replaced state, a lock removed by force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Action, ChangeOutcome, Signal
from change_events.model.state_versions import is_replaced
from change_events.signals.stateful import stateful_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Change, ChangeEvent

_HAPPENS = {
    ChangeOutcome.PLANNED: "is to be removed from the state",
    ChangeOutcome.APPLIED: "was removed from the state",
    ChangeOutcome.UNKNOWN: "may have been removed from the state",
}
_LIFTED = "force-unlock"


def left_management(event: ChangeEvent) -> Iterator[Signal]:
    """Yield resources with data that were removed from the state: they still exist, but are not managed."""
    for change in event.changes:
        if change.mode != "managed" or change.deposed or not _may_leave(change):
            continue
        kind = stateful_kind(change.type or "")
        if kind and (reason := _left(change, kind)):
            yield Signal(name="left_management", reason=reason, address=change.address, outcome=change.outcome)


def _may_leave(change: Change) -> bool:
    """Whether the action alone may make something leave: to know what the type holds costs more."""
    if change.action is Action.EDIT:
        return "remove" in change.raw_actions or "replace" in change.raw_actions
    return change.action is Action.FORGET


def _left(change: Change, kind: str) -> str:
    happens = _HAPPENS.get(change.outcome)
    if happens is None:
        return ""
    if change.action is Action.EDIT and "remove" in change.raw_actions:
        return f"a {kind} is not in the state any more: it was destroyed, or nothing manages it"
    if change.action is Action.FORGET:
        return f"a {kind} {happens}: it is no longer managed"
    if change.action is Action.EDIT and "replace" in change.raw_actions:
        old = f" {change.previous_id}" if change.previous_id else ""
        return f"the address refers to another {kind} now: the one before{old} is no longer managed"
    return ""


def state_replaced(event: ChangeEvent) -> Iterator[Signal]:
    """Yield a signal if another state, or an older version, replaced the state."""
    state = event.state
    if state is None or not state.command or not is_replaced(state):  # two files may be of any two stacks
        return
    if state.lineage != state.previous_lineage:
        reason = f"a state of another lineage ({state.lineage}) replaced the one of lineage {state.previous_lineage}"
    else:
        reason = f"an older version of the state replaced it: serial {state.previous_serial} → {state.serial}"
    yield Signal(name="state_replaced", reason=reason, outcome=ChangeOutcome.APPLIED)


def lock_broken(event: ChangeEvent) -> Iterator[Signal]:
    """Yield a signal if a lock was removed by force."""
    if event.state is not None and event.state.command == _LIFTED:
        reason = "the state's lock was removed by force: another run may still be writing the state"
        yield Signal(name="lock_broken", reason=reason, outcome=ChangeOutcome.APPLIED)
