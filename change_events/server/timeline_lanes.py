"""The lanes of a timeline: from events if they are few, otherwise from counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.journal.event_columns import hosts_of
from change_events.model.stack import stack_key
from change_events.server import urls
from change_events.server.filters import LONGEST
from change_events.server.lanes import BINS, MOST_BARS, Item, Lane, bar_lane, bins_lane, spans_of
from change_events.server.rows import event_href, look_of
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from change_events.history.source import Source
    from change_events.journal import Query, Record
    from change_events.server.filters import Filters
    from change_events.server.page import PageRequest
    from change_events.server.rows import EventRow
    from change_events.server.windows import Window

    Rows = Mapping[tuple[str, tuple[str, ...]], EventRow]

BY = ("service", "environment", "stack", "host")
"""What lanes are made by; the first is the default."""

MOST_LANES = 12
MOST_READ = 1_500
"""Events of which each is a bar; of more, lanes are counted by the source."""

MOST_OF_PAGE = 120
"""Bars of all lanes together."""

MOST_STACKS = 300
"""Events whose stack is read from their body."""

_COLUMNS = {"service": ("environment", "service"), "environment": ("environment",), "host": ("host",)}
_NAME = 80
_STEPS = (MOST_BARS, 40, 25, 15, 8)
_Key = tuple[str | None, ...]


class Lanes(NamedTuple):
    """The shown lanes, and the numbers of other lanes and their events."""

    shown: Sequence[Lane]
    folded: int
    folded_events: int
    note: str = ""


class Asked(NamedTuple):
    """What to draw: the query with filters and window, and the property that defines lanes."""

    source: Source
    query: Query
    filters: Filters
    window: Window
    request: PageRequest
    by: str
    all_lanes: bool


def lanes(asked: Asked, records: Sequence[Record], earlier: Sequence[Record], rows: Rows, number: int) -> Lanes:
    """Return the lanes.

    Args:
        asked: what to draw.
        records: the newest events of the window, at most :data:`MOST_READ`; including ``earlier`` if that is all.
        earlier: events that started before it and lasted into it.
        rows: rows of the loaded events, by id and teams.
        number: number of events in the window.
    """
    if asked.by == "stack":
        return _by_stack(asked, records[:MOST_STACKS], rows, number)
    if asked.by == "host" or number > len(records):
        return _counted(asked, earlier, rows)
    groups: dict[_Key, list[Item]] = {}
    for record in records:
        key = tuple(getattr(record, name) for name in _COLUMNS[asked.by])
        groups.setdefault(key, []).append(_item(record, rows))
    most = _bars_of_a_lane([len(items) for items in groups.values()])
    return _folded(asked, [_lane(asked, key, items, most) for key, items in groups.items()])


def _by_stack(asked: Asked, records: Sequence[Record], rows: Rows, number: int) -> Lanes:
    groups: dict[str, list[Item]] = {}
    for record in records:
        groups.setdefault(stack_key(record.event), []).append(_item(record, rows))
    most = _bars_of_a_lane([len(items) for items in groups.values()])
    found = [
        bar_lane(one_line(key, _NAME), urls.page("stacks"), items, asked.window, asked.request)
        if len(items) <= most
        else bins_lane(one_line(key, _NAME), urls.page("stacks"), spans_of(items, asked.window))
        for key, items in groups.items()
    ]
    note = f"Only the newest {len(records):,} of {number:,} events." if number > len(records) else ""
    return _folded(asked, found)._replace(note=note)


def _counted(asked: Asked, earlier: Sequence[Record], rows: Rows) -> Lanes:
    columns = _COLUMNS[asked.by]
    counted = asked.source.counted(asked.query, by=(*columns, "outcome"), width=asked.window.width / BINS)
    spans: dict[_Key, list[tuple[int, str | None, int]]] = {}
    for found in counted:
        spans.setdefault(found.values[:-1], []).append((min(BINS - 1, found.span), found.values[-1], found.number))
    before: dict[_Key, list[Record]] = {}
    for record in earlier:
        for key in _keys(record, asked.by):
            before.setdefault(key, []).append(record)
            spans.setdefault(key, []).append((0, record.outcome, 1))
    drawn = [bins_lane(_name(key), urls.events(_filters(asked, key)), of_lane) for key, of_lane in spans.items()]
    keys = dict(zip((lane.href for lane in drawn), spans, strict=True))
    chosen = _folded(asked, drawn)
    most = _bars_of_a_lane([lane.number for lane in chosen.shown])
    if not drawn and asked.by == "host":
        return Lanes(
            (),
            0,
            0,
            "No change in this window names a host: playbook runs and events sent from a machine do.",
        )
    shown = [
        _with_bars(asked, lane, keys[lane.href], before, rows) if lane.number <= most else lane for lane in chosen.shown
    ]
    note = "Changes that name no host are among the rows below only." if asked.by == "host" else ""
    return chosen._replace(shown=shown, note=note)


def _keys(record: Record, by: str) -> Iterable[_Key]:
    """Return the lanes of an event: one, or one per host."""
    if by == "host":
        return [(host,) for host in sorted(hosts_of(record.event))]
    return [tuple(getattr(record, name) for name in _COLUMNS[by])]


def _with_bars(asked: Asked, lane: Lane, key: _Key, before: Mapping[_Key, Sequence[Record]], rows: Rows) -> Lane:
    """Return the lane with its events if they are few; the lane without a value has no filter to query them."""
    if None in key:
        return lane
    wanted = {name: value for name, value in zip(_COLUMNS[asked.by], key, strict=True) if value is not None}
    query = msgspec.structs.replace(asked.query, limit=MOST_BARS, **wanted)
    found = [*asked.source.list(query), *before.get(key, ())]
    items = [_item(record, rows) for record in found]
    return bar_lane(lane.name, lane.href, items, asked.window, asked.request)


def _bars_of_a_lane(numbers: Sequence[int]) -> int:
    """Return the largest number of events for which a lane has bars, reduced if the page would have too many."""
    return next(
        (most for most in _STEPS if sum(number for number in numbers if number <= most) <= MOST_OF_PAGE), _STEPS[-1]
    )


def _lane(asked: Asked, key: _Key, items: list[Item], most: int) -> Lane:
    href = urls.events(_filters(asked, key))
    if len(items) > most:
        return bins_lane(_name(key), href, spans_of(items, asked.window))
    return bar_lane(_name(key), href, items, asked.window, asked.request)


def _filters(asked: Asked, key: _Key) -> Filters:
    named = zip(_COLUMNS[asked.by], key, strict=True)
    given = {name: value for name, value in named if value and len(value) <= LONGEST}
    times = {"since": asked.window.start.isoformat(), "until": asked.window.end.isoformat()}
    return asked.filters.having(**given, **times)


def _folded(asked: Asked, found: list[Lane]) -> Lanes:
    """Return the lanes by name; if there are too many, those with failures and the most events."""
    if asked.all_lanes or len(found) <= MOST_LANES:
        return Lanes(sorted(found, key=_order), 0, 0)
    ranked = sorted(found, key=lambda lane: (-min(lane.bad, 1), -lane.number, _order(lane)))
    rest = ranked[MOST_LANES:]
    return Lanes(sorted(ranked[:MOST_LANES], key=_order), len(rest), sum(lane.number for lane in rest))


def _order(lane: Lane) -> tuple[bool, str]:
    return lane.name.startswith("("), lane.name.casefold()


def _name(key: _Key) -> str:
    names = [one_line(part, _NAME) for part in key if part]
    return " / ".join(names) or "(no name)"


def _item(record: Record, rows: Rows) -> Item:
    row = rows.get((record.id, record.teams))
    return Item(
        href=row.href if row else event_href(record),
        title=record.title,
        kind=record.kind,
        look=look_of(record),
        outcome=record.outcome,
        start=record.started_at,
        end=record.ended_at,
        tone=_tone(record, row),
    )


def _tone(record: Record, row: EventRow | None) -> str:
    """Return the tone of the most severe signal; without the body, from severity and outcome."""
    if row is not None:
        return row.signals[0].tone if row.signals and row.signals[0].tone != "fact" else ""
    if record.outcome == "succeeded":
        return {"error": "danger", "warning": "caution"}.get(record.severity, "")
    return ""
