"""Renders the last changes of a resource, attribute or host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.cli.render.outcome import outcome_word, paint_outcome
from change_events.cli.render.terminal import ago, clean, local_time, paint
from change_events.cli.render.values import render_pair
from change_events.model import CauseKind
from change_events.summary import history
from change_events.summary.causes import cause_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.history.why import Answer, AttributeHistory, Entry, KnownAs, ThingChange

_INDENT = "  "
_DETAIL = " " * 6
_MOST_ATTRIBUTES = 10
_MOST_CHANGES = 20
_MOST_THINGS = 5
_COMMIT = 10
_WORDS = {
    "create": "created", "update": "updated", "replace": "replaced", "destroy": "destroyed", "import": "imported",
    "move": "moved", "forget": "forgotten", "edit": "edited", "change": "changed",
}  # fmt: skip


def answer_lines(answer: Answer) -> Iterator[str]:
    """Yield the subject, and each of its events."""
    several = len({entry.stack for entry in answer.entries}) > 1
    yield from _subject_lines(answer, with_stack=not several)
    for entry in answer.entries:
        yield ""
        yield from _entry_lines(entry, with_stack=several)
    if answer.known_since:
        yield ""
        yield paint(f"known since {local_time(answer.known_since)}", dim=True)


def _subject_lines(answer: Answer, *, with_stack: bool) -> Iterator[str]:
    for thing in answer.things[:_MOST_THINGS]:
        attribute = f", attribute {clean(answer.attribute)}" if answer.attribute else ""
        yield paint(clean(thing.address), bold=True) + attribute + _further(thing, with_stack=with_stack)
    if any(thing.redacted for thing in answer.things):
        yield "part of the address is redacted: changes of several resources may be listed as those of one"
    if len(answer.things) > _MOST_THINGS:
        yield f"and {len(answer.things) - _MOST_THINGS} more"


def _further(thing: KnownAs, *, with_stack: bool) -> str:
    parts = [thing.stack if with_stack else "", f"also {', '.join(thing.names)}" if thing.names else ""]
    text = ", ".join(part for part in parts if part)
    return paint(f"  ({clean(text)})", dim=True) if text else ""


def _entry_lines(entry: Entry, *, with_stack: bool) -> Iterator[str]:
    by = f" by {clean(entry.user)}" if entry.user else ""
    where = f" in {clean(entry.stack)}" if with_stack else ""
    yield f"{local_time(entry.started_at)} ({ago(entry.started_at)}){by}{where}  {paint(entry.event, dim=True)}"
    yield f"{_INDENT}{paint(clean(entry.title), bold=True)}  {paint_outcome(outcome_word(entry.outcome))}"
    if commit := _commit(entry):
        yield f"{_INDENT}{paint('commit', dim=True)} {clean(commit)}"
    if entry.backfilled:
        yield f"{_INDENT}{paint('history', dim=True)} {clean(history.words(entry.backfilled))}"
    for change in entry.changes[:_MOST_CHANGES]:
        yield from _change_lines(change)
    if len(entry.changes) > _MOST_CHANGES:
        yield f"{_INDENT}… and {len(entry.changes) - _MOST_CHANGES} more changes"


def _commit(entry: Entry) -> str:
    if not entry.commit:
        return ""
    subject = f' "{entry.subject}"' if entry.subject else ""
    author = f" by {entry.author}" if entry.author else ""
    number = f", pull request {entry.pull_request}" if entry.pull_request else ""
    return f"{entry.commit[:_COMMIT]}{subject}{author}{number}"


def _change_lines(change: ThingChange) -> Iterator[str]:
    what = _WORDS.get(change.action, change.action.replace("_", " "))
    if change.outcome != "applied":
        what = f"{change.action.replace('_', ' ')}: {change.outcome}"
    host = f" on {clean(change.host)}" if change.host else ""
    yield f"{_INDENT}{paint(what, _colour(change.outcome))} {clean(change.address)}{host}{clean(_edit(change))}"
    if change.error:
        yield f"{_DETAIL}{paint(clean(change.error.splitlines()[0]), 'red')}"
    if change.cause:
        because = "" if change.cause.kind is CauseKind.UNKNOWN else "because "
        yield f"{_DETAIL}{because}{clean(cause_words(change.cause, markdown=False))}"
    elif change.source:
        line = f":{change.source.line}" if change.source.line else ""
        yield f"{_DETAIL}{paint('declared in', dim=True)} {clean(change.source.file)}{line}"
    if change.things:
        of = "on all its hosts together: " if change.things_shared else ""
        yield f"{_DETAIL}{of}{clean(', '.join(change.things))}"
    for attribute in change.attributes[:_MOST_ATTRIBUTES]:
        yield f"{_DETAIL}{clean(attribute.path)}: {render_pair(attribute.before, attribute.after)}{_undone(attribute)}"
    if len(change.attributes) > _MOST_ATTRIBUTES:
        yield f"{_DETAIL}… and {len(change.attributes) - _MOST_ATTRIBUTES} more attributes"


def _edit(change: ThingChange) -> str:
    """Return the edit of the state entry, to follow its address."""
    old = change.previous_address if change.previous_address != change.address else None
    words = ", ".join(text for text in (f"moved from {old}" if old else "", change.edit, change.note) if text)
    if not words:
        return ""
    if old:
        return f", {words}"
    return f" {words}" if change.action == "move" else f": {words}"


def _undone(attribute: AttributeHistory) -> str:
    parts = []
    if attribute.reverts:
        parts.append(f"reverts {attribute.reverts}")
    if attribute.reverted_by:
        parts.append(f"reverted by {attribute.reverted_by}")
    return paint(f"  ({', '.join(parts)})", "yellow") if parts else ""


def _colour(outcome: str) -> str | None:
    return {"applied": None, "failed": "red"}.get(outcome, "yellow")
