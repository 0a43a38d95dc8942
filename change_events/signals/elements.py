"""Forms of a change of lists: ``fewer`` (elements than before), ``loses`` (an element is gone), ``emptied``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from change_events.signals.paths import masked, pairs
from change_events.signals.verdict import Verdict
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.signals.verdict import Case

_IDENTITIES = ("name", "category", "category_group", "log_type", "priority", "location")


def fewer(case: Case) -> Iterator[Verdict]:
    """Match a list with fewer elements."""
    for label, before, after in _lists(case):
        if len(after) < len(before):
            words = f"has {number_of(len(after), 'element')} instead of {len(before)}"
            yield Verdict(label, words, "has fewer elements")


def loses(case: Case) -> Iterator[Verdict]:
    """Match a removed element, even if another was added; blocks are identified by their names."""
    for label, before, after in _lists(case):
        old, new = set(map(_identity, before)), set(map(_identity, after))
        if gone := len(old - new):
            yield Verdict(label, f"lost {gone} of {len(old)} elements", "lost elements")


def emptied(case: Case) -> Iterator[Verdict]:
    """Match a list that became empty."""
    for label, before, after in _lists(case):
        if before and not after:
            yield Verdict(label, "was emptied", "was emptied")


def _lists(case: Case) -> Iterator[tuple[str, list[Any], list[Any]]]:
    subject, steps = case.subject, case.row.steps
    if subject.before is None or subject.after is None or masked(subject.unknown, steps):
        return
    for _, before, after in pairs(subject.before, subject.after, steps):
        old, new = ([] if side is None else side for side in (before, after))
        if isinstance(old, list) and isinstance(new, list):
            yield case.row.path, old, new


def _identity(element: Any) -> str:
    """Return the name of an element; of a block without a name, the whole block."""
    if isinstance(element, dict):
        named = [str(element[name]) for name in _IDENTITIES if element.get(name)]
        return "\0".join(named) if named else json.dumps(element, sort_keys=True, default=str)
    return str(element)
