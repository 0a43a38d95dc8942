"""Adds the causes of changes to a run's plan, redacted."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from change_events.process.deadline import Deadline
from change_events.process.pressure import stretch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from change_events.cause.repository import Repository
    from change_events.journal import Journal
    from change_events.model import Change, ChangeEvent, Plan, SharedCause
    from change_events.redact import Redactor
    from tf_wrapper.cause.previous import Run

_PAST_SECONDS = 2.0
_AT_THE_END = 0.25  # seconds, where the plan is read when terraform has ended


class Planned(NamedTuple):
    """The absolute path of the saved plan, None if there is none, and the fingerprints of its root variables."""

    path: str | None
    variables: dict[str, str]


class Before(NamedTuple):
    """The earlier runs of the stack, newest first, and the prepared repository."""

    runs: list[Run]
    repository: Repository | None


class ExplainedRun(NamedTuple):
    """The inputs for explaining a run: its facts, terraform's data directory, its past, its plan and its event."""

    facts: Mapping[str, Any]
    data_dir: str
    before: Before
    planned: Planned
    event: ChangeEvent


class Explained(NamedTuple):
    """Event and plan with causes."""

    event: ChangeEvent
    plan: Plan


def unseen(*, piped: bool) -> SharedCause:
    """Return why there are no causes if even the changes are unknown.

    Args:
        piped: terraform reads a pipe by itself, so that no other process can query the state.
    """
    from change_events.model import CauseKind, SharedCause

    why = "terraform reads its configuration or variables from a pipe" if piped else "the state could not be read"
    return SharedCause(kind=CauseKind.UNKNOWN, text=f"{why}: what changed is not known")


def at_the_end() -> Deadline:
    """Return the deadline for causes that delay the end of a command."""
    return Deadline(_AT_THE_END * stretch())


def fingerprints(plan: bytes, redactor: Redactor) -> dict[str, str]:
    """Return fingerprints of a plan's root variables by name."""
    from tf_wrapper.cause.circumstances import variables_of

    return variables_of(plan, redactor.fingerprint)


def past(event: ChangeEvent, directory: str, data_dir: str, journal: Journal) -> Before:
    """Return the past of a run; called while terraform plans, so that it does not delay the end.

    Args:
        event: the event so far.
        directory: the root module.
        data_dir: terraform's data directory.
        journal: holds the earlier runs.
    """
    from tf_wrapper.cause.find import prepared
    from tf_wrapper.cause.previous import runs_before

    deadline = Deadline(_PAST_SECONDS)
    runs = runs_before(journal, event, deadline)
    return Before(runs, prepared(directory, data_dir, runs, os.environ, deadline))


def explained(run: ExplainedRun, plan: Plan, redactor: Redactor, deadline: Deadline) -> Explained:
    """Return event and plan with the causes of the changes.

    Args:
        run: the inputs.
        plan: its changes.
        redactor: has seen the run's secrets.
        deadline: when to stop the search.
    """
    from change_events.cause.redacted import redacted
    from tf_wrapper.cause import find_causes
    from tf_wrapper.cause.find import Search
    from tf_wrapper.cause.origins import Given
    from tf_wrapper.launch import arguments

    parsed = arguments.parse([str(word) for word in run.facts["argv"]], os.environ)
    found = find_causes(
        Search(
            changes=plan.changes,
            drift=plan.drift,
            directory=str(run.facts["directory"]),
            data_dir=run.data_dir,
            plan=run.planned.path,
            given=Given(parsed.options if parsed else None, os.environ),
            runs=run.before.runs,
            variables=run.planned.variables,
            destroys=bool(run.facts.get("destroy")),
            environ=os.environ,
            deadline=deadline,
            repository=run.before.repository,
        )
    )
    causes = [tuple(redacted(cause, redactor) for cause in each) for each in found.causes]
    changes = tuple(
        replace(change, causes=each) if each else change for change, each in zip(plan.changes, causes, strict=True)
    )
    return Explained(
        event=replace(run.event, changes=changes, inputs=found.inputs),
        plan=replace(plan, changes=changes),
    )


def with_known(changes: Sequence[Change], event: ChangeEvent | None) -> tuple[Change, ...]:
    """Return the changes of a killed run with the causes its event already has.

    Addresses that became equal by redaction get none, since their causes are ambiguous.
    """
    recorded = event.changes if event is not None else ()
    times = [Counter(map(_place, each)) for each in (changes, recorded)]
    known = {at: one.causes for one in recorded if all(count[at := _place(one)] == 1 for count in times)}
    return tuple(replace(change, causes=known.get(_place(change), ())) if known else change for change in changes)


def _place(change: Change) -> tuple[str, str | None]:
    return change.address, change.deposed
