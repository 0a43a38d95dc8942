"""The title of an event, one line for graphs and lists: ``prod/network: 1 replaced, 2 updated, 1 failed``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Action, ChangeOutcome, Outcome, Phase
from change_events.paths import unit_directory
from change_events.summary import playbook, stacks, state_edit
from change_events.text.markdown import TITLE_LENGTH, one_line
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import ChangeEvent, Counts

_WHERE_LIMIT = 50
_BACKFILLED = " (backfilled)"
VERBS = (
    ("replace", "replaced", Action.REPLACE),
    ("destroy", "destroyed", Action.DESTROY),
    ("update", "updated", Action.UPDATE),
    ("create", "created", Action.CREATE),
    ("import_", "imported", Action.IMPORT),
    ("move", "moved", Action.MOVE),
    ("forget", "forgotten", Action.FORGET),
    ("invoke", "invoked", Action.INVOKE),
    ("other", "with unknown action", Action.OTHER),
)
_ALONE = {
    Outcome.DECLINED: "declined",
    Outcome.NO_CHANGE: "no changes",
    Outcome.CANCELLED: "cancelled",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "outcome unknown",
    Outcome.PARTIAL: "partially failed",
}


def title(event: ChangeEvent) -> str:
    """Return the title of an event, at most 120 characters."""
    if event.playbook is not None:
        return playbook.title(event, TITLE_LENGTH)
    where = _where(event)
    if event.stacks is not None:
        place = "/".join(part for part in (event.environment, event.service) if part) or where
        where, what = one_line(event.stacks.subject or place, _WHERE_LIMIT), stacks.what(event, event.stacks)
        return one_line(f"{where}: {what}" if where else what, TITLE_LENGTH)
    what = _what(event)
    if any(signal.name == "labels_only" for signal in event.signals):
        what += " (labels only)"
    end = _BACKFILLED if event.backfilled else ""
    return one_line(f"{where}: {what}" if where else what, TITLE_LENGTH - len(end)) + end


def _where(event: ChangeEvent) -> str:
    tool = event.tool
    directory = unit_directory(tool.directory or "").rstrip("/").rpartition("/")[2] if tool else ""
    workspace = tool.workspace if tool and tool.workspace not in {None, "default"} else None
    source = event.backfilled.source if event.backfilled and not directory else ""
    parts = (event.environment or workspace, event.service or directory or "/".join(source.split("/")[-2:]))
    return one_line("/".join(part for part in parts if part), _WHERE_LIMIT)


def _what(event: ChangeEvent) -> str:
    if event.state is not None:
        return state_edit.what(event, event.state)
    if event.phase is Phase.PLANNED:
        return _planned(event)
    if event.outcome is None:
        return " ".join([", ".join(planned_words(event.summary.counts)), "under way"]).strip()
    if event.outcome is Outcome.NO_CHANGE and (deferred := _deferred(event)):
        return ", ".join(deferred)
    if event.outcome in {Outcome.DECLINED, Outcome.NO_CHANGE}:
        return _ALONE[event.outcome]
    done = _done(event)
    tail = _tail(event, any_done=bool(done))
    return ", ".join([*done, *tail, *_deferred(event)]) or "done"


def _planned(event: ChangeEvent) -> str:
    words = list(planned_words(event.summary.counts))
    if event.outcome is Outcome.FAILED:
        return "planning failed" + (f", incomplete: {', '.join(words)}" if words else _error(event))
    if event.outcome in {Outcome.CANCELLED, Outcome.UNKNOWN}:
        return f"plan: {_ALONE[event.outcome]}"
    deferred = _deferred(event)
    return ", ".join([f"{', '.join(words)} planned", *deferred] if words else deferred) or "no changes planned"


def _error(event: ChangeEvent) -> str:
    """Return the first error if there are no counts; a list shows nothing else of the event."""
    return f": {event.failures[0].summary}" if event.failures else ""


def _deferred(event: ChangeEvent) -> list[str]:
    number = event.summary.counts.deferred
    return [f"{number} deferred"] if number else []


def planned_words(counts: Counts) -> Iterator[str]:
    """Yield the counts of a plan, the most severe first: ``1 replace``, ``2 creates``."""
    for field, _, action in VERBS:
        if number := getattr(counts, field):
            noun = (
                f"{action.value}{'' if number == 1 else 's'}" if action is not Action.OTHER else "with unknown action"
            )
            yield f"{number} {noun}"
    if counts.outputs and not any(getattr(counts, field) for field, _, _ in VERBS):
        yield number_of(counts.outputs, "output change")


def _done(event: ChangeEvent) -> list[str]:
    words = [f"{number} {verb}" for number, verb in figures_done(event)]
    outputs = event.summary.counts.outputs
    if words or event.outcome is not Outcome.SUCCEEDED or not outputs:
        return words
    return [f"{number_of(outputs, 'output')} changed"]


def figures_done(event: ChangeEvent) -> list[tuple[int, str]]:
    """Return applied changes as ``(2, "updated")``; after success from the summary, which is never truncated."""
    done = event.summary.counts if event.outcome is Outcome.SUCCEEDED else event.summary.applied
    if done is not None:
        return [(n, verb) for field, verb, _ in VERBS if (n := getattr(done, field))]
    applied = [c.action for c in event.changes if c.outcome is ChangeOutcome.APPLIED]
    return [(n, verb) for _, verb, action in VERBS if (n := applied.count(action))]


def _tail(event: ChangeEvent, *, any_done: bool) -> Iterator[str]:
    outcomes = event.summary.outcomes
    if outcomes.failed:
        yield f"{outcomes.failed} failed"
    elif event.outcome in {Outcome.FAILED, Outcome.PARTIAL}:
        yield _ALONE[event.outcome] + ("" if event.changes else _error(event))
    if outcomes.not_attempted and event.outcome is not Outcome.SUCCEEDED:
        yield f"{outcomes.not_attempted} not attempted"
    if outcomes.unknown:
        yield f"{outcomes.unknown} unknown"
    elif event.outcome is Outcome.UNKNOWN:
        yield _ALONE[Outcome.UNKNOWN]
    if event.outcome is Outcome.CANCELLED:
        touched = any_done or outcomes.failed or outcomes.unknown
        yield "cancelled" if touched else "cancelled before any change"
