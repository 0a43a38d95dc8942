"""The outbox interface of a flush, and an in-memory outbox for when the journal cannot be used."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from change_events.journal import Delivery, Progress, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from change_events.model import SealedEvent


class Outbox(Protocol):
    """The part of the journal used by delivery; the journal documents each method."""

    patience: float

    def now(self) -> float:
        """Seconds since 1970."""

    def claim(
        self, names: Sequence[str], limit: int, lease: float, *, force: bool = False, size: int | None = None
    ) -> list[Delivery]:
        """Lease due deliveries."""

    def standing(self, name: str) -> Standing:
        """Return the health of this destination."""

    def progress(self, name: str) -> Progress:
        """Return the progress of its queue."""

    def waiting(self, names: Sequence[str]) -> int:
        """Return the number of open deliveries to these destinations."""

    def is_waiting(self, event_id: str, name: str) -> bool:
        """Return whether the event's delivery to this destination is open."""

    def begin_sending(self, name: str) -> bool:
        """Become the process that sends to this destination; False while another one does."""

    def end_sending(self, name: str) -> None:
        """Let other processes send to this destination."""

    def delivered(
        self,
        *deliveries: Delivery,
        handles: Mapping[int, str] | None = None,
        skipped: Mapping[int, str] | None = None,
    ) -> None:
        """Record deliveries; ``handles`` are the backend's IDs of them, ``skipped`` why nothing was sent."""

    def retry(self, delivery: Delivery, after: float, reason: str, asked: float | None = None) -> str | None:
        """Let the delivery wait, and the destination back off."""

    def cut_short(self, delivery: Delivery, reason: str) -> None:
        """Let the delivery wait."""

    def release(self, *deliveries: Delivery) -> None:
        """Return deliveries that were not tried."""

    def park(self, delivery: Delivery, reason: str, *, answered: bool = True) -> None:
        """Park the delivery."""

    def keep_pace(self, name: str, busy: float) -> None:
        """Record the used share of the rate limit, valid for some seconds."""


class MemoryOutbox:
    """One event for several destinations, tried once: failed deliveries are not kept."""

    def __init__(self, sealed: SealedEvent, names: Sequence[str]) -> None:
        self.patience = 0.0
        self._waiting = {
            name: Delivery(sealed.event.id, name, position, "", 0, sealed.body)
            for position, name in enumerate(dict.fromkeys(names))
        }
        self._unsent = set(self._waiting)

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def claim(
        self, names: Sequence[str], limit: int, lease: float, *, force: bool = False, size: int | None = None
    ) -> list[Delivery]:
        """Return deliveries that were not tried yet."""
        del limit, lease, force, size  # one event, one process: nothing to limit, lease or hurry
        return [self._waiting.pop(name) for name in names if name in self._waiting]

    def standing(self, name: str) -> Standing:
        """Return no known health."""
        del name
        return Standing()

    def progress(self, name: str) -> Progress:
        """Return no progress: there is no queue."""
        del name
        return Progress()

    def waiting(self, names: Sequence[str]) -> int:
        """Return the number of these destinations without the event."""
        return len(self._unsent & set(names))

    def is_waiting(self, event_id: str, name: str) -> bool:
        """Return whether this destination does not have the event."""
        del event_id  # there is only one
        return name in self._unsent

    def begin_sending(self, name: str) -> bool:
        """Return True: no other process knows of the event."""
        del name
        return True

    def end_sending(self, name: str) -> None:
        """Do nothing."""
        del name

    def delivered(
        self,
        *deliveries: Delivery,
        handles: Mapping[int, str] | None = None,
        skipped: Mapping[int, str] | None = None,
    ) -> None:
        """Record deliveries."""
        del handles, skipped  # nothing will be settled later, and no one will ask
        self._unsent.difference_update(delivery.destination for delivery in deliveries)

    def retry(self, delivery: Delivery, after: float, reason: str, asked: float | None = None) -> str | None:
        """Leave it unsent."""
        del delivery, after, reason, asked  # no one will ask: the report has the reason
        return None

    def cut_short(self, delivery: Delivery, reason: str) -> None:
        """Leave it unsent."""
        del delivery, reason  # as above

    def release(self, *deliveries: Delivery) -> None:
        """Let them be claimed again."""
        self._waiting.update((delivery.destination, delivery) for delivery in deliveries)

    def park(self, delivery: Delivery, reason: str, *, answered: bool = True) -> None:
        """Give it up."""
        del reason, answered  # as above
        self._unsent.discard(delivery.destination)

    def keep_pace(self, name: str, busy: float) -> None:
        """Do nothing."""
        del name, busy
