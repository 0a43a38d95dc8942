"""Renders planned changes and their results for a terminal, for ``show`` and ``summarize``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.cli.render.reasons import in_words
from change_events.cli.render.tasks import task_lines
from change_events.cli.render.terminal import clean, clean_lines, paint
from change_events.cli.render.values import render_pair, render_value
from change_events.model import Action, CauseKind, ChangeOutcome, Confidence, ValueKind
from change_events.summary.attributes import arranged, computed_words
from change_events.summary.causes import cause_words, shared_words
from change_events.summary.change_text import drift_word
from change_events.summary.state_edit import entry_words
from change_events.text.times import lasted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from change_events.model import (
        AttributeChange,
        Cause,
        Change,
        CheckResult,
        Counts,
        Drift,
        Failure,
        OutputChange,
        SharedCause,
        Signal,
        Source,
    )

INDENT = "  "
DETAIL = " " * 6
MAX_ATTRIBUTES = 20
_CAUSED = 4  # attributes that a cause names
_TAINTED = "tainted"  # what a state says of an object, unlike the reasons of a plan
_LINE_COLOURS = {"-": "red", "+": "green", "~": "yellow"}
_NOTHING_YET = (ValueKind.UNKNOWN, ValueKind.ABSENT)

_ACTION_COLOURS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.CHANGE: "yellow",
    Action.REPLACE: "magenta",
    Action.DESTROY: "red",
    Action.OTHER: "red",
}


class _Became(NamedTuple):
    mark: str
    word: str
    colour: str | None


_OUTCOMES = {
    ChangeOutcome.PLANNED: _Became("", "", None),
    ChangeOutcome.APPLIED: _Became("✓ ", "", "green"),
    ChangeOutcome.FAILED: _Became("✗ ", "failed", "red"),
    ChangeOutcome.NOT_ATTEMPTED: _Became("· ", "not attempted", "yellow"),
    ChangeOutcome.UNKNOWN: _Became("? ", "outcome unknown", "yellow"),
}
# What a reader looks for first: what went wrong, then what is gone, then the rest.
_OUTCOME_ORDER = (
    ChangeOutcome.FAILED,
    ChangeOutcome.UNKNOWN,
    ChangeOutcome.NOT_ATTEMPTED,
    ChangeOutcome.APPLIED,
    ChangeOutcome.PLANNED,
)
_ACTION_ORDER = (
    Action.OTHER,
    Action.DESTROY,
    Action.REPLACE,
    Action.UPDATE,
    Action.CREATE,
    Action.INVOKE,
    Action.CHANGE,
    Action.FORGET,
    Action.EDIT,
    Action.IMPORT,
    Action.MOVE,
    Action.READ,
    Action.NO_OP,
)
_OUTCOME_RANK = {outcome: rank for rank, outcome in enumerate(_OUTCOME_ORDER)}
_ACTION_RANK = {action: rank for rank, action in enumerate(_ACTION_ORDER)}
# Of each figure: its field, and its words.
_COUNT_NAMES = (
    ("create", "{} to create"),
    ("update", "{} to update"),
    ("replace", "{} to replace"),
    ("destroy", "{} to destroy"),
    ("import_", "{} to import"),
    ("move", "{} moved"),
    ("forget", "{} to forget"),
    ("read", "{} to read"),
    ("invoke", "{} to invoke"),
    ("change", "tasks with changes: {}"),
    ("other", "{} with unknown action"),
    ("deferred", "{} deferred"),
    ("outputs", "outputs changed: {}"),
    ("drift", "drifted: {}"),
)


def heading(text: str) -> str:
    """Return the first line of a section."""
    return paint(text, bold=True)


def count_words(counts: Counts) -> str:
    """Return the counts above zero as text: ``2 to create``; empty if nothing changes."""
    figures = ((getattr(counts, field), words) for field, words in _COUNT_NAMES)
    return ", ".join(words.format(figure) for figure, words in figures if figure)


def most_important_first(changes: Iterable[Change]) -> list[Change]:
    """Sort for reading: by outcome, then by action, then in the original order."""
    return sorted(changes, key=lambda c: (_OUTCOME_RANK[c.outcome], _ACTION_RANK[c.action]))


def change_lines(changes: Sequence[Change], limit: int | None) -> Iterator[str]:
    """Yield the changes in full, most significant first; at most ``limit``, and the number of the others."""
    ordered = most_important_first(changes)
    for change in ordered[:limit]:
        yield from _one_change(change, everything=limit is None)
    if limit is not None and len(ordered) > limit:
        yield f"{INDENT}… and {len(ordered) - limit} more"


def _one_change(change: Change, *, everything: bool = False) -> Iterator[str]:
    became = _OUTCOMES[change.outcome]
    word = paint(f"{change.action.value:<8}", _ACTION_COLOURS.get(change.action))
    mark = paint(became.mark, became.colour)
    deposed = f" (deposed object {clean(change.deposed)})" if change.deposed else ""
    ending = "".join(f"  {part}" for part in (paint(became.word, became.colour), _took(change)) if part)
    yield f"{INDENT}{mark}{word} {clean(change.address)}{deposed}{ending}"
    for text in _facts(change):
        yield f"{DETAIL}{text}"
    if change.task is not None:
        yield from (f"{DETAIL}{text}" for text in task_lines(change.task))
    if change.note:
        yield DETAIL + clean(change.note)
    yield from _change_attributes(change, everything=everything)
    for line in clean_lines(change.error or "")[:1]:  # the rest stands among the failures
        yield DETAIL + paint(line, "red")


def _change_attributes(change: Change, *, everything: bool) -> Iterator[str]:
    """Return the attributes to show: known values of a new object, the ID of a removed one, else both sides."""
    if change.action is Action.DESTROY:
        return
    created = change.action in {Action.CREATE, Action.INVOKE} or change.raw_actions == ("add",)
    attributes, omitted = change.attributes, change.attributes_omitted
    if created:
        attributes = tuple(a for a in attributes if a.after.kind not in _NOTHING_YET)
    yield from _attribute_lines(attributes, omitted, created=created, everything=everything)


def _took(change: Change) -> str:
    return paint(lasted(change.duration), dim=True) if change.duration is not None else ""


def _facts(change: Change) -> Iterator[str]:
    yield from _actions(change)
    if change.reason:
        yield change.reason if change.reason == _TAINTED else f"because {in_words(change.reason)}"
    if change.replace_paths:
        yield f"forced by: {clean(', '.join(change.replace_paths))}"
    if change.previous_address:
        yield f"moved from {clean(change.previous_address)}"
    if change.importing or change.import_id:
        yield f"imported{f', id {clean(change.import_id)}' if change.import_id else ''}"
    if change.deferred:
        yield f"deferred: {clean(change.deferred.replace('_', ' '))}"
    if change.id:
        old = f", before: {clean(change.previous_id)}" if change.previous_id else ""
        yield f"id: {clean(change.id)}{old}"
    if change.identity:
        yield f"identity: {clean(', '.join(change.identity.values()))}"
    if change.source:
        yield f"declared in {_place(change.source)}"
    yield from (_cause(cause) for cause in change.causes if cause.kind is not CauseKind.UNKNOWN)


def _actions(change: Change) -> Iterator[str]:
    if not change.raw_actions:  # two states do not show the order
        return
    if change.action in {Action.EDIT, Action.MOVE} and (words := entry_words(change)):
        yield clean(words)
    elif change.action is Action.OTHER:
        yield f"actions: {clean(', '.join(change.raw_actions))}"
    elif change.action is Action.REPLACE:
        yield "create replacement, then destroy" if change.create_before_destroy else "destroy, then create replacement"
    elif "forget" in change.raw_actions and "create" in change.raw_actions:
        yield "the old object is forgotten, not destroyed"


def _place(source: Source) -> str:
    line = f":{source.line}" if source.line else ""
    commit = f", last changed in {clean(source.commit)}" if source.commit else ""
    if source.commit_unknown:
        commit = f", commit {clean(source.commit_unknown)}"
    return f"{clean(source.file)}{line}{commit}"


def _cause(cause: Cause) -> str:
    words = clean(cause_words(cause, markdown=False))
    about = f" ({clean(', '.join(cause.attributes[:_CAUSED]))})" if cause.attributes else ""
    likely = "likely " if cause.confidence is Confidence.LIKELY else ""
    return f"{likely}because {words}{about}"


def cause_lines(causes: Sequence[SharedCause]) -> Iterator[str]:
    """Yield the causes, each with the number of changes that share it."""
    for cause in causes:
        yield INDENT + clean(shared_words(cause, markdown=False))


def _attribute_lines(
    attributes: Sequence[AttributeChange], omitted: int, *, created: bool = False, everything: bool = False
) -> Iterator[str]:
    """Yield the most important attributes first: computed ones are only counted, unless all are requested."""
    shown, computed = arranged(attributes)
    if everything:
        chosen, computed = shown + computed, []
    else:
        chosen = shown[:MAX_ATTRIBUTES]
    for attribute in chosen:
        forces = paint("  forces replacement", "magenta") if attribute.forces_replacement else ""
        remark = f"  ({clean(attribute.note)})" if attribute.note else ""
        after = attribute.after
        values = render_value(after) if created else render_pair(attribute.before, after)
        yield f"{DETAIL}{clean(attribute.path)}: {values}{remark}{forces}"
        yield from (f"{DETAIL}{INDENT}{paint(clean(line), _LINE_COLOURS.get(line[:1]))}" for line in attribute.lines)
    left = omitted + (0 if everything else len(shown) - len(chosen))
    more = [f"and {left} more attribute{'s' if left > 1 else ''}"] if left else []
    more += [computed_words(len(computed))] if computed else []
    if more:
        yield f"{DETAIL}… {', '.join(more)}"


def drift_lines(drift: Sequence[Drift], limit: int | None) -> Iterator[str]:
    """Yield drifted resources."""
    for entry in drift[:limit]:
        place = f" in {clean(entry.directory)}" if entry.directory else ""
        yield f"{INDENT}{paint(drift_word(entry), 'yellow')} {clean(entry.address)}{place}"
        yield from _attribute_lines(entry.attributes, entry.attributes_omitted, everything=limit is None)
    if limit is not None and len(drift) > limit:
        yield f"{INDENT}… and {len(drift) - limit} more"


def output_lines(outputs: Sequence[OutputChange], limit: int | None) -> Iterator[str]:
    """Yield root module outputs."""
    for output in outputs[:limit]:
        word = paint(f"{output.action.value:<8}", _ACTION_COLOURS.get(output.action))
        yield f"{INDENT}{word} {clean(output.name)}: {render_pair(output.before, output.after)}"
    if limit is not None and len(outputs) > limit:
        yield f"{INDENT}… and {len(outputs) - limit} more"


def check_lines(checks: Sequence[CheckResult]) -> Iterator[str]:
    """Yield checks and conditions that did not pass."""
    for check in checks:
        yield f"{INDENT}{paint(clean(check.status), 'yellow')} {clean(check.address)}"
        for problem in check.problems:
            yield from (DETAIL + line for line in clean_lines(problem))


def failure_lines(failures: Sequence[Failure]) -> Iterator[str]:
    """Yield the errors of the run, each with its place and detail."""
    for failure in failures:
        place = ""
        if failure.file:
            place = f" ({clean(failure.file)}{f':{failure.line}' if failure.line else ''})"
        subject = f"{clean(failure.address)}: " if failure.address else ""
        yield f"{INDENT}{paint('✗', 'red')} {subject}{clean(failure.summary)}{place}"
        yield from (DETAIL + line for line in clean_lines(failure.detail or ""))


def signal_lines(signals: Sequence[Signal]) -> Iterator[str]:
    """Yield risk signals with their reasons."""
    for signal in signals:
        subject = f"{clean(signal.address)}: " if signal.address else ""
        name = paint(clean(signal.name.replace("_", " ")), "yellow")
        yield f"{INDENT}{subject}{name}: {clean(signal.reason)}"
