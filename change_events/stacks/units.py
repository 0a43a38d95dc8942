"""The units of a run of many stacks, from the journal, the tally of runs without events, and Terragrunt's report."""

from __future__ import annotations

import os
from datetime import datetime  # noqa: TC003 - msgspec reads the annotation
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.files import unsettled_runs
from change_events.journal import Query
from change_events.model import (
    Failure,
    Outcome,
    Phase,
    SharedCause,
    Signal,
    Stacks,
    StateEdit,
    Summary,
    Tool,
    Trace,
    UnitState,
)
from change_events.paths import unit_directory
from change_events.stacks import report as reports
from change_events.stacks import tally, terragrunt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from change_events.files.rundir import RunDirectory
    from change_events.journal import Journal
    from change_events.stacks.report import ReportedUnit
    from change_events.stacks.tally import Unchanged

_BAD = {Outcome.FAILED, Outcome.PARTIAL}
_STATES = {
    Outcome.SUCCEEDED: UnitState.CHANGED,
    Outcome.FAILED: UnitState.FAILED,
    Outcome.PARTIAL: UnitState.FAILED,
    Outcome.CANCELLED: UnitState.CANCELLED,
    Outcome.DECLINED: UnitState.CANCELLED,
    Outcome.NO_CHANGE: UnitState.UNCHANGED,
    Outcome.UNKNOWN: UnitState.UNKNOWN,
    None: UnitState.UNKNOWN,
}
_OF_RESULT = {
    reports.SUCCEEDED: UnitState.NOT_OBSERVED,
    reports.FAILED: UnitState.FAILED,
    reports.EARLY_EXIT: UnitState.NOT_REACHED,
    reports.EXCLUDED: UnitState.EXCLUDED,
}
_HARMLESS = {"validate", "output", "show", "init", "providers", "fmt", "graph", "version", "get", "console"}


class UnitRun(msgspec.Struct, frozen=True):
    """The fields needed from the event of one run of a unit; changes are not decoded."""

    id: str
    phase: Phase
    title: str = ""
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    tool: Tool | None = None
    trace: Trace | None = None
    summary: Summary = Summary()
    failures: tuple[Failure, ...] = ()
    signals: tuple[Signal, ...] = ()
    causes: tuple[SharedCause, ...] = ()
    state: StateEdit | None = None
    stacks: Stacks | None = None
    explicit: bool = False


class Unit:
    """One unit.

    Attributes:
        name: its name for readers.
        directory: absolute path; empty if only the name is known.
        runs: its events, oldest first.
        left_none: its runs without an event.
        reported: its entry in Terragrunt's report.
    """

    def __init__(self, name: str, directory: str = "") -> None:
        self.name = name
        self.directory = directory
        self.runs: list[UnitRun] = []
        self.left_none: list[Unchanged] = []
        self.reported: ReportedUnit | None = None

    def of_phase(self, phase: Phase) -> list[UnitRun]:
        """Return its runs of a phase."""
        return [run for run in self.runs if run.phase is phase]

    def state(self, phase: Phase) -> tuple[UnitState, str]:
        """Return its state, and the reason if there is one.

        Args:
            phase: phase of the whole run; in an apply, a unit that was only planned is not applied.
        """
        own, reason = self._own(phase)
        said = self.reported
        if said is None:
            return own or UnitState.NOT_REACHED, reason
        if own is None or (said.result == reports.FAILED and own in {UnitState.CHANGED, UnitState.UNCHANGED}):
            return self._by_report(said)
        if own is UnitState.FAILED and said.result == reports.SUCCEEDED:
            return own, said.reason or reason
        return own, reason

    def _own(self, phase: Phase) -> tuple[UnitState | None, str]:
        """Return its state from observed runs; None if there are none."""
        runs, counted = self.of_phase(phase), [one for one in self.left_none if one.phase is phase]
        if runs:
            last = runs[-1]
            if last.outcome is None:
                return UnitState.UNKNOWN, "its run had not ended, or was killed"
            done = any(run.outcome is Outcome.SUCCEEDED or run.summary.applied for run in runs)
            state = _STATES[last.outcome]
            return (UnitState.CHANGED if done and state is UnitState.UNCHANGED else state), ""
        if counted:
            return _STATES[counted[-1].outcome], ""
        if self.runs or self.left_none:
            return self._only_planned()
        return None, ""

    def _only_planned(self) -> tuple[UnitState, str]:
        outcome = self.runs[-1].outcome if self.runs else self.left_none[-1].outcome
        if outcome in {Outcome.NO_CHANGE, *_BAD}:
            return _STATES[outcome], ""
        return UnitState.NOT_REACHED, "planned, and not applied"

    @staticmethod
    def _by_report(said: ReportedUnit) -> tuple[UnitState, str]:
        state = _OF_RESULT[said.result]
        if state is UnitState.NOT_OBSERVED and said.command in _HARMLESS:
            return UnitState.UNCHANGED, ""
        if said.result == reports.EARLY_EXIT and said.cause:
            return state, f"{said.cause} failed" if said.reason == "ancestor error" else said.cause
        return state, said.cause or (said.reason if said.result != reports.SUCCEEDED else "")


class Collected(NamedTuple):
    """All units, and clauses on missing information."""

    units: list[Unit]
    notes: list[str]

    def last_end(self) -> datetime | None:
        """Return the latest known end of a run."""
        return max((run.ended_at for unit in self.units for run in unit.runs if run.ended_at), default=None)

    def phase(self, otherwise: Phase) -> Phase:
        """Return the phase: apply if anything was applied, ``otherwise`` if nothing indicates a phase."""
        phases = {run.phase for unit in self.units for run in unit.runs}
        phases |= {one.phase for unit in self.units for one in unit.left_none}
        if phases:
            return Phase.APPLIED if Phase.APPLIED in phases else Phase.PLANNED
        commands = {unit.reported.command for unit in self.units if unit.reported} - {""}
        if commands == {"plan"}:
            return Phase.PLANNED
        return otherwise


def are_open(state: str, journal: str, run_id: str) -> bool:
    """Return whether a run of a unit is not settled: still running, or killed.

    Args:
        state: the state folder.
        journal: path of the journal.
        run_id: id of the run of many stacks.
    """
    facts = ({**one, **(one.get("trace") or {})} for one in unsettled_runs.all_facts(state, journal))
    return any(one.get("unit") and one.get("parent_run_id") == run_id for one in facts)


def collect(
    journal: Journal, run_id: str, directory: str, folder: RunDirectory | None, facts: Mapping[str, Any]
) -> Collected:
    """Return the units of one run.

    Args:
        journal: the journal of the run.
        run_id: id of the run of many stacks.
        directory: the directory it was started in.
        folder: the folder of the run.
        facts: the facts returned by :func:`change_events.stacks.terragrunt.prepared`.

    Raises:
            JournalError: the journal cannot be read.
    """
    records = sorted(journal.list(Query(parent=run_id, limit=None)), key=lambda one: (one.started_at, one.id))
    runs = (run for record in records if (run := _decoded(record.body)) is not None and _is_unit(run))
    units = _observed(runs, tally.read(folder), directory)
    if not facts.get("report"):
        return Collected(list(units.values()), [])
    before = facts.get("before")
    if not facts.get("named", True) and terragrunt.seen(str(facts["report"])) == before:
        return Collected(list(units.values()), [])
    found = reports.read(str(facts["report"]), before)
    notes = [f"Terragrunt's run report: {found.problem}"] if found.problem else []
    return Collected(_joined(units, list(reports.units_by_name(found)), str(facts["base"]), notes), notes)


def _decoded(body: bytes) -> UnitRun | None:
    try:
        return msgspec.json.decode(body, type=UnitRun)
    except msgspec.DecodeError:  # written by a newer version
        return None


def _is_unit(run: UnitRun) -> bool:
    return run.trace is not None and run.trace.unit and not run.explicit


def _observed(runs: Iterable[UnitRun], left_none: Sequence[Unchanged], directory: str) -> dict[tuple[str, str], Unit]:
    units: dict[tuple[str, str], Unit] = {}

    def unit(of: str, workspace: str) -> Unit:
        of = unit_directory(of)
        workspace = "" if workspace == "default" else workspace
        name = _name(of, directory) + (f" ({workspace})" if workspace else "")
        return units.setdefault((of, workspace), Unit(name, of))

    for run in runs:
        tool = run.tool or Tool(name="")
        unit(tool.directory or run.title, tool.workspace or "").runs.append(run)
    for one in left_none:
        unit(one.directory, one.workspace).left_none.append(one)
    return units


def _name(path: str, directory: str) -> str:
    """Return a path relative to the directory of the run if it is below that."""
    if path == directory:
        return os.path.basename(path) or path
    inside = path.startswith(directory.rstrip("/") + "/")
    return path[len(directory.rstrip("/")) + 1 :] if inside else path


def _joined(
    units: Mapping[tuple[str, str], Unit], reported: Sequence[ReportedUnit], base: str, notes: list[str]
) -> list[Unit]:
    """Merge observed and reported units by directory, otherwise by a unique suffix of it."""
    by_directory = {unit.directory: unit for unit in units.values()}
    rest = []
    for one in reported:
        unit = by_directory.get(_place(one.name, base)) or _by_end(by_directory, one.name)
        if unit is None or unit.reported is not None:
            rest.append(one)
            continue
        unit.reported, unit.name = one, _reported_name(one)
    return [*units.values(), *_unmatched(units.values(), rest, notes)]


def _place(name: str, base: str) -> str:
    """Return the directory of a name relative to ``base``; ``base`` itself is named by its last component."""
    base = os.path.realpath(base)
    place = os.path.realpath(os.path.join(base, name.replace("\0", "")))
    return base if name == os.path.basename(base) and not os.path.isdir(place) else place


def _by_end(units: Mapping[str, Unit], name: str) -> Unit | None:
    ends = [unit for path, unit in units.items() if path.endswith(f"/{name}") and unit.reported is None]
    return ends[0] if len(ends) == 1 else None


def _reported_name(one: ReportedUnit) -> str:
    return f"{one.name} ({one.ref})" if one.ref else one.name


def _unmatched(observed: Iterable[Unit], rest: Sequence[ReportedUnit], notes: list[str]) -> Iterator[Unit]:
    """Yield units known from the report only.

    If Terragrunt's download directory is elsewhere, events cannot be matched with names. They then stand for as many of
    the units that ran, which would otherwise be counted twice.
    """
    spare = sum(1 for unit in observed if unit.reported is None)
    hidden = 0
    for one in rest:
        if one.result == reports.SUCCEEDED and hidden < spare:
            hidden += 1
            continue
        unit = Unit(_reported_name(one))
        unit.reported = one
        yield unit
    if hidden:
        notes.append(f"{hidden} of the report's units stand under the directory that they ran in")
