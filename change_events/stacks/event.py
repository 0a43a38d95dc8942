"""The event of a run of many stacks, aggregated from its units."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec.structs import fields, replace

from change_events.model import (
    CauseKind,
    ChangeEvent,
    Confidence,
    Counts,
    Failure,
    Outcome,
    OutcomeCounts,
    Phase,
    Severity,
    SharedCause,
    Signal,
    Stacks,
    StackUnit,
    StateCounts,
    Struct,
    Summary,
    UnitCounts,
    UnitState,
)
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeVar

    from change_events.redact import Redactor
    from change_events.stacks.units import Collected, Unit, UnitRun

    _Figures = TypeVar("_Figures", bound=Struct)

MOST_UNITS = 1_000  # listed in the event
MOST_FAILURES, MOST_SIGNALS, MOST_CAUSES = 50, 50, 20
_EACH = 3  # failures per unit
_NAMED = 5  # units listed for a shared failure or cause
_REASON = 300  # characters
_ORDER = list(UnitState)
_SEVERITIES = list(Severity)
_SHARED = {CauseKind.VARIABLE_GIVEN, CauseKind.MODULE_VERSION, CauseKind.PROVIDER_VERSION}
_IN_FILES = {CauseKind.EDITED_LINE, CauseKind.UNCOMMITTED_EDIT}
_PLANS_CHANGES = 2  # exit code of `plan -detailed-exitcode`
PLANNED_ONLY = "planned; it is not known whether it is applied after the command ended"
NO_UNIT = "no unit ran through tfevent"
NOT_OBSERVED = "units that ran without tfevent are not known by what they changed: set TG_TF_PATH=tfevent"


class Member:
    """One unit with its state, as redacted text."""

    def __init__(self, unit: Unit, phase: Phase, redactor: Redactor, *, in_doubt: bool = False) -> None:
        self.unit = unit
        self.runs = unit.of_phase(phase) or unit.runs
        self.state, reason = unit.state(phase)
        if in_doubt and self.state is UnitState.NOT_REACHED and (unit.runs or unit.left_none):
            self.state, reason = UnitState.UNKNOWN, PLANNED_ONLY
        self.name = one_line(redactor.text(unit.name), _REASON)
        self.reason = _clean(reason, redactor) or None

    @property
    def last(self) -> UnitRun | None:
        """The run that determines its state."""
        return self.runs[-1] if self.runs else None

    def listed(self) -> StackUnit:
        """Return the unit as it is listed in the event."""
        last = self.last
        return StackUnit(
            name=self.name,
            state=self.state,
            event=last.id if last else None,
            title=last.title if last else None,
            reason=self.reason,
            runs=max(1, len(self.runs)),
        )


def _clean(text: str, redactor: Redactor) -> str:
    """Return the first line with content, redacted before it is cut."""
    lines = (line for line in redactor.text(text).splitlines() if line.strip())
    return one_line(next(lines, ""), _REASON)


def completed(event: ChangeEvent, collected: Collected, redactor: Redactor, *, doubt: str | None = None) -> ChangeEvent:
    """Return the event of the whole run: the outcome of its command combined with its units.

    Args:
        event: the event with the outcome and failures of the command.
        collected: the units.
        redactor: a redactor that knows the secrets of the environment.
        doubt: why units may start or end later (:func:`change_events.stacks.late.doubt`).
    """
    phase = collected.phase(event.phase)
    members = [Member(unit, phase, redactor, in_doubt=doubt is not None) for unit in collected.units]
    members.sort(key=lambda member: (_ORDER.index(member.state), member.name))
    counts = _counts(members)
    summary = _summary(members)
    stacks = replace(
        event.stacks or Stacks(),
        counts=counts,
        units=tuple(member.listed() for member in members[:MOST_UNITS]),
        omitted=max(0, len(members) - MOST_UNITS),
        note=_note([*collected.notes, *([doubt] if doubt else [])], counts),
    )
    outcome = _outcome(event, phase, counts, summary, in_doubt=bool(collected.notes))
    own = () if counts.failed or outcome is Outcome.SUCCEEDED else event.failures
    last = collected.last_end()
    if doubt and event.ended_at and last:  # its units kept running
        event = replace(event, ended_at=max(event.ended_at, last))
    return replace(
        event,
        phase=phase,
        outcome=outcome,
        stacks=stacks,
        summary=summary,
        failures=(*own, *_failures(members))[:MOST_FAILURES],
        signals=tuple(_signals(members)),
        causes=tuple(_causes(members, event.tool.directory or "" if event.tool else "")),
        partial=False,
    )


def _note(notes: Sequence[str], counts: UnitCounts) -> str | None:
    known = [*notes, *([NOT_OBSERVED] if counts.not_observed else [])]
    known += [] if counts.total or counts.excluded else [NO_UNIT]
    return "; ".join(known) or None


def _counts(members: Sequence[Member]) -> UnitCounts:
    met = Counter(member.state for member in members)
    figures = {state.value: met[state] for state in UnitState}
    return UnitCounts(total=len(members) - met[UnitState.EXCLUDED], **figures)


def _outcome(event: ChangeEvent, phase: Phase, counts: UnitCounts, summary: Summary, *, in_doubt: bool) -> Outcome:
    """Return the outcome of the whole run; without units, no change unless their number is in doubt."""
    code = event.tool.exit_code if event.tool else None
    if event.outcome in {Outcome.CANCELLED, Outcome.UNKNOWN}:
        return event.outcome
    only_changes = phase is Phase.PLANNED and code == _PLANS_CHANGES and not counts.not_reached
    if counts.failed or (event.outcome is Outcome.FAILED and not only_changes):
        if counts.cancelled and not counts.failed and not counts.changed:
            return Outcome.CANCELLED
        done = phase is Phase.APPLIED and (counts.changed or summary.applied)
        return Outcome.PARTIAL if done else Outcome.FAILED
    if counts.unknown:
        return Outcome.UNKNOWN
    if counts.unchanged == counts.total and (counts.total or not in_doubt):
        return Outcome.NO_CHANGE
    return Outcome.SUCCEEDED


def _added(first: _Figures, second: _Figures) -> _Figures:
    figures = {field.name: getattr(first, field.name) + getattr(second, field.name) for field in fields(first)}
    return type(first)(**figures)


def _summary(members: Sequence[Member]) -> Summary:
    """Sum the plans and results of all units; of several runs of a unit, all results and the last plan."""
    counts, applied, outcomes, state = Counts(), Counts(), OutcomeCounts(), StateCounts()
    types: Counter[str] = Counter()
    for run, is_last in ((run, run is member.last) for member in members for run in member.runs):
        done = _done(run)
        counts = _added(counts, run.summary.counts if is_last else done)
        applied = _added(applied, done)
        met = run.summary.outcomes
        outcomes = _added(outcomes, met if is_last else OutcomeCounts(applied=met.applied))
        if run.summary.state:
            state = _added(state, run.summary.state)
        if is_last:
            types.update(run.summary.by_type)
    return Summary(
        counts=counts,
        applied=None if applied == Counts() else applied,
        outcomes=outcomes,
        by_type=dict(types.most_common()),
        state=None if state == StateCounts() else state,
    )


def _done(run: UnitRun) -> Counts:
    if run.phase is not Phase.APPLIED:
        return Counts()
    if run.summary.applied is not None:
        return run.summary.applied
    return run.summary.counts if run.outcome is Outcome.SUCCEEDED else Counts()


def _failures(members: Iterable[Member]) -> Iterator[Failure]:
    """Yield the errors of the failed units; an error shared by several units once."""
    grouped: dict[str, list[tuple[Member, Failure]]] = {}
    for member in members:
        if member.state is UnitState.FAILED:
            for failure in _own_failures(member):
                grouped.setdefault(failure.summary, []).append((member, failure))
    for summary, found in sorted(grouped.items(), key=lambda item: -len(item[1])):
        names = list(dict.fromkeys(member.name for member, _ in found))
        member, first = found[0]
        if len(found) == 1:
            yield replace(first, address=f"{member.name}: {first.address}" if first.address else member.name)
        else:
            yield Failure(summary=f"{summary} ({_in_units(names)})", detail=first.detail)


def _own_failures(member: Member) -> Sequence[Failure]:
    last = member.last
    if last is not None and last.failures:
        return last.failures[:_EACH]
    return [Failure(summary=member.reason or "failed")]


def _in_units(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{len(names)} units: {shown}" if len(names) > 1 else shown


def _signals(members: Sequence[Member]) -> list[Signal]:
    """Return the risk signals of the units, the most severe first; a signal of the whole run once.

    "Only labels change" is kept only if it is true of all changes.
    """
    found: dict[Any, Signal] = {}
    changed = [member for member in members if member.state is UnitState.CHANGED]
    quiet = {"labels_only"} - ({"labels_only"} if changed and all(map(_is_labels_only, changed)) else set())
    for member in members:
        for signal in (signal for run in member.runs for signal in run.signals if signal.name not in quiet):
            address = f"{member.name}: {signal.address}" if signal.address else None
            found.setdefault((signal.name, signal.reason, address), replace(signal, address=address))
    ordered = sorted(found.values(), key=lambda signal: -_SEVERITIES.index(signal.severity))
    return ordered[:MOST_SIGNALS]


def _is_labels_only(member: Member) -> bool:
    return any(signal.name == "labels_only" for signal in (member.last.signals if member.last else ()))


def _causes(members: Iterable[Member], directory: str) -> list[SharedCause]:
    """Return the causes of all changes; an edit, version or variable shared by several units is one cause."""
    grouped: dict[Any, list[SharedCause]] = {}
    for member in members:
        for cause in (cause for run in member.runs for cause in run.causes if cause.kind is not CauseKind.UNKNOWN):
            own = _placed(cause, member, directory)
            grouped.setdefault((own.kind, own.text, own.file, own.line), []).append(own)
    merged = [_merged(causes) for causes in grouped.values()]
    return sorted(merged, key=lambda cause: -cause.changes)[:MOST_CAUSES]


def _placed(cause: SharedCause, member: Member, directory: str) -> SharedCause:
    """Qualify a cause with its unit, since files and addresses of other units may have the same name."""
    file = cause.file
    last = member.last
    if file and last and last.tool and last.tool.directory:
        path = os.path.normpath(os.path.join(last.tool.directory, file))
        file = os.path.relpath(path, directory) if directory else path
    shared = cause.kind in _SHARED or (cause.kind in _IN_FILES and file)
    return replace(
        cause,
        file=file,
        text=cause.text if shared else f"{member.name}: {cause.text}",
        addresses=tuple(f"{member.name}: {address}" for address in cause.addresses),
    )


def _merged(causes: Sequence[SharedCause]) -> SharedCause:
    first = causes[0]
    sure = all(cause.confidence is first.confidence for cause in causes)
    return replace(
        first,
        changes=sum(cause.changes for cause in causes),
        addresses=tuple(dict.fromkeys(address for cause in causes for address in cause.addresses))[:_NAMED],
        attributes=tuple(dict.fromkeys(path for cause in causes for path in cause.attributes))[:_NAMED],
        confidence=first.confidence if sure else Confidence.LIKELY,
    )
