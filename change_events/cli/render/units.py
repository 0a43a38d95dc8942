"""Renders the units of a run of many stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.cli.render.terminal import clean, paint
from change_events.model import UnitState
from change_events.summary import stacks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.model import ChangeEvent, Stacks, StackUnit

_INDENT = "  "
_COLOURS = {UnitState.FAILED: "red", UnitState.UNKNOWN: "red", UnitState.NOT_REACHED: "yellow"}
_COLOURS |= {UnitState.CANCELLED: "yellow", UnitState.CHANGED: "green", UnitState.NOT_OBSERVED: "yellow"}
_WIDTH = 13
_ID = 13  # characters of an id: see listing


def facts(event: ChangeEvent, run: Stacks) -> Sequence[tuple[str, str]]:
    """Yield label and text of the units' totals."""
    counts = run.counts
    words = [f"{counts.total} in all", *stacks.unit_words(counts, event.phase)]
    words += [f"{number} {name}" for name in ("unchanged", "excluded") if (number := getattr(counts, name))]
    return (("units", ", ".join(words)), *(("", note) for note in stacks.notes(run)))


def unit_lines(run: Stacks, limit: int | None) -> Iterator[str]:
    """Yield a line per unit, failed ones first; at most ``limit``, and the number of the others."""
    for unit in run.units[:limit]:
        state = paint(f"{_word(unit):<{_WIDTH}}", _COLOURS.get(unit.state))
        words = clean(stacks.unit_text(unit))
        link = paint(f"  {unit.event[:_ID]}", dim=True) if unit.event else ""
        yield f"{_INDENT}{state} {clean(unit.name)}" + (f"  {words}" if words else "") + link
    left = len(run.units) + run.omitted - len(run.units[:limit])
    if left:
        yield f"{_INDENT}… and {left} more"


def unit_line(unit: StackUnit) -> str:
    """Return the line of one unit without an event."""
    reason = f"  {paint(clean(unit.reason), dim=True)}" if unit.reason else ""
    return f"{clean(unit.name)}  {paint(_word(unit), _COLOURS.get(unit.state))}{reason}"


def _word(unit: StackUnit) -> str:
    return unit.state.value.replace("_", " ")
