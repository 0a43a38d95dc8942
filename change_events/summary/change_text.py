"""Changes, values and reasons as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Action, ChangeOutcome, DriftStatus, Outcome, Phase, ValueKind
from change_events.summary.attributes import arranged, computed_words
from change_events.summary.value_text import WORDS, size
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.markdown import code, plain
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.model import AttributeChange, Change, ChangeEvent, Cloud, Drift, Value

MOST_ATTRIBUTES = 12
_MOST_LINES = 12  # lines of a text in a message; the event has more
_LONGEST = 2_000  # characters of such a line
_TICKS = lazy_pattern(r"`+")

REASONS = {
    "replace_because_cannot_update": "it cannot be updated in place",
    "replace_because_tainted": "it was tainted",
    "replace_by_request": "it was requested with `-replace`",
    "replace_by_triggers": "a reference in `replace_triggered_by` changed",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_wrong_repetition": "its count or for_each was added or removed",
    "delete_because_count_index": "its index is out of range for count",
    "delete_because_each_key": "its key is not in for_each",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_no_move_target": "its move target is not in the configuration",
    "delete_because_enabled_false": "lifecycle.enabled is false",
    "read_because_config_unknown": "its configuration contains values known only after apply",
    "read_because_dependency_pending": "it depends on a resource with pending changes",
    "read_because_check_nested": "it is part of a check block",
}
_MOST_PLACES = 4  # accounts or regions in a line
_CLOUDS = {"aws": ("AWS", "account"), "google": ("Google", "project"), "azure": ("Azure", "subscription")}
_PARTIAL = "The plan is incomplete: resources were excluded by -target, deferral or errors."
_ACTIONS_ONLY = "The plan is one of actions alone: with -invoke, no resource is planned."
_INVOKE = " -invoke"
_PLANNED = {Outcome.SUCCEEDED, Outcome.NO_CHANGE}  # outcomes with a plan, possibly empty
_OUTCOMES = {
    ChangeOutcome.FAILED: "**failed**",
    ChangeOutcome.NOT_ATTEMPTED: "not attempted",
    ChangeOutcome.UNKNOWN: "outcome unknown",
}


def cloud_words(cloud: Cloud) -> str:
    """Return accounts and regions: ``AWS account 123456789012 in eu-central-1``, ``Google projects shop-a, shop-b``."""
    name, account = _CLOUDS.get(cloud.name, (cloud.name, "account"))
    accounts = f" {account}{'s' if len(cloud.accounts) > 1 else ''} {_some(cloud.accounts)}" if cloud.accounts else ""
    regions = f" in {_some(cloud.regions)}" if cloud.regions else ""
    return f"{name}{accounts}{regions}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_PLACES
    return ", ".join(names[:_MOST_PLACES]) + (f" and {more} more" if more > 0 else "")


def file_place(file: str | None, line: int | None) -> str:
    """Return a position as ``main.tf:12``; the file alone if the line is unknown."""
    return f"{file}:{line}" if file and line else file or ""


def outputs_heading(event: ChangeEvent) -> str:
    """Return the heading of an event's outputs, worded as planned until the run has succeeded."""
    is_as_planned = event.phase is Phase.PLANNED or event.outcome is Outcome.SUCCEEDED
    return "Outputs" if is_as_planned else "Outputs (planned)"


def partial(event: ChangeEvent) -> str:
    """Return why the plan does not show all differences; empty if it does, or if no plan is known."""
    listed = event.changes or event.outputs or event.drift
    if not event.partial or not (listed or event.outcome in _PLANNED):
        return ""
    if event.changes:
        only_actions = all(item.action is Action.INVOKE for item in event.changes)
    else:
        only_actions = _INVOKE in ((event.tool and event.tool.command) or "")
    return _ACTIONS_ONLY if only_actions else _PARTIAL


def drift_word(drift: Drift) -> str:
    """Return the outcome of a drifted resource in one to three words."""
    if drift.status is DriftStatus.GONE:
        return "no longer drifted"
    return "deleted" if drift.action is Action.DESTROY else "changed"


def reason(word: str) -> str:
    """Return Terraform's ``action_reason`` in readable Markdown; an unknown one verbatim."""
    return REASONS.get(word) or plain(_unknown(word))


def plain_reason(word: str) -> str:
    """Return :func:`reason` as plain text."""
    return (REASONS.get(word) or _unknown(word)).replace("`", "")


def _unknown(word: str) -> str:
    return word if " " in word else word.replace("_", " ")  # a sentence contains addresses


def change(item: Change) -> str:
    """Return one change with reason, outcome and attributes as a list item of one or more lines."""
    verb = " ".join(item.raw_actions) if item.action is Action.OTHER and item.raw_actions else item.action.value
    head = f"- {plain(verb)} {code(item.address)}"
    if item.deposed:
        head += f" (deposed {code(item.deposed)})"
    notes = list(_notes(item))
    if notes:
        head += f": {'; '.join(notes)}"
    lines = [head, *_error(item)]
    if item.action in {Action.UPDATE, Action.REPLACE}:
        lines += attribute_lines(item.attributes, item.attributes_omitted, MOST_ATTRIBUTES)
    return "\n".join(lines)


def attribute_lines(attributes: Sequence[AttributeChange], omitted: int, most: int) -> Iterator[str]:
    """Yield up to ``most`` attributes of a change as list items, the most important first; count the rest."""
    shown, computed = arranged(attributes)
    for item in shown[:most]:
        yield f"  - {attribute(item)}"
        yield from fenced(item.lines[:_MOST_LINES], "    ", "diff", len(item.lines))
    left = max(0, len(shown) - most) + omitted
    more = [f"and {number_of(left, 'more attribute')}"] if left else []
    more += [computed_words(len(computed))] if computed else []
    if more:
        yield f"  - … {', '.join(more)}"


def fenced(lines: Sequence[str], indent: str, language: str = "", total: int = 0) -> Iterator[str]:
    """Yield lines as a code block in a list item; ``total`` is their number before truncation."""
    if not lines:
        return
    ticks = max((len(run) for line in lines for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, ticks + 1)
    yield f"{indent}{fence}{language}"
    yield from (indent + "".join(c if c.isprintable() else " " for c in line[:_LONGEST]) for line in lines)
    if total > len(lines):
        yield f"{indent}… and {total - len(lines)} more lines"
    yield f"{indent}{fence}"


def _error(item: Change) -> Iterator[str]:
    """Yield the error of a failed change: the summary as text, the details verbatim."""
    lines = [line for line in (item.error or "").splitlines() if line.strip()]
    if lines:
        yield f"  - {plain(lines[0])}"
        yield from fenced(lines[1:], "    ")


def _notes(item: Change) -> Iterator[str]:
    if word := _OUTCOMES.get(item.outcome):
        yield word
    if item.note:
        yield plain(item.note)
    if item.reason and not (item.note and "tainted" in item.note and "tainted" in item.reason):
        yield reason(item.reason)
    if item.action is Action.CREATE and "forget" in item.raw_actions:
        yield "the old object is forgotten, not destroyed"
    if item.replace_paths:
        yield "forced by " + ", ".join(code(path) for path in item.replace_paths[:3])
    if item.previous_address:
        yield f"moved from {code(item.previous_address)}"
    if item.importing:
        yield f"imported{f' with id {code(item.import_id)}' if item.import_id else ''}"
    if item.deferred:
        yield f"deferred: {plain(item.deferred.replace('_', ' '))}"


def attribute(item: AttributeChange) -> str:
    """Return ``path``: old → new, with notes."""
    sides = f"{value(item.before)} → {value(item.after, item.before)}"
    notes = ["forces replacement"] if item.forces_replacement else []
    notes += [plain(item.note)] if item.note else []
    return f"{code(item.path)}: {sides}" + (f" ({'; '.join(notes)})" if notes else "")


def value(side: Value, before: Value | None = None) -> str:
    """Return one value; ``before`` is passed with the new value and shows whether a secret was rotated."""
    match side.kind:
        case ValueKind.VALUE:
            return code(side.text or "", 200)
        case ValueKind.SENSITIVE:
            return f"(sensitive{_compared(side, before, 'rotated')})"
        case ValueKind.LARGE:
            return f"({size(side)}{_compared(side, before, 'changed')})"
        case ValueKind.ABSENT | ValueKind.UNKNOWN | ValueKind.HIDDEN:
            return WORDS[side.kind]


def _compared(side: Value, before: Value | None, changed: str) -> str:
    if before is None or not side.fingerprint or not before.fingerprint:
        return ""
    return f", {changed if side.fingerprint != before.fingerprint else 'unchanged'}"
