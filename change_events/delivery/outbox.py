"""What a flush needs of an outbox, and one in memory for when the journal cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from change_events.journal import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.model import SealedEvent


class Outbox(Protocol):
    """The journal's half that delivery uses; the meaning of each method is told there."""

    patience: float

    def claim(self, names: Sequence[str], limit: int, lease: float, *, force: bool = False) -> list[Delivery]:
        """Lease what is due."""

    def is_held(self, name: str) -> bool:
        """Whether somebody is sending to this destination."""

    def delivered(self, delivery: Delivery) -> None:
        """It has arrived."""

    def retry(self, delivery: Delivery, after: float, reason: str) -> None:
        """It waits."""

    def park(self, delivery: Delivery, reason: str) -> None:
        """It needs a person."""

    def waiting(self, names: Sequence[str]) -> int:
        """How many deliveries to these destinations are still to be made."""


class MemoryOutbox:
    """One event for several destinations, once: what fails is not kept."""

    def __init__(self, sealed: SealedEvent, names: Sequence[str]) -> None:
        self.patience = 0.0
        self._waiting = {
            name: Delivery(sealed.event.id, name, position, "", 0, sealed.body)
            for position, name in enumerate(dict.fromkeys(names))
        }
        self._unsent = set(self._waiting)

    def claim(self, names: Sequence[str], limit: int, lease: float, *, force: bool = False) -> list[Delivery]:
        """What has not been tried yet."""
        del limit, lease, force  # one event, one process: nothing to limit, lease or hurry
        return [self._waiting.pop(name) for name in names if name in self._waiting]

    def is_held(self, name: str) -> bool:
        """Never: nobody else knows of this outbox."""
        del name
        return False

    def delivered(self, delivery: Delivery) -> None:
        """It has arrived."""
        self._unsent.discard(delivery.destination)

    def retry(self, delivery: Delivery, after: float, reason: str) -> None:
        """It stays unsent."""
        del delivery, after, reason  # nobody will ask: the report has the reason

    def park(self, delivery: Delivery, reason: str) -> None:
        """It will not be sent."""
        del reason  # as above
        self._unsent.discard(delivery.destination)

    def waiting(self, names: Sequence[str]) -> int:
        """How many of these destinations have not got it."""
        return len(self._unsent & set(names))
