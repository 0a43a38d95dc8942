"""Lanes of bars: events by environment, service, stack or host, packed so that bars and labels do not overlap."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from change_events.server import times
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from change_events.report.visible import Verbatim
    from change_events.server.page import PageRequest
    from change_events.server.rows import Look
    from change_events.server.windows import Window

MOST_BARS = 60
"""Of one lane: beyond, it shows counts."""

BINS = 160
_BINS_HEIGHT = 30
_TRACK = 24
_MOST_TRACKS = 6
_PIXELS = 1_000  # assumed width of the plot
_LETTER = 6.4  # pixels
_LONGEST = 34  # characters of a label
_GAP = 8
_NARROW = 0.6  # percent; narrower bars have a width in pixels
_MARKS = {"deployment": "deploy", "boot": "boot", "start": "boot", "stop": "boot"}
_LAST_THIRD, _LAST = 66, 99.4  # percent
_INSTANT = 1.5  # percent; a shorter event is drawn as a mark


class Item(NamedTuple):
    """The data of an event for its bar; ``tone`` is that of its most severe signal."""

    href: Verbatim
    title: str
    kind: str
    look: Look
    outcome: str | None
    start: datetime
    end: datetime | None
    tone: str


class Bar(NamedTuple):
    """One bar: ``x`` in percent, ``width`` in SVG units; ``text_x`` in percent and ``dx`` in pixels of its label."""

    look: str
    x: float
    width: str
    y: int
    mark: str
    tone: str
    label: str
    text_x: float
    dx: int
    at_end: bool
    name: str
    href: Verbatim


class Bins(NamedTuple):
    """Counts instead of bars: one path, and the positions of failures in percent."""

    path: str
    bad: Sequence[float]


class Lane(NamedTuple):
    """One lane (row) of the timeline; ``href`` is the list of its events."""

    name: str
    href: Verbatim
    number: int
    height: int
    bars: Sequence[Bar]
    bins: Bins | None
    bad: int


class _Label(NamedTuple):
    text: str
    pixels: float
    side: str
    x: float
    dx: int


class _Placed(NamedTuple):
    left: float
    right: float


def bar_lane(name: str, href: Verbatim, items: Sequence[Item], window: Window, request: PageRequest) -> Lane:
    """Return a lane with a bar for each event, by time."""
    tracks: list[list[_Placed]] = []
    own = name.replace(" / ", "/") + ": "  # prefix of titles
    bars = [
        _bar(item, item.title.removeprefix(own), tracks, window, request)
        for item in sorted(items, key=lambda item: item.start)
    ]
    bad = sum(1 for item in items if not item.look.quiet)
    return Lane(name, href, len(items), 8 + _TRACK * max(1, len(tracks)), bars, None, bad)


def bins_lane(name: str, href: Verbatim, spans: Iterable[tuple[int, str | None, int]]) -> Lane:
    """Return a lane with counts.

    Args:
        name: name of the lane.
        href: URL of the list of its events.
        spans: number of the bin, outcome, count.
    """
    totals: Counter[int] = Counter()
    bad: set[int] = set()
    wrong = 0
    for span, outcome, number in spans:
        totals[span] += number
        if outcome in {"failed", "partial", "unknown"}:
            bad.add(span)
            wrong += number
    most = max(totals.values(), default=1)
    path = "".join(
        f"M{span} {_BINS_HEIGHT}v-{height}h.8v{height}z"
        for span, count in sorted(totals.items())
        for height in (max(1, round(count / most * (_BINS_HEIGHT - 8))),)
    )
    marks = [round((span + 0.4) / BINS * 100, 2) for span in sorted(bad)]
    return Lane(name, href, totals.total(), _BINS_HEIGHT + 8, (), Bins(path, marks), wrong)


def _bar(item: Item, title: str, tracks: list[list[_Placed]], window: Window, request: PageRequest) -> Bar:
    start = min(_LAST, max(0.0, window.share(item.start)))
    width = max(0.0, min(100.0, window.share(item.end or request.now)) - start)
    mark = _MARKS.get(item.kind, "") if width < _INSTANT and item.outcome == "succeeded" else ""
    has_icon = bool(mark) or item.look.icon in {"cancelled", "failed"}
    drawn = max(14.0 if has_icon else 6.0, 0.0 if mark else width * _PIXELS / 100)
    label = _label(one_line(title, _LONGEST), start, drawn, has_icon=has_icon)
    track, has_label = _track(tracks, start * _PIXELS / 100, drawn, label)
    label = label if has_label else label._replace(text="")
    return Bar(
        look=item.look.icon,
        x=round(start, 2),
        width=f"{round(width, 2)}%" if width >= _NARROW else "6",
        y=10 + _TRACK * track,
        mark=mark,
        tone=item.tone,
        label=label.text,
        text_x=round(label.x, 2),
        dx=label.dx,
        at_end=label.side == "left",
        name=", ".join((label.text or one_line(title, 120), times.short(item.start, request), item.look.word)),
        href=item.href,
    )


def _label(text: str, start: float, drawn: float, *, has_icon: bool) -> _Label:
    """Place a label right of the bar; left of it in the last third or if it would leave the plot; otherwise inside."""
    pixels = len(text) * _LETTER + _GAP
    left = start * _PIXELS / 100
    if start > _LAST_THIRD or left + drawn + pixels > _PIXELS:
        if pixels <= left or drawn < pixels:
            return _Label(text, pixels, "left", start, -6)
        return _Label(text, 0, "inside", start, 6)
    if drawn > 14:  # noqa: PLR2004  # else the width is in pixels
        return _Label(text, pixels, "right", start + drawn * 100 / _PIXELS, 6)
    return _Label(text, pixels, "right", start, 19 if has_icon else 11)


def _track(tracks: list[list[_Placed]], left: float, drawn: float, label: _Label) -> tuple[int, bool]:
    """Return the first track with room for bar and label, otherwise for the bar; the last track takes the rest."""
    right = left + drawn
    before, after = (label.pixels if label.side == side else 0 for side in ("left", "right"))
    whole = _Placed(left - before, right + after)
    for wanted, has_label in ((whole, True), (_Placed(left, right), False)):
        for number, track in enumerate(tracks):
            if all(wanted.right + _GAP <= other.left or other.right + _GAP <= wanted.left for other in track):
                track.append(wanted)
                return number, has_label
        if len(tracks) < _MOST_TRACKS:
            tracks.append([wanted])
            return len(tracks) - 1, has_label
    return _MOST_TRACKS - 1, False


def spans_of(items: Iterable[Item], window: Window) -> Iterator[tuple[int, str | None, int]]:
    """Yield events in the form of :func:`bins_lane`."""
    for item in items:
        yield min(BINS - 1, max(0, int(window.share(item.start) / 100 * BINS))), item.outcome, 1
