"""The earlier change that a change undoes, by fingerprints, so that redacted values are compared as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.journal.touched_records import Touch

LOOK_BACK = 20  # changes of one attribute
_APPLIED = "applied"


def undone_by(before: str | None, after: str | None, earlier: Sequence[Touch]) -> Touch | None:
    """Return the earlier change that replaced the value now restored; None if no value is restored.

    Args:
        before: fingerprint of the replaced value.
        after: fingerprint of the new value.
        earlier: changes of the same attribute, newest first. Failed ones are skipped; a value that is not
            comparable ends the search, since its content is unknown.
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
    """Return the changes directly before this one with the same old and new values, newest first."""
    alike: list[Touch] = []
    if before is None or after is None or before == after:
        return alike
    for touch in earlier:
        if touch.outcome != _APPLIED or (touch.before, touch.after) != (before, after):
            break
        alike.append(touch)
    return alike


def is_flapping(before: str | None, after: str | None, earlier: Sequence[Touch]) -> bool:
    """Return whether the values alternate: A to B, B to A, and now A to B again."""
    if before is None or after is None or before == after:
        return False
    applied = [touch for touch in earlier if touch.outcome == _APPLIED][:2]
    return [(touch.before, touch.after) for touch in applied] == [(after, before), (before, after)]
