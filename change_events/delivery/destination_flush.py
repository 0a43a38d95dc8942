"""The flush of one destination: its events in order, until none is due or a failure ends it.

Everything here runs on the flush's own thread; the worker's thread only sends.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from change_events.delivery.backoff import left_alone, wait_after
from change_events.delivery.quoting import Quoting
from change_events.delivery.rate_limit import RateLimiter
from change_events.delivery.sender import ATTEMPTS
from change_events.delivery.worker import LONGEST, SPAN, Batch, Worker
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, Result, TransportName, Verdict
from change_events.process.pressure import stretch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from queue import SimpleQueue

    from change_events.delivery.outbox import Outbox
    from change_events.delivery.worker import Answer
    from change_events.journal import Delivery

_TRUST = 1.0  # seconds that a process which sends may be without a lease (more on a busy machine): then we go on
_BATCH = 50  # events handed to the worker at once
_BATCH_BYTES = 1_000_000  # of their bodies: memory must not grow with the events
_LEASE_MARGIN = 2.0  # seconds a lease outlives the longest batch
_GRACE = 0.5  # seconds for a worker to say itself that there was no answer
_NEAR = 1.0  # seconds before the deadline in which it is looked at whether to move it, and by which it is moved
_MOVES = 2.0  # seconds without an event that gets through after which it is not
_EDGE = 0.1  # seconds before the deadline in which "no answer" is the budget's doing
_POLL, _LONGEST_POLL = 0.02, 0.1  # seconds between looks at a destination that another process is sending to
LAST_PATIENCE = 0.25  # seconds to get hold of the journal after the budget, to hand leases back
_DONE = {Result.DELIVERED, Result.SKIPPED}
_UNANSWERED = Verdict(Result.RETRY, "no answer came in time")


class Terms(msgspec.Struct):
    """The terms of a whole flush.

    Attributes:
        deadline: :func:`time.monotonic` at which it ends. The time this process takes to get ready moves it.
        force: also try destinations that are backing off, except at the backend's own request.
        consequence: the result for an event that is not delivered, as a clause.
        brief: the time is so short that a missing answer says nothing about a destination.
        event: ID of the event whose delivery is awaited while another process sends; None for all waiting events.
        budget: planned seconds; 0 for no extension.
        extended: seconds it may take beyond the budget so far.
        quoting: prepares backends' messages for reasons.
    """

    deadline: float
    force: bool
    consequence: str
    brief: bool = False
    event: str | None = None
    budget: float = 0.0
    extended: float = 0.0
    quoting: Quoting = msgspec.field(default_factory=Quoting)

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def get_ready(self, transport: TransportName) -> None:
        """Import the client. This is not part of the budget, which it could exhaust on a busy machine."""
        begun = time.monotonic()
        from change_events.delivery.transport import get_ready

        get_ready(transport)
        self.deadline += time.monotonic() - begun

    def extend(self) -> None:
        """Move the deadline by a step, in proportion to how much slower this machine currently is."""
        allowed = self.budget * (stretch() - 1) - self.extended
        if allowed > 0:
            step = min(allowed, _NEAR)
            self.extended += step
            self.deadline += step


class DestinationFlush:
    """Passes events to the worker and records their results.

    Attributes:
        sent: number of delivered events.
        parked: number of parked events.
        problems: sentences for the user, without secrets.
        remarks: sentences on events that were delivered with restrictions (an ordered set).
        wake: :func:`time.monotonic` at which :meth:`look` is to be called; None if nothing is awaited.
    """

    def __init__(
        self, settings: DestinationSettings, outbox: Outbox, terms: Terms, answers: SimpleQueue[Answer]
    ) -> None:
        self.name = settings.name
        self.sent = 0
        self.parked = 0
        self.problems: list[str] = []
        self.remarks: dict[str, None] = {}
        self.wake: float | None = None
        self._outbox = outbox
        self._terms = terms
        self._worker = Worker(settings, answers)
        self._rate = _rate_of(settings)
        self._transport = _transport_of(settings)
        self._under_way: deque[Delivery] = deque()  # the first is being sent
        self._held = False  # another process is sending there
        self._sending = False  # this one is
        self._idle = False  # all has been sent, and this one would send what comes
        self._poll = _POLL
        self._moved = 0.0  # when an event has got through for the last time
        self._head = 0  # of the queue, when that was looked at
        self._tail = 0  # of the queue when this one began to send
        self._unleased: float | None = None  # since when the process that sends has had no lease
        self._over = False

    @property
    def is_idle(self) -> bool:
        """Whether everything was sent, and this process would send new events."""
        return self._idle and not self._over

    @property
    def is_open(self) -> bool:
        """Whether there is something to wait for."""
        return self.wake is not None

    def look(self) -> None:
        """Continue with events that are due, or without an answer that has not come."""
        self.wake = None
        self._idle = False
        if not self._over and self._terms.budget and self._terms.left() < _NEAR and self._moves():
            self._terms.extend()
        if self._under_way:
            self._worker.abandon()
            self._failed(_UNANSWERED)
        elif not self._over and self._worker.has_time(self._terms.deadline):
            self._advance()

    def look_again(self) -> None:
        """Continue if an idle destination has new events."""
        if self.is_idle and self._outbox.waiting([self.name]):
            self.look()

    def hand_over(self) -> None:
        """Stop sending here, except for events enqueued before others could know that.

        Another process that enqueues an event may leave it to the process that sends: so check once more after letting
        go.
        """
        if self.is_idle:
            self._let_go()
            if self._outbox.waiting([self.name]):
                self.look()

    def take(self, answers: Sequence[Answer]) -> None:
        """Record the results of deliveries, in batches, and continue."""
        self._outbox.patience = max(self._terms.left(), LAST_PATIENCE)
        self._arrived(answers)
        for answer in answers:
            if self._under_way and answer.delivery is self._under_way[0]:
                self._settle(answer)
        if self._rate.rate:
            self._outbox.keep_pace(self.name, self._rate.busy())
        if self._under_way:
            self._watch()
        else:
            self.look()

    def close(self) -> None:
        """End the flush: release deliveries under way, and report what is left. ``stop`` was called before."""
        self._outbox.patience = LAST_PATIENCE
        if self._under_way:
            self._worker.abandon()
            self._failed(_UNANSWERED)
        elif self._held:
            self._report(f"another tfevent process is still sending; {self._terms.consequence}")
        elif not self.problems and self._is_awaited():
            self._report(f"time limit reached; {self._terms.consequence}")
        self._let_go()

    def stop(self) -> None:
        """Send nothing more; the worker's thread ends when it is done, without being awaited."""
        self._over = True
        self._worker.stop()

    def _arrived(self, answers: Sequence[Answer]) -> None:
        """Record the delivered events in one batch, including those given up in the meantime."""
        arrived = [
            (answer.delivery, answer.verdict)
            for answer in answers
            if answer.verdict is not None and answer.verdict.result in _DONE
        ]
        if not arrived:
            return
        handles = {one.position: verdict.handle for one, verdict in arrived if verdict.handle is not None}
        skipped = {one.position: verdict.reason for one, verdict in arrived if verdict.result is Result.SKIPPED}
        self._outbox.delivered(*(delivery for delivery, _ in arrived), handles=handles, skipped=skipped)
        sent = [verdict for _, verdict in arrived if verdict.result is Result.DELIVERED]
        self.sent += len(sent)
        self._moved = time.monotonic()
        self.remarks |= {f"{self.name}: {verdict.reason}": None for verdict in sent if verdict.reason}

    def _settle(self, answer: Answer) -> None:
        """Apply the result of the first delivery under way, and record it if it was not delivered."""
        verdict = answer.verdict
        if verdict is None:  # the worker has ended its batch early
            self._release()
        elif verdict.result is Result.RETRY:
            self._failed(verdict)
        elif verdict.result in _DONE:
            self._under_way.popleft()
        else:
            self._outbox.park(self._under_way.popleft(), verdict.reason, answered=answer.asked)
            self.parked += 1
            self._report(f"{verdict.reason}; the event is parked")

    def _release(self) -> None:
        """Return deliveries under way that were not tried."""
        if self._under_way:
            self._outbox.release(*self._under_way)
            self._under_way.clear()

    def _advance(self) -> None:
        if self._must_pause():
            return
        left = self._terms.left()
        self._outbox.patience = max(left, 0)
        if not self._may_send():
            self._stand_by()
            return
        if self._is_due():
            self._terms.get_ready(self._transport)  # before the lease, which must outlive the sending
            left = self._terms.left()
        self._under_way.extend(
            self._outbox.claim(
                [self.name],
                _BATCH if self.sent and not self._rate.rate else 1,
                min(left, SPAN + LONGEST) + _LEASE_MARGIN,
                force=self._terms.force,
                size=_BATCH_BYTES,
            )
        )
        self._held = False
        if not self._under_way:
            self._find_out_why()
            return
        self._rate.learn(self._under_way[0].busy)
        if self._must_pause():
            self._release()
        else:
            self._hand_over()

    def _may_send(self) -> bool:
        if not self._sending and self._outbox.begin_sending(self.name):
            self._sending = True
            self._tail = self._outbox.progress(self.name).tail
        return self._sending

    def _is_due(self) -> bool:
        """Return whether there is something to send and the destination is not backing off."""
        if not self._outbox.waiting([self.name]):
            return False
        standing = self._outbox.standing(self.name)
        return not standing.asked and (self._terms.force or not standing.wait)

    def _let_go(self) -> None:
        if self._sending:
            self._sending = False
            self._outbox.end_sending(self.name)

    def _is_awaited(self) -> bool:
        """Return whether this flush still waits for a delivery."""
        if self._terms.event is None:
            return self._outbox.waiting([self.name]) > 0
        return self._outbox.is_waiting(self._terms.event, self.name)

    def _stand_by(self) -> None:
        """Wait for another process that sends, including the waiting events, until it is done or gone."""
        if not self._is_awaited():
            self._held = False
        elif self._is_stuck():
            self._sending = True
            self._advance()
        else:
            self._find_out_why()

    def _is_stuck(self) -> bool:
        """Return whether the sending process is inactive: an active one almost always holds a lease."""
        now = time.monotonic()
        if self._outbox.standing(self.name).held:
            self._unleased = None
            return False
        self._unleased = self._unleased or now
        return now - self._unleased > _TRUST * stretch()

    def _moves(self) -> bool:
        """Return whether events get through while some wait for this process, or this one's for another."""
        now = time.monotonic()
        progress = self._outbox.progress(self.name)
        if self._sending:
            return progress.tail > self._tail and now - self._moved < _MOVES
        if progress.head != self._head:
            self._head, self._moved = progress.head, now
        return self._held and now - self._moved < _MOVES

    def _must_pause(self) -> bool:
        """Return whether the rate limit blocks requests now; continue when it does not."""
        wait = self._rate.wait()
        if wait <= 0:
            return False
        if wait < self._terms.left():
            self.wake = time.monotonic() + wait
        elif self._outbox.waiting([self.name]):
            self._report(f"{self._rate.words()}; {self._terms.consequence}")
        return True

    def _find_out_why(self) -> None:
        """Find out why nothing is due while events wait: another process, or back-off."""
        if not self._outbox.waiting([self.name]):
            self._idle = self._sending
            return
        standing, force = self._outbox.standing(self.name), self._terms.force
        state = left_alone(standing, self._outbox.now())
        if force and 0 < standing.asked < self._terms.left():
            self.wake = time.monotonic() + standing.asked
        elif standing.asked or (standing.wait and not force):
            self._report(f"{state}; {self._terms.consequence}")
        elif (standing.held or not self._sending) and standing.failures and not force:
            self._report(f"another tfevent process is retrying it, {state}; {self._terms.consequence}")
        else:
            self._held = standing.held or not self._sending
            self.wake = time.monotonic() + self._poll
            self._poll = min(self._poll * 2, _LONGEST_POLL)

    def _hand_over(self) -> None:
        """Send a batch. After a failure, one request is enough to see whether the destination works again."""
        probing = self._under_way[0].failures > 0 and not self._terms.force
        attempts = 1 if probing else ATTEMPTS
        terms = self._terms
        batch = Batch(tuple(self._under_way), terms.deadline, attempts, self._rate, self._outbox.now, terms.quoting)
        self._worker.send(batch)
        self._watch()

    def _watch(self) -> None:
        """Continue when the event being sent has used its time."""
        self.wake = min(self._terms.deadline, time.monotonic() + LONGEST) + _GRACE

    def _failed(self, verdict: Verdict) -> None:
        """Let events wait, back off, and end this flush, unless only the time was up."""
        self.stop()
        delivery = self._under_way.popleft()
        self._release()
        if (self.sent or self._terms.brief) and self._terms.left() <= _EDGE:
            self._outbox.cut_short(delivery, verdict.reason)
            self._report(f"time limit reached; {self._terms.consequence}")
            return
        wait = wait_after(delivery.failures, verdict.after)
        dropped = self._outbox.retry(delivery, wait, verdict.reason, verdict.after)
        self._report(f"{verdict.reason}; {self._terms.consequence}")
        self.problems += [dropped] if dropped else []

    def _report(self, problem: str) -> None:
        """Keep the last problem only: it is why the flush ended."""
        self.problems = [f"{self.name}: {problem}"]


def _transport_of(settings: DestinationSettings) -> TransportName:
    try:
        return get(settings.kind).way(settings.options)
    except (ImportError, KeyError):  # as below
        return "http"


def _rate_of(settings: DestinationSettings) -> RateLimiter:
    try:
        return RateLimiter(get(settings.kind).limits.rate)
    except (ImportError, KeyError):  # the worker reports it when it sends
        return RateLimiter(None)
