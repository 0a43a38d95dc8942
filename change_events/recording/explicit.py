"""Events that are sent on purpose, as their documents describe them.

Beside what :mod:`change_events.recording.ingest` reads, the document of an explicit event may say:

* ``once_within``: seconds in which an event with the same ``key`` is recorded only once.
* ``bracket``: ``start`` records a change that begins now and that another document settles, maybe days later and from
  another process; ``end`` settles it, by the ``id`` of its event (:mod:`change_events.recording.two_step`).
* ``process``: with ``bracket: start``, the number of a process that the change cannot outlive: if it has ended and the
  change is not settled, the next command settles it as "outcome unknown".
* ``destinations``: names of those that get the event, whatever their conditions, instead of all whose conditions hold.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from change_events import routing
from change_events.errors import InputError, JournalError
from change_events.explicit.validation import check_document
from change_events.recording import two_step
from change_events.recording.process_bound import ProcessBound
from change_events.recording.writer import RecordResult
from change_events.summary.explicit_message import worded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from change_events.destinations.base import DestinationSettings
    from change_events.model import ChangeEvent, SealedEvent
    from change_events.recording.writer import EventWriter
    from change_events.settings import Settings
    from change_events.settings.model import Unrouted

STEPS = ("start", "end")


def settings_for(document: Mapping[str, Any], settings: Settings, say: Callable[[str], object]) -> Settings:
    """The settings with the destinations that the document names; ``say`` tells those that are not there.

    Who names a destination means it: its conditions (``when``) are not asked.
    """
    wanted = document.get("destinations")
    if wanted is None:
        return settings
    known = settings.names
    later: tuple[Unrouted, ...] = ()
    if not set(wanted) <= {
        one.name for one in (*settings.destinations, *settings.broken)
    }:  # they may be what could not be understood
        later = tuple(msgspec.structs.replace(one, wanted=tuple(wanted)) for one in settings.unrouted)
    there = f"it has {', '.join(known)}" if known else "it has none at all"
    for name in wanted:
        if name not in known and not later:
            say(f"destinations: tfevent.yaml has none named {name!r}; {there}")
    chosen = tuple(_unconditional(one) for one in settings.destinations if one.name in wanted)
    waiting = tuple(_unconditional(one) for one in settings.broken if one.name in wanted)
    return msgspec.structs.replace(settings, destinations=chosen, broken=waiting, unrouted=later)


def _unconditional(destination: DestinationSettings) -> DestinationSettings:
    """Who names a destination means it, whatever its conditions."""
    return msgspec.structs.replace(destination, routing=msgspec.structs.replace(destination.routing, when=()))


def record(recording: EventWriter, event: ChangeEvent, document: Mapping[str, Any]) -> RecordResult:
    """Record and deliver what the document tells.

    Raises:
        InputError: it asks for a step that there is not, or ends what was not started.
        EventRejectedError: an explicit event contradicts itself.
        JournalError: see :func:`change_events.recording.two_step.settle`.
    """
    step, seconds, given = _step(document), document.get("once_within"), document.get("event") or ()
    event = _checked(event, document, step)
    if step == "start":
        return two_step.start(recording, event, once_within=seconds, tie=_tie(document))
    if step == "end":
        return two_step.settle(recording, event, given)
    ended = worded(two_step.complete(event, given), recording.settings.message_bytes) if event.explicit else event
    return recording.settle(ended, once_within=seconds)


def foresee(recording: EventWriter, event: ChangeEvent, document: Mapping[str, Any]) -> RecordResult:
    """What :func:`record` would do, with ``waiting`` destinations; nothing is recorded. Raises InputError."""
    step, earlier, given = _step(document), None, document.get("event") or ()
    before: SealedEvent | None = None
    event = _checked(event, document, step)
    if step != "start" and event.explicit:
        event = two_step.complete(event, given)
    if recording.settings.journal.exists():  # a look ahead makes none
        with suppress(JournalError):
            earlier, before = _earlier(recording, event, document.get("once_within"))
            if step == "end":
                event = two_step.foreseen(recording, event, given)
    event = worded(event, recording.settings.message_bytes)
    ended = event if step == "start" else msgspec.structs.replace(event, ended_at=event.ended_at or datetime.now(UTC))
    sealed = recording.sealed(ended)
    names = [] if step == "start" or earlier else routing.destinations(sealed.event, recording.settings)
    return RecordResult(sealed, states=dict.fromkeys(names, "waiting"), repeats=earlier, earlier=before)


def _checked(event: ChangeEvent, document: Mapping[str, Any], step: str | None) -> ChangeEvent:
    """An event whose times and key make sense; one that names only its end has begun then.

    A playbook run is observed: a clock that was put back meanwhile is no mistake of its sender's.
    """
    if event.playbook is not None:
        return event
    check_document(document, event, begins=step == "start")
    given = document.get("event") or {}
    if step is None and event.ended_at and not given.get("started_at"):
        return msgspec.structs.replace(event, started_at=event.ended_at)
    return event


def _tie(document: Mapping[str, Any]) -> ProcessBound | None:
    number = document.get("process")
    if number is None:
        return None
    if not isinstance(number, int) or number <= 0:
        raise InputError("process: write the number of a process, or leave it out")
    return ProcessBound(number, document.get("destinations"))


def _step(document: Mapping[str, Any]) -> str | None:
    step = document.get("bracket")
    if step is not None and step not in STEPS:
        raise InputError(f"bracket: write one of {', '.join(STEPS)}, or leave it out")
    return step


def _earlier(
    recording: EventWriter, event: ChangeEvent, seconds: float | None
) -> tuple[str, SealedEvent] | tuple[None, None]:
    from change_events.journal import Query

    if not seconds or event.key is None:
        return None, None
    since = datetime.fromtimestamp(time.time() - seconds, UTC)
    with recording.journal() as journal:
        found = next(iter(journal.list(Query(key=event.key, since=since, limit=1))), None)
        return (found.id, found.sealed) if found else (None, None)
