"""A ledger as a source, with the same queries and answers as a journal."""

from __future__ import annotations

from change_events.ledger.event_reads import EventReads
from change_events.ledger.thing_reads import ThingReads


class LedgerSource(EventReads, ThingReads):
    """A :class:`~change_events.history.source.Source` over a ledger. Use one per thread, and close it.

    Differences from a journal: events that start together are ordered by their ids, not by time of recording;
    there are no deliveries; and equal records of several teams are one.
    """
