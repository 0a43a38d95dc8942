"""How much a client may send and ask at once, and how often."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from change_events.collector.answering import Refusal
from change_events.collector.problems import RequestProblem
from change_events.destinations.shared.collector import EVENT_BYTES
from change_events.query.wire import Code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

_BUSY = 1.0  # seconds after which a place may be free


@dataclass(frozen=True, slots=True)
class Limits:
    """What the collector takes.

    Attributes:
        body_bytes: of a request's body, as it is sent and as it is inflated.
        event_bytes: of one event in it.
        events: in one request.
        at_once: requests that are answered at the same time.
        of_token: of them, those with the same token.
        rate: requests a second with the same token, in the long run.
        burst: requests that may come at once after a pause.
        body_seconds: for a client to send its body.
        check_seconds: for the ledger to answer who may do what: less than a client waits, since a ledger that says
            nothing is found out by this question.
        ledger_seconds: for the ledger to record a request.
    """

    body_bytes: int = 8_000_000
    event_bytes: int = EVENT_BYTES
    events: int = 500
    at_once: int = 32
    of_token: int = 24
    rate: float = 200.0
    burst: int = 1_000
    body_seconds: float = 10.0
    check_seconds: float = 2.0
    ledger_seconds: float = 10.0


class Turns:
    """Who has a turn now: used by one thread, that of the event loop.

    Args:
        limits: how many there are.
        clock: seconds that go forward.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._number = 0
        self._of_token: Counter[int] = Counter()
        self._left: dict[int, tuple[float, float]] = {}

    @contextmanager
    def any(self) -> Iterator[None]:
        """A place for a request. Raises RequestProblem where all are taken."""
        if self._number >= self._limits.at_once:
            raise RequestProblem(503, "it answers as many requests as it can; make this one again", retry_after=_BUSY)
        self._number += 1
        try:
            yield
        finally:
            self._number -= 1

    @contextmanager
    def of(self, token: int) -> Iterator[None]:
        """A place for a request with a token. Raises RequestProblem where they come too often."""
        self._spend(token)
        if self._of_token[token] >= self._limits.of_token:
            raise RequestProblem(429, "too many requests with this token are under way", retry_after=_BUSY)
        self._of_token[token] += 1
        try:
            yield
        finally:
            self._of_token[token] -= 1
            if not self._of_token[token]:
                del self._of_token[token]

    def _spend(self, token: int) -> None:
        """Take one of the token's requests, of which there are more as time goes by."""
        now = self._clock()
        left, then = self._left.get(token, (float(self._limits.burst), now))
        left = min(self._limits.burst, left + (now - then) * self._limits.rate)
        if left < 1:
            raise RequestProblem(
                429, "too many requests come with this token", retry_after=max(_BUSY, (1 - left) / self._limits.rate)
            )
        self._left[token] = (left - 1, now)


class Queues:
    """Who waits for an answer, and who is answered: of a token no more than leaves room for others.

    Used by one thread, that of the event loop.

    Args:
        places: of all.
        of_token: of them, those with the same token.
        at_once: of those, how many are answered at the same time.
    """

    def __init__(self, places: int, of_token: int, at_once: int) -> None:
        self._left = places
        self._of_token = of_token
        self._at_once = at_once
        self._known: dict[str, _Queue] = {}

    @asynccontextmanager
    async def turn(self, token: str) -> AsyncIterator[None]:
        """A place, and as soon as it is its turn, the time to answer. Raises Refusal where there is no place."""
        if self._left <= 0:
            raise Refusal(Code.BUSY, "it is asked too much at once")
        own = self._known.setdefault(token, _Queue(self._of_token, asyncio.Semaphore(self._at_once)))
        if own.left <= 0:
            raise Refusal(Code.TOO_OFTEN, "it is asked too much at once with this token")
        self._left -= 1
        own.left -= 1
        try:
            async with own.turns:
                yield
        finally:
            self._left += 1
            own.left += 1
            if own.left == self._of_token:
                del self._known[token]


@dataclass(slots=True)
class _Queue:
    """Of one token: how many places are left, and its turns."""

    left: int
    turns: asyncio.Semaphore
