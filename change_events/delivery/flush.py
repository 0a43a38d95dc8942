"""One flush: all destinations in parallel, each in order, within one time budget."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING

from change_events.delivery.destination_flush import LAST_PATIENCE, DestinationFlush, Terms
from change_events.delivery.outbox import MemoryOutbox, Outbox
from change_events.delivery.quoting import Quoting
from change_events.delivery.report import DeliveryReport
from change_events.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from change_events.delivery.worker import Answer
    from change_events.destinations.base import DestinationSettings
    from change_events.model import SealedEvent
    from change_events.redact import Redactor

_BRIEF = 0.75  # seconds in which a backend far away may well not have answered: a unit waits for us
_IDLE = 0.1  # seconds between looks for what others leave to us, while another destination is still busy
_WAITS = "the event waits for the next run or `tfevent events flush`"
_LOST = "the event is lost there, because the journal cannot keep it"


def deliver(
    journal: Outbox,
    destinations: Sequence[DestinationSettings],
    *,
    budget: float,
    force: bool = False,
    event: str | None = None,
    on_sent: Callable[[int], object] | None = None,
    redactor: Redactor | None = None,
) -> DeliveryReport:
    """Send the due events until none is left or the budget is used up. Raises nothing.

    Args:
        journal: an open :class:`~change_events.journal.Journal`; used by the calling thread only.
        destinations: where to send; deliveries to other destinations stay as they are.
        budget: seconds of wall-clock time, after which this returns; daemon threads may linger, but do not keep the
            process alive. On a busy machine it is extended while events get through (:meth:`Terms.extend`): of many
            runs that end at once, each waits for its own.
        force: also try destinations that are backing off (``tfevent events flush``); waits requested by a backend are
            respected, and awaited if they end within the budget.
        event: ID of the caller's event. While another process sends to a destination, only the delivery of this event
            is awaited; without an ID, all deliveries.
        on_sent: called with the number of delivered events whenever it grows.
        redactor: the settings' rules and the known secrets, applied to backends' messages; it is copied.
    """
    deadline = time.monotonic() + budget
    terms = Terms(deadline, force, _WAITS, brief=budget < _BRIEF, event=event, budget=budget, quoting=Quoting(redactor))
    return _Flush(journal, destinations, terms, on_sent).run()


def deliver_directly(
    sealed: SealedEvent,
    destinations: Sequence[DestinationSettings],
    *,
    budget: float,
    redactor: Redactor | None = None,
) -> DeliveryReport:
    """Send one event without a journal; the arguments are those of :func:`deliver`.

    Failed deliveries are lost, and the report says so. Raises nothing.
    """
    outbox = MemoryOutbox(sealed, [destination.name for destination in destinations])
    deadline = time.monotonic() + budget
    terms = Terms(deadline, force=True, consequence=_LOST, quoting=Quoting(redactor))
    return _Flush(outbox, destinations, terms).run()


class _Flush:
    """The calling thread's part: it alone uses the outbox, workers only send."""

    def __init__(
        self,
        outbox: Outbox,
        destinations: Sequence[DestinationSettings],
        terms: Terms,
        on_sent: Callable[[int], object] | None = None,
    ) -> None:
        self._outbox = outbox
        self._terms = terms
        self._on_sent = on_sent
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._destinations = {d.name: DestinationFlush(d, outbox, terms, self._answers) for d in destinations}

    def run(self) -> DeliveryReport:
        patience = self._outbox.patience
        trouble = []
        try:
            try:
                self._loop()
            finally:
                self._close()
        except JournalError as error:
            trouble.append(str(error))
        except Exception as error:  # noqa: BLE001  # no thread can be started, say: never the run's trouble
            trouble.append(f"delivery failed ({type(error).__name__}); {self._terms.consequence}")
        report = self._report(trouble)
        self._outbox.patience = patience
        return report

    def _loop(self) -> None:
        for flush in self._destinations.values():
            flush.look()
        while (left := self._terms.left()) > 0 and (wait := self._wait()) is not None:
            self._take(self._received(max(0.0, min(left, wait))))
            now = time.monotonic()
            for flush in self._destinations.values():
                if flush.wake is not None and flush.wake <= now:
                    flush.look()
                flush.look_again()
            if self._wait() is None:
                for flush in self._destinations.values():
                    flush.hand_over()

    def _wait(self) -> float | None:
        """Return the seconds until the next step, if no answer comes first; None if nothing is left to do."""
        now = time.monotonic()
        wakes = [flush.wake - now for flush in self._destinations.values() if flush.wake is not None]
        if not wakes:
            return None
        return min(*wakes, _IDLE) if any(flush.is_idle for flush in self._destinations.values()) else min(wakes)

    def _received(self, wait: float) -> list[Answer]:
        """Return the available answers, waiting for the first one for a limited time."""
        answers = []
        try:
            answers.append(self._answers.get(timeout=wait))
            while True:
                answers.append(self._answers.get_nowait())
        except queue.Empty:
            return answers

    def _take(self, answers: Sequence[Answer]) -> None:
        before = self._sent
        by_turn: dict[str, list[Answer]] = {}
        for answer in answers:
            by_turn.setdefault(answer.delivery.destination, []).append(answer)
        for name, its_own in by_turn.items():
            self._destinations[name].take(its_own)
        if self._on_sent and self._sent > before:
            self._on_sent(self._sent)

    def _close(self) -> None:
        """Record the results up to the last moment, and release the rest."""
        for flush in self._destinations.values():
            flush.stop()
        self._take(self._received(0))
        for flush in self._destinations.values():
            flush.close()

    @property
    def _sent(self) -> int:
        return sum(flush.sent for flush in self._destinations.values())

    def _report(self, trouble: list[str]) -> DeliveryReport:
        flushes = self._destinations.values()
        problems = [problem for flush in flushes for problem in (*flush.remarks, *flush.problems)]
        return DeliveryReport(
            sent=self._sent,
            waiting=self._waiting(),
            parked=sum(flush.parked for flush in flushes),
            problems=(*problems, *trouble),
        )

    def _waiting(self) -> int:
        self._outbox.patience = LAST_PATIENCE
        try:
            return self._outbox.waiting(list(self._destinations))
        except JournalError:  # reported already, or by the next use of the journal
            return sum(flush.is_open for flush in self._destinations.values())
