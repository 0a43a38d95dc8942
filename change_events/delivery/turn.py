"""One destination's part in a flush: its events one after the other, until none is due or something ends it.

Everything here happens on the flush's own thread; the lane's thread only sends.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from change_events.delivery.age import span
from change_events.delivery.backoff import wait_after
from change_events.delivery.lane import Lane, Task
from change_events.delivery.pace import Pace
from change_events.delivery.sender import ATTEMPTS, Effort
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, Result, Verdict

if TYPE_CHECKING:
    from queue import SimpleQueue

    from change_events.delivery.lane import Answer
    from change_events.delivery.outbox import Outbox
    from change_events.journal import Delivery

_LONGEST = 15.0  # seconds that one event may take, so that a killed flush holds its destination up no longer
_LEASE_MARGIN = 2.0  # seconds a lease outlives them
_GRACE = 0.5  # seconds for a lane to say itself that there was no answer
_EDGE = 0.1  # seconds before the deadline in which "no answer" is the budget's doing
_POLL = 0.05  # seconds between looks at a destination that another process is sending to
LAST_PATIENCE = 0.25  # seconds to get hold of the journal after the budget, to hand leases back
_UNANSWERED = "no answer came in time"


class Terms(msgspec.Struct, frozen=True):
    """What holds for a whole flush.

    Attributes:
        deadline: moment of :func:`time.monotonic` at which it ends.
        force: also try what is left alone because it failed.
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
        self._delivery: Delivery | None = None  # under way
        self._begun = 0.0
        self._took = 0.0  # seconds, the last answer
        self._held = False  # another process is sending there

    @property
    def is_open(self) -> bool:
        """Whether there is something to wait for."""
        return self._delivery is not None or self.wake is not None

    def look(self) -> None:
        """Go on: with what is due, or without an answer that has not come."""
        self.wake = None
        if self._delivery is not None:
            self._unanswered(self._delivery)
        elif self._terms.left() > self._took:  # what cannot be answered in time would be sent twice
            self._advance()

    def take(self, answer: Answer) -> None:
        """Write down what became of a delivery, and go on."""
        delivery, verdict, asked = answer
        self._outbox.patience = max(self._terms.left(), LAST_PATIENCE)
        if delivery is not self._delivery:  # given up on meanwhile
            self._late(delivery, verdict)
            return
        self._delivery = self.wake = None
        self._took = time.monotonic() - self._begun
        if self._pace.rate:
            self._outbox.keep_pace(self.name, self._pace.busy())
        if verdict.result is Result.RETRY:
            self._failed(delivery, verdict)
            return
        if verdict.result is Result.DELIVERED:
            self._arrived(delivery, verdict)
        else:
            self._outbox.park(delivery, verdict.reason, answered=asked)
            self.parked += 1
            self._tell(f"{verdict.reason}; the event is parked")
        self.look()

    def close(self) -> None:
        """The flush is over: hand back what is under way, and say what is left."""
        self._outbox.patience = LAST_PATIENCE
        if self._delivery is not None:
            self._unanswered(self._delivery)
        elif self._held:
            self._tell(f"another tfevent is still sending; {self._terms.consequence}")
        elif not self.problems and self._outbox.waiting([self.name]):
            self._tell(f"the time is up; {self._terms.consequence}")

    def finish(self) -> None:
        """Let the lane's thread end when it is done; does not wait."""
        self._lane.finish()

    def _advance(self) -> None:
        if self._must_pause():
            return
        left = self._terms.left()
        self._outbox.patience = max(left, 0)
        lease = min(left, _LONGEST) + _LEASE_MARGIN
        claimed = self._outbox.claim([self.name], 1, lease, force=self._terms.force)
        self._held = False
        if not claimed:
            self._find_out_why()
        for delivery in claimed:
            self._pace.learn(delivery.busy)
            if self._must_pause():
                self._outbox.release(delivery)
            else:
                self._hand_over(delivery)

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
        standing = self._outbox.standing(self.name)
        failures, times = standing.failures, "time" if standing.failures == 1 else "times"
        if standing.wait and not self._terms.force:
            told = f"left alone for {span(standing.wait)}, it has failed {failures} {times} ({standing.reason})"
            self._tell(f"{told}; {self._terms.consequence}")
        elif standing.held and failures and not self._terms.force:
            self._tell(f"another tfevent is trying it, it has failed {failures} {times}; {self._terms.consequence}")
        else:
            self._held = standing.held
            self.wake = time.monotonic() + _POLL

    def _hand_over(self, delivery: Delivery) -> None:
        """Send it. Where the destination failed last time, one request is enough to see whether it works again."""
        self._begun = time.monotonic()
        until = min(self._terms.deadline, self._begun + _LONGEST)
        probing = delivery.failures > 0 and not self._terms.force
        effort = Effort(until, 1 if probing else ATTEMPTS, self._pace)
        self._delivery = delivery
        self.wake = until + _GRACE
        self._lane.send(Task(delivery, effort, self._outbox.now()))

    def _unanswered(self, delivery: Delivery) -> None:
        self._delivery = None
        self._failed(delivery, Verdict(Result.RETRY, _UNANSWERED))

    def _failed(self, delivery: Delivery, verdict: Verdict) -> None:
        """It waits, its destination is left alone, and its turn is over; unless only the time was up."""
        if (self.sent or self._terms.brief) and self._terms.left() <= _EDGE:
            self._outbox.cut_short(delivery, verdict.reason)
            self._tell(f"the time is up; {self._terms.consequence}")
            return
        dropped = self._outbox.retry(delivery, wait_after(delivery.failures, verdict.after), verdict.reason)
        self._tell(f"{verdict.reason}; {self._terms.consequence}")
        self.problems += [dropped] if dropped else []

    def _late(self, delivery: Delivery, verdict: Verdict) -> None:
        if verdict.result is Result.DELIVERED:
            self._arrived(delivery, verdict)

    def _arrived(self, delivery: Delivery, verdict: Verdict) -> None:
        self._outbox.delivered(delivery, verdict.handle)
        self.sent += 1
        if verdict.reason:
            self.remarks[f"{self.name}: {verdict.reason}"] = None

    def _tell(self, problem: str) -> None:
        """Only the last problem counts: it is why the turn ended."""
        self.problems = [f"{self.name}: {problem}"]


def _pace_of(settings: DestinationSettings) -> Pace:
    try:
        return Pace(get(settings.kind).limits.rate)
    except (ImportError, KeyError):  # the lane tells it, when it sends
        return Pace(None)
