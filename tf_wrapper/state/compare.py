"""Compares two states as changes, for runs without a plan; and lists the objects of one state."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from change_events.diff import decode_exact, hidden_values, same
from change_events.diff.walk import Node
from change_events.model import Action, Change, OutputChange, Plan, Value, ValueKind
from tf_wrapper.plan.actions import Tally, most_urgent
from tf_wrapper.plan.details import with_details
from tf_wrapper.plan.hidden import remember_hidden
from tf_wrapper.plan.names import Names
from tf_wrapper.plan.reading import Reading
from tf_wrapper.plan.resources import compare
from tf_wrapper.state.document import is_state, read_state
from tf_wrapper.state.pairs import Pair, as_lists, pairs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.model import Cloud
    from change_events.redact import Redactor
    from change_events.signals.own_rules import OwnRule
    from tf_wrapper.configuration.hand_overs import HandOvers
    from tf_wrapper.state.objects import State, StateObject, StateOutput

__all__ = ["Held", "compare_states", "is_state", "remember_state", "state_resources"]

_DETAILED = 2000
_IMPORTED = "whether it was changed too is not known"
_ABSENT = Value(kind=ValueKind.ABSENT)


class Held(NamedTuple):
    """The objects of a state under one address.

    Attributes:
        id: the object's ID in clear: redact it before it is recorded.
        tainted: terraform will replace it.
        deposed: keys of deposed objects beside the current one.
    """

    id: str | None
    tainted: bool
    deposed: tuple[str, ...]


def state_resources(data: bytes, *, name: str = "state") -> dict[str, Held]:
    """Return all managed resource instances with a current object, by address.

    Args:
        data: raw state or `show -json`; empty for no state.
        name: name of the state in errors.

    Raises:
        InputError: it is not a readable state.
    """
    objects = [part for part in read_state(data, name).objects if part.mode != "data"]
    deposed: dict[str, list[str]] = {}
    for part in objects:
        if part.deposed:
            deposed.setdefault(part.address, []).append(part.deposed)
    return {
        part.address: Held(part.id, part.tainted, tuple(deposed.get(part.address, ())))
        for part in objects
        if not part.deposed
    }


def remember_state(data: bytes | None, redactor: Redactor, *, name: str = "state") -> None:
    """Remember everything that a state marks as sensitive.

    Raises:
        InputError: it is not a readable state.
    """
    remember(read_state(data, name), redactor)


def compare_states(
    before: bytes | None,
    after: bytes | None,
    *,
    redactor: Redactor,
    names: Sequence[str] = ("state before", "state after"),
    ignore: Sequence[str] = (),
    own: Sequence[OwnRule] = (),
    hand_overs: HandOvers | None = None,
) -> Plan:
    """Return the changes between two states, each raw or `show -json`, as a plan of applied changes.

    Another ID under the same address is a replacement; the same ID under another address is a move. A resource that
    went from current to deposed was not destroyed: it is ``OTHER`` with the word ``deposed``.

    Args:
        before: None or empty for no state.
        after: None or empty for no state.
        redactor: remembers the states' secrets and renders their values.
        names: names of the two in errors.
        ignore: globs of attribute paths to leave out.
        own: the user's signal rules.
        hand_overs: resources that the configuration forgets or imports.

    Raises:
        InputError: one of them is not a readable state.
    """
    old, new = read_state(before, names[0]), read_state(after, names[1])
    remember(old, redactor)
    remember(new, redactor)
    reading = Reading(redactor, Names(redactor), ignore, _DETAILED, own)
    tally = Tally()
    pairs = [_handed_over(pair, hand_overs) if hand_overs else pair for pair in pairs_of(old, new)]
    changes = _changes(pairs, tally, reading)
    outputs = list(output_changes(old, new, reading))
    tally.add("outputs", len(outputs))
    return Plan(
        changes=tuple(changes),
        outputs=tuple(outputs),
        counts=tally.counts(),
        by_type={reading.names.text(name): number for name, number in tally.by_type.most_common()},
        by_module={reading.names.text(name): number for name, number in tally.by_module.most_common()},
        clouds=clouds_of(pairs, redactor),
        name=redactor.text(" → ".join(names)),
        tool_version=reading.names.maybe(new.tool_version or old.tool_version),
    )


def _handed_over(pair: Pair, hand_overs: HandOvers) -> Pair:
    if pair.action is Action.DESTROY and pair.before and hand_overs.forgets(pair.before.address):
        return pair._replace(action=Action.FORGET)
    if pair.action is Action.CREATE and pair.after:
        if pair.after.address in hand_overs.imported:
            return pair._replace(action=Action.IMPORT)
        if hand_overs.may_import(pair.after.address):
            return pair._replace(action=Action.OTHER)
    return pair


def clouds_of(pairs: Sequence[Pair], redactor: Redactor) -> tuple[Cloud, ...]:
    """Return the cloud locations of differing objects."""
    from tf_wrapper.plan.clouds import Clouds, own_of  # edits of entries are of no cloud: they do without

    clouds = Clouds()
    for pair in pairs:
        if pair.action in {Action.NO_OP, Action.MOVE}:
            continue
        for part in (pair.before, pair.after):
            own = own_of(part.values, msgspec.Raw(msgspec.json.encode(part.sensitive()))) if part else None
            if part is not None and own is not None:
                clouds.add(part.type, own)
    return clouds.found(redactor)


def remember(state: State, redactor: Redactor) -> None:
    for part in state.objects:
        if bytes(part.mask) not in (b"", b"[]", b"{}", b"null"):
            for secret in hidden_values(part.attributes(), as_lists(part.attributes(), part.sensitive())):
                remember_hidden(secret, redactor)
    for output in state.outputs.values():
        if output.sensitive and bytes(output.value):
            remember_hidden(decode_exact(output.value), redactor)


def _changes(pairs: list[Pair], tally: Tally, reading: Reading) -> list[Change]:
    kept = []
    for pair in pairs:
        part = pair.after or pair.before
        moved = pair.before is not None and pair.after is not None and pair.before.address != pair.after.address
        counted = Action.NO_OP if pair.action in {Action.MOVE, Action.IMPORT} else pair.action
        tally.resource((), counted, moved=moved, imported=pair.action is Action.IMPORT)
        if part is not None and pair.action is not Action.NO_OP:
            tally.place(part.type, part.module)
            kept.append((pair, part))
    reading.names.learn([part.address for _, part in kept])
    detailed = most_urgent([pair.action for pair, _ in kept], reading.detailed)
    several = Counter(_resource(pair.before) for pair in pairs if pair.before and not pair.before.deposed)
    return [
        replace(_change(pair, part, reading, index in detailed), instances=_instances(pair, several))
        for index, (pair, part) in enumerate(kept)
    ]


def _resource(part: StateObject) -> tuple[str | None, str, str]:
    return part.module, part.type, part.name


def _instances(pair: Pair, several: Counter[tuple[str | None, str, str]]) -> int:
    """Return the number of objects of a resource of which some are destroyed."""
    number = several[_resource(pair.before)] if pair.before and pair.action is Action.DESTROY else 0
    return number if number > 1 else 0


def _change(pair: Pair, part: StateObject, reading: Reading, detailed: bool) -> Change:
    names, before, after = reading.names, pair.before, pair.after
    came = pair.action is Action.IMPORT or (pair.action is Action.OTHER and not before)  # none of it may have changed
    node = node_of(pair) if detailed and not came else None
    attributes, omitted = compare(node, reading) if node else ([], 0)
    tainted = before is not None and after is not None and after.tainted and not before.tainted
    change = Change(
        address=names.text(part.address),
        action=pair.action,
        type=names.text(part.type),
        name=names.text(part.name),
        module=names.maybe(part.module),
        mode=part.mode,
        provider=names.maybe(part.provider),
        deposed=part.deposed,
        raw_actions=(("deposed" if before else "create or import"),) if pair.action is Action.OTHER else (),
        importing=pair.action is Action.IMPORT,
        note=_IMPORTED if pair.action is Action.IMPORT else None,
        reason="tainted" if tainted else None,
        previous_address=names.text(before.address) if before and before.address != part.address else None,
        attributes=tuple(attributes),
        attributes_omitted=omitted,
        id=id_of(part, reading) if detailed else None,
        previous_id=id_of(before, reading) if detailed and before and pair.action is Action.REPLACE else None,
        attributes_compared=detailed,
    )
    return with_details(change, part.type, node, reading) if node else change


def node_of(pair: Pair) -> Node:
    old = pair.before.attributes() if pair.before else None
    new = pair.after.attributes() if pair.after else None
    old_mask = as_lists(old, pair.before.sensitive()) if pair.before else False
    new_mask = as_lists(new, pair.after.sensitive()) if pair.after else False
    return Node(old, new, before_mask=old_mask, after_mask=new_mask)


def id_of(part: StateObject, reading: Reading) -> str | None:
    mask = part.sensitive()
    found = None if mask is True or (isinstance(mask, dict) and mask.get("id")) else part.id
    return reading.redactor.text(found) if found else None


def output_changes(old: State, new: State, reading: Reading) -> Iterator[OutputChange]:
    for name in sorted(old.outputs.keys() | new.outputs.keys()):
        before, after = old.outputs.get(name), new.outputs.get(name)
        left, right = _decoded(before), _decoded(after)
        marked = [bool(output.sensitive) for output in (before, after) if output is not None]
        if before is not None and after is not None and same(left, right) and len(set(marked)) == 1:
            continue
        action = Action.CREATE if before is None else Action.DESTROY if after is None else Action.UPDATE
        yield OutputChange(
            name=reading.names.text(name),
            action=action,
            before=_value(name, left, reading, any(marked)),
            after=_value(name, right, reading, any(marked)),
        )


def _decoded(output: StateOutput | None) -> Any:
    return decode_exact(output.value) if output is not None and bytes(output.value) else None


def _value(name: str, value: Any, reading: Reading, sensitive: bool) -> Value:
    return _ABSENT if value is None else reading.redactor.value((name,), value, sensitive=sensitive)
