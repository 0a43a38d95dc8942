"""One sentence on what changed in one or more events, and the main facts of an event."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from change_events.model import Kind, Outcome, Phase, Severity
from change_events.summary.title import VERBS, figures_done, planned_words
from change_events.text.markdown import one_line
from change_events.text.plural import number_of
from change_events.text.times import lasted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from change_events.model import ChangeEvent, Truncated

_TITLE = 120
_NAME = 80
_OUTCOMES = {
    None: "running",
    Outcome.SUCCEEDED: "succeeded",
    Outcome.PARTIAL: "partially failed",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "cancelled",
    Outcome.DECLINED: "declined",
    Outcome.NO_CHANGE: "no changes",
    Outcome.UNKNOWN: "outcome unknown",
}
_WRONG = {Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN}
_COUNTED = (Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN, Outcome.CANCELLED, None)
_NOUNS = {Kind.DEPLOYMENT: "deployment", Kind.BUILD: "build", Kind.BOOT: "boot", Kind.START: "start", Kind.STOP: "stop"}


def sentence(events: Sequence[ChangeEvent]) -> str:
    """Return the title of a single event, or the totals of several: ``3 events: 2 resources created``."""
    if len(events) == 1:
        return one_line(events[0].title, _TITLE) or events[0].kind.value
    clauses = [*_resources(events), *_others(events), ", ".join(_outcomes(events))]
    return f"{len(events)} events: {'; '.join(clauses)}"


def _resources(events: Iterable[ChangeEvent]) -> Iterator[str]:
    """Yield the totals of actual changes; planned and checked ones do not count."""
    figures: Counter[str] = Counter()
    tasks = states = 0
    for event in events:
        if event.phase is not Phase.APPLIED or event.outcome is None or event.stacks is not None:
            continue  # units of a run of many stacks have events of their own
        if event.playbook is not None:
            tasks += event.summary.tasks.changed if event.summary.tasks else 0
        elif event.state is not None:
            states += 1
        elif not event.explicit:
            figures.update({verb: number for number, verb in figures_done(event)})
    if figures:
        order = [verb for _, verb, _ in VERBS]
        first, *rest = sorted(figures.items(), key=lambda item: order.index(item[0]))
        yield ", ".join(
            [f"{number_of(first[1], 'resource')} {first[0]}", *(f"{number} {verb}" for verb, number in rest)]
        )
    if tasks:
        yield f"{number_of(tasks, 'task')} changed hosts"
    if states:
        yield f"{number_of(states, 'command')} edited the state"


def _others(events: Iterable[ChangeEvent]) -> Iterator[str]:
    kinds = Counter(event.kind for event in events if event.explicit)
    yield from (number_of(kinds[kind], noun) for kind, noun in _NOUNS.items() if kinds[kind])


def _outcomes(events: Sequence[ChangeEvent]) -> Iterator[str]:
    found = Counter(event.outcome for event in events)
    if not any(found[outcome] for outcome in _WRONG):
        yield "none failed"
    yield from (f"{found[outcome]} {_OUTCOMES[outcome]}" for outcome in _COUNTED if found[outcome])
    if risky := sum(1 for event in events if event.signals):
        yield f"{risky} with risk signals"


def outcome_words(event: ChangeEvent) -> str:
    """Return the outcome in words: ``partially failed``; ``running`` if it has not ended."""
    return _OUTCOMES[event.outcome]


def went_wrong(event: ChangeEvent) -> bool:
    """Return whether it failed, in whole or in part, or its outcome is unknown."""
    return event.outcome in _WRONG


def gravest_first(events: Iterable[ChangeEvent]) -> list[ChangeEvent]:
    """Sort events: failures, then the most severe signals, then running ones, otherwise in the given order."""
    return sorted(events, key=_gravity)


def _gravity(event: ChangeEvent) -> int:
    if went_wrong(event):
        return 0
    if event.severity is Severity.ERROR:
        return 1
    if event.severity is Severity.WARNING:
        return 2
    return 3 if event.outcome is None else 4


def clock(moment: datetime) -> str:
    """Format a time in the local time zone, to the minute."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def window(events: Iterable[ChangeEvent]) -> str:
    """Return the range of start times with the time zone: ``2026-11-23 11:00 to 12:03 +0000``."""
    starts = sorted(event.started_at.astimezone() for event in events)
    first, last = starts[0], starts[-1]
    same_day = first.date() == last.date() and first.utcoffset() == last.utcoffset()
    return f"{first:%Y-%m-%d %H:%M} to {last:{'%H:%M' if same_day else '%Y-%m-%d %H:%M'} %z}"


def circumstances(event: ChangeEvent, show: Callable[[str], str] = str) -> str:
    """Return outcome, time, place and tool on one line; ``show`` escapes names for the output format."""
    words = outcome_words(event)
    phase = "" if event.phase is Phase.APPLIED else f" ({event.phase.value})"
    parts = [f"**{words[0].upper()}{words[1:]}**{phase}", f"{event.started_at.astimezone():%Y-%m-%d %H:%M:%S %z}"]
    if event.ended_at and event.ended_at > event.started_at:
        parts[-1] += f", took {lasted((event.ended_at - event.started_at).total_seconds())}"
    parts.append(show(one_line(event.tool.name, _NAME)) if event.tool else event.kind.value)
    named = {"environment": event.environment, "service": event.service, "version": event.version}
    parts += [f"{name} {show(one_line(text, _NAME))}" for name, text in named.items() if text]
    return " · ".join(parts)


def planned_and_result(event: ChangeEvent) -> str:
    """Return the plan and its result if they differ; otherwise an empty text."""
    outcomes = event.summary.outcomes
    figures = (
        (outcomes.applied, "applied"),
        (outcomes.failed, "failed"),
        (outcomes.not_attempted, "not attempted"),
        (outcomes.unknown, "unknown"),
    )
    if event.playbook is not None or not any(number for number, _ in figures[1:]):
        return ""
    planned = ", ".join(planned_words(event.summary.counts))
    result = ", ".join(f"{number} {word}" for number, word in figures if number)
    return f"Planned: {planned}. Result: {result}."


def omitted(cut: Truncated) -> str:
    """Return what was omitted from the record, as ``: 20 changes, 3 hosts``; empty without figures."""
    figures = (
        (cut.changes, "changes"),
        (cut.attributes, "attributes"),
        (cut.failures, "failures"),
        (cut.hosts, "hosts"),
    )
    parts = ", ".join(f"{number:,} {noun}" for number, noun in figures if number)
    return f": {parts}" if parts else ""
