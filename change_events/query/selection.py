"""Filters of a listing, and the query made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from change_events.history.source import Source
    from change_events.journal import Query

RUNNING = "running"
"""The outcome of a run that has not ended."""

SEARCHED = 100_000
"""The newest events whose bodies are looked at for a text, a person, a tag or a signal; a journal at its usual cap has
no more."""


def empty(source: Source) -> str:
    """Return the message for a source without events."""
    if source.called == "ledger":
        return "the ledger is empty: machines with a destination `ledger` fill it, and `tfevent events ledger import`"
    return "the journal is empty: `tfevent apply` records its first event"


def query_of(*, outcome: str | None, limit: int | None, **filters: Any) -> Query:
    """Return the query of these filters.

    Args:
        outcome: one of :class:`~change_events.model.Outcome`, or :data:`RUNNING`.
        limit: largest number of events; 0 or None for all.
        filters: fields of :class:`~change_events.journal.Query`.
    """
    from change_events.journal import Query, RecordState

    if outcome == RUNNING:
        filters["state"] = RecordState.STARTED
    else:
        filters["outcome"] = outcome
    return Query(limit=limit or None, searched=None if filters.get("since") else SEARCHED, **filters)
