"""Records explicit events from their documents.

In addition to the keys of :mod:`change_events.recording.ingest`, the document of an explicit event may have:

* ``dedup_window``: seconds in which an event with the same ``dedup_key`` is recorded only once.
* ``state``: ``started`` records a change that begins now and that another document settles, maybe days later and from
another process; ``finished`` settles it, by the ``id`` of its event (:mod:`change_events.recording.two_step`).
* ``close_with_pid``: with ``state: started``, the ID of a process that the change cannot outlive: if it has ended and
the change is not settled, the next command settles it as "outcome unknown".
* ``destinations``: names of the destinations that receive the event regardless of their conditions; by default, all
whose conditions match.
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

STATES = ("started", "finished")


def settings_for(document: Mapping[str, Any], settings: Settings, say: Callable[[str], object]) -> Settings:
    """Return the settings with the destinations named in the document; ``say`` reports unknown names.

    Conditions (``when``) of named destinations are ignored.
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
    """Return a destination without its conditions."""
    routing = msgspec.structs.replace(destination.routing, when=(), stacks="both")
    return msgspec.structs.replace(destination, routing=routing)


def record(recording: EventWriter, event: ChangeEvent, document: Mapping[str, Any]) -> RecordResult:
    """Record and deliver the document's event.

    Raises:
        InputError: the state is unknown, or it ends an event that was not started.
        EventRejectedError: the event contradicts itself.
        JournalError: see :func:`change_events.recording.two_step.settle`.
    """
    state, seconds, given = _state(document), document.get("dedup_window"), document.get("event") or ()
    event = _checked(event, document, state)
    if state == "started":
        return two_step.start(recording, event, dedup_window=seconds, tie=_tie(document))
    if state == "finished":
        return two_step.settle(recording, event, given)
    ended = worded(two_step.complete(event, given), recording.settings.message_bytes) if event.explicit else event
    return recording.settle(ended, dedup_window=seconds)


def foresee(recording: EventWriter, event: ChangeEvent, document: Mapping[str, Any]) -> RecordResult:
    """Return what :func:`record` would do, with ``waiting`` destinations; nothing is recorded. Raises InputError."""
    state, earlier, given = _state(document), None, document.get("event") or ()
    before: SealedEvent | None = None
    event = _checked(event, document, state)
    if state != "started" and event.explicit:
        event = two_step.complete(event, given)
    if recording.settings.journal.exists():  # a look ahead makes none
        with suppress(JournalError):
            earlier, before = _earlier(recording, event, document.get("dedup_window"))
            if state == "finished":
                event = two_step.foreseen(recording, event, given)
    event = worded(event, recording.settings.message_bytes)
    ended = (
        event if state == "started" else msgspec.structs.replace(event, ended_at=event.ended_at or datetime.now(UTC))
    )
    sealed = recording.sealed(ended)
    names = [] if state == "started" or earlier else routing.destinations(sealed.event, recording.settings)
    return RecordResult(sealed, states=dict.fromkeys(names, "waiting"), repeats=earlier, earlier=before)


def _checked(event: ChangeEvent, document: Mapping[str, Any], state: str | None) -> ChangeEvent:
    """Return an event with valid times and key; one with only an end starts at that time.

    In an observed playbook run, a clock that was set back is not an error.
    """
    if event.playbook is not None:
        return event
    check_document(document, event, begins=state == "started")
    given = document.get("event") or {}
    if state is None and event.ended_at and not given.get("started_at"):
        return msgspec.structs.replace(event, started_at=event.ended_at)
    return event


def _tie(document: Mapping[str, Any]) -> ProcessBound | None:
    number = document.get("close_with_pid")
    if number is None:
        return None
    if not isinstance(number, int) or number <= 0:
        raise InputError("close_with_pid: expected a process ID")
    return ProcessBound(number, document.get("destinations"))


def _state(document: Mapping[str, Any]) -> str | None:
    state = document.get("state")
    if state is not None and state not in STATES:
        raise InputError(f"state: expected one of {', '.join(STATES)}")
    return state


def _earlier(
    recording: EventWriter, event: ChangeEvent, seconds: float | None
) -> tuple[str, SealedEvent] | tuple[None, None]:
    from change_events.journal import Query

    if not seconds or event.dedup_key is None:
        return None, None
    since = datetime.fromtimestamp(time.time() - seconds, UTC)
    with recording.journal() as journal:
        found = next(iter(journal.list(Query(key=event.dedup_key, since=since, limit=1))), None)
        return (found.id, found.sealed) if found else (None, None)
