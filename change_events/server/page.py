"""What a page is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a page is asked.

    Attributes:
        path: the variables of the route.
        query: of the URL, the last value of each key.
        repeated: keys that are in the URL several times.
        now: timezone-aware, UTC.
        zone: the reader's time zone; every time on a page is in it.
        zone_name: its name, which each page shows.
        source_name: `journal of HOST` or the name of the ledger, without secrets.
        live: whether new rows are announced by server-sent events.
        several_teams: events are those of several teams, so that each says whose it is.
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
    """What a page answers.

    Attributes:
        template: a file of `change_events/server/templates`.
        context: the names that the template uses.
        status: of the HTTP response.
    """

    template: str
    context: Mapping[str, object]
    status: int = 200
