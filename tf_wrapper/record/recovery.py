"""Settles runs whose tfevent was killed, from their folders and terraform's stream."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from change_events import process
from change_events.errors import InputError, JournalError
from change_events.journal import RecordState
from change_events.recording.checkpoint import is_ended, read_checkpoint
from tf_wrapper.launch.state_arguments import StateArguments
from tf_wrapper.launch.workspace import Workspace
from tf_wrapper.plan import plan_file, terraform_show
from tf_wrapper.record.failed_plan import FailedPlan
from tf_wrapper.record.run_event import RunEvent
from tf_wrapper.render.findings import NO_ANSWER, PlanError
from tf_wrapper.state.snapshot import Snapshot, States
from tf_wrapper.stream.reader import read_stream
from tf_wrapper.subcommands import OBSERVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.files.rundir import RunDirectory
    from change_events.journal import Journal
    from change_events.settings import Settings
    from tf_wrapper.configuration.secrets import Secrets


def close(run: RunDirectory, journal: Journal, settings: Settings, say: Callable[[str], object]) -> bool:  # noqa: ARG001 - of any closer
    """Settle one terraform run; see :data:`change_events.recording.recovery.Closer`.

    A run is over when neither its tfevent nor its terraform is alive. Its event waits in the outbox for the next
    delivery.
    """
    facts = run.facts
    if not facts:
        run.remove()  # killed before it was anything
        return False
    if "writer" in facts and process.lives(facts["writer"]):
        run.release()
        return False
    record = journal.get(str(facts["id"]))
    if record is not None and record.state is RecordState.SETTLED:
        run.remove()
        return False
    event = RunEvent(run, settings=settings, journal=journal, deliver=False)
    kept = read_checkpoint(run)  # where the journal could not be used
    if kept is not None and is_ended(kept):
        event.end_as_known(kept)
    else:
        if facts["stage"] == "state":
            event.remember(_state_secrets(facts))
        event.resume(record.event if record else kept)
        _finish(event, run, facts)
    if not event.settled:
        raise JournalError("it could not be written")
    run.remove()
    return True


def _finish(event: RunEvent, run: RunDirectory, facts: dict[str, Any]) -> None:
    code = facts.get("exit_code")
    stage = facts["stage"]
    _read_plan(event, run, facts)
    if stage == "state":
        event.end_state_command(code, None, _state_after(facts, code), interrupted=False)
    elif stage == "native":
        after = terraform_show.state(facts) if code is None and event.has_plan else None
        event.end_native(code, None, after, interrupted=False)
    elif facts["phase"] == "planned":
        event.end_plan(code if code is not None else -1, "")
    elif stage in {"planning", "planned"}:
        unanswered = FailedPlan([PlanError(NO_ANSWER)]) if facts.get("unanswered") else None
        event.end_without_apply(
            code, unanswered, interrupted=facts.get("interrupted", True), declined=facts.get("declined", False)
        )
    else:
        with run.open("stream") as stream:
            result = read_stream(stream)
        event.end_apply(code, result, interrupted=result.interrupted)


def _workspace(facts: dict[str, Any]) -> Workspace:
    selected = {"TF_WORKSPACE": str(facts["workspace"]), **facts.get("selected", {})}
    return Workspace(str(facts["directory"]), selected)


def _state_secrets(facts: dict[str, Any]) -> Secrets:
    """Return the secrets of the configuration, from files and the command line."""
    return _workspace(facts).state_secrets(StateArguments(str(facts["word"]), list(facts["argv"]), os.environ))


def _state_after(facts: dict[str, Any], code: int | None) -> Snapshot:
    """Return the state after a state command."""
    name = str(facts["word"])
    arguments = StateArguments(name, list(facts["argv"]), os.environ)
    states = States(_workspace(facts), arguments, OBSERVED[name], facts)
    return states.after(Snapshot(), -1 if code is None else code, interrupted=False)


def _read_plan(event: RunEvent, run: RunDirectory, facts: dict[str, Any]) -> None:
    """Read the run's plan if it is still the same file; an unreadable plan is ignored.

    A plan made by the run is in its folder from the plan phase on, however the run ended.
    """
    saved = str(facts.get("saved") or run.file("plan"))
    own = saved == run.file("plan")
    if not plan_file.is_plan_file(saved) or not (own or plan_file.stamp(saved) == facts.get("stamp")):
        return
    with suppress(InputError):
        event.read_plan(saved)
