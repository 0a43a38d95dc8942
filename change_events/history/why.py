"""The last changes of a resource, attribute or host: time, author, cause, commit, values before and after, reverts."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  # of the printed structs
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from change_events.history.reverts import LOOK_BACK, undone_by
from change_events.history.subject import subject_of
from change_events.model import Action, Backfilled, Cause, Source, Value, stack_key
from change_events.redact.spans import is_marked
from change_events.summary.state_edit import entry_words
from change_events.summary.who import who

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.history.source import Source as HistorySource
    from change_events.history.subject import Span, Subject
    from change_events.journal.touched_records import KnownThing, Touch
    from change_events.model import AttributeChange, Change, ChangeEvent, TaskRun

_MOST_PATHS = 200  # attributes below the requested one
_COMPARED = ("update", "replace")
_STATE_ONLY = (Action.EDIT, Action.MOVE)

_Between: TypeAlias = "tuple[datetime | None, datetime | None]"


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of JSON results."""


class AttributeHistory(Result, frozen=True):
    """One attribute that a change gave another value.

    ``reverts`` is the id of the event whose value this takes back, ``reverted_by`` of the later one that undid this.
    """

    path: str
    before: Value
    after: Value
    reverts: str | None = None
    reverted_by: str | None = None


class ThingChange(Result, frozen=True):
    """What one event did to one thing.

    Attributes:
        address: of the resource, or of the task that ran on the host.
        host: the host, where the change is a task's.
        previous_address: where it was moved from by this event.
        edit: what a command did to its entry of the state: ``marked as tainted: the next apply replaces it``.
        note: what else is to be known of that: ``to another state``.
        cause: the first cause, where the event names any.
        source: where the resource (or task) is declared.
        attributes: those that are asked for, else all.
        things: what a task changed: a path, a package, a service.
        things_shared: they are those of all hosts that the task changed: which of them are this one's is not recorded.
        reason: why it was planned so, in Terraform's own word: ``replace_because_tainted``.
    """

    address: str
    action: str
    outcome: str
    host: str | None = None
    type: str | None = None
    previous_address: str | None = None
    edit: str | None = None
    note: str | None = None
    error: str | None = None
    cause: Cause | None = None
    source: Source | None = None
    attributes: tuple[AttributeHistory, ...] = ()
    things: tuple[str, ...] = ()
    things_shared: bool = False
    reason: str | None = None


class Entry(Result, frozen=True):
    """One event, as far as it changed what is asked about."""

    event: str
    started_at: datetime
    title: str
    outcome: str | None
    stack: str
    tool: str | None = None
    user: str | None = None
    commit: str | None = None
    subject: str | None = None
    author: str | None = None
    pull_request: str | None = None
    run_url: str | None = None
    backfilled: Backfilled | None = None
    changes: tuple[ThingChange, ...] = ()


class KnownAs(Result, frozen=True):
    """A thing that the question is about: ``names`` are its ids and network addresses.

    ``redacted`` says that a part of its address is redacted: several may be recorded under it, and nothing is a revert.
    """

    address: str
    kind: str
    stack: str = ""
    names: tuple[str, ...] = ()
    redacted: bool = False


class Answer(Result, frozen=True):
    """The answer of ``why``: newest first.

    ``known_since`` is the start of the oldest event that was looked at; ``complete`` is False while events of an older
    version are still being indexed.
    """

    asked: str
    attribute: str
    things: tuple[KnownAs, ...]
    entries: tuple[Entry, ...]
    known_since: datetime | None
    complete: bool = True


class _Asked(NamedTuple):
    """The part of one event in the subject: the touched spans, and their touches by path."""

    at: datetime
    event: str
    touches: list[tuple[Span, Touch]]


def why(
    source: HistorySource, text: str, *, since: datetime | None = None, until: datetime | None = None, limit: int
) -> Answer:
    """Return the last changes of the subject of ``text``.

    Args:
        source: a journal.
        text: an address, a prefix or glob of one, an id, a name or a host, optionally followed by ``.ATTRIBUTE``.
        since: only events that started at or after it.
        until: only events that started at or before it.
        limit: largest number of events.

    Raises:
        TfeventError: the name is unknown.
        JournalError: the journal cannot be read.
    """
    subject = subject_of(source, text)
    asked = sorted(_asked(source, subject, (since, until), limit), key=lambda one: (one.at, one.event), reverse=True)
    entries = tuple(islice((entry for one in asked if (entry := _entry(source, subject, one))), limit))
    known = source.known()
    names = source.names_of(span.thing.number for span in subject.spans[:limit])
    return Answer(
        asked=text,
        attribute=subject.attribute,
        things=tuple(_known_as(span.thing, names.get(span.thing.number, ())) for span in subject.spans),
        entries=entries,
        known_since=min(filter(None, (known.since, *(entry.started_at for entry in entries))), default=None),
        complete=known.complete,
    )


def _known_as(thing: KnownThing, names: Sequence[str]) -> KnownAs:
    """Return a thing without its own address, which is among its names once it was moved to another state."""
    others = tuple(name for name in names if name != thing.address)
    return KnownAs(thing.address, thing.kind, thing.stack, others, is_marked(thing.address))


def _asked(source: HistorySource, subject: Subject, between: _Between, limit: int) -> Iterator[_Asked]:
    found: dict[str, _Asked] = {}
    since, until = between
    for span in _latest(source, subject, between, limit):
        start = max(filter(None, (since, span.since)), default=None)
        end = min(filter(None, (until, span.until)), default=None)
        for path in _paths(source, subject, span):
            for touch in source.touches(span.thing.number, path, since=start, until=end, limit=limit):
                if not path and subject.attribute and touch.action in _COMPARED:
                    continue  # another attribute
                found.setdefault(touch.event, _Asked(touch.at, touch.event, [])).touches.append((span, touch))
    yield from found.values()


def _latest(source: HistorySource, subject: Subject, between: _Between, limit: int) -> Sequence[Span]:
    """Return, of many things, those that the newest ``limit`` events may have changed."""
    spans = subject.spans
    if len(spans) <= limit or any(between) or any(span.since or span.until for span in spans):
        return spans
    newest = source.newest([span.thing.number for span in spans])
    if len(events := sorted(set(newest.values()), reverse=True)) <= limit:
        return spans
    return [span for span in spans if newest.get(span.thing.number, 0) >= events[limit - 1]]


def _paths(source: HistorySource, subject: Subject, span: Span) -> Sequence[str]:
    """Return the paths to read: the whole thing; for an attribute, also nested ones and creation or destruction."""
    if not subject.attribute:
        return [""]
    return ["", *source.paths(span.thing.number, subject.attribute, limit=_MOST_PATHS)]


def _entry(source: HistorySource, subject: Subject, asked: _Asked) -> Entry | None:
    record = source.get(asked.event)
    if record is None:  # pruned in the meantime
        return None
    event = record.event
    spans = dict.fromkeys(span for span, _ in asked.touches)
    changes = tuple(change for span in spans for change in _changes(source, subject, span, event))
    vcs, actor, tool = event.vcs, event.actor, event.tool
    ci = actor.ci if actor else None
    return Entry(
        event=event.id,
        started_at=event.started_at,
        title=event.title,
        outcome=event.outcome and event.outcome.value,
        stack=stack_key(event),
        tool=tool.name if tool else None,
        user=who(actor) or None,
        commit=vcs.commit if vcs else None,
        subject=vcs.subject if vcs else None,
        author=vcs.author if vcs else None,
        pull_request=ci.pull_request if ci else None,
        run_url=ci.run_url if ci else None,
        backfilled=event.backfilled,
        changes=changes,
    )


def _changes(source: HistorySource, subject: Subject, span: Span, event: ChangeEvent) -> Iterator[ThingChange]:
    thing = span.thing
    for change in event.changes:
        if thing.kind == "host":
            if change.task is not None and _ran_on(change, thing.address):
                yield _task_change(change, thing.address)
        elif change.task is None and change.address == thing.address and not change.deposed:
            yield ThingChange(
                address=change.address,
                action=change.action.value,
                outcome=change.outcome.value,
                type=change.type,
                previous_address=change.previous_address,
                edit=(entry_words(change) or None) if change.action in _STATE_ONLY else None,
                note=change.note if change.action in _STATE_ONLY else None,
                error=change.error,
                cause=_cause(change, subject.attribute),
                source=change.source,
                attributes=tuple(_attributes(source, subject, span, change, event)),
                reason=change.reason,
            )


def _ran_on(change: Change, host: str) -> bool:
    task = change.task
    if task is None or task.checked:
        return False
    return (
        host in (task.delegated_to or task.changed_on)
        or host in task.unfinished
        or any(one.host == host and one.status in ("failed", "unreachable") for one in task.failures)
    )


def _task_change(change: Change, host: str) -> ThingChange:
    task = change.task
    failed = next((one for one in task.failures if one.host == host), None) if task else None
    bad = failed is not None and failed.status in ("failed", "unreachable")
    things, is_shared = _things(task, host)
    return ThingChange(
        address=change.address,
        action=change.action.value,
        outcome="failed" if bad else "unknown" if task and host in task.unfinished else "applied",
        host=host,
        type=change.type,
        error=failed.error if failed and bad else None,
        cause=_cause(change, ""),
        source=change.source,
        things=things,
        things_shared=is_shared,
    )


def _things(task: TaskRun | None, host: str) -> tuple[tuple[str, ...], bool]:
    """Return what a task changed on a host; if that is not recorded per host, on all of its hosts."""
    changed = (task.delegated_to or task.changed_on) if task else ()
    if task is None or host not in changed:
        return (), False
    is_one = len(set(changed)) == 1 and not (task.hosts_omitted or (task.items and task.failures))
    return task.things, not is_one and len(task.things) + task.things_omitted > 1


def _cause(change: Change, attribute: str) -> Cause | None:
    """Return the first cause, preferably one of the requested attribute."""
    if attribute:
        for cause in change.causes:
            if any(_is_below(path, attribute) for path in cause.attributes):
                return cause
    return change.causes[0] if change.causes else None


def _is_below(path: str, attribute: str) -> bool:
    return not attribute or path == attribute or path.startswith((f"{attribute}.", f"{attribute}["))


def _attributes(
    source: HistorySource, subject: Subject, span: Span, change: Change, event: ChangeEvent
) -> Iterator[AttributeHistory]:
    for attribute in change.attributes:
        if _is_below(attribute.path, subject.attribute):
            yield _attribute(source, span, attribute, event)


def _attribute(source: HistorySource, span: Span, attribute: AttributeChange, event: ChangeEvent) -> AttributeHistory:
    is_one = not (is_marked(span.thing.address) or is_marked(attribute.path))  # else two are not distinguished
    touches = source.touches(span.thing.number, attribute.path, limit=LOOK_BACK) if is_one else []
    place = next((place for place, touch in enumerate(touches) if touch.event == event.id), None)
    reverts = reverted_by = None
    if place is not None and touches[place].outcome == "applied":
        this = touches[place]
        undone = undone_by(this.before, this.after, touches[place + 1 :])
        reverts = undone.event if undone else None
        later = [one for one in reversed(touches[:place]) if one.outcome == "applied"]
        if later and (by := undone_by(later[0].before, later[0].after, [this])):
            reverted_by = later[0].event if by.event == event.id else None
    return AttributeHistory(attribute.path, attribute.before, attribute.after, reverts=reverts, reverted_by=reverted_by)
