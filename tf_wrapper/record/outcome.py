"""The outcome of a plan, from terraform's stream, its exit code and, for open questions, the state.

Truth over intent: a change counts as applied or failed if terraform reported so, as not attempted if a failed run never
mentioned it, and as unknown otherwise.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from change_events.model import (
    Action,
    Change,
    ChangeEvent,
    ChangeOutcome,
    CheckResult,
    Counts,
    Failure,
    Outcome,
    OutcomeCounts,
    Plan,
    Summary,
    Tool,
)
from tf_wrapper.stream.identity import recognised
from tf_wrapper.stream.match import (
    action_by_error,
    address_by_context,
    count,
    plan_from_stream,
    planned_identities,
    resource_outcome,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from change_events.redact import Redactor
    from tf_wrapper.render.findings import PlanError
    from tf_wrapper.state.compare import Held
    from tf_wrapper.stream.identity import Identity
    from tf_wrapper.stream.reader import StreamResult

_ERROR_LINES = 5  # of a failure's detail that stand at the change itself; all of it stands among the failures
_ERROR_CHARACTERS = 500
_NO_MESSAGES = {
    Action.FORGET,
    Action.MOVE,
    Action.IMPORT,
    Action.NO_OP,
}  # terraform applies these without a word


def planned(event: ChangeEvent, plan: Plan) -> ChangeEvent:
    """Return the running event with its planned changes."""
    tool = event.tool or Tool(name=plan.tool_name)
    return replace(
        event,
        tool=replace(tool, version=plan.tool_version or tool.version),
        changes=plan.changes,
        outputs=plan.outputs,
        drift=plan.drift,
        checks=plan.checks,
        clouds=plan.clouds,
        partial=event.partial or plan.complete is False,
        summary=Summary(counts=plan.counts, by_type=plan.by_type, by_module=plan.by_module),
    )


def is_empty(counts: Counts) -> bool:
    """Return whether a plan with these counts changes nothing, not even the state or an output.

    Drift does not count, since others caused it. (A -refresh-only plan shows it by its exit code.)
    """
    return not any((
        counts.create, counts.update, counts.replace, counts.destroy, counts.import_, counts.move, counts.forget,
        counts.invoke, counts.other, counts.outputs, counts.deferred,
    ))  # fmt: skip


def of_plan(event: ChangeEvent, plan: Plan | None, code: int) -> ChangeEvent:
    """Return the event of a `plan` that ended with ``code``."""
    event = _ended(event, code)
    if code not in {0, 2} or (plan is not None and plan.errored):
        return replace(event, outcome=Outcome.CANCELLED if code < 0 else Outcome.FAILED)
    nothing = plan is not None and is_empty(plan.counts) and not plan.drift
    return replace(event, outcome=Outcome.NO_CHANGE if nothing else Outcome.SUCCEEDED)


def without_apply(
    event: ChangeEvent, plan: Plan | None, code: int | None, *, interrupted: bool, declined: bool
) -> ChangeEvent:
    """Return the event of an apply that ended before the apply phase."""
    result = Outcome.DECLINED if declined else Outcome.CANCELLED if interrupted else Outcome.FAILED
    event = replace(_ended(event, code), outcome=result)
    return _with_changes(
        event, [replace(change, outcome=ChangeOutcome.NOT_ATTEMPTED) for change in event.changes], plan
    )


def plan_failures(errors: Iterable[PlanError], redactor: Redactor, *, details: bool) -> tuple[Failure, ...]:
    """Return the errors of a plan, redacted.

    Args:
        errors: in terraform's order.
        redactor: has seen the secrets that they may quote.
        details: False if it has not seen all of them; then only summaries are reported.
    """
    text = redactor.text
    failures = (
        Failure(
            summary=text(error.summary) if details else _NO_SUMMARY,
            detail=(text(error.detail) if details else _NO_VALUE) if error.detail or not details else None,
            address=text(error.address) if error.address else None,
            file=text(error.file) if error.file else None,
            line=error.line,
        )
        for error in errors
    )
    return tuple(dict.fromkeys(failures))


class _End(NamedTuple):
    """How an apply ended: ``finished`` successfully, or ``ended`` by itself, so that open changes did not happen."""

    finished: bool
    ended: bool

    @classmethod
    def of(cls, code: int | None, stream: StreamResult, *, has_failures: bool) -> _End:
        killed = code is not None and code < 0  # terraform did not end, it was ended: nothing that is open is known
        reported = code is not None or has_failures
        return cls(
            finished=code == 0 or (code is None and stream.complete), ended=stream.complete or (reported and not killed)
        )


def of_apply(
    event: ChangeEvent,
    plan: Plan | None,
    code: int | None,
    stream: StreamResult,
    redactor: Redactor,
    *,
    interrupted: bool,
    changes_planned: bool = False,
    identities: Sequence[Identity] = (),
) -> ChangeEvent:
    """Return the event of an apply, from its stream.

    Args:
        event: the started event.
        plan: the planned changes; None if they could not be read in time (then those of the stream are used).
        code: exit code; None if unknown.
        stream: the result of reading the stream.
        redactor: has seen the plan's secrets.
        interrupted: terraform was asked to stop.
        changes_planned: the unreadable plan has changes, according to terraform.
        identities: identities of the event's changes, in order; empty if only the recorded changes are left.
    """
    if plan is None and not event.changes:
        event = planned(event, plan_from_stream(stream, redactor))
        identities = planned_identities(stream)
    known = _identified(event.changes, identities, (*stream.runs, *(run.address for run in stream.actions)), redactor)
    failures = _failures(stream, known, redactor, details=plan is not None)
    end = _End.of(code, stream, has_failures=bool(failures))
    changes = [_with_outcome(*each, stream, redactor, end, details=plan is not None) for each in known]
    changes = _with_errors(changes, [identity.address for _, identity in known], failures)
    distinct = tuple(dict.fromkeys(failure for _, failure in failures))
    event = replace(_ended(event, code), failures=distinct, checks=_checks(event, stream, redactor))
    event = _with_changes(event, changes, plan)
    result = _run_outcome(event, **end._asdict(), interrupted=interrupted or stream.interrupted)
    if changes_planned and result is Outcome.NO_CHANGE:
        result = Outcome.SUCCEEDED  # which outputs changed is in the plan alone
    return replace(event, outcome=result)


_Identified = list[tuple[Change, "Identity"]]


def _identified(
    changes: Sequence[Change], identities: Sequence[Identity], addresses: Iterable[str], redactor: Redactor
) -> _Identified:
    """Return the changes with their identities, looked up among the raw addresses if they are not given."""
    if len(identities) != len(changes):
        identities = recognised(changes, addresses, redactor)
    return list(zip(changes, identities, strict=True))


def of_native(
    event: ChangeEvent, plan: Plan | None, code: int | None, *, planned: bool, interrupted: bool
) -> ChangeEvent:
    """Return the event of a natively run command.

    Args:
        event: the started event.
        plan: the difference between the states, or (``planned``) the applied saved plan; None if unknown.
        code: exit code; None if unknown.
        planned: ``plan`` is an intention, not an observation.
        interrupted: terraform was asked to stop.
    """
    event = _ended(event, code)
    if plan is None:
        return replace(event, outcome=Outcome.FAILED if code else Outcome.UNKNOWN)
    event = _planned_event(event, plan)
    mark = ChangeOutcome.APPLIED if code == 0 or not planned else ChangeOutcome.UNKNOWN
    event = _with_changes(event, [replace(change, outcome=mark) for change in event.changes], plan)
    ended = code is not None
    return replace(event, outcome=_run_outcome(event, finished=code == 0, ended=ended, interrupted=interrupted))


_planned_event = planned


def has_open_ends(event: ChangeEvent) -> bool:
    """Return whether the state may resolve unknown outcomes."""
    return any(change.outcome is ChangeOutcome.UNKNOWN for change in event.changes)


def with_state(
    event: ChangeEvent, state: bytes | None, redactor: Redactor, identities: Sequence[Identity] = ()
) -> ChangeEvent:
    """Resolve unknown outcomes from the raw state after the run; without a state, nothing changes."""
    if not state:
        return event
    from tf_wrapper.state.compare import state_resources

    held = state_resources(state)
    known = _identified(event.changes, identities, held, redactor)
    changes = [_from_state(change, identity.address, held) for change, identity in known]
    event = _with_changes(event, changes, None)
    partial = event.outcome is Outcome.FAILED and event.summary.outcomes.applied
    return replace(event, outcome=Outcome.PARTIAL) if partial else event


def _from_state(change: Change, address: str | None, held: Mapping[str, Held]) -> Change:
    if change.outcome is not ChangeOutcome.UNKNOWN or address is None:
        return change
    found = held.get(address)
    if change.action in {Action.CREATE, Action.IMPORT, Action.MOVE}:
        return replace(change, outcome=ChangeOutcome.APPLIED) if found and not found.tainted else change
    if change.action in {Action.DESTROY, Action.FORGET} and change.deposed is None:
        return replace(change, outcome=ChangeOutcome.UNKNOWN if found else ChangeOutcome.APPLIED)
    return change


def _checks(event: ChangeEvent, stream: StreamResult, redactor: Redactor) -> tuple[CheckResult, ...]:
    """Return the checks not passed: a finished apply evaluates them again, and warns of each failure."""
    if not stream.complete:
        return event.checks
    problems: dict[str, list[str]] = {}
    for diagnostic in stream.diagnostics:
        kind, _, name = (diagnostic.context or "").partition(" ")
        if diagnostic.severity == "warning" and kind == "check":
            problems.setdefault("check." + name.strip('"'), []).append(redactor.text(diagnostic.detail))
    return tuple(CheckResult(address=name, status="fail", problems=tuple(texts)) for name, texts in problems.items())


def _ended(event: ChangeEvent, code: int | None) -> ChangeEvent:
    tool = replace(event.tool, exit_code=code) if event.tool is not None else None
    return replace(event, tool=tool)


def _with_outcome(
    change: Change, identity: Identity, stream: StreamResult, redactor: Redactor, end: _End, *, details: bool
) -> Change:
    seen = resource_outcome(change, identity, stream)
    if seen is not None:
        found = redactor.text(seen.id) if seen.id else change.id
        is_new = change.action is Action.REPLACE and seen.id not in {None, identity.id}
        old = change.id if is_new else change.previous_id
        error = _shortened(redactor.text(seen.error) if details else _NO_DETAIL) if seen.error else None
        return replace(
            change,
            outcome=seen.outcome,
            id=found,
            previous_id=old,
            duration=seen.duration,
            note=seen.note,
            error=error,
        )
    if end.finished:
        return replace(change, outcome=ChangeOutcome.APPLIED)
    if not end.ended or change.action in _NO_MESSAGES or identity.address is None:
        return replace(change, outcome=ChangeOutcome.UNKNOWN)
    return replace(change, outcome=ChangeOutcome.NOT_ATTEMPTED)


def _with_errors(
    changes: list[Change], addresses: Sequence[str | None], failures: Sequence[_AddressedFailure]
) -> list[Change]:
    first: dict[str, Failure] = {}
    for raw, failure in failures:
        if raw:
            first.setdefault(raw, failure)

    placed = list(zip(changes, addresses, strict=True))
    current = {address for change, address in placed if change.deposed is None}

    def mend(change: Change, address: str | None) -> Change:
        failure = first.get(address or "")
        if failure is None or change.outcome is ChangeOutcome.APPLIED or change.action is Action.INVOKE:
            return change  # the invocations of one action share its address, and each has its own error
        if change.deposed and address in current:
            return change  # the error is the current object's, as far as it says
        # an error before the first message (a precondition) leaves no trace in the stream but this
        return replace(change, outcome=ChangeOutcome.FAILED, error=_error_of(failure))

    return [mend(*each) for each in placed]


def _error_of(failure: Failure) -> str:
    """Return the error text of a change: terraform's summary, then the beginning of the detail."""
    return "\n".join(part for part in (failure.summary, _shortened(failure.detail or "")) if part)


def _shortened(text: str) -> str:
    return "\n".join(text.splitlines()[:_ERROR_LINES])[:_ERROR_CHARACTERS]


_NO_SUMMARY = "The plan failed"
_NO_VALUE = "(left out: it may quote a secret variable, whose value was given by a pipe or at a prompt)"
_NO_DETAIL = "(left out: the plan, which says what is secret in it, could not be read)"


_AddressedFailure = tuple[str | None, Failure]
"""A failure and the raw address of what failed."""


def _failures(
    stream: StreamResult, changes: _Identified, redactor: Redactor, *, details: bool
) -> list[_AddressedFailure]:
    text: Callable[[str], str] = redactor.text
    found = []
    actions = [run for run in stream.actions if run.errored]
    for diagnostic in stream.diagnostics:
        if diagnostic.severity != "error":
            continue
        address = diagnostic.address or action_by_error(diagnostic, actions)
        address = address or address_by_context(diagnostic, changes, stream)
        failure = Failure(
            summary=text(diagnostic.summary),
            detail=(text(diagnostic.detail) if details else _NO_DETAIL) if diagnostic.detail else None,
            address=text(address) if address else None,
            file=text(diagnostic.file) if diagnostic.file else None,
            line=diagnostic.line,
        )
        found.append((address, failure))
    return found


def _with_changes(event: ChangeEvent, changes: Sequence[Change], plan: Plan | None) -> ChangeEvent:
    counted = Counter(change.outcome for change in changes)
    outcomes = OutcomeCounts(
        applied=counted[ChangeOutcome.APPLIED],
        failed=counted[ChangeOutcome.FAILED],
        not_attempted=counted[ChangeOutcome.NOT_ATTEMPTED],
        unknown=counted[ChangeOutcome.UNKNOWN],
    )
    counts = plan.counts if plan else event.summary.counts
    summary = replace(event.summary, outcomes=outcomes, counts=counts, applied=_applied(changes))
    return replace(event, changes=tuple(changes), summary=summary)


def _applied(changes: Sequence[Change]) -> Counts | None:
    """Return the counts of what was done; None if nothing was."""
    done = [change for change in changes if change.outcome is ChangeOutcome.APPLIED]
    return count(done) if done else None


def _run_outcome(event: ChangeEvent, *, finished: bool, ended: bool, interrupted: bool) -> Outcome:
    if finished:
        nothing = is_empty(event.summary.counts) and not event.drift
        return Outcome.NO_CHANGE if nothing else Outcome.SUCCEEDED
    if not ended:
        return Outcome.UNKNOWN
    if interrupted:
        return Outcome.CANCELLED
    return Outcome.PARTIAL if event.summary.outcomes.applied else Outcome.FAILED
