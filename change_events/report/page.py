"""Events as a self-contained HTML page: it loads no script, file or address.

Texts of an event are untrusted. Jinja2 escapes all of them; in addition, invisible and reordering characters are
shown as their codes, and long texts are cut (:mod:`change_events.report.visible`).
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from change_events import __version__
from change_events.report.room import Room
from change_events.report.views import EventView, event_view, row_view
from change_events.report.visible import visible
from change_events.summary import answer
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template

    from change_events.model import ChangeEvent

_MOST_LOOKED_AT = 3
_FOLDER = Path(__file__).parent / "templates"
_LEAST_ROOM = 20_000  # bytes; with less, the details of an event are omitted


def page(events: Sequence[ChangeEvent], *, more: bool = False) -> str:
    """Return the page as text, to be encoded in UTF-8.

    Args:
        events: at least one, newest first, redacted.
        more: there are older events than these.
    """
    room = Room()
    ordered = answer.gravest_first(events)
    anchors = {id(event): f"event-{number}" for number, event in enumerate(ordered, 1)}
    details: list[EventView] = []
    for event in ordered:
        if details and room.left < _LEAST_ROOM:
            break
        details.append(event_view(event, anchors[id(event)], room))
    shown = {id(event) for event in ordered[: len(details)]}
    rows = [row_view(event, anchors[id(event)] if id(event) in shown else "") for event in events]
    graves = [one.row for one in details[:_MOST_LOOKED_AT] if one.row.grave]
    style = _style()
    return _template().render(
        policy=f"default-src 'none'; style-src 'sha256-{_digest(style)}'; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - a file of the package
        sentence=answer.sentence(events),
        window=answer.window(events) + (f", only the newest {len(events)} events" if more else ""),
        rows=rows if len(events) > 1 else [],
        look=graves if len(events) > 1 else [],
        events=details,
        left_out=_left_out(len(events) - len(details)),
        footer=f"tfevent {__version__}; times are {events[0].started_at.astimezone():%z}; "
        "known secrets were redacted before recording",
    )


def _left_out(number: int) -> str:
    return f"The details of {number_of(number, 'quieter event')} are left out." if number else ""


@cache
def _style() -> str:
    return (_FOLDER / "report.css").read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _template() -> Template:
    loader = FunctionLoader(lambda name: (_FOLDER / name).read_text(encoding="utf-8"))
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, finalize=visible)
    return environment.get_template("report.html.j2")
