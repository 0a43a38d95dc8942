"""The journal: the ledger of all runs and the outbox of open deliveries, in one SQLite file.

Imports the standard library and msgspec only, because it is loaded before terraform makes its first change.
"""

from __future__ import annotations

from change_events.journal.errors import AmbiguousId, JournalCorrupt, JournalLocked
from change_events.journal.records import (
    Delivery,
    DeliveryState,
    DeliveryStatus,
    DestinationCounts,
    JournalCounts,
    Owed,
    Progress,
    Query,
    Record,
    RecordState,
    Stage,
    Standing,
)
from change_events.journal.store import Journal
from change_events.model.retention import Retention

__all__ = [
    "AmbiguousId",
    "Delivery",
    "DeliveryState",
    "DeliveryStatus",
    "DestinationCounts",
    "Journal",
    "JournalCorrupt",
    "JournalCounts",
    "JournalLocked",
    "Owed",
    "Progress",
    "Query",
    "Record",
    "RecordState",
    "Retention",
    "Stage",
    "Standing",
]
