"""What one flush did."""

from __future__ import annotations

import msgspec


class DeliveryReport(msgspec.Struct, frozen=True):
    """Figures count deliveries: one event for two destinations is two.

    Attributes:
        sent: arrived during this flush.
        waiting: still to be delivered after it, to the destinations it was given.
        parked: put aside during this flush, for a person to look at.
        problems: sentences about destinations that did not get all, without secrets.
    """

    sent: int = 0
    waiting: int = 0
    parked: int = 0
    problems: tuple[str, ...] = ()
