"""Text of a run of many stacks: its counts, and the units by state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Outcome, Phase, UnitState
from change_events.text.markdown import code, plain
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from change_events.model import ChangeEvent, Counts, Stacks, StackUnit, UnitCounts

    _Section = tuple[str, str, list[str]]

_NAMED = 10  # units on one line
_ENDINGS = {Outcome.UNKNOWN: "outcome unknown", Outcome.CANCELLED: "cancelled"}
_VERBS = (
    ("replace", "replaced"), ("destroy", "destroyed"), ("update", "updated"), ("create", "created"),
    ("import_", "imported"), ("move", "moved"), ("forget", "forgotten"), ("invoke", "invoked"),
    ("other", "with unknown action"),
)  # fmt: skip


def what(event: ChangeEvent, run: Stacks) -> str:
    """Return e.g. ``37 stacks, 5 changed, 1 failed, 3 not reached``."""
    if event.outcome is None:
        return "stacks under way"
    counts = run.counts
    words = [number_of(counts.total, "stack") if counts.total else "no stacks", *unit_words(counts, event.phase)]
    if counts.total and len(words) == 1:
        words.append("no changes")
    if event.outcome in _ENDINGS and not (event.outcome is Outcome.UNKNOWN and counts.unknown):
        words.append(_ENDINGS[event.outcome])
    elif event.outcome in {Outcome.FAILED, Outcome.PARTIAL} and not counts.failed:
        words.append(", ".join(["failed", *(failure.summary for failure in event.failures[:1])]))
    return ", ".join(words)


def unit_words(counts: UnitCounts, phase: Phase) -> Iterator[str]:
    """Yield the counts of units, without unchanged ones."""
    changed = "with changes planned" if phase is Phase.PLANNED else "changed"
    named = (
        (counts.changed, changed), (counts.failed, "failed"), (counts.not_reached, "not reached"),
        (counts.cancelled, "cancelled"), (counts.unknown, "unknown"), (counts.not_observed, "not observed"),
    )  # fmt: skip
    return (f"{number} {word}" for number, word in named if number)


def broken(run: Stacks) -> Iterator[_Section]:
    """Yield the sections of units that failed or were not reached; they precede all others."""
    yield "Failed units", "units", [_item(unit) for unit in _of(run, UnitState.FAILED)]
    yield "Unknown outcome", "units", [_item(unit) for unit in _of(run, UnitState.UNKNOWN)]
    yield "Not reached", "units", list(_by_reason(_of(run, UnitState.NOT_REACHED)))
    yield "Cancelled", "units", [_item(unit) for unit in _of(run, UnitState.CANCELLED)]


def others(event: ChangeEvent, run: Stacks) -> Iterator[_Section]:
    """Yield the sections of the other units, and of the totals."""
    planned = event.phase is Phase.PLANNED
    changed = [_item(unit) for unit in _of(run, UnitState.CHANGED)]
    yield ("Changes planned" if planned else "Changed"), "units", changed
    yield "All units together", "figures", [f"- {words}" for words in [figures(event)] if words]
    for state, heading in (
        (UnitState.NOT_OBSERVED, "Not observed"),
        (UnitState.UNCHANGED, "Unchanged"),
        (UnitState.EXCLUDED, "Excluded"),
    ):
        yield heading, "units", list(_by_reason(_of(run, state)))
    yield "Units", "notes", [f"- {plain(text)}" for text in notes(run)]


def figures(event: ChangeEvent) -> str:
    """Return the total changes of all units, done or planned: ``1 replaced, 12 created``."""
    summary = event.summary
    planned = event.phase is Phase.PLANNED
    counts = summary.counts if planned else summary.applied
    words = list(_done(counts)) if counts else []
    if words and planned:
        return f"planned: {', '.join(words)}"
    met = summary.outcomes
    words += [f"{n} {word}" for n, word in ((met.failed, "failed"), (met.not_attempted, "not attempted")) if n]
    return ", ".join(words)


def notes(run: Stacks) -> Iterator[str]:
    """Yield notes on missing information, and the number of units that are not listed."""
    if run.note:
        yield run.note
    if run.omitted:
        yield f"{run.omitted} more units are not listed"


def lines(run: Stacks) -> Iterator[str]:
    """Yield a line of plain text for each unit that is not simply unchanged, then the notes."""
    for unit in run.units:
        if unit.state not in {UnitState.UNCHANGED, UnitState.EXCLUDED}:
            words = unit_text(unit)
            yield f"{unit.state.value.replace('_', ' ')}: {unit.name}" + (f": {words}" if words else "")
    yield from notes(run)


def unit_text(unit: StackUnit) -> str:
    """Return the title of its event without the place, and the reason for its state."""
    said = (unit.title or "").partition(": ")[2] or unit.title
    return "; ".join(text for text in (said, unit.reason) if text)


def _done(counts: Counts) -> Iterator[str]:
    return (f"{number} {verb}" for field, verb in _VERBS if (number := getattr(counts, field)))


def _of(run: Stacks, state: UnitState) -> list[StackUnit]:
    return [unit for unit in run.units if unit.state is state]


def _item(unit: StackUnit) -> str:
    words = unit_text(unit)
    return f"- {code(unit.name)}" + (f": {plain(words)}" if words else "")


def _by_reason(units: Iterable[StackUnit]) -> Iterator[str]:
    """Yield units with nothing but a reason, a line for each reason."""
    grouped: dict[str, list[str]] = {}
    for unit in units:
        grouped.setdefault(unit.reason or "", []).append(unit.name)
    for reason, names in grouped.items():
        yield f"- {_named(names)}" + (f": {plain(reason)}" if reason else "")


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(code(name) for name in names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
