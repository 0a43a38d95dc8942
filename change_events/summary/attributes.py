"""Order of a change's attributes, and which of them are only counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.model import ValueKind
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from change_events.model import AttributeChange, Value

_EMPTY = {'""', "[]", "{}", "null"}
_NOT_THERE = {ValueKind.ABSENT, ValueKind.UNKNOWN}


class Arranged(NamedTuple):
    """The attributes of one change in display order.

    Attributes:
        shown: those that force a replacement, then those with known values on both sides, then added and removed ones.
        computed: those the provider only recomputes, and those that are empty on one side and unset on the other.
    """

    shown: list[AttributeChange]
    computed: list[AttributeChange]


def arranged(attributes: Iterable[AttributeChange]) -> Arranged:
    """Return the attributes in display order; the sort is stable."""
    shown: list[AttributeChange] = []
    computed: list[AttributeChange] = []
    for attribute in attributes:
        (computed if _is_computed(attribute) else shown).append(attribute)
    return Arranged(sorted(shown, key=_rank), computed)


def _is_computed(attribute: AttributeChange) -> bool:
    if attribute.forces_replacement:
        return False
    before, after = attribute.before, attribute.after
    return after.kind is ValueKind.UNKNOWN or (_is_nothing(before) and _is_nothing(after))


def _is_nothing(value: Value) -> bool:
    return value.kind is ValueKind.ABSENT or (value.kind is ValueKind.VALUE and value.text in _EMPTY)


def _rank(attribute: AttributeChange) -> int:
    if attribute.forces_replacement:
        return 0
    return 1 if not {attribute.before.kind, attribute.after.kind} & _NOT_THERE else 2


def computed_words(number: int) -> str:
    """Return the count as ``and 24 computed attributes``."""
    return f"and {number_of(number, 'computed attribute')}"
