"""What a flush needs of an outbox, and one in memory for when the journal cannot be used."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from change_events.journal import Delivery, Progress, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from change_events.model import SealedEvent


class Outbox(Protocol):
    """The journal's half that delivery uses; each method is documented there."""

    patience: float

    def now(self) -> float:
        """Seconds since 1970."""

    def claim(
        self, names: Sequence[str], limit: int, lease: float, *, force: bool = False, size: int | None = None
    ) -> list[Delivery]:
        """Lease what is due."""

    def standing(self, name: str) -> Standing:
        """How this destination is doing."""

    def progress(self, name: str) -> Progress:
        """How far its queue has come."""

    def waiting(self, names: Sequence[str]) -> int:
        """How many deliveries to these destinations are still to be made."""

    def is_waiting(self, event_id: str, name: str) -> bool:
        """Whether this destination is still to get the event."""

    def begin_sending(self, name: str) -> bool:
        """Become the process that sends to this destination; False while it is another one."""

    def end_sending(self, name: str) -> None:
        """Another process may send to this destination."""

    def delivered(
        self,
        *deliveries: Delivery,
        handles: Mapping[int, str] | None = None,
        skipped: Mapping[int, str] | None = None,
    ) -> None:
        """They have arrived; ``handles`` are the backend's own names of them, ``skipped`` why nothing was sent."""

    def retry(self, delivery: Delivery, after: float, reason: str, asked: float | None = None) -> str | None:
        """It waits, and its destination is left alone."""

    def cut_short(self, delivery: Delivery, reason: str) -> None:
        """It waits."""

    def release(self, *deliveries: Delivery) -> None:
        """They were not tried."""

    def park(self, delivery: Delivery, reason: str, *, answered: bool = True) -> None:
        """It needs a person."""

    def keep_pace(self, name: str, busy: float) -> None:
        """What was asked of it by now counts for so many seconds."""


class MemoryOutbox:
    """One event for several destinations, once: what fails is not kept."""

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
        """What has not been tried yet."""
        del limit, lease, force, size  # one event, one process: nothing to limit, lease or hurry
        return [self._waiting.pop(name) for name in names if name in self._waiting]

    def standing(self, name: str) -> Standing:
        """Nothing is known of it."""
        del name
        return Standing()

    def progress(self, name: str) -> Progress:
        """There is no queue."""
        del name
        return Progress()

    def waiting(self, names: Sequence[str]) -> int:
        """How many of these destinations have not got it."""
        return len(self._unsent & set(names))

    def is_waiting(self, event_id: str, name: str) -> bool:
        """Whether this destination has not got it."""
        del event_id  # there is only one
        return name in self._unsent

    def begin_sending(self, name: str) -> bool:
        """No other process knows of it."""
        del name
        return True

    def end_sending(self, name: str) -> None:
        """There is nothing to let go of."""
        del name

    def delivered(
        self,
        *deliveries: Delivery,
        handles: Mapping[int, str] | None = None,
        skipped: Mapping[int, str] | None = None,
    ) -> None:
        """They have arrived."""
        del handles, skipped  # nothing will be settled later, and no one will ask
        self._unsent.difference_update(delivery.destination for delivery in deliveries)

    def retry(self, delivery: Delivery, after: float, reason: str, asked: float | None = None) -> str | None:
        """It stays unsent."""
        del delivery, after, reason, asked  # no one will ask: the report has the reason
        return None

    def cut_short(self, delivery: Delivery, reason: str) -> None:
        """It stays unsent."""
        del delivery, reason  # as above

    def release(self, *deliveries: Delivery) -> None:
        """They may be claimed again."""
        self._waiting.update((delivery.destination, delivery) for delivery in deliveries)

    def park(self, delivery: Delivery, reason: str, *, answered: bool = True) -> None:
        """It will not be sent."""
        del reason, answered  # as above
        self._unsent.discard(delivery.destination)

    def keep_pace(self, name: str, busy: float) -> None:
        """There is no next time."""
        del name, busy
