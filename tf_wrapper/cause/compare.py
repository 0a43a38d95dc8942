"""Edits: the places of a walk whose text differs between two versions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tf_wrapper.cause.parts import inside, normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tf_wrapper.cause.sources import Placed, Sources, Spot
    from tf_wrapper.cause.walk import Reached

_Texts = Counter[object]


class Hit(NamedTuple):
    """An edited place.

    Attributes:
        spot: the place.
        label: its name for readers.
        path: absolute path of the file; for a removal, the file that lost it.
        line: the first edited line; for a removal, the line that lost it, or None if that is gone too.
        removed: the place no longer exists.
        is_wide: the edit may concern another part of the value than the requested one.
    """

    spot: Spot
    label: str
    path: str
    line: int | None
    removed: bool
    is_wide: bool = False


def texts(places: Sequence[Placed]) -> _Texts:
    """Return the text at these places, in any order."""
    return Counter(place.text for place in places)


def edits(now: Sources, base: Sources, reached: Reached, reached_before: Reached) -> Iterator[Hit]:
    """Return the places that differ, nearest to the attribute first.

    Args:
        now: configuration of this run.
        base: configuration to compare with.
        reached: places reached in ``now``.
        reached_before: places reached in ``base``.
    """
    wide = reached.wide | reached_before.wide
    for spot, label in {**reached_before.spots, **reached.spots}.items():
        after, before = now.placed(spot), base.placed(spot)
        missing = texts(before)
        added = []
        for place in after:
            if missing[place.text]:
                missing[place.text] -= 1
            else:
                added.append(place)
        if added:
            yield Hit(spot, label, added[0].path, _row(added[0], before), removed=False, is_wide=spot in wide)
        elif len(after) < len(before):
            yield _removed(spot, label, now, before)._replace(is_wide=spot in wide)


def _row(place: Placed, before: Sequence[Placed]) -> int:
    """Return the first line that differs; in a whole block, the line of its first argument or block that differs."""
    if isinstance(place.text, bytes):
        return _line(place.text, [other.text for other in before if isinstance(other.text, bytes)])
    if place.part is None or not place.part.is_block:
        return place.first
    known = Counter(normal(inner) for other in before if other.part is not None for inner in inside(other.part))
    for inner in inside(place.part):
        if not known[normal(inner)]:
            return inner.first
        known[normal(inner)] -= 1
    return place.first


def _line(text: bytes, before: Sequence[bytes]) -> int:
    """Return the first new line of a file; its last line if it only lost some at the end."""
    lines, old = text.splitlines(), before[0].splitlines() if before else []
    same = next((at for at, (new, was) in enumerate(zip(lines, old, strict=False)) if new != was), len(old))
    return max(1, min(same + 1, len(lines)))


def _removed(spot: Spot, label: str, now: Sources, before: Sequence[Placed]) -> Hit:
    for length in reversed(range(0 if spot.block else 1, len(spot.path))):
        if left := now.placed(spot._replace(path=spot.path[:length], exists=not length)):
            return Hit(spot, label, left[0].path, left[0].first, removed=True)
    return Hit(spot, label, before[0].path, None, removed=True)


def in_order(reached: Reached, hits: Sequence[Hit]) -> list[Hit]:
    """Return certain hits first, then those that still exist, in the order of the walk, without repetitions."""
    order = {spot: at for at, spot in enumerate(reached.spots)}
    found: dict[tuple[str, int | None, str], Hit] = {}
    for hit in sorted(hits, key=lambda hit: (hit.is_wide, order.get(hit.spot, len(order)))):
        found.setdefault((hit.path, hit.line, hit.label), hit)
    return list(found.values())
