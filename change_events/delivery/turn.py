"""One destination's part in a flush: its events one after the other, until none is due or something ends it.

Everything here happens on the flush's own thread; the lane's thread only sends.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from change_events.delivery.backoff import left_alone, wait_after
from change_events.delivery.lane import LONGEST, SPAN, Batch, Lane
from change_events.delivery.pace import Pace
from change_events.delivery.sender import ATTEMPTS
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from queue import SimpleQueue

    from change_events.delivery.lane import Answer
    from change_events.delivery.outbox import Outbox
    from change_events.journal import Delivery

_BATCH = 50  # events handed to the lane at once
_BATCH_BYTES = 1_000_000  # of their bodies: memory must not grow with the events
_LEASE_MARGIN = 2.0  # seconds a lease outlives the longest batch
_GRACE = 0.5  # seconds for a lane to say itself that there was no answer
_EDGE = 0.1  # seconds before the deadline in which "no answer" is the budget's doing
_POLL = 0.05  # seconds between looks at a destination that another process is sending to
LAST_PATIENCE = 0.25  # seconds to get hold of the journal after the budget, to hand leases back
_UNANSWERED = Verdict(Result.RETRY, "no answer came in time")


class Terms(msgspec.Struct, frozen=True):
    """What holds for a whole flush.

    Attributes:
        deadline: moment of :func:`time.monotonic` at which it ends.
        force: also try what is left alone because it failed, unless it asked for that itself.
        consequence: what becomes of an event that is not delivered, as a clause.
        brief: there was so little time from the first that no answer says nothing of a destination.
    """

    deadline: float
    force: bool
    consequence: str
    brief: bool = False

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()


class Turn:
    """Hands events to the lane and writes down what became of them.

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
        self._lane = Lane(settings, answers)
        self._pace = _pace_of(settings)
        self._under_way: deque[Delivery] = deque()  # the first is being sent
        self._held = False  # another process is sending there
        self._over = False

    @property
    def is_open(self) -> bool:
        """Whether there is something to wait for."""
        return self.wake is not None

    def look(self) -> None:
        """Go on: with what is due, or without an answer that has not come."""
        self.wake = None
        if self._under_way:
            self._failed(_UNANSWERED)
        elif not self._over and self._lane.has_time(self._terms.deadline):
            self._advance()

    def take(self, answers: Sequence[Answer]) -> None:
        """Write down what became of deliveries, in one go as far as they have arrived, and go on."""
        self._outbox.patience = max(self._terms.left(), LAST_PATIENCE)
        self._arrived(answers)
        for answer in answers:
            if self._under_way and answer.delivery is self._under_way[0]:
                self._settle(answer)
        if self._pace.rate:
            self._outbox.keep_pace(self.name, self._pace.busy())
        if self._under_way:
            self._watch()
        else:
            self.look()

    def close(self) -> None:
        """The flush is over: hand back what is under way, and say what is left. ``stop`` came before."""
        self._outbox.patience = LAST_PATIENCE
        if self._under_way:
            self._failed(_UNANSWERED)
        elif self._held:
            self._tell(f"another tfevent is still sending; {self._terms.consequence}")
        elif not self.problems and self._outbox.waiting([self.name]):
            self._tell(f"the time is up; {self._terms.consequence}")

    def stop(self) -> None:
        """Nothing more is to be sent; the lane's thread ends when it is done; does not wait."""
        self._over = True
        self._lane.stop()

    def _arrived(self, answers: Sequence[Answer]) -> None:
        """Write down what has arrived, in one go; true also of what was given up on meanwhile."""
        arrived = [
            (answer.delivery, answer.verdict)
            for answer in answers
            if answer.verdict is not None and answer.verdict.result is Result.DELIVERED
        ]
        if not arrived:
            return
        handles = {one.position: verdict.handle for one, verdict in arrived if verdict.handle is not None}
        self._outbox.delivered(*(delivery for delivery, _ in arrived), handles=handles)
        self.sent += len(arrived)
        self.remarks |= {f"{self.name}: {verdict.reason}": None for _, verdict in arrived if verdict.reason}

    def _settle(self, answer: Answer) -> None:
        """Of the first under way: what it means for the turn, and what is to be written if it did not arrive."""
        verdict = answer.verdict
        if verdict is None:  # the lane has ended its batch early
            self._release()
        elif verdict.result is Result.RETRY:
            self._failed(verdict)
        elif verdict.result is Result.DELIVERED:
            self._under_way.popleft()
        else:
            self._outbox.park(self._under_way.popleft(), verdict.reason, answered=answer.asked)
            self.parked += 1
            self._tell(f"{verdict.reason}; the event is parked")

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
        self._under_way.extend(
            self._outbox.claim(
                [self.name],
                _BATCH if self.sent and not self._pace.rate else 1,
                min(left, SPAN + LONGEST) + _LEASE_MARGIN,
                force=self._terms.force,
                size=_BATCH_BYTES,
            )
        )
        self._held = False
        if not self._under_way:
            self._find_out_why()
            return
        self._pace.learn(self._under_way[0].busy)
        if self._must_pause():
            self._release()
        else:
            self._hand_over()

    def _must_pause(self) -> bool:
        """Whether its rate lets nothing through now; come back when it does."""
        wait = self._pace.wait()
        if wait <= 0:
            return False
        if wait < self._terms.left():
            self.wake = time.monotonic() + wait
        elif self._outbox.waiting([self.name]):
            self._tell(f"{self._pace.words()}; {self._terms.consequence}")
        return True

    def _find_out_why(self) -> None:
        """Nothing was due, though something may wait: for another process, or for the destination to recover."""
        if not self._outbox.waiting([self.name]):
            return
        standing, force = self._outbox.standing(self.name), self._terms.force
        told = left_alone(standing, self._outbox.now())
        if force and 0 < standing.asked < self._terms.left():
            self.wake = time.monotonic() + standing.asked
        elif standing.asked or (standing.wait and not force):
            self._tell(f"{told}; {self._terms.consequence}")
        elif standing.held and standing.failures and not force:
            self._tell(f"another tfevent is trying it, {told}; {self._terms.consequence}")
        else:
            self._held = standing.held
            self.wake = time.monotonic() + _POLL

    def _hand_over(self) -> None:
        """Send it. Where the destination failed last time, one request is enough to see whether it works again."""
        probing = self._under_way[0].failures > 0 and not self._terms.force
        attempts = 1 if probing else ATTEMPTS
        self._lane.send(Batch(tuple(self._under_way), self._terms.deadline, attempts, self._pace, self._outbox.now))
        self._watch()

    def _watch(self) -> None:
        """Come back when the event that is being sent has had its time."""
        self.wake = min(self._terms.deadline, time.monotonic() + LONGEST) + _GRACE

    def _failed(self, verdict: Verdict) -> None:
        """What was sent waits, its destination is left alone, and its turn is over; unless only the time was up."""
        self.stop()
        delivery = self._under_way.popleft()
        self._release()
        if (self.sent or self._terms.brief) and self._terms.left() <= _EDGE:
            self._outbox.cut_short(delivery, verdict.reason)
            self._tell(f"the time is up; {self._terms.consequence}")
            return
        wait = wait_after(delivery.failures, verdict.after)
        dropped = self._outbox.retry(delivery, wait, verdict.reason, verdict.after)
        self._tell(f"{verdict.reason}; {self._terms.consequence}")
        self.problems += [dropped] if dropped else []

    def _tell(self, problem: str) -> None:
        """Only the last problem counts: it is why the turn ended."""
        self.problems = [f"{self.name}: {problem}"]


def _pace_of(settings: DestinationSettings) -> Pace:
    try:
        return Pace(get(settings.kind).limits.rate)
    except (ImportError, KeyError):  # the lane tells it, when it sends
        return Pace(None)
