"""One destination's part in a flush: its events one after the other, until none is due or something ends it.

Everything here happens on the flush's own thread; the worker's thread only sends.
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
    """What holds for a whole flush.

    Attributes:
        deadline: moment of :func:`time.monotonic` at which it ends. What this process takes to get ready moves it.
        force: also try what is left alone because it failed, unless it asked for that itself.
        consequence: the outcome of an event that is not delivered, as a clause.
        brief: there was so little time from the first that no answer says nothing of a destination.
        event: id of the event whose delivery is waited for while another process sends; None for all that waits.
        budget: seconds that it was to take; 0 if it must not take more.
        extended: seconds that it may take beyond the budget, by now.
        quoting: how what backends say gets into reasons.
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
        """Import the client. The budget is for what backends take: on a busy machine this could take all of it."""
        begun = time.monotonic()
        from change_events.delivery.transport import get_ready

        get_ready(transport)
        self.deadline += time.monotonic() - begun

    def extend(self) -> None:
        """Move the deadline a step, up to as many times the budget as everything takes on this machine right now."""
        allowed = self.budget * (stretch() - 1) - self.extended
        if allowed > 0:
            step = min(allowed, _NEAR)
            self.extended += step
            self.deadline += step


class DestinationFlush:
    """Hands events to the worker and writes down the outcome of them.

    Attributes:
        sent: how many have arrived.
        parked: how many were put aside.
        problems: sentences for the user, without secrets.
        remarks: the same about what has arrived, but not as it was meant to (an ordered set).
        wake: moment of :func:`time.monotonic` at which :meth:`look` is to be called; None while nothing is awaited.
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
        """Whether all has been sent, and this process would send what comes."""
        return self._idle and not self._over

    @property
    def is_open(self) -> bool:
        """Whether there is something to wait for."""
        return self.wake is not None

    def look(self) -> None:
        """Go on: with what is due, or without an answer that has not come."""
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
        """Go on if something has come to an idle destination."""
        if self.is_idle and self._outbox.waiting([self.name]):
            self.look()

    def hand_over(self) -> None:
        """Nothing more is sent here, unless something came before anybody could know that.

        Whoever enqueues an event and finds us sending may leave it to us: so look once more, after letting go.
        """
        if self.is_idle:
            self._let_go()
            if self._outbox.waiting([self.name]):
                self.look()

    def take(self, answers: Sequence[Answer]) -> None:
        """Write down the outcome of deliveries, in one go as far as they have arrived, and go on."""
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
        """The flush is over: hand back what is under way, and say what is left. ``stop`` came before."""
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
        """Nothing more is to be sent; the worker's thread ends when it is done; does not wait."""
        self._over = True
        self._worker.stop()

    def _arrived(self, answers: Sequence[Answer]) -> None:
        """Write down what has arrived, in one go; true also of what was given up on meanwhile."""
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
        """Of the first under way: what it means for this flush, and what is to be written if it did not arrive."""
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
        """What is under way was not tried after all."""
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
        """Whether there is something to send, and the destination is not left alone."""
        if not self._outbox.waiting([self.name]):
            return False
        standing = self._outbox.standing(self.name)
        return not standing.asked and (self._terms.force or not standing.wait)

    def _let_go(self) -> None:
        if self._sending:
            self._sending = False
            self._outbox.end_sending(self.name)

    def _is_awaited(self) -> bool:
        """Whether something is still to be sent that this flush is there for."""
        if self._terms.event is None:
            return self._outbox.waiting([self.name]) > 0
        return self._outbox.is_waiting(self._terms.event, self.name)

    def _stand_by(self) -> None:
        """Another process sends, and takes what waits along: come back until it has, or has gone."""
        if not self._is_awaited():
            self._held = False
        elif self._is_stuck():
            self._sending = True
            self._advance()
        else:
            self._find_out_why()

    def _is_stuck(self) -> bool:
        """Whether the process that sends does nothing: whoever sends has leased what comes next, but for moments."""
        now = time.monotonic()
        if self._outbox.standing(self.name).held:
            self._unleased = None
            return False
        self._unleased = self._unleased or now
        return now - self._unleased > _TRUST * stretch()

    def _moves(self) -> bool:
        """Whether events get through, and some that have come meanwhile wait for us, or ours for another process."""
        now = time.monotonic()
        progress = self._outbox.progress(self.name)
        if self._sending:
            return progress.tail > self._tail and now - self._moved < _MOVES
        if progress.head != self._head:
            self._head, self._moved = progress.head, now
        return self._held and now - self._moved < _MOVES

    def _must_pause(self) -> bool:
        """Whether its rate lets nothing through now; come back when it does."""
        wait = self._rate.wait()
        if wait <= 0:
            return False
        if wait < self._terms.left():
            self.wake = time.monotonic() + wait
        elif self._outbox.waiting([self.name]):
            self._report(f"{self._rate.words()}; {self._terms.consequence}")
        return True

    def _find_out_why(self) -> None:
        """Nothing was due, though something may wait: for another process, or for the destination to recover."""
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
        """Send it. Where the destination failed last time, one request is enough to see whether it works again."""
        probing = self._under_way[0].failures > 0 and not self._terms.force
        attempts = 1 if probing else ATTEMPTS
        terms = self._terms
        batch = Batch(tuple(self._under_way), terms.deadline, attempts, self._rate, self._outbox.now, terms.quoting)
        self._worker.send(batch)
        self._watch()

    def _watch(self) -> None:
        """Come back when the event that is being sent has had its time."""
        self.wake = min(self._terms.deadline, time.monotonic() + LONGEST) + _GRACE

    def _failed(self, verdict: Verdict) -> None:
        """What was sent waits, its destination is left alone, and its flush is over; unless only the time was up."""
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
        """Only the last problem counts: it is why the flush ended."""
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
