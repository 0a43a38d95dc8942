"""The content of the page as plain texts and counts; the template only lays them out."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from change_events.model import DriftStatus, Outcome, Phase
from change_events.report import changes
from change_events.report.attributes import Row, attribute_rows, values
from change_events.report.facts import Fact, facts
from change_events.summary import answer, causes, explicit_message, stacks
from change_events.summary.change_text import drift_word, file_place, outputs_heading, partial
from change_events.summary.playbook import host_words
from change_events.summary.who import who
from change_events.text.markdown import one_line
from change_events.text.times import lasted

if TYPE_CHECKING:
    from change_events.model import ChangeEvent, Signal
    from change_events.report.room import Room

_MOST = 200  # per list, except changes
_LINES = 40
_SIGNALS = 50
_LONG = 500
_OVERHEAD = 300  # bytes of markup around a part
_TITLE = 200
_ICONS = {
    None: ("running", "now"),
    Outcome.SUCCEEDED: ("ok", ""),
    Outcome.NO_CHANGE: ("ok", ""),
    Outcome.PARTIAL: ("partial", "warn"),
    Outcome.FAILED: ("failed", "bad"),
    Outcome.UNKNOWN: ("unknown", "warn"),
    Outcome.CANCELLED: ("cancelled", ""),
    Outcome.DECLINED: ("cancelled", ""),
}


class SignalView(NamedTuple):
    """A risk signal; ``tone`` is its severity."""

    name: str
    reason: str
    address: str
    tone: str


class RowView(NamedTuple):
    """One event in the list and above its details."""

    anchor: str
    title: str
    look: changes.Look
    iso: str
    when: str
    took: str
    who: str
    signals: list[SignalView]
    reason: str
    grave: bool


class FailureView(NamedTuple):
    """One error."""

    subject: str
    summary: str
    place: str
    lines: list[str]


class DriftView(NamedTuple):
    """One resource that was changed outside of the tool."""

    look: changes.Look
    address: str
    attrs: list[Row]
    more: str


class EventView(NamedTuple):
    """The details of one event."""

    row: RowView
    full: str
    what: str
    failures: list[FailureView]
    causes: list[str]
    message: list[str]
    columns: tuple[str, ...]
    table: list[changes.TableRow]
    result: str
    noun: str
    total: int
    changes: changes.Shown
    hosts: list[changes.HostView]
    host_words: str
    drift: list[DriftView]
    outputs: list[Row]
    outputs_heading: str
    checks: list[str]
    commits: list[str]
    related: list[str]
    omitted: str
    facts: list[Fact]


def row_view(event: ChangeEvent, anchor: str) -> RowView:
    """Return an event for the list; ``anchor`` is the fragment of its details, empty if they are omitted."""
    icon, tone = _ICONS[event.outcome]
    phase = "" if event.phase is Phase.APPLIED else f" ({event.phase.value})"
    took = (event.ended_at - event.started_at).total_seconds() if event.ended_at else 0
    return RowView(
        anchor=anchor,
        title=one_line(event.title, _TITLE) or event.kind.value,
        look=changes.Look(icon, tone, answer.outcome_words(event) + phase, quiet=not tone),
        iso=event.started_at.isoformat(),
        when=answer.clock(event.started_at),
        took=lasted(took) if took > 0 else "",
        who=who(event.actor),
        signals=[_signal(signal) for signal in event.signals[:_SIGNALS]],
        reason=_reason(event),
        grave=answer.went_wrong(event) or bool(event.signals),
    )


def _signal(signal: Signal) -> SignalView:
    name = one_line(signal.name.replace("_", " "), 60)
    return SignalView(
        name, one_line(signal.reason, _LONG), one_line(signal.address or "", _LONG), signal.severity.value
    )


def _reason(event: ChangeEvent) -> str:
    """Return the reason to look at it: its first failure, otherwise its first cause or signal."""
    if event.failures:
        first = event.failures[0]
        return one_line(f"{first.address}: {first.summary}" if first.address else first.summary)
    for cause in causes.known(event.causes):
        return one_line(causes.shared_words(cause, markdown=False))
    return one_line(event.signals[0].reason) if event.signals else ""


def event_view(event: ChangeEvent, anchor: str, room: Room) -> EventView:
    """Return the details of an event that fit."""
    table = changes.table(event)
    failures, drift = _failures(event, room), _drifts(event, room)
    outputs, hosts = _outputs(event, room), changes.hosts(event, _MOST, room)
    figures = {
        "failures": len(failures),
        "drifted resources": len(drift),
        "outputs": len(outputs),
        "hosts": len(hosts),
    }
    return EventView(
        row=row_view(event, anchor),
        full=f"{event.started_at.astimezone():%a %d %b %Y, %H:%M:%S %z}",
        what=one_line(event.tool.command or event.tool.name, _TITLE) if event.tool else event.kind.value,
        failures=failures,
        causes=room.some(causes.shared_words(cause, markdown=False) for cause in event.causes[:_MOST]),
        message=room.some(explicit_message.own_part(event).splitlines()[:_MOST] if event.explicit else _end(event)),
        columns=changes.COLUMNS,
        table=table,
        result="" if table else answer.planned_and_result(event),
        noun="Changes" if event.playbook is None else "Tasks",
        total=len(event.changes),
        changes=changes.shown(event, room),
        hosts=hosts,
        host_words=host_words(event.summary.hosts) if event.summary.hosts else str(len(event.hosts)),
        drift=drift,
        outputs=outputs,
        outputs_heading=outputs_heading(event),
        checks=room.some(": ".join([one.address, one.status, *one.problems]) for one in event.checks[:_MOST]),
        commits=room.some(changes.commits(event, _MOST)),
        related=room.some(one.title or one.id for one in event.related[:_MOST]),
        omitted=_omitted(event, figures),
        facts=facts(event),
    )


def _end(event: ChangeEvent) -> list[str]:
    if event.stacks is not None:
        return list(islice(stacks.lines(event.stacks), _MOST))
    return [event.playbook.end] if event.playbook and event.playbook.end else []


def _failures(event: ChangeEvent, room: Room) -> list[FailureView]:
    found: list[FailureView] = []
    for failure in event.failures[:_MOST]:
        subject, summary = one_line(failure.address or "", _LONG), one_line(failure.summary, _LONG)
        place = one_line(file_place(failure.file, failure.line), _LONG)
        if not room.take(_OVERHEAD, subject, summary, place):
            break
        lines = [line for line in (failure.detail or "").splitlines() if line.strip()]
        shown = room.some(lines[:_LINES])
        more = [f"… and {len(lines) - len(shown)} more lines"] if len(lines) > len(shown) else []
        found.append(FailureView(subject, summary, place, [*shown, *more]))
    return found


def _outputs(event: ChangeEvent, room: Room) -> list[Row]:
    rows = [values(output.name, output.before, output.after) for output in event.outputs[:_MOST]]
    return [row for row in rows if room.take(_OVERHEAD, *row[:-1])]


def _drifts(event: ChangeEvent, room: Room) -> list[DriftView]:
    found: list[DriftView] = []
    for drift in event.drift[:_MOST]:
        place = f" in {drift.directory}" if drift.directory else ""
        address = one_line(f"{drift.address}{place}", _LONG)
        if not room.take(_OVERHEAD, address):
            break
        rows, more = attribute_rows(drift.attributes, drift.attributes_omitted, room)
        look = changes.Look("unknown", "warn", drift_word(drift), quiet=drift.status is DriftStatus.GONE)
        found.append(DriftView(look, address, rows, more))
    return found


def _omitted(event: ChangeEvent, shown: dict[str, int]) -> str:
    """Return what is omitted from the page, and what was omitted from the record."""
    parts = [
        f"{left} {noun}"
        for noun, number in shown.items()
        if (left := len(getattr(event, noun if noun != "drifted resources" else "drift")) - number) > 0
    ]
    said = [f"Not on this page: {', '.join(parts)}."] if parts else []
    if event.truncated:
        said.append(f"This event was recorded without some details{answer.omitted(event.truncated)}.")
    return " ".join([*said, partial(event)]).strip()
