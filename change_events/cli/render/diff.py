"""Renders the comparison of two events."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from change_events.cli.render.outcome import outcome_word, paint_outcome
from change_events.cli.render.terminal import clean, local_time, paint
from change_events.cli.render.values import render_pair
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from change_events.history.compare import BothDiffer, Comparison, Fact, OnlyOne, Side

_T = TypeVar("_T")
_INDENT = "  "
_DETAIL = " " * 6
_MOST_HOSTS = 10
_NONE = "(none)"


def comparison_lines(comparison: Comparison, limit: int | None) -> Iterator[str]:
    """Yield all lines; at most ``limit`` changes per section, None for all."""
    yield _side_line("A", comparison.a)
    yield _side_line("B", comparison.b)
    sections: Sequence[tuple[str, list[str]]] = (
        ("Circumstances", list(_fact_lines(comparison.facts, _INDENT))),
        ("Only in A", list(_bounded(comparison.only_a, limit, _only_lines))),
        ("Only in B", list(_bounded(comparison.only_b, limit, _only_lines))),
        ("In both, different", list(_bounded(comparison.different, limit, _pair_lines))),
        ("Hosts", list(_fact_lines(comparison.hosts[:limit], _INDENT))),
        ("Failures only in A", _texts(comparison.failures_a)),
        ("Failures only in B", _texts(comparison.failures_b)),
        ("Risk signals only in A", _texts(comparison.signals_a)),
        ("Risk signals only in B", _texts(comparison.signals_b)),
    )
    for title, lines in sections:
        if lines:
            yield from ("", paint(title, bold=True), *lines)
    yield ""
    same = f"{number_of(comparison.same, 'change')} in both, the same"
    yield f"no difference, {same}" if comparison.is_empty else same


def _side_line(name: str, side: Side) -> str:
    outcome = paint_outcome(outcome_word(side.outcome))
    start = f"{paint(name, bold=True)}  {local_time(side.started_at)}  {clean(side.title)}"
    return f"{start}  {outcome}  {paint(side.event, dim=True)}"


def _bounded(parts: Sequence[_T], limit: int | None, lines: Callable[[_T], Iterable[str]]) -> Iterator[str]:
    for part in parts[:limit]:
        yield from lines(part)
    if limit is not None and len(parts) > limit:
        yield f"{_INDENT}… and {len(parts) - limit} more: --limit 0 shows all"


def _only_lines(change: OnlyOne) -> Iterator[str]:
    outcome = "" if change.outcome == "applied" else f"  {change.outcome.replace('_', ' ')}"
    hosts = f" on {_hosts(change.hosts)}" if change.hosts else ""
    yield f"{_INDENT}{change.action.replace('_', ' '):8} {clean(change.address)}{hosts}{outcome}"


def _pair_lines(pair: BothDiffer) -> Iterator[str]:
    yield f"{_INDENT}{clean(pair.address)}"
    yield from _fact_lines(pair.facts, _DETAIL)
    for attribute in pair.attributes:
        sides = [render_pair(*side) if side else "unchanged" for side in (attribute.a, attribute.b)]
        yield f"{_DETAIL}{clean(attribute.path)}: A {sides[0]}, B {sides[1]}"
    for words, parts in (
        ("changed only in A on", pair.hosts_a),
        ("changed only in B on", pair.hosts_b),
        ("only in A:", pair.things_a),
        ("only in B:", pair.things_b),
    ):
        if parts:
            yield f"{_DETAIL}{words} {_hosts(parts)}"


def _fact_lines(facts: Iterable[Fact], indent: str) -> Iterator[str]:
    for fact in facts:
        yield f"{indent}{clean(fact.name)}: A {clean(fact.a or _NONE)}, B {clean(fact.b or _NONE)}"


def _hosts(names: Sequence[str]) -> str:
    more = len(names) - _MOST_HOSTS
    return clean(", ".join(names[:_MOST_HOSTS])) + (f" and {more} more" if more > 0 else "")


def _texts(texts: Iterable[str]) -> list[str]:
    return [f"{_INDENT}{clean(text)}" for text in texts]
