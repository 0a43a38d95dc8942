"""Resolves a reference to an event: an id, a prefix, `last`, or `last-N`."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from change_events.errors import TfeventError

if TYPE_CHECKING:
    from change_events.history.source import Source
    from change_events.journal import Record


def find(source: Source, wanted: str, *, listing: str = "tfevent events list") -> Record:
    """Return the event named by ``wanted``: an id, a unique prefix, ``last``, or ``last-2`` for the one before it.

    Args:
        source: source of the events.
        wanted: the reference.
        listing: command that lists events, for messages.

    Raises:
        TfeventError: there is no such event.
        AmbiguousId: several ids have this prefix.
    """
    back = 1 if wanted == "last" else int(wanted[5:]) if re.fullmatch(r"last-\d{1,9}", wanted) else 0
    record = _nth_newest(source, back) if back else source.get(wanted)
    if record is None and not wanted.strip():
        raise TfeventError(f"the event ID is empty: `{listing}` lists the {source.called}'s events")
    if record is None:
        which = "that many events" if back else f"an event with an ID that starts with {wanted!r}"
        raise TfeventError(f"the {source.called} does not contain {which}: `{listing}` lists its events")
    return record


def _nth_newest(source: Source, number: int) -> Record | None:
    from change_events.journal import Query

    return next(itertools.islice(source.list(Query(limit=number, backfilled=False)), number - 1, None), None)
