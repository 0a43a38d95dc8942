"""The input and the result of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The request for a page.

    Attributes:
        path: the variables of the route.
        query: of the URL, the last value of each key.
        repeated: keys that occur several times in the URL.
        now: current time, timezone-aware, UTC.
        zone: the reader's time zone, for every time on a page.
        zone_name: its name, shown on each page.
        source_name: `journal of HOST` or the name of the ledger, without secrets.
        live: whether new rows are announced by server-sent events.
        several_teams: the events are of several teams, so that each shows its team.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    now: datetime
    zone: tzinfo
    zone_name: str
    source_name: str
    live: bool
    several_teams: bool = False
    repeated: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The result of a page.

    Attributes:
        template: a file of `change_events/server/templates`.
        context: variables of the template.
        status: status of the HTTP response.
    """

    template: str
    context: Mapping[str, object]
    status: int = 200
