"""Forms of a change of sizes: ``smaller`` (within one order), ``down a<b<c`` (along the words of a chain).

``smaller`` alone reads names that say by themselves of which order they are; ``smaller sql`` and others of
:data:`change_events.signals.size_orders.ORDERS` those that do not. Of several chains, between ``;``, one is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.signals import size_orders
from change_events.signals.paths import masked, pairs
from change_events.signals.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.signals.verdict import Case

_LONGEST = 60


def smaller(case: Case) -> Iterator[Verdict]:
    """A size is below the one before."""
    for label, before, after in _texts(case):
        if is_smaller(before, after, case.argument):
            yield _lowered(label, before, after)


def down(case: Case) -> Iterator[Verdict]:
    """A word stands before the earlier one in a chain; no word at all is nowhere in it."""
    chains = [chain.split("<") for chain in case.argument.split(";")]
    for label, before, after in _texts(case):
        if any({before, after} <= set(chain) and chain.index(after) < chain.index(before) for chain in chains):
            yield _lowered(label, before, after)


def is_smaller(before: str, after: str, order: str = "") -> bool:
    """Whether one size is below another, for sure."""
    if order == "flexible_server" and before.startswith(("GP_", "MO_")) and after.startswith("B_"):
        return True  # burstable machines are of another series, and of a lower tier all the same
    read = size_orders.ORDERS[order]
    old, new = read(before), read(after)
    return old is not None and new is not None and new.is_below(old)


def _lowered(label: str, before: str, after: str) -> Verdict:
    return Verdict(label, f"lowered from {before} to {after}", "was lowered", (before, after))


def _texts(case: Case) -> Iterator[tuple[str, str, str]]:
    subject, steps = case.subject, case.row.steps
    if masked(subject.unknown, steps):
        return
    for label, before, after in pairs(subject.before, subject.after, steps):
        old, new = _only(before), _only(after)
        if isinstance(old, str) and isinstance(new, str) and len(old) <= _LONGEST and len(new) <= _LONGEST:
            yield label, old, new


def _only(value: Any) -> Any:
    """The one element of a list that has one; the value itself."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
