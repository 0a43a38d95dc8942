"""The interface of transports, and their list.

A transport is a module with ``open_transport(options)`` and ``get_ready()``, imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

    from change_events.destinations.base import DestinationSettings, Request, Response, TransportName

THREAD_PREFIX = "tfevent-"
_MODULES: dict[TransportName, str] = {
    "http": "change_events.delivery.http_transport",
    "postgres": "change_events.delivery.postgres_transport",
    "program": "change_events.delivery.program_transport",
    "smtp": "change_events.delivery.smtp_transport",
}


class TransportError(Exception):
    """There is no response; the text is a clause with the reason, without an address."""


class Transport(Protocol):
    """Sends the requests of one destination in order, on one thread; a context manager."""

    def __enter__(self) -> Self:
        """Return itself, without connecting."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close open connections."""

    def send(self, request: Request, deadline: float) -> Response:
        """Send one request.

        Args:
            request: a request of this transport's type.
            deadline: :func:`time.monotonic` after which no step starts or waits.

        Raises:
            TransportError: there is no response.
        """

    def abandon(self) -> None:
        """Stop whatever would outlive the process, which may end at once; the response is no longer awaited.

        Called once, from another thread, at any time.
        """


def open_transport(settings: DestinationSettings) -> Transport:
    """Return the transport of this destination. Raises TransportError."""
    from change_events.destinations import get

    opened: Transport = import_module(_MODULES[get(settings.kind).way(settings.options)]).open_transport(
        settings.options
    )
    return opened


def get_ready(name: TransportName) -> None:
    """Import the modules needed for sending."""
    import_module(_MODULES[name]).get_ready()
