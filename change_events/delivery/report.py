"""The result of a flush."""

from __future__ import annotations

import msgspec


class DeliveryReport(msgspec.Struct, frozen=True):
    """The result of a flush; it counts deliveries: one event for two destinations is two.

    Attributes:
        sent: delivered during this flush.
        waiting: still open for the given destinations.
        parked: parked during this flush.
        problems: sentences about destinations without all their events, free of secrets.
    """

    sent: int = 0
    waiting: int = 0
    parked: int = 0
    problems: tuple[str, ...] = ()
