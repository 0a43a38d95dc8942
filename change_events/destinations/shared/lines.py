"""The results of an event as plain lines, for backends that show texts and no tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.destinations.shared.hosts import changed_hosts, listed_hosts
from change_events.destinations.shared.size_limit import importance
from change_events.model import Action, ChangeOutcome
from change_events.summary.state_edit import entry_words
from change_events.text.markdown import one_line
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Change, ChangeEvent, Failure, TaskRun

_LINE = 200  # characters of one line of a list
_NAMED_HOSTS = 3  # listed on a line
_DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DESTROY: "destroyed",
    Action.FORGET: "forgotten",
    Action.MOVE: "moved",
    Action.IMPORT: "imported",
    Action.INVOKE: "invoked",
    Action.CHANGE: "changed",
}
_QUIET = {Action.NO_OP, Action.READ}


def worst(event: ChangeEvent, most: int | None = None) -> list[str]:
    """Return the results, one plain line each, the worst first: errors, incomplete changes, signals, changes.

    With ``most``, one more line has the number of omitted lines, if any.
    """
    listed = {failure.address for failure in event.failures if failure.address}
    failed = [c for c in event.changes if c.outcome is ChangeOutcome.FAILED and c.address not in listed]
    rest = [c for c in event.changes if c.outcome is not ChangeOutcome.FAILED and c.action not in _QUIET]
    lines = [
        *map(_failure_line, event.failures),
        *map(_change_line, failed),
        *(f"{signal.address}: {signal.reason}" if signal.address else signal.reason for signal in event.signals),
        *map(_change_line, sorted(rest, key=importance, reverse=True)),
        *_hosts_line(event),
    ]
    shown = [one_line(line, _LINE) for line in lines[:most]]
    return shown if len(shown) == len(lines) else [*shown, f"… and {len(lines) - len(shown)} more"]


def _hosts_line(event: ChangeEvent) -> list[str]:
    """Return the line of an explicit event's hosts; a playbook run lists them by task."""
    hosts = changed_hosts(event) if event.explicit else []
    return [f"on {listed_hosts(hosts)}"] if hosts else []


def _failure_line(failure: Failure) -> str:
    return f"failed: {failure.address}: {failure.summary}" if failure.address else f"failed: {failure.summary}"


def _change_line(change: Change) -> str:
    return " ".join(_change_words(change))


def _change_words(change: Change) -> Iterator[str]:
    verb = " ".join(change.raw_actions) if change.action is Action.OTHER else change.action.value.replace("_", " ")
    if change.action is Action.EDIT:
        yield f"{change.address}: {entry_words(change)}"
        return
    match change.outcome:
        case ChangeOutcome.APPLIED:
            yield _DONE.get(change.action, verb)
        case ChangeOutcome.FAILED:
            yield f"failed: {verb}"
        case ChangeOutcome.PLANNED:
            yield verb
        case _:
            yield f"{verb} ({change.outcome.value.replace('_', ' ')})"
    yield change.address
    if change.task:
        yield from _on_hosts(change.task)
    if change.outcome is ChangeOutcome.FAILED and (reasons := [text for text in (change.note, change.error) if text]):
        yield f"({'; '.join(reasons)})"


def _on_hosts(task: TaskRun) -> Iterator[str]:
    """Yield where a task failed, otherwise on how many hosts it changed something."""
    if task.failures:
        first, more = task.failures[0], task.hosts.failed + task.hosts.unreachable - 1
        others = f" and {more} more{' times' if task.rounds > 1 else ''}" if more > 0 else ""
        yield f"on {first.host}{others}" + (f": {first.error}" if first.error else "")
    elif task.hosts.changed:
        yield _where_changed(task)


def _where_changed(task: TaskRun) -> str:
    """``on web-1, web-2 and 7 more hosts``; of several rounds, figures are no number of hosts."""
    if task.rounds > 1:
        return f"{task.hosts.changed} times"
    named = ", ".join(task.changed_on[:_NAMED_HOSTS])
    more = task.hosts.changed - len(task.changed_on[:_NAMED_HOSTS])
    if not named:
        return f"on {number_of(more, 'host')}"
    return f"on {named}" + (f" and {number_of(more, 'more host')}" if more > 0 else "")
