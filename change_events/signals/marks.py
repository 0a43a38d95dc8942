"""Marks a reason as planned, failed or unknown."""

from __future__ import annotations

from change_events.model import ChangeOutcome

_MARKS = {
    ChangeOutcome.PLANNED: " (planned)",
    ChangeOutcome.APPLIED: "",
    ChangeOutcome.FAILED: " (this change failed)",
    ChangeOutcome.UNKNOWN: " (outcome unknown)",
}


def marked(reason: str, outcome: ChangeOutcome | None) -> str:
    """Return the reason with a mark for the outcome; without a change, unmarked."""
    return f"{reason}{_MARKS.get(outcome, '')}" if outcome else reason
