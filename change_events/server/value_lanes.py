"""The values of a thing's attributes over time, per stack, as far as its changes on the page show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.history.why import AttributeHistory
from change_events.model import Value, ValueKind
from change_events.report.attributes import text_of
from change_events.server import times
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from change_events.history.why import Entry, ThingChange
    from change_events.server.page import PageRequest

_MOST = 8
_BEFORE = 0.08  # share of the width for values before the first change
_CHARACTER, _MARGIN = 0.95, 1.2  # percent of the width
_TICKS = 4
_TEXT = 80
_GONE = ("destroy", "forget")
_MADE = ("create", "replace")
_TAINTED = "replace_because_tainted"
_NOT_RECORDED = "(not recorded)"
_UNKNOWN = Value(kind=ValueKind.UNKNOWN)


class Span(NamedTuple):
    """One value: position in percent of the width; ``text`` is empty without room for it."""

    x: float
    width: float
    text: str
    kind: str


class Lane(NamedTuple):
    """One attribute: ``now`` is its last recorded value, ``label`` the full description.

    ``stack`` is the heading for this lane and those below it, if there are several stacks.
    """

    stack: str
    path: str
    spans: list[Span]
    now: str
    label: str


class Tick(NamedTuple):
    """A date below the lanes."""

    x: float
    text: str


class Lanes(NamedTuple):
    """All lanes; none if there is nothing to draw."""

    lanes: list[Lane]
    ticks: list[Tick]
    since: str


class _Step(NamedTuple):
    at: datetime
    change: AttributeHistory


def value_lanes(entries: Sequence[Entry], request: PageRequest) -> Lanes:
    """Return lanes of the most changed attributes, by stack, from the entries of one address, newest first.

    Failed changes are ignored.
    """
    stacks: dict[str, _Steps] = {}
    for entry in reversed(entries):
        steps = stacks.setdefault(entry.stack, _Steps())
        for change in entry.changes:
            steps.add(entry.started_at, change)
    found = {(stack, path): lane for stack, steps in stacks.items() for path, lane in steps.known()}
    if not found:
        return Lanes([], [], "")
    first = min(lane[0].at for lane in found.values())
    start = first - (request.now - first) * _BEFORE
    chosen = sorted(found, key=lambda place: -sum(_is_known(one) for one in found[place]))[:_MOST]
    names = list(dict.fromkeys(stack for stack, _ in chosen))
    chosen.sort(key=lambda place: names.index(place[0]))  # otherwise stable
    lanes = [_lane(path, found[stack, path], start, request) for stack, path in chosen]
    if len(stacks) > 1:
        seen: set[str] = set()
        for number, (stack, _) in enumerate(chosen):
            name = "" if stack in seen else one_line(stack)
            lanes[number] = lanes[number]._replace(stack=name, label=f"{one_line(stack)}, {lanes[number].label}")
            seen.add(stack)
    return Lanes(lanes, [_tick(place, start, request) for place in range(_TICKS)], times.date(first, request))


class _Steps:
    """The values of a thing in one stack, by path, from the oldest change on."""

    def __init__(self) -> None:
        self._steps: dict[str, list[_Step]] = {}
        self._made: dict[str, AttributeHistory] = {}
        """What an object has that was made by a change which then failed, if it is tainted."""

    def add(self, at: datetime, change: ThingChange) -> None:
        """Add the next change. A tainted object is recreated with its values: the change has only differences."""
        if change.action in _GONE and change.outcome == "applied":
            self._steps.clear()
        elif change.outcome == "applied":
            named = {one.path for one in change.attributes}
            kept = [one for path, one in self._made.items() if path not in named] if change.reason == _TAINTED else []
            for one in (*self._stale(change), *change.attributes, *kept):
                self._steps.setdefault(one.path, []).append(_Step(at, one))
        elif change.action in _MADE:
            self._made |= {one.path: one for one in change.attributes}
            return
        self._made.clear()

    def _stale(self, change: ThingChange) -> Iterator[AttributeHistory]:
        """Yield other attributes that contain a changed one, or are contained in one: their new value is unknown."""
        named = {one.path for one in change.attributes}
        for path in self._steps.keys() - named:
            if any(_is_below(one, path) or _is_below(path, one) for one in named):
                yield AttributeHistory(path, _UNKNOWN, _UNKNOWN)

    def known(self) -> Iterator[tuple[str, list[_Step]]]:
        """Yield the attributes with a recorded value."""
        return ((path, steps) for path, steps in self._steps.items() if any(map(_is_known, steps)))


def _is_below(path: str, other: str) -> bool:
    return path.startswith((f"{other}.", f"{other}["))


def _is_known(step: _Step) -> bool:
    return step.change.after.kind is not ValueKind.UNKNOWN


def _lane(path: str, steps: list[_Step], start: datetime, request: PageRequest) -> Lane:
    spans = list(_spans(steps, start, request))
    said = [f"{_shown(steps[0].change.before)} at first"]
    said += [f"then {_shown(one.change.after)} from {times.short(one.at, request)}" for one in steps]
    return Lane("", one_line(path), spans, _shown(steps[-1].change.after), f"{one_line(path)}: {', '.join(said)}")


def _spans(steps: list[_Step], start: datetime, request: PageRequest) -> Iterator[Span]:
    whole = max((request.now - start).total_seconds(), 1)
    places = [0.0, *(min(100.0, max(0.0, 100 * (one.at - start).total_seconds() / whole)) for one in steps), 100.0]
    values = [steps[0].change.before, *(one.change.after for one in steps)]
    for number, value in enumerate(values):
        x, width = places[number], places[number + 1] - places[number]
        kind = "v-now" if number == len(steps) else "v-alt" if number % 2 else "v"
        yield Span(round(x, 2), round(width, 2), _fitting(_shown(value), width), kind)


def _fitting(text: str, width: float) -> str:
    room = int((width - _MARGIN) / _CHARACTER)
    if len(text) <= room:
        return text
    return text[: room - 1] + "…" if room > 4 else ""  # noqa: PLR2004 - less says nothing


def _shown(value: Value) -> str:
    return _NOT_RECORDED if value.kind is ValueKind.UNKNOWN else one_line(text_of(value), _TEXT)


def _tick(place: int, start: datetime, request: PageRequest) -> Tick:
    at = start + (request.now - start) * place / _TICKS
    local = at.astimezone(request.zone)
    is_short = (request.now - start).days < _TICKS
    return Tick(round(100 * place / _TICKS, 2), f"{local:%H:%M}" if is_short else f"{local.day} {local:%b}")
