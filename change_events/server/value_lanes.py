"""The values of each attribute of a thing over time, as far as its changes on the page say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.report.attributes import text_of
from change_events.server import times
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from change_events.history.why import AttributeHistory, Entry
    from change_events.server.page import PageRequest

_MOST = 8
_BEFORE = 0.08  # of the width, for what was there before the first change
_CHARACTER, _MARGIN = 0.95, 1.2  # percent of the width
_TICKS = 4
_TEXT = 80
_GONE = ("destroy", "forget")


class Span(NamedTuple):
    """One value: in percent of the width; ``text`` is empty where there is no room for it."""

    x: float
    width: float
    text: str
    kind: str


class Lane(NamedTuple):
    """One attribute: ``now`` is its last recorded value, ``label`` says all of it."""

    path: str
    spans: list[Span]
    now: str
    label: str


class Tick(NamedTuple):
    """A date below the lanes."""

    x: float
    text: str


class Lanes(NamedTuple):
    """All lanes; none where nothing can be drawn."""

    lanes: list[Lane]
    ticks: list[Tick]
    since: str


class _Step(NamedTuple):
    at: datetime
    change: AttributeHistory


def value_lanes(entries: Sequence[Entry], request: PageRequest) -> Lanes:
    """Those of most changes. ``entries`` are of one thing, newest first; what failed has no part in it."""
    steps: dict[str, list[_Step]] = {}
    for entry in reversed(entries):
        for change in entry.changes:
            if change.action in _GONE and change.outcome == "applied":
                steps.clear()
            elif change.outcome == "applied":
                for one in change.attributes:
                    steps.setdefault(one.path, []).append(_Step(entry.started_at, one))
    if not steps:
        return Lanes([], [], "")
    first = min(found[0].at for found in steps.values())
    start = first - (request.now - first) * _BEFORE
    chosen = sorted(steps, key=lambda path: -len(steps[path]))[:_MOST]
    return Lanes(
        [_lane(path, steps[path], start, request) for path in chosen],
        [_tick(place, start, request) for place in range(_TICKS)],
        times.date(first, request),
    )


def _lane(path: str, steps: list[_Step], start: datetime, request: PageRequest) -> Lane:
    now = _shown(text_of(steps[-1].change.after))
    spans = list(_spans(steps, start, request))
    said = [f"{_shown(text_of(steps[0].change.before))} at first"]
    said += [f"then {_shown(text_of(one.change.after))} from {times.short(one.at, request)}" for one in steps]
    return Lane(one_line(path), spans, now, f"{one_line(path)}: {', '.join(said)}")


def _spans(steps: list[_Step], start: datetime, request: PageRequest) -> Iterator[Span]:
    whole = max((request.now - start).total_seconds(), 1)
    places = [0.0, *(min(100.0, max(0.0, 100 * (one.at - start).total_seconds() / whole)) for one in steps), 100.0]
    values = [text_of(steps[0].change.before), *(text_of(one.change.after) for one in steps)]
    for number, value in enumerate(values):
        x, width = places[number], places[number + 1] - places[number]
        kind = "v-now" if number == len(steps) else "v-alt" if number % 2 else "v"
        yield Span(round(x, 2), round(width, 2), _fitting(_shown(value), width), kind)


def _fitting(text: str, width: float) -> str:
    room = int((width - _MARGIN) / _CHARACTER)
    if len(text) <= room:
        return text
    return text[: room - 1] + "…" if room > 4 else ""  # noqa: PLR2004 - less says nothing


def _shown(text: str) -> str:
    return one_line(text, _TEXT)


def _tick(place: int, start: datetime, request: PageRequest) -> Tick:
    at = start + (request.now - start) * place / _TICKS
    local = at.astimezone(request.zone)
    is_short = (request.now - start).days < _TICKS
    return Tick(round(100 * place / _TICKS, 2), f"{local:%H:%M}" if is_short else f"{local.day} {local:%b}")
