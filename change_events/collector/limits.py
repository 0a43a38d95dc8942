"""Limits of a client: sizes, concurrency, and rates."""

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

_BUSY = 1.0  # seconds until a slot may be free


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the collector.

    Attributes:
        body_bytes: size of a request body, compressed and decompressed.
        event_bytes: size of one event.
        events: number of events in one request.
        at_once: number of concurrent requests.
        of_token: number of concurrent requests with one token.
        rate: sustained requests per second with one token.
        burst: number of requests allowed at once after a pause.
        body_seconds: time for a client to send the body.
        check_seconds: time for the ledger to check a token; less than a client's timeout, since this query detects a
            silent ledger.
        ledger_seconds: time for the ledger to record a request.
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
    """Limits concurrency and rates. Used by one thread, that of the event loop.

    Args:
        limits: limits of the collector.
        clock: monotonic clock in seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._number = 0
        self._of_token: Counter[int] = Counter()
        self._left: dict[int, tuple[float, float]] = {}

    @contextmanager
    def any(self) -> Iterator[None]:
        """Hold a slot for a request. Raises RequestProblem if all are in use."""
        if self._number >= self._limits.at_once:
            raise RequestProblem(503, "it answers as many requests as it can; make this one again", retry_after=_BUSY)
        self._number += 1
        try:
            yield
        finally:
            self._number -= 1

    @contextmanager
    def of(self, token: int) -> Iterator[None]:
        """Hold a slot for a request with a token. Raises RequestProblem if they are too frequent."""
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
        """Take one of the token's requests, which are refilled over time."""
        now = self._clock()
        left, then = self._left.get(token, (float(self._limits.burst), now))
        left = min(self._limits.burst, left + (now - then) * self._limits.rate)
        if left < 1:
            raise RequestProblem(
                429, "too many requests come with this token", retry_after=max(_BUSY, (1 - left) / self._limits.rate)
            )
        self._left[token] = (left - 1, now)


class Queues:
    """Queues of waiting requests, limited per token so that other tokens get slots as well.

    Used by one thread, that of the event loop.

    Args:
        places: slots for waiting and running requests of all tokens.
        of_token: slots of one token.
        at_once: number of concurrent requests of one token.
    """

    def __init__(self, places: int, of_token: int, at_once: int) -> None:
        self._left = places
        self._of_token = of_token
        self._at_once = at_once
        self._known: dict[str, _Queue] = {}

    @asynccontextmanager
    async def turn(self, token: str) -> AsyncIterator[None]:
        """Hold a slot and wait for the turn to be answered. Raises Refusal if there is no slot."""
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
    """The queue of one token: its free slots, and its turns."""

    left: int
    turns: asyncio.Semaphore
