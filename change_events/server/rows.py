"""Rows of events, for lists and links; only the needed fields of a body are decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.journal import RecordState
from change_events.model import Actor, Failure, SharedCause, Signal, Vcs  # noqa: TC001 - of a decoded struct
from change_events.query.selection import RUNNING
from change_events.server import times, urls
from change_events.server.cause_views import CauseView, shared_view
from change_events.server.signal_views import SignalView, signal_views
from change_events.summary import causes
from change_events.summary.who import who
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from datetime import datetime

    from change_events.journal import Record
    from change_events.report.visible import Verbatim
    from change_events.server.page import PageRequest

_LOOKS = {
    "succeeded": ("ok", "succeeded"),
    "no_change": ("ok", "no changes"),
    "partial": ("partial", "partial"),
    "failed": ("failed", "failed"),
    "unknown": ("unknown", "unknown"),
    "cancelled": ("cancelled", "cancelled"),
    "declined": ("cancelled", "declined"),
}
_SENT = {"deployment": "deploy", "boot": "boot", "start": "boot", "stop": "boot"}
_TITLE = 300
_NAME = 80
_SIGNALS = 3


class Look(NamedTuple):
    """The outcome of a run as shape and word; ``quiet`` if it succeeded."""

    icon: str
    word: str
    quiet: bool


class EventRow(NamedTuple):
    """One event.

    Attributes:
        href: URL of its page.
        phase: note that nothing was applied; otherwise empty.
        iso: start time; ``clock``: its time of day, ``when``: with the day.
        more_signals: number of further signals.
        team: its team, if there are several.
        failure: its first failure; ``cause``: its first cause if it has none.
    """

    id: str
    href: Verbatim
    title: str
    look: Look
    phase: str
    started_at: datetime
    iso: str
    clock: str
    when: str
    took: str
    who: str
    tool: str
    signals: list[SignalView]
    more_signals: int
    team: str
    failure: str
    cause: CauseView | None


class Parts(msgspec.Struct):
    """The fields of the body needed for a row."""

    actor: Actor | None = None
    vcs: Vcs | None = None
    signals: tuple[Signal, ...] = ()
    failures: tuple[Failure, ...] = ()
    causes: tuple[SharedCause, ...] = ()


_DECODER = msgspec.json.Decoder(Parts)


def event_row(record: Record, request: PageRequest) -> EventRow:
    """Return the row of an event. Raises JournalError if it was removed in the meantime."""
    parts = parts_of(record)
    signals = signal_views(parts.signals)
    failure = _failure(parts.failures)
    cause = None if failure else next(causes.known(parts.causes), None)
    return EventRow(
        id=record.id,
        href=event_href(record),
        title=one_line(record.title, _TITLE) or record.kind,
        look=look_of(record),
        phase=phase_words(record.phase),
        started_at=record.started_at,
        iso=times.exact(record.started_at, request),
        clock=times.clock(record.started_at, request),
        when=times.short(record.started_at, request),
        took=took(record, request),
        who=one_line(who(parts.actor), _NAME),
        tool=one_line(record.tool or record.kind, _NAME),
        signals=signals[:_SIGNALS],
        more_signals=max(0, len(signals) - _SIGNALS),
        team=", ".join(record.teams) if request.several_teams else "",
        failure=failure,
        cause=shared_view(cause, parts.vcs) if cause else None,
    )


def parts_of(record: Record) -> Parts:
    """Return the needed fields of the body. Raises JournalError if it was removed in the meantime."""
    return _DECODER.decode(record.body)


def event_href(record: Record) -> Verbatim:
    """Return the URL of an event, with the team if others recorded it differently."""
    return urls.event(record.id, team=team_of_address(record))


def team_of_address(record: Record) -> str:
    """Return the team required in the URL of an event to distinguish it from another one."""
    return record.teams[0] if record.others else ""


def look_of(record: Record) -> Look:
    """Return its outcome; an explicit event without one has the shape of its kind."""
    if record.state is RecordState.STARTED:
        return Look("running", RUNNING, quiet=False)
    if record.outcome is None:
        return Look(_SENT.get(record.kind, "fact"), "reported", quiet=True)
    return outcome_look(record.outcome)


def outcome_look(outcome: str) -> Look:
    """Return the look of an outcome."""
    if outcome == RUNNING:
        return Look("running", RUNNING, quiet=False)
    icon, word = _LOOKS.get(outcome, ("unknown", one_line(outcome, 40)))
    return Look(icon, word, quiet=icon == "ok")


def took(record: Record, request: PageRequest) -> str:
    """Return how long it took, or has taken so far; empty if unknown or zero."""
    if record.ended_at is None and record.state is not RecordState.STARTED:
        return ""
    return times.took(record.started_at, record.ended_at, request)


def phase_words(phase: str) -> str:
    """Return the note that nothing was changed; empty if something was."""
    return {"applied": "", "planned": "plan only", "checked": "check mode"}.get(phase, one_line(phase, 40))


def _failure(failures: tuple[Failure, ...]) -> str:
    if not failures:
        return ""
    first = failures[0]
    text = one_line(f"{first.address}: {first.summary}" if first.address else first.summary)
    return f"{text} and {len(failures) - 1} more" if len(failures) > 1 else text
