"""Selects parts of a resource's values by path, on one side or paired over both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.signals.subject import leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# what distinguishes blocks of one list, the first that all of them have
_IDENTITIES = ("name", "key", "id", "priority", "rule_number", "device_name", "category", "log_type", "location")
Pair = tuple[str, Any, Any]


def words(value: Any, steps: Sequence[str]) -> set[str]:
    """Return the scalars at a path, over all blocks and elements, as words."""
    if isinstance(value, list):
        return {word for part in value for word in words(part, steps)}
    if steps:
        return words(value.get(steps[0]), steps[1:]) if isinstance(value, dict) else set()
    return {word(leaf) for _, leaf in leaves(value)}


def word(leaf: Any) -> str:
    """Return a scalar in HCL notation."""
    return str(leaf).lower() if isinstance(leaf, bool) else str(leaf)


def is_there(value: Any) -> bool:
    """Return whether a value or a block is set; a block may be empty."""
    return value is not None and value not in ("", [])


def masked(mask: Any, steps: Sequence[str]) -> bool:
    """Return whether a mask covers the value at a path, or a part of it."""
    if mask is True:
        return True
    if isinstance(mask, list):
        return any(masked(part, steps) for part in mask)
    if not isinstance(mask, dict):
        return False
    if steps:
        return masked(mask.get(steps[0]), steps[1:])
    return any(masked(part, ()) for part in mask.values())


def pairs(before: Any, after: Any, steps: Sequence[str], label: str = "") -> Iterator[Pair]:
    """Yield the values at a path before and after, with the path in HCL notation; a final list is one value.

    Blocks are paired by their identifying attribute, else by position if their number is the same. A new or removed
    block is paired with None only if it is the only one.
    """
    if not steps:
        yield label, before, after
    elif isinstance(before, list) or isinstance(after, list):
        yield from _of_lists(before, after, steps, label)
    elif isinstance(before, dict) or isinstance(after, dict):
        old, new = (side.get(steps[0]) if isinstance(side, dict) else None for side in (before, after))
        yield from pairs(old, new, steps[1:], f"{label}.{steps[0]}" if label else steps[0])


def leaf_pairs(before: Any, after: Any, label: str) -> Iterator[Pair]:
    """Yield the scalars of two values, paired: of objects by name, of lists as in :func:`pairs`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() & after.keys():
            yield from leaf_pairs(before[key], after[key], f"{label}.{key}" if label else key)
    elif isinstance(before, list) and isinstance(after, list):
        for place, old, new in _matched(before, after):
            yield from leaf_pairs(old, new, f"{label}[{place}]")
    else:
        yield label, before, after


def _of_lists(before: Any, after: Any, steps: Sequence[str], label: str) -> Iterator[Pair]:
    old, new = (side if isinstance(side, list) else [] if side is None else [side] for side in (before, after))
    if len(old) + len(new) == 1 and not _identity([*old, *new]):
        yield from pairs(old[0] if old else None, new[0] if new else None, steps, f"{label}[0]")
        return
    for place, one, other in _matched(old, new):
        yield from pairs(one, other, steps, f"{label}[{place}]")


def _matched(before: list[Any], after: list[Any]) -> Iterator[tuple[int, Any, Any]]:
    alone = len(before) == len(after) == 1
    identity = _identity(before) if before and not alone and _identity(before) == _identity(after) else None
    if identity:
        known = {str(block[identity]): block for block in before}
        for place, block in enumerate(after):
            if (old := known.get(str(block[identity]))) is not None:
                yield place, old, block
    elif len(before) == len(after):  # else no one knows here which block became which
        yield from ((place, *both) for place, both in enumerate(zip(before, after, strict=True)))


def _identity(blocks: list[Any]) -> str | None:
    """Return the name of the attribute that identifies these blocks."""
    if not all(isinstance(block, dict) for block in blocks):
        return None
    for name in _IDENTITIES:
        found = [block.get(name) for block in blocks]
        if all(isinstance(one, (str, int)) and one != "" for one in found) and len(set(map(str, found))) == len(found):
            return name
    return None
