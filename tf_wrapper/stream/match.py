"""Joins terraform's stream to planned changes; derives the changes from the stream if there is no plan.

The stream is raw, and so are the identities used for joining; only redacted data is put into a change.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Action, Change, ChangeOutcome, Counts, Plan
from tf_wrapper.stream.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.redact import Redactor
    from tf_wrapper.stream.reader import PlannedChange, ResourceRun, StreamDiagnostic, StreamResult

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
    """The stream's information on one planned change; the ID and the error (of actions only) are raw."""

    outcome: ChangeOutcome
    id: str | None
    duration: float | None
    note: str | None
    error: str | None = None


def resource_outcome(change: Change, identity: Identity, stream: StreamResult) -> Seen | None:
    """Return the outcome of ``change``, whose object has this identity; None if the stream never mentions it."""
    runs, steps = _runs(change, identity, stream)
    if not runs:
        return None
    created = [run.id_value for run in runs if run.id_value and run.action != "delete"]
    ids = created or [run.id_value for run in runs if run.id_value]
    seconds = [run.elapsed for run in runs if run.elapsed is not None]
    outcome, note = _judge(change, runs, steps)
    error = next((run.error for run in runs if run.error), None)
    return Seen(outcome, ids[-1] if ids else None, sum(seconds) if seconds else None, note, error)


def _runs(change: Change, identity: Identity, stream: StreamResult) -> tuple[Sequence[ResourceRun], tuple[str, ...]]:
    if change.action is Action.INVOKE:
        return [run for run in stream.actions if _is_invocation(run, change, identity)], ("invoke",)
    steps = _STEPS.get(change.action, ())
    runs = [run for run in stream.runs.get(identity.address or "", ()) if run.action in steps]
    return [run for run in runs if run.action != "delete" or _is_of(run, identity)], steps


def _is_invocation(run: ResourceRun, change: Change, identity: Identity) -> bool:
    """Return whether an invocation matches: an action may have several, distinguished by trigger or recorded reason."""
    if run.address != identity.address or run.trigger is None:
        return False
    return run.trigger == identity.trigger if identity.trigger else change.reason in {None, run.trigger.words}


def _is_of(run: ResourceRun, identity: Identity) -> bool:
    """Return whether an object matches: a deposed object shares its address with the current one, not its ID."""
    return not (run.id_value and identity.id) or run.id_value == identity.id


_GONE = "destroyed, and not created again"
_OLD_GONE = "the old one is destroyed, the new one "
_TAINTED = "created, but a provisioner failed: it is tainted"


def _judge(change: Change, runs: Sequence[ResourceRun], steps: tuple[str, ...]) -> tuple[ChangeOutcome, str | None]:
    done = Counter(run.action for run in runs if run.completed)
    failed = [run for run in runs if not run.completed and (run.errored or run.provision_error)]
    if all(done[step] for step in steps) and not failed:
        return ChangeOutcome.APPLIED, None
    if any(run.provision_error and run.action == "create" for run in failed):
        return ChangeOutcome.FAILED, (_OLD_GONE if done["delete"] else "") + _TAINTED
    if failed:
        gone = change.action is Action.REPLACE and done["delete"] and not change.create_before_destroy
        return ChangeOutcome.FAILED, _GONE if gone else None
    if any(not run.completed for run in runs):
        return ChangeOutcome.UNKNOWN, None
    if done["delete"]:
        return ChangeOutcome.FAILED, _GONE
    return ChangeOutcome.FAILED, "created again, and the old one not destroyed"


def address_by_context(
    diagnostic: StreamDiagnostic, changes: Sequence[tuple[Change, Identity]], stream: StreamResult
) -> str | None:
    """Return the raw address of the change that an error without an address concerns, if it is unambiguous.

    The error of a failed condition names its block and no address. Conditions of changes mentioned by the stream held,
    since these changes have begun.
    """
    kind, _, name = (diagnostic.context or "").partition(" ")
    wanted = {"resource": "managed", "data": "data"}.get(kind)
    addresses = [
        identity.address
        for change, identity in changes
        if change.mode == wanted
        and f'"{identity.type}" "{identity.name}"' == name
        and (change.source is None or change.source.file == diagnostic.file)
        and resource_outcome(change, identity, stream) is None
    ]
    return addresses[0] if len(addresses) == 1 else None


def action_by_error(diagnostic: StreamDiagnostic, open_: list[ResourceRun]) -> str | None:
    """Raw address of the action that an error is about: it names none, and says in its detail what the action said.

    Args:
        diagnostic: the error.
        open_: the actions that failed, in the order of the stream; the one that is found is taken out.
    """
    for number, run in enumerate(open_):
        if diagnostic.detail and run.error == diagnostic.detail:
            return open_.pop(number).address
    return None


def plan_from_stream(stream: StreamResult, redactor: Redactor) -> Plan:
    """Return the plan as far as an apply's stream shows it: addresses, actions and reasons, no attributes.

    It has the action invocations that were started.
    """
    changes = tuple(_change(item, redactor) for item in stream.planned_changes)
    changes += tuple(_invocation(run, redactor) for run in stream.actions)
    return Plan(
        changes=changes,
        counts=count(changes),
        by_type=dict(Counter(change.type for change in changes if change.type)),
        tool_name=stream.tool or "terraform",
        tool_version=stream.version,
    )


def planned_identities(stream: StreamResult) -> tuple[Identity, ...]:
    """Return the identities of the changes of :func:`plan_from_stream`."""
    resources = [Identity(item.address, type=item.type, name=item.name) for item in stream.planned_changes]
    return (*resources, *(Identity(run.address, trigger=run.trigger) for run in stream.actions))


def count(changes: Sequence[Change]) -> Counts:
    """Return the counts of these changes; moves and imports count in addition to other actions."""
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


def _invocation(run: ResourceRun, redactor: Redactor) -> Change:
    return Change(
        address=redactor.text(run.address),
        action=Action.INVOKE,
        mode="action",
        reason=redactor.text(run.trigger.words) if run.trigger else None,
    )
