"""A connection with time limits, so that slow clients cannot keep it open."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from change_events.server.policy import REQUEST_SECONDS, WAITING

if TYPE_CHECKING:
    import asyncio


class PatientProtocol(H11Protocol):
    """uvicorn's protocol with time limits for a request, a full send buffer, and idle clients."""

    _waiting: ClassVar[dict[PatientProtocol, str]] = {}
    """Those without a request, with the address of the client; the one that waits longest is first."""

    _sending: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Wait for the first request."""
        super().connection_made(transport)
        self._await_request()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop waiting once a request is complete."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._request_came()
            if not self.cycle.response_complete:
                self._waiting.pop(self, None)
        elif self._reading is None and (before is None or before.response_complete):
            self._await_request()  # the next request has begun

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._wait()

    def pause_writing(self) -> None:
        """Start a time limit, since the client does not read."""
        super().pause_writing()
        self._sending = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the time limit, since the client reads again."""
        super().resume_writing()
        _cancel(self._sending)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all time limits."""
        self._waiting.pop(self, None)
        self._request_came()
        _cancel(self._sending)
        super().connection_lost(exc)

    def _await_request(self) -> None:
        self._reading = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _wait(self) -> None:
        """Register as waiting; if too many wait, drop the oldest connection of the client with the most."""
        self._waiting[self] = self.client[0] if self.client else ""
        if len(self._waiting) > WAITING:
            [(most, _)] = Counter(self._waiting.values()).most_common(1)
            next(one for one, address in self._waiting.items() if address == most).drop()

    def drop(self) -> None:
        """Close the connection in favour of a newer one."""
        del self._waiting[self]
        self.connections.discard(self)  # immediately, not when the loss is noticed
        self.transport.abort()

    def _request_came(self) -> None:
        _cancel(self._reading)
        self._reading = None


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
