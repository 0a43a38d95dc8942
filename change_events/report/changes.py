"""The changes of an event on a page: resources or tasks, the worst first; plan versus result; hosts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Action, ChangeOutcome
from change_events.report.attributes import Row, attribute_rows
from change_events.summary.change_text import file_place, plain_reason
from change_events.summary.playbook import became, things
from change_events.summary.state_edit import entry_words
from change_events.text.markdown import one_line
from change_events.text.times import lasted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Change, ChangeEvent
    from change_events.report.room import Room

COLUMNS = ("planned", "applied", "failed", "not attempted", "unknown")
_MOST_SQUARES = 60
_OVERHEAD = 420  # bytes of markup around a change
_ADDRESS, _NOTE = 400, 500
_ERROR_LINES = 12
_COMMIT = 12
_LOOKS = {
    ChangeOutcome.APPLIED: ("ok", "", ""),
    ChangeOutcome.PLANNED: ("open", "", ""),
    ChangeOutcome.NOT_ATTEMPTED: ("open", "", "not attempted"),
    ChangeOutcome.FAILED: ("failed", "bad", "failed"),
    ChangeOutcome.UNKNOWN: ("unknown", "warn", "outcome unknown"),
}
_OUTCOMES = (ChangeOutcome.FAILED, ChangeOutcome.UNKNOWN, ChangeOutcome.NOT_ATTEMPTED, ChangeOutcome.APPLIED)
_ACTIONS = (Action.OTHER, Action.DESTROY, Action.REPLACE, Action.UPDATE, Action.CHANGE, Action.CREATE, Action.INVOKE)
_STATUSES = ("failed", "unreachable", "changed", "rescued", "ignored", "ok", "skipped")


class Look(NamedTuple):
    """An outcome as shape, colour and word."""

    icon: str
    tone: str
    word: str
    quiet: bool


class ChangeView(NamedTuple):
    """One change."""

    look: Look
    address: str
    right: str
    notes: list[str]
    attrs: list[Row]
    more: str


class Shown(NamedTuple):
    """The changes that fit, the number of others, and the command that prints them."""

    items: list[ChangeView]
    more: int
    where: str


class Square(NamedTuple):
    """One change in the table."""

    outcome: str
    x: float


class TableRow(NamedTuple):
    """One action: the number of planned changes, and their results."""

    action: str
    figures: tuple[int, ...]
    squares: list[Square]
    label: str


class HostView(NamedTuple):
    """One host of a playbook run."""

    name: str
    look: Look
    figures: str


def worst_first(event: ChangeEvent) -> list[Change]:
    """Return the changes by outcome, then by action, otherwise in the given order."""
    return sorted(event.changes, key=lambda one: (_rank(one.outcome, _OUTCOMES), _rank(one.action, _ACTIONS)))


def _rank(value: object, order: tuple[object, ...]) -> int:
    return order.index(value) if value in order else len(order)


def shown(event: ChangeEvent, room: Room) -> Shown:
    """Return the changes of an event that fit."""
    ordered = worst_first(event)
    items: list[ChangeView] = []
    for change in ordered:
        notes = [one_line(note, _NOTE) for note in _notes(change)]
        if not room.take(_OVERHEAD, change.address[:_ADDRESS], *notes):
            break
        quiet = change.action in {Action.DESTROY, Action.CREATE}
        attributes = () if quiet and change.outcome is ChangeOutcome.APPLIED else change.attributes
        rows, more = attribute_rows(attributes, change.attributes_omitted, room)
        items.append(ChangeView(_look(change), one_line(change.address, _ADDRESS), _right(change), notes, rows, more))
    left = len(ordered) - len(items)
    return Shown(items, left, f"tfevent events show {event.id} --all" if left else "")


def _look(change: Change) -> Look:
    icon, tone, _ = _LOOKS[change.outcome]
    verb = " ".join(change.raw_actions) if change.action is Action.OTHER else change.action.value.replace("_", " ")
    return Look(icon, tone, one_line(verb, 40) or "other", quiet=not tone)


def _right(change: Change) -> str:
    word = _LOOKS[change.outcome][2]
    took = lasted(change.duration) if change.duration is not None else ""
    return f"{word} after {took}" if word and took else word or took


def _notes(change: Change) -> Iterator[str]:
    lines = [line for line in (change.error or "").splitlines() if line.strip()]
    yield from lines[:_ERROR_LINES]
    if change.task:
        yield from became(change.task)
        yield things(change.task) or change.type or ""
    if change.action is Action.EDIT:
        yield entry_words(change)
    if change.note:
        yield change.note
    if change.reason:
        yield "because " + plain_reason(change.reason)
    if change.deposed:
        yield f"deposed object {change.deposed}"
    if change.previous_address:
        yield f"moved from {change.previous_address}"
    if change.importing:
        yield f"imported{f' with id {change.import_id}' if change.import_id else ''}"
    if change.deferred:
        yield f"deferred: {change.deferred.replace('_', ' ')}"
    if change.source:
        yield file_place(change.source.file, change.source.line)


def table(event: ChangeEvent) -> list[TableRow]:
    """Return plan and result by action; empty if the event does not list all changes."""
    if event.playbook or event.explicit or event.state or (event.truncated and event.truncated.changes):
        return []
    found = [c for c in event.changes if c.outcome is not ChangeOutcome.PLANNED and c.action is not Action.NO_OP]
    return [_table_row(action, found) for action in sorted({c.action for c in found}, key=lambda a: _rank(a, _ACTIONS))]


def _table_row(action: Action, found: list[Change]) -> TableRow:
    outcomes = Counter(change.outcome for change in found if change.action is action)
    order = (ChangeOutcome.APPLIED, ChangeOutcome.FAILED, ChangeOutcome.NOT_ATTEMPTED, ChangeOutcome.UNKNOWN)
    figures = (outcomes.total(), *(outcomes[outcome] for outcome in order))
    squares = [outcome.value for outcome in order for _ in range(outcomes[outcome])]
    label = ", ".join(f"{n} {name}" for n, name in zip(figures[1:], COLUMNS[1:], strict=True) if n)
    drawn = squares if len(squares) <= _MOST_SQUARES else []
    return TableRow(
        action.value.replace("_", " "), figures, [Square(one, 0.5 + 17 * at) for at, one in enumerate(drawn)], label
    )


def hosts(event: ChangeEvent, most: int, room: Room) -> list[HostView]:
    """Return the hosts of a playbook run, the worst status first."""
    ordered = sorted(event.hosts, key=lambda host: _rank(host.status, _STATUSES))
    views = [HostView(one_line(one.name), _host_look(one.status), _figures(one)) for one in ordered[:most]]
    return [view for view in views if room.take(_OVERHEAD, view.name)]


def _host_look(status: str) -> Look:
    bad = status in {"failed", "unreachable"}
    return Look("failed" if bad else "ok", "bad" if bad else "", one_line(status, 20), quiet=not bad)


def _figures(host: object) -> str:
    return ", ".join(f"{number} {name}" for name in _STATUSES if (number := getattr(host, name)))


def commits(event: ChangeEvent, most: int) -> list[str]:
    """Return the commits since the previous version, newest first."""
    vcs = event.vcs
    if vcs is None:
        return []
    lines = [
        " ".join(part for part in (one.id[:_COMMIT], one.subject, one.author and f"by {one.author}") if part)
        for one in vcs.commits[:most]
    ]
    left = len(vcs.commits) - len(lines) + vcs.commits_omitted
    return [*lines, f"… and {left} more"] if left else lines
