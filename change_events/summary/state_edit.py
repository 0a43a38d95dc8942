"""Text of commands that changed the state and no resource: the title, and the edit of each entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Action, Outcome
from change_events.model.state_versions import is_replaced, is_shared
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Change, ChangeEvent, StateCounts, StateEdit

_COUNTED = (
    ("removed", "{} removed"),
    ("moved", "{} moved"),
    ("imported", "{} imported"),
    ("added", "{} added"),
    ("tainted", "{} tainted"),
    ("untainted", "{} untainted"),
    ("provider", "{} with another provider"),
    ("changed", "{} changed"),
)
_EDITED = {
    "taint": "marked as tainted: the next apply replaces it",
    "untaint": "no longer marked as tainted",
    "provider": "managed by another provider",
    "replace": "refers to another object",
    "attributes": "attributes rewritten",
    "deposed": "its object became a deposed one",
    "add": "added",
    "remove": "removed",
}
ELSEWHERE = "to another state"
"""Note of an entry that was moved out of this state."""
UNFINISHED = {Outcome.FAILED: "failed", Outcome.PARTIAL: "failed", Outcome.CANCELLED: "cancelled"}
"""Outcomes of a command that may have written nothing: another one may have made the edits that are seen."""


def what(event: ChangeEvent, state: StateEdit) -> str:
    """Return the second half of the title of a state command: ``state edited: 2 removed, 1 moved``."""
    words = [*count_words(event.summary.state), *_drift(event), *_outputs(event)]
    if event.outcome is Outcome.UNKNOWN and event.backfilled is None:
        words.append("outcome unknown")
    if not words and state.serial is not None and state.serial != state.previous_serial:
        words = [f"serial {state.serial}"]
    return f"{_subject(event, state)}{': ' if words else ''}{', '.join(words)}"


def _subject(event: ChangeEvent, state: StateEdit) -> str:
    """Return the subject, worded without an author if another command may have made the edits."""
    if state.command and event.outcome in UNFINISHED:
        return f"state changed during a {UNFINISHED[event.outcome]} {state.command}"
    return "state changed by several commands" if is_shared(state) else subject(state)


def subject(state: StateEdit) -> str:
    """Return what was changed, and how: ``state edited``."""
    if not state.command:
        return "state changed"
    verb = state.command.rpartition(" ")[2]
    if state.workspace:
        return f"workspace {state.workspace} {'deleted' if verb == 'delete' else 'created'}"
    if verb == "force-unlock":
        return "state lock broken"
    if verb == "push":
        return "state replaced" if is_replaced(state) else "state pushed"
    return "state refreshed" if verb in {"refresh", "-refresh-only"} else "state edited"


def count_words(counts: StateCounts | None) -> Iterator[str]:
    """Yield the nonzero counts in words."""
    for field, words in _COUNTED:
        if counts is not None and (number := getattr(counts, field)):
            yield words.format(number)


def entry_words(change: Change) -> str:
    """Return the edit of an entry that stays: ``marked as tainted: the next apply replaces it``."""
    return "; ".join(_EDITED.get(word, word) for word in change.raw_actions)


def version_words(state: StateEdit) -> str:
    """Return serial and lineage as ``serial 7 → 8``; empty if neither is known."""
    if state.serial is None and state.previous_serial is None:
        return ""
    serial = f"serial {_shown(state.previous_serial)} → {_shown(state.serial)}"
    if state.previous_lineage and state.lineage and state.lineage != state.previous_lineage:
        return f"{serial}, lineage {state.previous_lineage} → {state.lineage}"
    return serial


def _shown(serial: int | None) -> str:
    return "none" if serial is None else str(serial)


def _drift(event: ChangeEvent) -> Iterator[str]:
    gone = sum(1 for drift in event.drift if drift.action is Action.DESTROY)
    changed = event.summary.counts.drift - gone
    if changed:
        yield f"{changed} changed outside of Terraform"
    if gone:
        yield f"{gone} no longer exist{'s' if gone == 1 else ''}"


def _outputs(event: ChangeEvent) -> Iterator[str]:
    if number := event.summary.counts.outputs:
        yield f"{number_of(number, 'output')} changed"
