"""An HTTP client for the queries of a collector: one request each, bounded in time and size.

It uses the HTTP transport of deliveries: TLS is verified, proxies are read from the environment, no redirect is
followed.
"""

from __future__ import annotations

import queue
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any, Self

import msgspec

from change_events.delivery.http_transport import open_transport
from change_events.delivery.transport import THREAD_PREFIX, TransportError
from change_events.destinations.base import Request, user_agent
from change_events.ledger.entries import storable
from change_events.query import collector_answers, wire
from change_events.query.collector_address import address_of, token

if TYPE_CHECKING:
    from types import TracebackType

    from change_events.destinations.base import Response
    from change_events.query.questions import Arguments

SECONDS = 30.0  # time limit of one query
_GRACE = 1.0  # seconds after which a hanging request is abandoned
MOST_BYTES = 32 * 1024 * 1024
_MOST_SENT = 16 * 1024 * 1024  # of a response as it is sent


class CollectorClient:
    """A client of one collector with persistent connections. Use one per thread, and close it.

    Attributes:
        shown: the collector's address.
        requests: number of requests sent.
    """

    def __init__(self, address: str, secret: str, *, team: str | None, seconds: float, in_all: float | None) -> None:
        self.shown = address
        self._secret = secret
        self._team = team
        self._seconds = seconds
        self._until = None if in_all is None else time.monotonic() + in_all
        self._transport = open_transport({})
        self.requests = 0

    @classmethod
    def open(cls, url: str, team: str | None = None, *, seconds: float = SECONDS, in_all: float | None = None) -> Self:
        """Create a client; nothing is sent yet.

        Args:
            url: URL of the collector: ``https://…``.
            team: the team the token must belong to; None for any.
            seconds: time limit of one query.
            in_all: time limit of all queries, in seconds.

        Raises:
            LedgerError: the address or the token cannot be used; the text says what to do.
        """
        return cls(address_of(url), token(), team=team, seconds=seconds, in_all=in_all)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.__exit__(None, None, None)

    def ask(self, name: str, arguments: Arguments) -> Any:
        """Return the answer to a query, of the query's answer type.

        Raises:
            LedgerError: there is no answer; the text says what to do.
            TfeventError: the collector rejected the query; see the query.
            ValueError: likewise.
        """
        body = self._asked(name, arguments, wire.JSON)
        return collector_answers.decoded(name, body, self.shown)

    def ask_for_lines(self, name: str, arguments: Arguments) -> list[bytes]:
        """Return the lines of an answer. Raises as :meth:`ask`."""
        return self._asked(name, arguments, wire.LINES).split(b"\n")

    def _asked(self, name: str, arguments: Arguments, kind: str) -> bytes:
        request = self._request(name, arguments)
        response = self._answered(request)
        collector_answers.check(response, request, self.shown, kind)
        return self._inflated(response)

    def _request(self, name: str, arguments: Arguments) -> Request:
        headers = {
            "Authorization": f"Bearer {self._secret}",
            "Content-Type": wire.JSON,
            "Accept-Encoding": "gzip",
            "User-Agent": user_agent(),
        }
        if self._team is not None:
            headers[wire.TEAM_HEADER] = storable(self._team).encode("ascii", "replace").decode()
        return Request(
            "POST",
            f"{self.shown}{wire.PATH}{name}",
            headers,
            msgspec.json.encode(_sendable(msgspec.to_builtins(arguments))),
            secrets=(self._secret,),
            body_decides=True,
            answer_bytes=_MOST_SENT,
        )

    def _answered(self, request: Request) -> Response:
        """Return the response; retry once if an idle connection had been closed."""
        seconds = self._left()
        deadline = time.monotonic() + seconds
        try:
            return self._sent(request, deadline)
        except TransportError as error:
            if self.requests == 1 or time.monotonic() >= deadline:
                raise collector_answers.not_reached(str(error), self.shown) from None
        try:
            return self._sent(request, deadline)
        except TransportError as error:
            raise collector_answers.not_reached(str(error), self.shown) from None

    def _sent(self, request: Request, deadline: float) -> Response:
        """Send a request in a separate thread, since headers sent byte by byte have no time limit."""
        found: queue.SimpleQueue[Response | TransportError] = queue.SimpleQueue()

        def send() -> None:
            try:
                found.put(self._transport.send(request, deadline))
            except TransportError as error:
                found.put(error)

        self.requests += 1
        threading.Thread(target=send, name=f"{THREAD_PREFIX}collector", daemon=True).start()
        try:
            answer = found.get(timeout=max(0.0, deadline - time.monotonic()) + _GRACE)
        except queue.Empty:
            raise collector_answers.silent(self.shown) from None
        if isinstance(answer, TransportError):
            if time.monotonic() >= deadline:
                raise collector_answers.silent(self.shown) from None
            raise answer
        if not answer.complete:
            raise collector_answers.broken_off(self.shown, late=time.monotonic() >= deadline)
        return answer

    def _left(self) -> float:
        left = self._seconds if self._until is None else min(self._seconds, self._until - time.monotonic())
        if left <= 0:
            raise collector_answers.too_slow(self.shown)
        return left

    def _inflated(self, response: Response) -> bytes:
        if len(response.body) >= _MOST_SENT:
            raise collector_answers.too_large(self.shown)
        if response.headers.get("content-encoding", "identity") == "identity":
            return response.body
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            body = inflater.decompress(response.body, MOST_BYTES)
        except zlib.error:
            raise collector_answers.unreadable(self.shown) from None
        if inflater.unconsumed_tail or len(body) >= MOST_BYTES:
            raise collector_answers.too_large(self.shown)
        if not inflater.eof:
            raise collector_answers.unreadable(self.shown)
        return body


def _sendable(value: Any) -> Any:
    """Return a value with texts that JSON can hold: an argument of a command line may have any bytes."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {name: _sendable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_sendable(one) for one in value]
    return value
