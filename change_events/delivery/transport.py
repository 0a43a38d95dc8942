"""How a request leaves this machine: what every way of sending does, and which ways there are.

A way is a module with ``open_transport(options)`` and ``get_ready()``; it is imported when something is to be sent.
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
    """No answer came; the text is a clause saying why, without any address."""


class Transport(Protocol):
    """What sends the requests of one destination, one after the other, on one thread; a context manager."""

    def __enter__(self) -> Self:
        """Connects nothing yet."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""

    def send(self, request: Request, deadline: float) -> Response:
        """Send one request.

        Args:
            request: what to send, of the type that this transport sends.
            deadline: moment of :func:`time.monotonic` after which no step of it begins or goes on waiting.

        Raises:
            TransportError: there is no answer.
        """

    def abandon(self) -> None:
        """No one waits for the answer any more, and the process may end at once: stop what outlives it.

        Called from another thread, at any moment, once.
        """


def open_transport(settings: DestinationSettings) -> Transport:
    """What sends to this destination. Raises TransportError."""
    from change_events.destinations import get

    opened: Transport = import_module(_MODULES[get(settings.kind).way(settings.options)]).open_transport(
        settings.options
    )
    return opened


def get_ready(name: TransportName) -> None:
    """Import all that sending takes."""
    import_module(_MODULES[name]).get_ready()
