"""Entries of a state that were removed, added, moved, marked or rewritten by a command that changes no resource.

The same for any two states of unknown origin.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from change_events.model import Action, Change, ChangeOutcome, Counts, Drift, Plan, StateCounts
from change_events.summary.state_edit import ELSEWHERE
from tf_wrapper.plan.details import with_details
from tf_wrapper.plan.names import Names
from tf_wrapper.plan.reading import Reading
from tf_wrapper.plan.resources import compare
from tf_wrapper.state.compare import id_of, node_of, output_changes, remember
from tf_wrapper.state.pairs import Pair, matches, pairs_of, values_differ
from tf_wrapper.subcommands import EDIT, IMPORT, REFRESH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.redact import Redactor
    from change_events.signals.own_rules import OwnRule
    from tf_wrapper.state.objects import State, StateObject

ANY = "any"
"""The effect of what is not known: a command of any sort, an apply, or several of them."""

_DETAILED = 200  # drifted resources whose attributes are compared
_COMPARED = 2000  # entries whose attributes are compared, where nothing else shows what was done to them
_COUNTED = {
    "taint": "tainted",
    "untaint": "untainted",
    "provider": "provider",
    "replace": "changed",
    "attributes": "changed",
    "deposed": "changed",
    "add": "added",
    "remove": "removed",
}
"""Each way to edit an entry (``raw_actions``), and where it is counted."""


class Edits(NamedTuple):
    """The edits of a state.

    Attributes:
        plan: changed entries, drift found by a refresh, outputs; ``counts`` has drift and outputs only.
        counts: number of changed entries by kind of edit.
    """

    plan: Plan
    counts: StateCounts


def compare_edits(
    before: State,
    after: State,
    redactor: Redactor,
    *,
    effect: str = EDIT,
    target: tuple[State, State] | None = None,
    ignore: Sequence[str] = (),
    own: Sequence[OwnRule] = (),
) -> Edits:
    """Return the edits between two states.

    Args:
        before: the state before.
        after: the state after.
        redactor: remembers the states' secrets and renders names.
        effect: effect of the command: :data:`~tf_wrapper.subcommands.EDIT`, ``IMPORT`` or ``REFRESH``, or :data:`ANY`.
            Differences after a refresh are drift. With ``ANY``, a missing entry is ``EDIT`` with the word ``remove``,
            since its resource may still exist, and attributes are compared.
        target: before and after of another file, to which entries were moved.
        ignore: globs of attribute paths to leave out of drift, and of attributes.
        own: the user's signal rules, for ``ANY``.
    """
    for state in (before, after, *(target or ())):
        remember(state, redactor)
    reading = Reading(redactor, Names(redactor), ignore, _DETAILED, own)
    found = [pair for pair in pairs_of(before, after, edits=effect != ANY) if _counts(pair, effect)]
    elsewhere = _moved_elsewhere(found, target)
    reading.names.learn([part.address for pair in found for part in (pair.before, pair.after) if part])
    drifted = [pair for pair in found if _is_drift(pair, effect)]
    kept = [pair for pair in found if not _is_drift(pair, effect)]
    changes = tuple(_change(pair, reading, effect, elsewhere) for pair in kept)
    if effect == ANY:
        compared = zip(changes[:_COMPARED], kept, strict=False)
        changes = (*(_with_attributes(change, pair, reading) for change, pair in compared), *changes[_COMPARED:])
    outputs = tuple(output_changes(before, after, reading))
    drift = tuple(_drift(pair, reading, index < _DETAILED) for index, pair in enumerate(drifted))
    plan = Plan(
        changes=changes,
        outputs=outputs,
        drift=drift,
        counts=Counts(drift=len(drift), outputs=len(outputs)),
        by_type=dict(Counter(change.type or "unknown" for change in changes).most_common()),
        by_module=dict(Counter(change.module or "root" for change in changes).most_common()),
        tool_version=reading.names.maybe(after.tool_version or before.tool_version),
        from_states=True,
    )
    return Edits(plan, _counted(changes, effect))


def _counts(pair: Pair, effect: str) -> bool:
    """Return whether this object was edited; terraform may read data sources at any time, except in EDIT commands."""
    part = pair.after or pair.before
    if part is None or (part.mode == "data" and effect != EDIT):
        return False
    return pair.action is not Action.NO_OP or bool(_edits(pair))


def _is_drift(pair: Pair, effect: str) -> bool:
    return effect == REFRESH and pair.action in {Action.UPDATE, Action.REPLACE, Action.DESTROY}


def _edits(pair: Pair) -> list[str]:
    """Return the differences between two versions of one entry."""
    before, after = pair.before, pair.after
    if before is None or after is None:
        return []
    found = []
    if pair.action is Action.REPLACE:
        found.append("replace")
    elif pair.action is Action.UPDATE and values_differ(before, after):
        found.append("attributes")
    if before.tainted != after.tainted:
        found.append("taint" if after.tainted else "untaint")
    if before.provider and after.provider and before.provider != after.provider:
        found.append("provider")
    return found


def _moved_elsewhere(found: Sequence[Pair], target: tuple[State, State] | None) -> dict[str, StateObject]:
    """Return entries that were moved to the other file, by their address in this one."""
    if target is None:
        return {}
    gone = [pair.before for pair in found if pair.before and pair.after is None]
    there = {part.address for part in target[0].objects}
    come = [part for part in target[1].objects if part.address not in there and part.deposed is None]
    return {address: part for (address, _), part in matches(gone, come).items()}


def _change(pair: Pair, reading: Reading, effect: str, elsewhere: dict[str, StateObject]) -> Change:
    names, before = reading.names, pair.before
    action, how = _action(pair, effect)
    target = elsewhere.get(before.address) if before is not None and action is Action.FORGET else None
    part = target or pair.after or before
    if part is None:
        raise ValueError("an entry of neither state")
    moved = before is not None and before.address != part.address
    note = None
    if before is not None and "provider" in how:
        note = f"provider {names.text(before.provider or '')} → {names.text(part.provider or '')}"
    return Change(
        address=names.text(part.address),
        action=Action.MOVE if target else action,
        outcome=ChangeOutcome.APPLIED,
        type=names.text(part.type),
        name=names.text(part.name),
        module=names.maybe(part.module),
        mode=part.mode,
        provider=names.maybe(part.provider),
        deposed=part.deposed,
        raw_actions=how,
        previous_address=names.text(before.address) if before is not None and (moved or target) else None,
        id=id_of(part, reading),
        previous_id=id_of(before, reading) if before is not None and "replace" in how else None,
        note=ELSEWHERE if target else note,
    )


def _action(pair: Pair, effect: str) -> tuple[Action, tuple[str, ...]]:
    how = tuple(_edits(pair))
    if pair.before is None:
        return (Action.IMPORT, ()) if effect == IMPORT else (Action.EDIT, ("add",))
    if pair.after is None:
        if pair.action is Action.OTHER:
            return Action.EDIT, ("deposed",)
        return (Action.EDIT, ("remove",)) if effect == ANY else (Action.FORGET, ())
    return (Action.MOVE if pair.before.address != pair.after.address else Action.EDIT), how


def _with_attributes(change: Change, pair: Pair, reading: Reading) -> Change:
    """Return the change with its differing attributes, and the signals of its current values."""
    part = pair.after
    if part is None or change.raw_actions == ("deposed",):
        return change
    node = node_of(pair)
    attributes, omitted = compare(node, reading)
    change = replace(change, attributes=tuple(attributes), attributes_omitted=omitted)
    as_set = replace(change, action=Action.CREATE if pair.before is None else Action.UPDATE)
    return replace(change, risks=with_details(as_set, part.type, node, reading).risks)


def _drift(pair: Pair, reading: Reading, detailed: bool) -> Drift:
    part = pair.before or pair.after
    address = reading.names.text(part.address) if part else ""
    if pair.after is None:
        return Drift(address=address, action=Action.DESTROY)
    attributes, omitted = compare(node_of(pair), reading) if detailed else ([], 0)
    return Drift(address=address, action=Action.UPDATE, attributes=tuple(attributes), attributes_omitted=omitted)


def _counted(changes: Sequence[Change], effect: str) -> StateCounts:
    return StateCounts(**Counter(name for change in changes for name in _fields(change, effect)))


def _fields(change: Change, effect: str) -> Iterator[str]:
    if change.action is Action.FORGET:
        yield "removed"
    elif change.action is Action.MOVE:
        yield "moved"
    elif change.action is Action.IMPORT and effect == IMPORT:
        yield "imported"
    yield from (_COUNTED[how] for how in change.raw_actions)
