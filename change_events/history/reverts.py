"""Which earlier change a change undoes: read off fingerprints, so that redacted values count as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.journal.touched_records import Touch

LOOK_BACK = 20  # changes of one attribute
_APPLIED = "applied"


def undone_by(before: str | None, after: str | None, earlier: Sequence[Touch]) -> Touch | None:
    """The change that took away the value which now returns; None where no value returns.

    Args:
        before: fingerprint of the value that a change replaces.
        after: fingerprint of the value that it sets.
        earlier: changes of the same attribute, newest first. What failed is passed over; a value that is not
            comparable ends the search, since anything may have happened there.
    """
    if before is None or after is None or before == after:
        return None
    for touch in earlier:
        if touch.outcome != _APPLIED:
            continue
        if touch.before is None or touch.after is None:
            return None
        if touch.before == after and touch.after != after:
            return touch
    return None


def runs_alike(before: str | None, after: str | None, earlier: Sequence[Touch]) -> list[Touch]:
    """The changes right before this one that set the same value over the same other value, newest first."""
    alike: list[Touch] = []
    if before is None or after is None or before == after:
        return alike
    for touch in earlier:
        if touch.outcome != _APPLIED or (touch.before, touch.after) != (before, after):
            break
        alike.append(touch)
    return alike


def is_flapping(before: str | None, after: str | None, earlier: Sequence[Touch]) -> bool:
    """Whether the two values take turns: A to B, B to A, and now A to B again."""
    if before is None or after is None or before == after:
        return False
    applied = [touch for touch in earlier if touch.outcome == _APPLIED][:2]
    return [(touch.before, touch.after) for touch in applied] == [(after, before), (before, after)]
