"""The ledger as somebody reads it: the same questions as of a journal, and the same answers."""

from __future__ import annotations

from change_events.ledger.event_reads import EventReads
from change_events.ledger.thing_reads import ThingReads


class LedgerSource(EventReads, ThingReads):
    """A :class:`~change_events.history.source.Source` over a ledger. Use one per thread, and close it.

    What differs from a journal: events that start together are ordered by their ids, not by when they were recorded;
    there are no deliveries; and with several teams, what is equal in two of them is one.
    """
