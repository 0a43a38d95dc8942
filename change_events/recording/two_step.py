"""A change recorded in two steps, possibly in separate processes: started, then settled; the ID links them.

No process owns such an event in between: a maintenance may take days, including reboots. A change that cannot outlive a
process is bound to it (:mod:`change_events.recording.process_bound`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from change_events.errors import InputError, JournalError
from change_events.explicit import titles
from change_events.explicit.validation import check_end
from change_events.journal import RecordState
from change_events.model import Outcome
from change_events.recording import process_bound
from change_events.recording.writer import RecordResult
from change_events.summary.explicit_message import own_part, worded
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Collection

    from change_events.files.rundir import RunDirectory
    from change_events.journal import Record
    from change_events.model import ChangeEvent, HostRun
    from change_events.recording.process_bound import ProcessBound
    from change_events.recording.writer import EventWriter

_ID = lazy_pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SAID_ANEW = ("environment", "service", "version", "hosts")


def start(
    recording: EventWriter, event: ChangeEvent, *, dedup_window: float | None = None, tie: ProcessBound | None = None
) -> RecordResult:
    """Record the start of a change, and notify destinations that receive started events, within the settings' budget.

    Args:
        recording: the writer of events.
        event: the current event: explicit, redacted, without an outcome.
        dedup_window: seconds in which an event with the same ``dedup_key`` is recorded only once.
        tie: a process that the change cannot outlive: when it has ended and the change is not settled, the next command
            settles it as "outcome unknown".
    """
    event = worded(event, recording.settings.message_bytes)
    folder = _tied(recording, event, tie) if tie else None
    result = recording.begin(event, dedup_window=dedup_window)
    if folder is not None:
        _keep(recording, folder, result)
    if result.recorded:
        recording.announce(event, wait=recording.settings.budget)  # the process may end after this
    return result


def settle(recording: EventWriter, end: ChangeEvent, given: Collection[str]) -> RecordResult:
    """Settle and deliver the started event with the ID of ``end``. If several settle it, the first one counts.

    Without a started event of this ID (it was pruned, or recorded on another machine), ``end`` is recorded alone.

    Args:
        recording: the writer of events.
        end: the event at its end: explicit, redacted; succeeded without an outcome.
        given: fields set by its sender; the others are those of the started event.

    Returns:
        The result. ``repeats`` is its own ID if it was settled before; nothing is changed then.

    Raises:
        EventRejectedError: it ends before its start.
        InputError: the ID is invalid, or that of a run, which settles itself; or there is neither a start nor a title.
        JournalError: the journal cannot be read, and there is no title.
    """
    check_id(end.id)
    settled = _settled(recording, end, given)
    if not settled.lost:
        process_bound.untie(end.id)
    return settled


def _settled(recording: EventWriter, end: ChangeEvent, given: Collection[str]) -> RecordResult:
    limit = recording.settings.message_bytes
    try:
        record = _read(recording, end.id)
    except JournalError as error:
        if not end.title:
            raise
        recording.say_once(str(error))
        return recording.settle(worded(complete(end, given), limit), if_open=True)
    if record is None:
        _check_alone(recording, end)
        return recording.settle(worded(complete(end, given), limit), if_open=True)
    if not record.event.explicit:
        raise InputError(
            f"id {end.id}: this event belongs to a run, which completes it; expected the ID of a started event"
        )
    if record.state is RecordState.SETTLED:
        return RecordResult(record.sealed, repeats=record.id)
    check_end(record.event, end.ended_at if "ended_at" in given else None)
    return recording.settle(worded(joined(record.event, end, given), limit), if_open=True)


def foreseen(recording: EventWriter, end: ChangeEvent, given: Collection[str]) -> ChangeEvent:
    """Return what :func:`settle` would record; without a started event, ``end`` alone.

    Raises:
        InputError: the ID is invalid.
        JournalError: the journal cannot be read.
    """
    check_id(end.id)
    record = _read(recording, end.id)
    return joined(record.event, end, given) if record and record.state is RecordState.STARTED else complete(end, given)


def check_id(text: str) -> None:
    """Raise InputError if the text is not the ID of an event."""
    if not _ID.fullmatch(text):
        raise InputError(f"id: {text[:60]!r} is not an event ID: expected the `id` returned by the start")


def joined(begun: ChangeEvent, end: ChangeEvent, given: Collection[str]) -> ChangeEvent:
    """Merge the two steps to one event.

    Fields of the end replace those of the start; messages, links and failures of both are kept, tags and data merged.
    Unless it is given again, the title says if the end was not a success, and the severity follows.
    """
    return msgspec.structs.replace(
        begun,
        outcome=end.outcome or Outcome.SUCCEEDED,
        ended_at=max(begun.started_at, end.ended_at or datetime.now(UTC)),
        title=end.title or titles.ended(begun.title, end.outcome),
        message="\n\n".join(text for text in (own_part(begun), end.message) if text),
        severity=end.severity if "severity" in given else titles.severity(end.outcome, begun.severity),
        tags={**begun.tags, **end.tags},
        data={**begun.data, **end.data},
        links=tuple(dict.fromkeys((*begun.links, *end.links))),
        failures=(*begun.failures, *end.failures),
        related=tuple(dict.fromkeys((*begun.related, *end.related))),
        **{name: getattr(end, name) for name in _SAID_ANEW if name in given},
        **({} if "hosts" in given else {"hosts": _hosts(begun, end.outcome)}),
    )


def _hosts(begun: ChangeEvent, outcome: Outcome | None) -> tuple[HostRun, ...]:
    """Return the hosts of the start with the outcome of the whole: a failure counts for all."""
    if outcome is not Outcome.FAILED:
        return begun.hosts
    return tuple(msgspec.structs.replace(host, status="failed") for host in begun.hosts)


def complete(event: ChangeEvent, given: Collection[str]) -> ChangeEvent:
    """Fill in missing fields of an ended event.

    The default outcome is succeeded; the severity follows the outcome; without times, it is now, with no duration.
    """
    severity = event.severity if "severity" in given else titles.severity(event.outcome)
    ended = event.ended_at if {"started_at", "ended_at"} & set(given) else event.started_at
    return msgspec.structs.replace(
        event, outcome=event.outcome or Outcome.SUCCEEDED, severity=severity, ended_at=event.ended_at or ended
    )


def _tied(recording: EventWriter, event: ChangeEvent, tie: ProcessBound) -> RunDirectory | None:
    try:
        return process_bound.tie(event, tie, str(recording.settings.journal))
    except OSError as error:
        recording.say_once(f"if its end never comes, the event stays under way: {error.strerror}")
        return None


def _keep(recording: EventWriter, folder: RunDirectory, begun: RecordResult) -> None:
    if not begun.recorded:
        folder.remove()
        return
    try:
        process_bound.keep(folder, begun.sealed)
    except OSError as error:
        recording.say_once(
            f"cannot write the checkpoint ({error.strerror}); if this run is killed, its event will be incomplete"
        )


def _read(recording: EventWriter, event_id: str) -> Record | None:
    with recording.journal() as journal:
        record = journal.get(event_id)
        if record is not None:
            _ = record.sealed  # read and kept while the journal is open
        return record


def _check_alone(recording: EventWriter, end: ChangeEvent) -> None:
    if not end.title:
        raise InputError(
            f"no started event with this ID in this journal ({end.id}): expected the `id` returned by the start, "
            "or a title, to record the end alone"
        )
    recording.say_once(f"no event with the id {end.id} was started in this journal: its end is recorded alone")
