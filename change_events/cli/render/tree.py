"""Renders parent and child events as a tree: a deployment, its `tfevent apply`, the playbook in that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.cli.render.outcome import outcome_word, paint_outcome
from change_events.cli.render.terminal import clean, paint
from change_events.cli.render.units import unit_line
from change_events.text.times import lasted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.model import Stacks, StackUnit

_ID = 13  # characters of an id: see listing
_DEEPEST = 50  # more than anything nests; what is deeper is counted
_MOST_ANCESTORS = 1_000
_FIRST = ("failed", "partial", "unknown", None, "cancelled", "declined")  # of a run of many stacks
_BRANCH, _LAST, _PIPE, _GAP = "├─ ", "└─ ", "│  ", "   "


class Node(NamedTuple):
    """One event and its children in order of their start.

    In a run of many stacks, failed children come first, and ``units`` are its units without an event.
    """

    record: Record
    children: list[Node]
    units: tuple[StackUnit, ...] = ()
    omitted: int = 0


def tree_lines(source: Source, record: Record, *, limit: int | None) -> Iterator[str]:
    """Yield the tree of ``record``, from its root; its own line is marked.

    Args:
        source: the journal or ledger.
        record: a record of that source.
        limit: maximum number of children of one event; None for all.
    """
    root, missing = _root(source, record)
    if missing:
        yield paint(f"started by {clean(missing)}, which is not in this journal", dim=True)
    node = _grown(source, root, limit, {root.id}, _DEEPEST)
    yield _line(node.record, chosen=record.id)
    yield from _below(node, "", record.id)


def _root(source: Source, record: Record) -> tuple[Record, str | None]:
    """Return the first ancestor in the journal, and the ID of its missing parent."""
    seen = {record.id}
    for _ in range(_MOST_ANCESTORS):
        if record.parent is None:
            return record, None
        parent = _event_of_run(source, record.parent)
        if parent is None:
            return record, record.parent
        if parent.id in seen:  # runs that name each other: the one asked for is as good a root as any
            return record, None
        seen.add(parent.id)
        record = parent
    return record, record.parent


def _event_of_run(source: Source, run: str) -> Record | None:
    from change_events.journal import Query

    return next(source.list(Query(run=run, limit=1)), None)


def _grown(source: Source, record: Record, limit: int | None, seen: set[str], depth: int) -> Node:
    from change_events.journal import Query

    if record.run is None:
        return Node(record, [])
    started = [found for found in source.list(Query(parent=record.run, limit=None)) if found.id not in seen]
    stacks = _stacks(record) if started or record.outcome else None
    started.sort(key=lambda found: (_rank(found) if stacks else 0, found.started_at, found.id))
    seen.update(found.id for found in started)
    bare = [unit for unit in stacks.units if unit.event is None] if stacks else []
    shown = started[:limit] if depth else []
    units = tuple(bare if limit is None else bare[: limit - len(shown)])
    children = [_grown(source, child, limit, seen, depth - 1) for child in shown]
    omitted = len(started) + len(bare) + (stacks.omitted if stacks else 0) - len(shown) - len(units)
    return Node(record, children, units, omitted)


def _stacks(record: Record) -> Stacks | None:
    """Return the units of a run of many stacks, without decoding other events."""
    return record.event.stacks if b'"stacks":' in record.body else None


def _rank(record: Record) -> int:
    return _FIRST.index(record.outcome) if record.outcome in _FIRST else len(_FIRST)


def _below(node: Node, indent: str, chosen: str) -> Iterator[str]:
    for number, child in enumerate(node.children, 1):
        last = number == len(node.children) and not node.units and not node.omitted
        yield paint(indent + (_LAST if last else _BRANCH), dim=True) + _line(child.record, chosen)
        yield from _below(child, indent + (_GAP if last else _PIPE), chosen)
    for number, unit in enumerate(node.units, 1):
        last = number == len(node.units) and not node.omitted
        yield paint(indent + (_LAST if last else _BRANCH), dim=True) + unit_line(unit)
    if node.omitted:
        yield paint(f"{indent}{_LAST}… and {node.omitted} more", dim=True)


def _line(record: Record, chosen: str) -> str:
    title = paint(clean(record.title), bold=record.id == chosen)
    outcome = paint_outcome(outcome_word(record.outcome))
    took = ""
    if record.ended_at and record.ended_at > record.started_at:
        took = f"  {lasted((record.ended_at - record.started_at).total_seconds())}"
    mark = " ←" if record.id == chosen else ""
    return f"{title}  {outcome}{paint(took, dim=True)}  {paint(record.id[:_ID], dim=True)}{mark}"
