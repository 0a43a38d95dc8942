"""Changes, values and reasons in words."""

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
_MOST_LINES = 12  # of a text in a message; the event has more
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
_PLANNED = {Outcome.SUCCEEDED, Outcome.NO_CHANGE}  # these had a plan, whether or not it had anything in it
_OUTCOMES = {
    ChangeOutcome.FAILED: "**failed**",
    ChangeOutcome.NOT_ATTEMPTED: "not attempted",
    ChangeOutcome.UNKNOWN: "outcome unknown",
}


def cloud_words(cloud: Cloud) -> str:
    """Where it is: ``AWS account 123456789012 in eu-central-1``, ``Google projects shop-a, shop-b``."""
    name, account = _CLOUDS.get(cloud.name, (cloud.name, "account"))
    accounts = f" {account}{'s' if len(cloud.accounts) > 1 else ''} {_some(cloud.accounts)}" if cloud.accounts else ""
    regions = f" in {_some(cloud.regions)}" if cloud.regions else ""
    return f"{name}{accounts}{regions}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_PLACES
    return ", ".join(names[:_MOST_PLACES]) + (f" and {more} more" if more > 0 else "")


def file_place(file: str | None, line: int | None) -> str:
    """Where something stands: ``main.tf:12``; the file alone where the line is not known."""
    return f"{file}:{line}" if file and line else file or ""


def outputs_heading(event: ChangeEvent) -> str:
    """The heading of an event's outputs: what was to become of them is no fact until the run has succeeded."""
    is_as_planned = event.phase is Phase.PLANNED or event.outcome is Outcome.SUCCEEDED
    return "Outputs" if is_as_planned else "Outputs (planned)"


def partial(event: ChangeEvent) -> str:
    """Why the plan does not show all that differs; empty where it does, and where nothing shows that there was one."""
    listed = event.changes or event.outputs or event.drift
    if not event.partial or not (listed or event.outcome in _PLANNED):
        return ""
    if event.changes:
        only_actions = all(item.action is Action.INVOKE for item in event.changes)
    else:
        only_actions = _INVOKE in ((event.tool and event.tool.command) or "")
    return _ACTIONS_ONLY if only_actions else _PARTIAL


def drift_word(drift: Drift) -> str:
    """The outcome of a drifted resource, in a word or three."""
    if drift.status is DriftStatus.GONE:
        return "no longer drifted"
    return "deleted" if drift.action is Action.DESTROY else "changed"


def reason(word: str) -> str:
    """Terraform's ``action_reason`` as a reader would put it; one of a later version as it is written."""
    return REASONS.get(word) or plain(_unknown(word))


def plain_reason(word: str) -> str:
    """The same as plain text."""
    return (REASONS.get(word) or _unknown(word)).replace("`", "")


def _unknown(word: str) -> str:
    return word if " " in word else word.replace("_", " ")  # a sentence has addresses in it


def change(item: Change) -> str:
    """One change with its reason, its outcome and its attributes: a list item of one or more lines."""
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
    """The attributes of one change as items of a list: ``most`` of them, those that matter first, the rest counted."""
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
    """Lines as a code block within a list; ``total`` shows how many there were before some were left out."""
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
    """What the tool says of a failure: its summary as text, the rest of it as it was printed."""
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
    """``path``: old → new, with what a reader should know of it."""
    sides = f"{value(item.before)} → {value(item.after, item.before)}"
    notes = ["forces replacement"] if item.forces_replacement else []
    notes += [plain(item.note)] if item.note else []
    return f"{code(item.path)}: {sides}" + (f" ({'; '.join(notes)})" if notes else "")


def value(side: Value, before: Value | None = None) -> str:
    """One side; ``before`` is given with the new side and shows whether a secret was rotated."""
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
