"""Runs the server until a signal arrives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING

import uvicorn

from change_events.server.connection import PatientProtocol
from change_events.server.policy import CONNECTIONS, HEADER_BYTES

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.types import ASGIApp

    from change_events.server.listening import Certificate

_SECONDS_TO_END = 1


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    certificate: Certificate | None,
    beside: Callable[[], Awaitable[int]] | None = None,
    stopping: Callable[[], None] = lambda: None,
) -> int:
    """Serve until a signal arrives, or until ``beside`` has ended.

    Args:
        app: the application.
        listener: the result of :func:`~change_events.server.listening.listen`.
        certificate: certificate for TLS.
        beside: runs once requests are served; its exit code ends the server.
        stopping: called when the server begins to stop.

    Returns:
        The exit code.
    """
    _silence()
    server = _Server(
        uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=HEADER_BYTES,
            timeout_graceful_shutdown=_SECONDS_TO_END,
            ssl_certfile=certificate.chain if certificate else None,
            ssl_keyfile=certificate.key if certificate else None,
        )
    )
    server.stopping = stopping
    loop = asyncio.get_running_loop()
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
        loop.add_signal_handler(number, server.end, code)
    if beside is None:
        await server.serve([listener])
        return server.code
    task = loop.create_task(server.serve([listener]))
    try:
        server.end(await beside())
    finally:
        server.end(server.code)
        await task
    return server.code


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers."""

    code = 0
    stopping: Callable[[], None]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self, code: int) -> None:
        """Stop; on the second call, immediately."""
        if self.should_exit:
            self.force_exit = True
        else:
            self.code = code
            self.should_exit = True
            self.stopping()


def _silence() -> None:
    """Disable uvicorn's log, which would print clients' errors and URLs on standard error."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
