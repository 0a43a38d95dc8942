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
    """The outbox in an open file.

    Args:
        path: the file.
        repair: move a damaged file aside and start a new one.
        caps: limits.
        clock: returns seconds since 1970, shared by all processes that use the file.
        patience: seconds to wait for another process's lock.
        index: also create missing indexes of a large file.
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
        """Close the file; may be called repeatedly."""
        self._senders.close()
        self._connection.close()

    def claim(
        self, names: Sequence[str], limit: int, lease: float, *, force: bool = False, size: int | None = None
    ) -> list[Delivery]:
        """Lease due deliveries: up to ``limit`` per destination, oldest first, in the order of each destination.

        While another process holds a destination's oldest open delivery, that destination yields nothing.

        Args:
            names: destinations.
            limit: maximum number for each.
            lease: seconds after which others may claim them (at most an hour).
            force: also for destinations that are backing off, except at their own request.
            size: bytes of bodies after which no more are claimed for a destination.

        Raises:
            JournalError: the journal cannot be written.
        """
        terms = outbox.Terms(limit, lease, force, size)
        return self._write(lambda connection: outbox.claim(connection, names, terms, self._clock()))

    def now(self) -> float:
        """Seconds since 1970 by the clock of all bookkeeping here."""
        return self._clock()

    def standing(self, name: str) -> Standing:
        """Return the health of this destination: whether a process is sending, and its back-off."""
        return self._read(lambda connection: outbox.standing_of(connection, name, self._clock()))

    def progress(self, name: str) -> Progress:
        """Return the progress of this destination's queue."""
        return self._read(lambda connection: outbox.progress(connection, name))

    def waiting(self, names: Sequence[str]) -> int:
        """Return the number of open deliveries to these destinations."""
        return self._read(lambda connection: outbox.waiting(connection, names))

    def is_waiting(self, event_id: str, name: str) -> bool:
        """Return whether the delivery of this event to destination ``name`` is open."""
        return self._read(lambda connection: outbox.is_waiting(connection, event_id, name))

    def begin_sending(self, name: str) -> bool:
        """Become the process that sends to this destination; False while another one does (it delivers all)."""
        return self._senders.acquire(name)

    def end_sending(self, name: str) -> None:
        """Let other processes send to this destination."""
        self._senders.release(name)

    def delivered(
        self,
        *deliveries: Delivery,
        handles: Mapping[int, str] | None = None,
        skipped: Mapping[int, str] | None = None,
    ) -> None:
        """Record deliveries, which show that their destinations work.

        Args:
            deliveries: the deliveries made.
            handles: the backend's IDs of them by position, if it has any.
            skipped: by position, why nothing was to be reported.
        """
        self._write(lambda connection: outbox.delivered(connection, deliveries, handles or {}, skipped or {}))

    def handle(self, event_id: str, name: str) -> str | None:
        """Return the backend's ID of this event's start at destination ``name``, if known."""
        return self._read(lambda connection: stages.handle_of(connection, event_id, name))

    def retry(self, delivery: Delivery, after: float, reason: str, asked: float | None = None) -> str | None:
        """Record a failure: the whole destination backs off for ``after`` seconds (at most a day).

        Args:
            delivery: the failed delivery.
            after: seconds.
            reason: a clause, free of secrets.
            asked: seconds of these requested by the destination.

        Returns:
            A sentence if deliveries that waited too long were dropped, because the destination keeps failing.
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
        """Record an attempt that ran out of time and says nothing of its destination: it is due again at once."""
        self._write(lambda connection: outbox.retry(connection, delivery, 0, reason))

    def release(self, *deliveries: Delivery) -> None:
        """Return deliveries that were not tried; they are due as before."""
        self._write(lambda connection: outbox.release(connection, deliveries))

    def park(self, delivery: Delivery, reason: str, *, answered: bool = True) -> None:
        """Park a delivery, which then needs intervention.

        Args:
            delivery: the delivery.
            reason: a clause, free of secrets.
            answered: the destination refused it, and so works; False if no request was sent.
        """

        def work(connection: sqlite3.Connection) -> None:
            outbox.park(connection, delivery, reason, self._clock())
            if answered:
                destination_health.answered(connection, delivery.destination)

        self._write(work)

    def requeue(self, names: Sequence[str]) -> int:
        """Return parked deliveries of these destinations to their place in the queue. Returns their number.

        The user has fixed the cause: earlier waits requested by destinations are discarded.
        """
        return self._write(lambda connection: outbox.requeue(connection, names, self._clock()))

    def keep_pace(self, name: str, busy: float) -> None:
        """Record that requests so far count against this destination's rate for another ``busy`` seconds."""
        self._write(lambda connection: destination_health.keep_pace(connection, name, self._clock() + busy))
