"""Runs that began before a window and lasted into it: drawn and counted with those that began in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.history.source import Source
    from change_events.journal import Query, Record
    from change_events.journal.records import Figures
    from change_events.server.windows import Window

LOOKED_AT = 200
"""Events before a window of which is asked how long they lasted."""


def running_in(source: Source, query: Query, window: Window) -> list[Record]:
    """Events that began before the window and ended in it or later, newest first.

    Args:
        source: what is asked.
        query: the filters.
        window: what is shown.
    """
    before = msgspec.structs.replace(query, since=None, until=window.start, before=None, limit=LOOKED_AT)
    return [record for record in source.list(before) if record.ended_at is None or record.ended_at > window.start]


def counted_with(figures: Figures, earlier: Sequence[Record]) -> Figures:
    """The figures with these events: in all and by outcome."""
    outcomes = dict(figures.outcomes)
    for record in earlier:
        name = record.outcome or "running"
        outcomes[name] = outcomes.get(name, 0) + 1
    return msgspec.structs.replace(figures, events=figures.events + len(earlier), outcomes=outcomes)
