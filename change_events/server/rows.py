"""One event as a row: of lists and of what leads to an event. Of its body only the few parts are read that it shows."""

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
    """How a run ended, as shape and word; ``quiet`` where it went well."""

    icon: str
    word: str
    quiet: bool


class EventRow(NamedTuple):
    """One event.

    Attributes:
        href: its page.
        phase: that nothing was applied; else empty.
        iso: the start; ``clock`` its time of day, ``when`` with its day.
        more_signals: how many others it has.
        team: whose it is, where that is not the same for all.
        failure: its first one; ``cause`` the first one of an event that has none.
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
    """What a row needs of the body."""

    actor: Actor | None = None
    vcs: Vcs | None = None
    signals: tuple[Signal, ...] = ()
    failures: tuple[Failure, ...] = ()
    causes: tuple[SharedCause, ...] = ()


_DECODER = msgspec.json.Decoder(Parts)


def event_row(record: Record, request: PageRequest) -> EventRow:
    """The row of an event. Raises JournalError where it is gone meanwhile."""
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
    """A few parts of the body, without the rest of it. Raises JournalError where it is gone meanwhile."""
    return _DECODER.decode(record.body)


def event_href(record: Record) -> Verbatim:
    """The page of an event: of one that others have recorded otherwise, as its team has."""
    return urls.event(record.id, team=team_of_address(record))


def team_of_address(record: Record) -> str:
    """The team without which the address of an event would be that of another one."""
    return record.teams[0] if record.others else ""


def look_of(record: Record) -> Look:
    """How it ended; what was sent without an outcome has the shape of its kind."""
    if record.state is RecordState.STARTED:
        return Look("running", RUNNING, quiet=False)
    if record.outcome is None:
        return Look(_SENT.get(record.kind, "fact"), "reported", quiet=True)
    return outcome_look(record.outcome)


def outcome_look(outcome: str) -> Look:
    """How a run ended, by its outcome alone."""
    if outcome == RUNNING:
        return Look("running", RUNNING, quiet=False)
    icon, word = _LOOKS.get(outcome, ("unknown", one_line(outcome, 40)))
    return Look(icon, word, quiet=icon == "ok")


def took(record: Record, request: PageRequest) -> str:
    """How long it took, or has taken so far; empty where that is not known, or nothing."""
    if record.ended_at is None and record.state is not RecordState.STARTED:
        return ""
    return times.took(record.started_at, record.ended_at, request)


def phase_words(phase: str) -> str:
    """That nothing was changed; empty where it was."""
    return {"applied": "", "planned": "plan only", "checked": "check mode"}.get(phase, one_line(phase, 40))


def _failure(failures: tuple[Failure, ...]) -> str:
    if not failures:
        return ""
    first = failures[0]
    text = one_line(f"{first.address}: {first.summary}" if first.address else first.summary)
    return f"{text} and {len(failures) - 1} more" if len(failures) > 1 else text
