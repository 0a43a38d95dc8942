"""How a reason says that what it is about is only planned, failed, or is not known to have happened."""

from __future__ import annotations

from change_events.model import ChangeOutcome

_MARKS = {
    ChangeOutcome.PLANNED: " (planned)",
    ChangeOutcome.APPLIED: "",
    ChangeOutcome.FAILED: " (this change failed)",
    ChangeOutcome.UNKNOWN: " (outcome unknown)",
}


def marked(reason: str, outcome: ChangeOutcome | None) -> str:
    """The reason with the mark of the outcome; of no change there is none."""
    return f"{reason}{_MARKS.get(outcome, '')}" if outcome else reason
