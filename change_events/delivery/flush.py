"""One flush: destinations side by side, each in order, all inside one time budget."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING

from change_events.delivery.lane import Answer, Lane
from change_events.delivery.outbox import MemoryOutbox, Outbox
from change_events.delivery.report import DeliveryReport
from change_events.destinations.base import DestinationSettings, Result, Verdict
from change_events.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.journal import Delivery
    from change_events.model import SealedEvent

_LEASE_MARGIN = 2.0  # seconds a lease outlives the budget: so long a killed flush holds a destination up
_POLL = 0.05  # seconds between looks at a destination that another process is sending to
_LAST_PATIENCE = 0.25  # seconds to get hold of the journal after the budget, to hand leases back
_OUT_OF_TIME = "no answer came within the time budget"


def deliver(
    journal: Outbox, destinations: Sequence[DestinationSettings], *, budget: float, force: bool = False
) -> DeliveryReport:
    """Send what is due, until nothing is left or the budget is spent. Raises nothing.

    Args:
        journal: an open :class:`~change_events.journal.Journal`; used by the calling thread only.
        destinations: where to send; what waits for other destinations stays as it is.
        budget: seconds of wall-clock time. Whatever a backend does, this returns then; a thread may linger,
            but it is a daemon and does not keep the process alive.
        force: also what is waiting for a later time (``tfevent events flush``).
    """
    flush = _Flush(journal, destinations, time.monotonic() + budget, force=force)
    return flush.run("the event waits for the next run or `tfevent events flush`")


def deliver_directly(
    sealed: SealedEvent, destinations: Sequence[DestinationSettings], *, budget: float
) -> DeliveryReport:
    """Send one event without a journal. What fails is lost, and the report says so. Raises nothing."""
    outbox = MemoryOutbox(sealed, [destination.name for destination in destinations])
    flush = _Flush(outbox, destinations, time.monotonic() + budget, force=True)
    return flush.run("the event is lost there, because the journal cannot keep it")


class _Flush:
    """The calling thread's half: it alone talks to the outbox, lanes only send."""

    def __init__(
        self, outbox: Outbox, destinations: Sequence[DestinationSettings], deadline: float, *, force: bool
    ) -> None:
        self._outbox = outbox
        self._deadline = deadline
        self._force = force
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._lanes = {d.name: Lane(d, deadline, self._answers) for d in destinations}
        self._in_flight: dict[str, Delivery] = {}
        self._held: set[str] = set()  # another process is sending there
        self._sent = 0
        self._parked = 0
        self._problems: dict[str, str] = {}
        self._consequence = ""

    def run(self, consequence: str) -> DeliveryReport:
        self._consequence = consequence
        patience = self._outbox.patience
        try:
            try:
                self._loop()
            finally:
                self._outbox.patience = _LAST_PATIENCE
                self._hand_back()
        except JournalError as error:
            self._problems[""] = str(error)
        except Exception as error:  # noqa: BLE001  # no thread can be started, say: never the run's trouble
            self._problems[""] = f"delivery failed ({type(error).__name__}); {consequence}"
        finally:
            self._outbox.patience = patience
            for lane in self._lanes.values():
                lane.finish()
        return DeliveryReport(self._sent, self._waiting(), self._parked, tuple(self._problems.values()))

    def _waiting(self) -> int:
        try:
            return self._outbox.waiting(list(self._lanes))
        except JournalError:  # told already, or about to be by whoever needs the journal next
            return len(self._in_flight)

    def _loop(self) -> None:
        for name in self._lanes:
            self._advance(name)
        while (self._in_flight or self._held) and (left := self._left()) > 0:
            try:
                answer = self._answers.get(timeout=min(left, _POLL) if self._held else left)
            except queue.Empty:
                pass
            else:
                self._take(answer)
            for name in tuple(self._held):
                self._advance(name)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _advance(self, name: str) -> None:
        """Hand the destination's next event to its lane, if one is due."""
        left = self._left()
        if left <= 0:
            return
        self._outbox.patience = left
        claimed = self._outbox.claim([name], 1, left + _LEASE_MARGIN, force=self._force)
        self._held.discard(name)
        for delivery in claimed:
            self._in_flight[name] = delivery
            self._lanes[name].send(delivery)
        if not claimed and self._outbox.is_held(name):
            self._held.add(name)

    def _take(self, answer: Answer) -> None:
        """Write down what became of a delivery; a failure that may pass ends this destination's turn."""
        delivery, verdict = answer
        name = delivery.destination
        self._outbox.patience = max(self._left(), _LAST_PATIENCE)
        if verdict.result is Result.DELIVERED:
            self._outbox.delivered(delivery)
            self._sent += 1
        elif verdict.result is Result.RETRY:
            self._wait(delivery, verdict)
        else:
            self._outbox.park(delivery, verdict.reason)
            self._parked += 1
            self._problems[name] = f"{name}: {verdict.reason}; the event is parked"
        del self._in_flight[name]
        if verdict.result is not Result.RETRY:
            self._advance(name)

    def _wait(self, delivery: Delivery, verdict: Verdict) -> None:
        from change_events.delivery.sender import later

        self._outbox.retry(delivery, later(delivery.attempts, verdict.after), verdict.reason)
        self._problems[delivery.destination] = f"{delivery.destination}: {verdict.reason}; {self._consequence}"

    def _hand_back(self) -> None:
        """What is still under way when the budget ends may yet arrive: it waits, and may come twice."""
        for name, delivery in list(self._in_flight.items()):
            self._wait(delivery, Verdict(Result.RETRY, _OUT_OF_TIME))
            del self._in_flight[name]
        for name in self._held:
            self._problems.setdefault(name, f"{name}: another tfevent is still sending; {self._consequence}")
