"""Changes, values and reasons in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Action, ChangeOutcome, Outcome, Phase, ValueKind
from change_events.summary.markdown import code, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import AttributeChange, Change, ChangeEvent, Value

MOST_ATTRIBUTES = 12
_KILO = 1000

REASONS = {
    "replace_because_cannot_update": "it cannot be updated in place",
    "replace_because_tainted": "it is tainted",
    "replace_by_request": "`-replace` asks for it",
    "replace_by_triggers": "`replace_triggered_by` asks for it",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_wrong_repetition": "its count or for_each was added or taken away",
    "delete_because_count_index": "its index is beyond count",
    "delete_because_each_key": "its key is no longer in for_each",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_no_move_target": "it was moved to where nothing is configured",
    "delete_because_enabled_false": "it is switched off by lifecycle.enabled",
    "read_because_config_unknown": "its configuration is known only during the apply",
    "read_because_dependency_pending": "what it depends on is changed first",
    "read_because_check_nested": "a check reads it every time",
}
PARTIAL = "The plan is partial: -target, deferred changes or errors leave something out."
_OUTCOMES = {
    ChangeOutcome.FAILED: "**failed**",
    ChangeOutcome.NOT_ATTEMPTED: "not attempted",
    ChangeOutcome.UNKNOWN: "outcome unknown",
}


def outputs_heading(event: ChangeEvent) -> str:
    """The heading of an event's outputs: what was to become of them is no fact until the run has succeeded."""
    as_told = event.phase is Phase.PLANNED or event.outcome is Outcome.SUCCEEDED
    return "Outputs" if as_told else "Outputs (planned)"


def reason(word: str) -> str:
    """Terraform's ``action_reason`` as a reader would put it; one of a later version as it is written."""
    return REASONS.get(word) or plain(word.replace("_", " "))


def change(item: Change) -> str:
    """One change with its reason, its outcome and its attributes: a list item of one or more lines."""
    verb = " ".join(item.raw_actions) if item.action is Action.OTHER and item.raw_actions else item.action.value
    head = f"- {plain(verb)} {code(item.address)}"
    if item.deposed:
        head += f" (deposed {code(item.deposed)})"
    notes = list(_notes(item))
    if notes:
        head += f": {'; '.join(notes)}"
    shown = item.attributes[:MOST_ATTRIBUTES] if item.action in {Action.UPDATE, Action.REPLACE} else ()
    left = len(item.attributes) - len(shown) + item.attributes_omitted if shown else 0
    lines = [head, *(f"  - {attribute(a)}" for a in shown)]
    return "\n".join([*lines, f"  - … and {left} more attributes"] if left else lines)


def _notes(item: Change) -> Iterator[str]:
    if word := _OUTCOMES.get(item.outcome):
        yield word
    if item.error:
        yield code(item.error)
    if item.reason:
        yield reason(item.reason)
    if item.action is Action.CREATE and "forget" in item.raw_actions:
        yield "the old object is kept, no longer managed"
    if item.replace_paths:
        yield "forced by " + ", ".join(code(path) for path in item.replace_paths[:3])
    if item.previous_address:
        yield f"moved from {code(item.previous_address)}"
    if item.importing:
        yield f"imported{f' with id {code(item.import_id)}' if item.import_id else ''}"
    if item.deferred:
        yield f"deferred: {plain(item.deferred.replace('_', ' '))}"


def attribute(item: AttributeChange) -> str:
    """``path``: old → new, with what a reader should know of it."""
    sides = f"{value(item.before)} → {value(item.after, item.before)}"
    notes = ["forces replacement"] if item.forces_replacement else []
    notes += [plain(item.note)] if item.note else []
    return f"{code(item.path)}: {sides}" + (f" ({'; '.join(notes)})" if notes else "")


def value(side: Value, before: Value | None = None) -> str:
    """One side; ``before`` is given with the new side and tells whether a secret was rotated."""
    match side.kind:
        case ValueKind.VALUE:
            return code(side.text or "", 200)
        case ValueKind.ABSENT:
            return "(none)"
        case ValueKind.UNKNOWN:
            return "(known after apply)"
        case ValueKind.SENSITIVE:
            return f"(sensitive{_compared(side, before, 'rotated')})"
        case ValueKind.LARGE:
            return f"({_size(side.size or 0)}{_compared(side, before, 'changed')})"
        case ValueKind.HIDDEN:
            return "(hidden)"


def _compared(side: Value, before: Value | None, changed: str) -> str:
    if before is None or not side.fingerprint or not before.fingerprint:
        return ""
    return f", {changed if side.fingerprint != before.fingerprint else 'unchanged'}"


def _size(size: int) -> str:
    return f"{size} bytes" if size < _KILO else f"{size / _KILO:.1f} kB"
