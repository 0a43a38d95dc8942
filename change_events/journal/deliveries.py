"""The deliveries of the journal's events: claimed, made, retried and parked, each step as one transaction."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from change_events.journal import backlog_limits, destination_health, outbox, stages
from change_events.journal.access import Access
from change_events.journal.senders import Senders

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from change_events.journal.records import Delivery, Progress, Standing
    from change_events.model.retention import Retention


class Deliveries(Access):
    """What is owed to destinations, in a file that is open.

    Args:
        path: the file.
        repair: move a damaged file aside and begin a new one.
        caps: how much to keep.
        clock: seconds since 1970, shared by all processes that use the file.
        patience: seconds to wait for another process's lock.
        index: make missing indexes of a large file, too.
    """

    def __init__(
        self,
        path: str,
        *,
        caps: Retention,
        clock: Callable[[], float] = time.time,
        repair: bool,
        patience: float,
        index: bool,
    ) -> None:
        self._caps = caps
        self._clock = clock
        self._senders = Senders(path)
        super().__init__(path, repair=repair, patience=patience, index=index)

    def close(self) -> None:
        """Close the file; harmless when closed already."""
        self._senders.close()
        self._connection.close()

    def claim(
        self, names: Sequence[str], limit: int, lease: float, *, force: bool = False, size: int | None = None
    ) -> list[Delivery]:
        """Lease what is due: up to ``limit`` per destination, oldest first, each destination in order.

        While another process holds a destination's oldest open event, that destination yields nothing.

        Args:
            names: destinations.
            limit: at most so many for each.
            lease: seconds after which they may be claimed by someone else (at most an hour).
            force: also where a destination is left alone because it failed, unless it asked for that itself.
            size: bytes of bodies after which no more are claimed for a destination.

        Raises:
            JournalError: the journal cannot be written.
        """
        terms = outbox.Terms(limit, lease, force, size)
        return self._write(lambda connection: outbox.claim(connection, names, terms, self._clock()))

    def now(self) -> float:
        """Seconds since 1970 by the clock that all bookkeeping here goes by."""
        return self._clock()

    def standing(self, name: str) -> Standing:
        """How this destination is doing: whether someone is sending there, and how long it is left alone."""
        return self._read(lambda connection: outbox.standing_of(connection, name, self._clock()))

    def progress(self, name: str) -> Progress:
        """How far the queue of this destination has come."""
        return self._read(lambda connection: outbox.progress(connection, name))

    def waiting(self, names: Sequence[str]) -> int:
        """How many deliveries to these destinations are still to be made."""
        return self._read(lambda connection: outbox.waiting(connection, names))

    def is_waiting(self, event_id: str, name: str) -> bool:
        """Whether destination ``name`` is still to get this event."""
        return self._read(lambda connection: outbox.is_waiting(connection, event_id, name))

    def begin_sending(self, name: str) -> bool:
        """Become the process that sends to this destination; False while another process is (it delivers all)."""
        return self._senders.acquire(name)

    def end_sending(self, name: str) -> None:
        """Another process may send to this destination."""
        self._senders.release(name)

    def delivered(
        self,
        *deliveries: Delivery,
        handles: Mapping[int, str] | None = None,
        skipped: Mapping[int, str] | None = None,
    ) -> None:
        """They have arrived, so their destinations work.

        Args:
            deliveries: what has arrived.
            handles: the backend's own names of the outcome of them, by their positions, where it has any.
            skipped: of those of which nothing was to be reported there, why, by their positions.
        """
        self._write(lambda connection: outbox.delivered(connection, deliveries, handles or {}, skipped or {}))

    def handle(self, event_id: str, name: str) -> str | None:
        """The backend's own name of what this event's start became at destination ``name``, if it is known."""
        return self._read(lambda connection: stages.handle_of(connection, event_id, name))

    def retry(self, delivery: Delivery, after: float, reason: str, asked: float | None = None) -> str | None:
        """It failed: its whole destination is left alone for ``after`` seconds (at most a day).

        Args:
            delivery: what was tried.
            after: seconds.
            reason: a clause, free of secrets.
            asked: seconds of these for which the destination itself asked.

        Returns:
            A sentence, if what has waited for too long was dropped now, because the destination keeps failing.
        """

        def work(connection: sqlite3.Connection) -> str | None:
            now = self._clock()
            due_at = now + min(after, outbox.MAX_WAIT)
            if not outbox.retry(connection, delivery, due_at, reason):
                return None
            asked_until = min(due_at, now + asked) if asked else 0.0
            failure = destination_health.Failure(now, due_at, asked_until, reason)
            failures = destination_health.failed(connection, delivery.destination, failure)
            return backlog_limits.give_up_old(connection, self._caps, now, delivery.destination, failures)

        return self._write(work)

    def cut_short(self, delivery: Delivery, reason: str) -> None:
        """It was tried, the time was up, and that says nothing of its destination: it is due again at once."""
        self._write(lambda connection: outbox.retry(connection, delivery, 0, reason))

    def release(self, *deliveries: Delivery) -> None:
        """They were not tried after all, and are due as before."""
        self._write(lambda connection: outbox.release(connection, deliveries))

    def park(self, delivery: Delivery, reason: str, *, answered: bool = True) -> None:
        """It needs a person before it can be delivered.

        Args:
            delivery: what is parked.
            reason: a clause, free of secrets.
            answered: the destination refused it, so it works; False if it was not even asked.
        """

        def work(connection: sqlite3.Connection) -> None:
            outbox.park(connection, delivery, reason, self._clock())
            if answered:
                destination_health.answered(connection, delivery.destination)

        self._write(work)

    def requeue(self, names: Sequence[str]) -> int:
        """Parked events of these destinations wait again, in their old order. Returns how many.

        A person has mended something: what destinations asked for before does not count any more.
        """
        return self._write(lambda connection: outbox.requeue(connection, names, self._clock()))

    def keep_pace(self, name: str, busy: float) -> None:
        """Requests made by now count against this destination's rate for another ``busy`` seconds."""
        self._write(lambda connection: destination_health.keep_pace(connection, name, self._clock() + busy))
