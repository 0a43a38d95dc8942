"""Pairs the objects of two states, and determines their differences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.diff import same
from change_events.diff.masks import marks
from change_events.model import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from tf_wrapper.state.objects import State, StateObject


class Pair(NamedTuple):
    """An object before and after, and why the two differ."""

    before: StateObject | None
    after: StateObject | None
    action: Action


_Key = tuple[str, "str | None"]


def pairs_of(old: State, new: State, *, edits: bool = False) -> Iterator[Pair]:
    """Yield every managed object of either state with its counterpart.

    Args:
        old: the state before.
        new: the state after.
        edits: only entries of the state were edited, no object was changed: data sources are compared too, and objects
            without an ID are equal if their values are.
    """
    before, after = _by_key(old, edits=edits), _by_key(new, edits=edits)
    moved = _moves(before, after, _IDENTITIES if edits else _IDENTITIES[:1])
    arrived = {(part.address, part.deposed) for part in moved.values()}
    left = {(part.address, part.id) for part in new.objects if part.deposed}
    for key, part in before.items():
        found = moved.get(key) or (after.get(key) if key not in arrived else None)
        if found is not None:
            yield Pair(part, found, _between(part, found))
        elif part.deposed is None and (part.address, part.id) in left:
            yield Pair(part, None, Action.OTHER)
        else:
            yield Pair(part, None, Action.DESTROY)
    for key, part in after.items():
        # what is newly deposed was current before: it is reported with its address
        if (key not in before or key in moved) and key not in arrived and part.deposed is None:
            yield Pair(None, part, Action.CREATE)


def _by_key(state: State, *, edits: bool) -> dict[_Key, StateObject]:
    return {(part.address, part.deposed): part for part in state.objects if edits or part.mode != "data"}


def _by_id(part: StateObject) -> Hashable:
    return (part.type, part.id) if part.id else None


def _by_values(part: StateObject) -> Hashable:
    return (part.type, bytes(part.values)) if part.id is None and len(bytes(part.values)) > _LEAST else None


def _by_id_and_name(part: StateObject) -> Hashable:
    """Return the identity that resources keep when their whole module is moved, even if an ID occurs several times."""
    key = part.address.removeprefix(f"{part.module}.") if part.module else part.address
    return (part.type, part.id or bytes(part.values), key)


_LEAST = len(b"{}")  # objects without any value are all alike
_IDENTITIES: tuple[Callable[[StateObject], Hashable], ...] = (_by_id, _by_values, _by_id_and_name)


def _moves(
    before: dict[_Key, StateObject],
    after: dict[_Key, StateObject],
    identities: Iterable[Callable[[StateObject], Hashable]],
) -> dict[_Key, StateObject]:
    """Find objects that are now under another address; an identity that occurs twice on one side is ambiguous."""
    gone = [part for key, part in before.items() if part.deposed is None and _differs(part, after.get(key))]
    come = [part for key, part in after.items() if part.deposed is None and _differs(part, before.get(key))]
    return matches(gone, come, identities)


def matches(
    gone: list[StateObject],
    come: list[StateObject],
    identities: Iterable[Callable[[StateObject], Hashable]] | None = None,
) -> dict[_Key, StateObject]:
    """Pair removed objects with added ones, by address and deposed key."""
    moved: dict[_Key, StateObject] = {}
    identities = _IDENTITIES if identities is None else identities
    for identity in identities:
        targets = {identity(part): part for part in come}
        seen = Counter(map(identity, gone)), Counter(map(identity, come))
        found = [
            (part, targets[own])
            for part in gone
            if (own := identity(part)) is not None and own in targets and seen[0][own] == seen[1][own] == 1
        ]
        moved.update(((part.address, part.deposed), target) for part, target in found)
        gone = [part for part in gone if (part.address, part.deposed) not in moved]
        taken = {target.address for target in moved.values()}
        come = [part for part in come if part.address not in taken]
    return moved


def _differs(part: StateObject, other: StateObject | None) -> bool:
    """Return whether the address holds another object, or none, in the other state."""
    return other is None or (part.id is not None and other.id is not None and part.id != other.id)


def _between(before: StateObject, after: StateObject) -> Action:
    differ = values_differ(before, after)
    if differ and before.id != after.id:
        return Action.REPLACE
    if differ or before.tainted != after.tainted:
        return Action.UPDATE
    return Action.NO_OP if before.address == after.address else Action.MOVE


def values_differ(before: StateObject, after: StateObject) -> bool:
    """Return whether two versions of an object have different attributes or marks."""
    if bytes(before.values) == bytes(after.values) and bytes(before.mask) == bytes(after.mask):
        return False
    if before.id != after.id or not same(before.attributes(), after.attributes()):
        return True
    # raw state and `show -json` write their marks differently: those are compared only with their like
    return before.raw == after.raw and _marks(before) != _marks(after)


def _marks(part: StateObject) -> object:
    return marks(as_lists(part.attributes(), part.sensitive()))


def as_lists(value: Any, mask: Any) -> Any:
    """Convert a mask made of paths to the structure of its value: elements of a list by position."""
    if isinstance(value, dict) and isinstance(mask, dict):
        return {key: as_lists(value.get(key), part) for key, part in mask.items()}
    if isinstance(value, list) and isinstance(mask, dict):
        # the elements of a set are named by themselves, not by an index: then all of it is hidden
        if not all(key.isdigit() and int(key) < len(value) for key in mask):
            return True
        return [as_lists(element, mask.get(str(index), False)) for index, element in enumerate(value)]
    return mask
