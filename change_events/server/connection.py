"""A connection that cannot be kept open by a client that sends or reads too slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

from change_events.server.policy import REQUEST_SECONDS

if TYPE_CHECKING:
    import asyncio


class PatientProtocol(H11Protocol):
    """uvicorn's protocol, with a limit for the time that a request and a full buffer may take."""

    _sending: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Wait for the first request."""
        super().connection_made(transport)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """Wait no longer once a request is complete."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._request_came()
        elif self._reading is None and (before is None or before.response_complete):
            self._await_request()  # a later request has begun

    def pause_writing(self) -> None:
        """The client does not take what it is sent: wait a while."""
        super().pause_writing()
        self._sending = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        _cancel(self._sending)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._request_came()
        _cancel(self._sending)
        super().connection_lost(exc)

    def _await_request(self) -> None:
        self._reading = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _request_came(self) -> None:
        _cancel(self._reading)
        self._reading = None


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
