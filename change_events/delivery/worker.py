"""A daemon thread that sends to one destination: a slow one blocks neither the others nor the process."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.delivery.event_age import out_of_time
from change_events.delivery.transport import THREAD_PREFIX, TransportError, open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from change_events.delivery.quoting import Quoting
    from change_events.delivery.rate_limit import RateLimiter
    from change_events.delivery.sender import Effort
    from change_events.delivery.transport import Transport
    from change_events.journal import Delivery

LONGEST = 15.0  # seconds that one event may take
SPAN = 5.0  # seconds after which no further event of a batch is begun: so long, and one event, a lease must hold
_ROOM = 2  # times what the last answer took must be left for the next: what is cut off is sent a second time


class Batch(NamedTuple):
    """Deliveries to make, in order.

    Attributes:
        deadline: :func:`time.monotonic` at which the flush ends.
        attempts: maximum number of attempts for each.
        pace: the destination's rate limit.
        clock: returns seconds since 1970.
        quoting: prepares the backend's messages for reasons.
    """

    deliveries: Sequence[Delivery]
    deadline: float
    attempts: int
    pace: RateLimiter
    clock: Callable[[], float]
    quoting: Quoting


class Answer(NamedTuple):
    """The result of one delivery.

    Attributes:
        verdict: None if it was not tried; then the rest of the batch is not tried either.
        asked: a request was sent to the destination.
    """

    delivery: Delivery
    verdict: Verdict | None
    asked: bool


class Worker:
    """Takes a batch at a time and puts an :class:`Answer` for each of its deliveries into ``answers``, in order.

    After a delivery to be retried, the rest of the batch is not sent. The worker may be abandoned at any time: it owns
    its connections and uses nothing else.
    """

    def __init__(self, settings: DestinationSettings, answers: SimpleQueue[Answer]) -> None:
        self._settings = settings
        self._answers = answers
        self._inbox: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._answered = 0
        self._transport: Transport | None = None
        self._took = 0.0  # seconds, the last answer; that to the first is mostly getting ready

    def send(self, batch: Batch) -> None:
        """Send a batch on the worker's thread, which the first batch starts."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=THREAD_PREFIX + self._settings.name, daemon=True)
            self._thread.start()
        self._inbox.put(batch)

    def has_time(self, deadline: float) -> bool:
        """Return whether another event is likely to be answered before ``deadline``."""
        return deadline - time.monotonic() > _ROOM * self._took

    def stop(self) -> None:
        """Start no further event, and let the thread end after the current one; does not wait."""
        self._stopped.set()
        self._inbox.put(None)

    def abandon(self) -> None:
        """As :meth:`stop`, if the process may end before the thread."""
        self.stop()
        if self._transport is not None:
            self._transport.abandon()

    def _run(self) -> None:
        with ExitStack() as stack:
            while (batch := self._inbox.get()) is not None:
                try:
                    transport = self._transport = self._transport or stack.enter_context(open_transport(self._settings))
                except Exception as error:  # noqa: BLE001  # a thread that dies silently would cost the whole budget
                    self._answers.put(Answer(batch.deliveries[0], failed(error), asked=False))
                else:
                    self._work(batch, transport)

    def _work(self, batch: Batch, transport: Transport) -> None:
        over = time.monotonic() + SPAN
        for number, delivery in enumerate(batch.deliveries):
            begun = time.monotonic()
            if self._stopped.is_set() or (number and (begun > over or not self.has_time(batch.deadline))):
                self._answers.put(Answer(delivery, None, asked=False))
                return
            answer = _answer(self._settings, transport, delivery, batch)
            self._took = time.monotonic() - begun if self._answered else 0.0
            self._answered += 1
            self._answers.put(answer)
            if answer.verdict is not None and answer.verdict.result is Result.RETRY:
                return


def failed(error: Exception) -> Verdict:
    """Return the verdict if nothing could be sent: tfevent's own clauses, of other errors only the name."""
    reason = str(error) if isinstance(error, TransportError) else f"tfevent failed ({type(error).__name__})"
    return Verdict(Result.RETRY, reason)


def _answer(settings: DestinationSettings, transport: Transport, delivery: Delivery, batch: Batch) -> Answer:
    from change_events.delivery.sender import Effort

    effort = Effort(min(batch.deadline, time.monotonic() + LONGEST), batch.attempts, batch.pace, batch.quoting)
    try:
        verdict = _verdict(settings, transport, delivery, effort, batch.clock())
    except Exception as error:  # noqa: BLE001  # as above
        verdict = failed(error)
    return Answer(delivery, verdict, effort.requests > 0)


def _verdict(
    settings: DestinationSettings, transport: Transport, delivery: Delivery, effort: Effort, now: float
) -> Verdict:
    from change_events.delivery.sender import send_event

    try:
        sealed = delivery.sealed()
    except msgspec.DecodeError:  # written by a newer version, say: it must not hold up all behind it
        return Verdict(Result.PARK, "this version of tfevent cannot read the stored event")
    if problem := out_of_time(sealed.event, get(settings.kind).limits, now):
        return Verdict(Result.PARK, problem)
    return send_event(settings, transport, sealed, effort, delivery.handle)
