"""Decides from JSON, before decoding, whether a change may have signals: in a large plan hardly any can.

It never excludes a change for which a rule would find something: each test is a necessary condition of a rule.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from change_events.signals.capacity import CLASSES, SIZES
from change_events.signals.table import table
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.partial_json import attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec

    Sides = tuple[msgspec.Raw, msgspec.Raw]

_BATCH = 64  # objects of one type that are searched as one text
_WORDS = (
    *(b'/0"', b"/0,", b"source_address_prefix", b"start_ip"),  # exposure
    *(b"*", b"NotAction", b"not_actions", b"allUsers", b"allAuthenticatedUsers"),  # policies
)
# networks with the lowest address: all addresses, or with others of a set that is
_LOWEST = ((b"0.0.0.0/", b"0123456789"), (b"::/", b"0123456789abcdefABCDEF:"))  # and what does not precede them
# an escape that may spell one of the words; terraform itself escapes `<`, `>`, `&` and what does not print
_ESCAPE = lazy_pattern(rb"\\/|\\u00(?!26|3[ceCE]|7[fF])[2-7]")
_STEMS = (
    b"_size",
    b"_count",
    b"capacity",
    b"replicas",
    b"instances",
    b"num_",
    b"number_of_",
    b"executions",
    b"storage",
)
_SIZES = tuple(f'"{name}"'.encode() for name in sorted(SIZES))
_CLASSES = tuple(f'"{name}"'.encode() for name in CLASSES)


def may_signal(kind: str, before: bytes, after: bytes, own: tuple[str, ...] = ()) -> bool:
    """Return whether the values of a change have to be examined.

    Args:
        kind: resource type.
        before: JSON of the object before; empty or ``null`` if there is none.
        after: JSON of the object after.
        own: attributes watched by the user's rules.
    """
    if before == after:
        return False
    return (
        _has_word(after)
        or _is_escaped(before)
        or _may_lower(before, after)
        or _may_shrink(before, after)
        or _may_turn(kind, before, after, own)
    )


def which_may_signal(kind: str, objects: Sequence[Sides], own: tuple[str, ...] = ()) -> list[bool]:
    """Apply :func:`may_signal` to many objects of one type, cheaply for those without anything of interest.

    Args:
        kind: their resource type.
        objects: JSON of each before and after.
        own: attributes of this type watched by the user's rules.
    """
    found: list[bool] = []
    for start in range(0, len(objects), _BATCH):
        batch = objects[start : start + _BATCH]
        if _may_any(kind, batch, own):
            found += [may_signal(kind, bytes(before), bytes(after), own) for before, after in batch]
        else:
            found += [False] * len(batch)
    return found


def _may_any(kind: str, batch: Sequence[Sides], own: tuple[str, ...]) -> bool:
    """Whether one of some objects may signal: each test is a necessary condition of :func:`may_signal` for one of them.

    The separator is no part of any word, so that nothing is found across two objects that stands in neither.
    """
    before = b"\n".join([before for before, _ in batch])
    after = b"\n".join([after for _, after in batch])
    return (
        _has_word(after)
        or _is_escaped(before)
        or _may_lower(before, after)
        or _has_class(before, after)
        or any(key in after or key in before for key in _watched(kind, own)[1])
    )


def _has_word(after: bytes) -> bool:
    for word in _WORDS:
        if word in after:
            return True
    for word, others in _LOWEST:
        place = after.find(word)
        while place >= 0:
            if not place or after[place - 1] not in others:
                return True
            place = after.find(word, place + 1)
    return _is_escaped(after)


def _is_escaped(side: bytes) -> bool:
    return b"\\" in side and _ESCAPE.search(side) is not None


def _may_lower(before: bytes, after: bytes) -> bool:
    for stem in _STEMS:
        if stem in after and stem in before:
            return any(name in after and name in before for name in _SIZES)
    return False


def _has_class(before: bytes, after: bytes) -> bool:
    return any(name in after and name in before for name in _CLASSES)


def _may_shrink(before: bytes, after: bytes) -> bool:
    """Whether the size of a machine differs."""
    if not _has_class(before, after):
        return False
    old, new = (attributes(side or b"null", CLASSES, raw=True) for side in (before, after))
    return old is None or new is None or any(old.get(name) not in (None, new[name]) for name in new)


def _may_turn(kind: str, before: bytes, after: bytes, own: tuple[str, ...]) -> bool:
    """Whether one of the settings that are watched differs."""
    names, keys = _watched(kind, own)
    if not any(key in after or key in before for key in keys):
        return False
    old, new = (attributes(side or b"null", names, raw=True) for side in (before, after))
    return old is None or new is None or old != new


@cache
def _watched(kind: str, own: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    """The attributes of a type that are watched, and how each stands in JSON."""
    names = tuple(dict.fromkeys((*(row.steps[0] for row in table().get(kind, ())), *own)))
    return names, tuple(f'"{name}"'.encode() for name in names)
