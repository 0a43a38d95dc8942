"""Joining terraform's stream to planned changes; the changes themselves where the stream is all there is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Action, Change, ChangeOutcome, Counts, Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.redact import Redactor
    from tf_wrapper.apply_log import PlannedChange, ResourceRun, StreamDiagnostic, StreamResult

# the stream's words are not those of plan JSON (internal/command/views/json/change.go)
_ACTIONS = {
    "create": Action.CREATE,
    "read": Action.READ,
    "update": Action.UPDATE,
    "replace": Action.REPLACE,
    "delete": Action.DESTROY,
    "move": Action.MOVE,
    "import": Action.IMPORT,
    "remove": Action.FORGET,
    "forget": Action.FORGET,
    "noop": Action.NO_OP,
}
# what terraform must have said for a change to be done, in its words for a run
_STEPS = {
    Action.CREATE: ("create",),
    Action.UPDATE: ("update",),
    Action.DESTROY: ("delete",),
    Action.REPLACE: ("delete", "create"),
    Action.READ: ("read",),
}
_COUNTED = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.REPLACE: "replace",
    Action.DESTROY: "destroy",
    Action.FORGET: "forget",
    Action.READ: "read",
    Action.NO_OP: "no_op",
    Action.INVOKE: "invoke",
    Action.OTHER: "other",
}


class Seen(NamedTuple):
    """What the stream says of one planned change."""

    outcome: ChangeOutcome
    id: str | None
    duration: float | None
    note: str | None


def resource_outcome(change: Change, stream: StreamResult) -> Seen | None:
    """What became of ``change``; None where the stream never mentions it."""
    if change.action is Action.INVOKE:
        runs: Sequence[ResourceRun] = [run for run in stream.actions if run.address == change.address]
        steps: tuple[str, ...] = ("invoke",)
    else:
        steps = _STEPS.get(change.action, ())
        runs = [run for run in stream.runs.get(change.address, ()) if run.action in steps]
    if not runs:
        return None
    ids = [run.id_value for run in runs if run.id_value]
    seconds = [run.elapsed for run in runs if run.elapsed is not None]
    outcome, note = _judge(change, runs, steps)
    return Seen(outcome, ids[-1] if ids else None, sum(seconds) if seconds else None, note)


def _judge(change: Change, runs: Sequence[ResourceRun], steps: tuple[str, ...]) -> tuple[ChangeOutcome, str | None]:
    done = Counter(run.action for run in runs if run.completed)
    failed = any(run.errored or run.provision_error for run in runs)
    if all(done[step] for step in steps) and not failed:
        return ChangeOutcome.APPLIED, None
    if failed:
        gone = change.action is Action.REPLACE and done["delete"] and not change.create_before_destroy
        return ChangeOutcome.FAILED, "destroyed, and not created again" if gone else None
    if any(not run.completed for run in runs):
        return ChangeOutcome.UNKNOWN, None
    if done["delete"]:
        return ChangeOutcome.FAILED, "destroyed, and not created again"
    return ChangeOutcome.FAILED, "created anew, and the old one not destroyed"


def address_by_context(diagnostic: StreamDiagnostic, changes: Sequence[Change], stream: StreamResult) -> str | None:
    """Address of the change that an error without an address is about, where only one can be meant.

    A condition that fails names the block it stands in and no address. Changes that the stream mentions have begun,
    so that their conditions held.
    """
    kind, _, name = (diagnostic.context or "").partition(" ")
    wanted = {"resource": "managed", "data": "data"}.get(kind)
    found = [
        change.address
        for change in changes
        if change.mode == wanted
        and f'"{change.type}" "{change.name}"' == name
        and (change.source is None or change.source.file == diagnostic.file)
        and resource_outcome(change, stream) is None
    ]
    return found[0] if len(found) == 1 else None


def plan_from_stream(stream: StreamResult, redactor: Redactor) -> Plan:
    """The plan as far as an apply's stream tells it: addresses, actions and reasons, no attributes."""
    changes = tuple(_change(item, redactor) for item in stream.planned_changes)
    return Plan(
        changes=changes,
        counts=count(changes),
        by_type=dict(Counter(change.type for change in changes if change.type)),
        tool_name=stream.tool or "terraform",
        tool_version=stream.version,
    )


def count(changes: Sequence[Change]) -> Counts:
    """Figures of these changes; moves and imports count beside whatever else happens to the same resource."""
    counted = Counter(_COUNTED[change.action] for change in changes if change.action in _COUNTED)
    counted["import_"] = sum(change.importing for change in changes)
    counted["move"] = sum(change.previous_address is not None for change in changes)
    return Counts(**counted)


def _change(item: PlannedChange, redactor: Redactor) -> Change:
    action = _ACTIONS.get(item.action, Action.OTHER)
    text = redactor.text
    return Change(
        address=text(item.address),
        action=action,
        raw_actions=(item.action,) if action is Action.OTHER else (),
        reason=item.reason,
        previous_address=text(item.previous) if item.previous else None,
        importing=item.importing,
        import_id=text(item.import_id) if item.import_id else None,
        type=item.type,
        name=item.name,
        module=text(item.module) if item.module else None,
    )
