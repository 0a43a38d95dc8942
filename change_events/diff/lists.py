"""Matches the elements of two lists.

Plan JSON does not show whether an array is a set, a list of blocks or a list of values. Terraform sorts sets
by its own order, so swapping one member shifts the rest; a block added at the front shifts all. Elements are
therefore matched by content first, then blocks by identity and likeness, and only then by position.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.diff.equality import freeze, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# attributes that name a block among its siblings, the most significant first
_IDENTITIES = (
    "name",
    "key",
    "id",
    "sid",
    "Sid",
    "identifier",
    "device_name",
    "rule_number",
    "priority",
    "path",
    "port",
)
_ALIKE = 0.5  # minimum share of equal leaves for two blocks to count as one changed block
_MOST_COMPARISONS = 10_000


class Alignment(NamedTuple):
    """The correspondence of two lists; equal elements in the same order are omitted.

    Attributes:
        changed: (index before, index after) of elements that were modified.
        removed: indices before.
        added: indices after.
        reordered: equal elements are in another order.
    """

    changed: list[tuple[int, int]]
    removed: list[int]
    added: list[int]
    reordered: bool


def align(before: list[Any], after: list[Any], before_keys: list[object], after_keys: list[object]) -> Alignment:
    """Match the elements of two lists; elements with equal keys are equal."""
    matched, reordered = _match_equal(before_keys, after_keys)
    gone = set(matched.values())
    removed = [index for index in range(len(before)) if index not in gone]
    added = [index for index in range(len(after)) if index not in matched]
    changed: list[tuple[int, int]] = []
    for rule in (_by_identity, _by_likeness, _by_position):
        if not removed or not added:
            break
        found = rule(before, after, removed, added)
        changed += found
        used_before, used_after = {pair[0] for pair in found}, {pair[1] for pair in found}
        removed = [index for index in removed if index not in used_before]
        added = [index for index in added if index not in used_after]
    return Alignment(sorted(changed, key=lambda pair: pair[1]), removed, added, reordered)


def _match_equal(before_keys: list[object], after_keys: list[object]) -> tuple[dict[int, int], bool]:
    """Match equal elements, in order if possible: index after → before, and whether the order was lost."""
    shorter = min(len(before_keys), len(after_keys))
    start = next((i for i in range(shorter) if before_keys[i] != after_keys[i]), shorter)
    rest = shorter - start
    end = next((i for i in range(rest) if before_keys[-1 - i] != after_keys[-1 - i]), rest)
    matched = {index: index for index in range(start)}
    shift = len(before_keys) - len(after_keys)
    matched |= {index: index + shift for index in range(len(after_keys) - end, len(after_keys))}
    places: dict[object, list[int]] = defaultdict(list)
    for index in range(start, len(before_keys) - end):
        places[before_keys[index]].append(index)
    last, reordered = -1, False
    for index in range(start, len(after_keys) - end):
        candidates = places.get(after_keys[index])
        if not candidates:
            continue
        place = bisect_right(candidates, last)
        reordered |= place == len(candidates)
        last = candidates.pop(place if place < len(candidates) else 0)
        matched[index] = last
    return matched, reordered


def _by_identity(before: list[Any], after: list[Any], removed: list[int], added: list[int]) -> list[tuple[int, int]]:
    for name in _IDENTITIES:
        old, new = _named(name, before, removed), _named(name, after, added)
        if old is not None and new is not None and old.keys() & new.keys():
            return [(old[value], new[value]) for value in old if value in new]
    return []


def _named(name: str, elements: list[Any], indices: list[int]) -> dict[object, int] | None:
    """Return identity → index, or None unless the attribute distinguishes all of these elements."""
    found: dict[object, int] = {}
    for index in indices:
        value = elements[index].get(name) if isinstance(elements[index], dict) else None
        if value is None or isinstance(value, (dict, list)):
            return None
        found[freeze(value)] = index
    return found if len(found) == len(indices) else None


def _by_likeness(before: list[Any], after: list[Any], removed: list[int], added: list[int]) -> list[tuple[int, int]]:
    old = {index: leaves(before[index]) for index in removed if isinstance(before[index], dict)}
    new = {index: leaves(after[index]) for index in added if isinstance(after[index], dict)}
    if len(old) * len(new) > _MOST_COMPARISONS:
        return []
    scores = (
        (2 * len(old[i] & new[j]) / max(1, len(old[i]) + len(new[j])), -abs(i - j), i, j) for i in old for j in new
    )
    return _best(scores, lambda score: score >= _ALIKE)


def _best(scores: Iterable[tuple[float, int, int, int]], enough: Callable[[float], bool]) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    used_before: set[int] = set()
    used_after: set[int] = set()
    for score, _, i, j in sorted(scores, key=lambda entry: (-entry[0], -entry[1], entry[2])):
        if enough(score) and i not in used_before and j not in used_after:
            pairs.append((i, j))
            used_before.add(i)
            used_after.add(j)
    return pairs


def _by_position(before: list[Any], after: list[Any], removed: list[int], added: list[int]) -> list[tuple[int, int]]:
    """Pair the remaining elements by position: values, and a block that is the only one of its list."""
    single = len(before) == len(after) == 1
    wanted = set(added)
    return [
        (index, index)
        for index in removed
        if index in wanted and (single or not isinstance(before[index], dict) or not isinstance(after[index], dict))
    ]
