"""How much is kept. A module of its own: settings are read before the journal's code is needed."""

from __future__ import annotations

import msgspec


class Retention(msgspec.Struct, frozen=True):
    """How much the journal keeps.

    Attributes:
        events: number of events.
        days: their age.
        bytes: size of all event bodies.
        owed: deliveries to one destination that wait or are parked.
        owed_days: how long they may wait while the destination keeps failing, or stay parked.
        owed_bytes: size of the event bodies that one destination is still to get.
    """

    events: int = 100_000
    days: int = 730
    bytes: int = 512 * 1024 * 1024
    owed: int = 50_000
    owed_days: int = 30
    owed_bytes: int = 256 * 1024 * 1024
