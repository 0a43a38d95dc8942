"""Renders many events for ``list``: a table, lines with tabs, or JSON Lines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from change_events.cli.render import deliveries
from change_events.cli.render.outcome import DEFAULT_OUTCOME_COLOUR, OUTCOME_COLOURS, outcome_word
from change_events.cli.render.terminal import ago, clean, clean_json, colour_on, width
from change_events.model import Actor, Severity, Signal
from change_events.summary.who import who

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from change_events.journal import Record

# The first 13 characters of a UUIDv7 are its millisecond: enough to distinguish runs, short enough to type.
SHORT_ID = 13
_CHILD = "↳ "  # something else in tfevent's sight started it: `show --tree` says what
# Below this the table leaves out who and environment (the title mostly begins with the latter).
_WIDE = 100
_HEIGHT = 25
_MARKED = 2  # names of signals
# The title may take several lines, the others one: what does not fit of a name ends in an ellipsis.
_LAYOUT: dict[str, dict[str, Any]] = {
    "title": {"overflow": "fold", "min_width": 20},
    "who": {"no_wrap": True, "max_width": 20},
    "environment": {"no_wrap": True, "max_width": 20, "overflow": "ellipsis"},
}


class _Parts(msgspec.Struct):
    """The parts of the body that a row needs; the rest is not decoded."""

    actor: Actor | None = None
    signals: tuple[Signal, ...] = ()


class _Row(NamedTuple):
    id: str
    when: str
    outcome: str
    title: str
    who: str
    environment: str
    delivery: str
    signals: str


def write_json(records: Iterable[Record]) -> None:
    """Write one line per record: the event as recorded, with its ``deliveries``, null for a ledger."""
    for record in records:
        delivered = msgspec.json.encode(record.deliveries if record.kept_in == "journal" else None)
        # Spliced, not decoded: what was sealed is printed as it is, and listing many stays cheap.
        body = with_teams(record).rstrip()[:-1] + b',"deliveries":' + delivered + b"}"
        sys.stdout.write(clean_json(body) + "\n")


def with_teams(record: Record) -> bytes:
    """Return the recorded event, for a ledger with its teams and those that recorded it differently."""
    if record.kept_in == "journal":
        return record.body
    teams = msgspec.json.encode({"teams": record.teams, "differing_teams": record.others})
    return record.body.rstrip()[:-1] + b"," + teams[1:]


def _kept(record: Record) -> str:
    """Return the delivery column for an event of a ledger, with its teams if others recorded it differently."""
    return f"{record.kept_in}: {', '.join(record.teams)}" if record.others else record.kept_in


def write_tabs(records: Iterable[Record]) -> None:
    """Write one line per record, with tab-separated columns, full IDs and ISO times, for cut, awk and grep."""
    for record in records:
        row = _row(record, when=record.started_at.isoformat(timespec="seconds"))
        sys.stdout.write("\t".join(row) + "\n")


def write_table(records: Sequence[Record]) -> None:
    """Write a table with the width of the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = width()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    wide = columns >= _WIDE
    for name in _Row._fields[:-1]:  # the signals stand with the title
        if wide or name not in ("who", "environment"):
            table.add_column(name.upper(), **_LAYOUT.get(name, {"no_wrap": True}))
    length = _id_length([record.id for record in records])
    for record in records:
        row = _row(record, when=_when(record))
        title = f"{_CHILD}{row.title}" if record.parent else row.title
        cells = row._replace(id=row.id[:length], title=title)._asdict()
        del cells["signals"]
        if not wide:
            del cells["who"], cells["environment"]
        drawn = {name: Text(text, style=_style(name, text)) for name, text in cells.items()}
        if mark := _mark(record):
            drawn["title"] = Text.assemble(drawn["title"], "  ", (mark, "bold red"))
        table.add_row(*drawn.values())
    colours: Literal["auto"] | None = "auto" if colour_on(sys.stdout) else None
    # With a height, too, rich takes our width also on a terminal that calls itself dumb.
    Console(width=columns, height=_HEIGHT, color_system=colours, highlight=False).print(table)


def _row(record: Record, when: str) -> _Row:
    parts = msgspec.json.decode(record.body, type=_Parts)
    return _Row(
        id=clean(record.id),
        when=when,
        outcome=outcome_word(record.outcome),
        title=clean(record.title),
        who=clean(who(parts.actor)),
        environment=clean(record.environment or ""),
        delivery=deliveries.overall(record.deliveries) if record.kept_in == "journal" else _kept(record),
        signals=clean(",".join(dict.fromkeys(signal.name for signal in parts.signals))),
    )


def _mark(record: Record) -> str:
    """Return the signals of an event above information: ``!exposed_to_world !iam_widened +2``."""
    found = msgspec.json.decode(record.body, type=_Parts).signals
    names = list(dict.fromkeys(one.name for one in found if one.severity is not Severity.INFO))
    more = f" +{len(names) - _MARKED}" if len(names) > _MARKED else ""
    return clean(" ".join(f"!{name}" for name in names[:_MARKED]) + more)


def _when(record: Record) -> str:
    return f"{record.started_at.astimezone():%m-%d %H:%M} ({ago(record.started_at)})"


def _id_length(ids: Sequence[str]) -> int:
    """Return the shortest length from SHORT_ID up at which all IDs differ, so that ``show`` accepts them."""
    longest = max(map(len, ids))
    wanted = len(set(ids))
    return next((n for n in range(SHORT_ID, longest) if len({i[:n] for i in ids}) == wanted), longest)


def _style(column: str, text: str) -> str:
    if column == "outcome":
        return OUTCOME_COLOURS.get(text.replace(" ", "_"), DEFAULT_OUTCOME_COLOUR) or ""
    if column == "delivery":
        return deliveries.colour_of(text) or ""
    return ""
