"""A real HTTP(S) server on loopback that keeps what it gets and fails on demand.

``Receiver(script)`` answers the first request as the first step of the script says, and so on; after the script,
every request is answered with 200. A step is a function that writes its answer to the connection.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from tests.support.speed import wait_for  # noqa: F401 - here for those who wait for a receiver

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    Step = Callable[["_Handler"], None]


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    accepted: bool = field(compare=False)

    def json(self):
        return json.loads(self.body)


def status(code: int, body: bytes = b"{}", **headers: str) -> Step:
    """Any plain answer: `status(429, retry_after="2")`."""

    def step(handler: _Handler) -> None:
        handler.answer(code, body, {name.replace("_", "-"): value for name, value in headers.items()})

    step.accepts = 200 <= code < 300
    return step


def partial_success() -> Step:
    """A 2xx whose body speaks of errors, as bulk interfaces answer."""
    return status(200, b'{"errors": true, "items": [{"status": 400}]}', content_type="application/json")


def html(code: int) -> Step:
    return status(code, b"<html><body>Bad gateway</body></html>", content_type="text/html")


def redirect(location: str) -> Step:
    return status(302, b"", location=location)


def hang() -> Step:
    """Take the request and never answer."""

    def step(handler: _Handler) -> None:
        handler.server.closing.wait()

    return step


def drip_headers(every: float = 0.05) -> Step:
    """Headers that never end, a byte at a time: each read succeeds, the answer never comes."""

    def step(handler: _Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not handler.server.closing.wait(every):
            handler.wfile.write(b"z")

    return step


def drip_body(every: float = 0.05) -> Step:
    """A success whose body never ends."""

    def step(handler: _Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not handler.server.closing.wait(every):
            handler.wfile.write(b"z")

    step.accepts = True
    return step


def stall_body() -> Step:
    """A success whose body never begins."""

    def step(handler: _Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        handler.server.closing.wait()

    step.accepts = True
    return step


def late(handler: _Handler, code: int, body: bytes, headers: dict[str, str], seconds: float) -> None:
    """An answer whose body comes that long after its headers."""
    handler.answer(code, b"", headers | {"Content-Length": str(len(body)), "Connection": "close"})
    handler.wfile.flush()
    handler.server.closing.wait(seconds)
    handler.wfile.write(body)


def broken(handler: _Handler, code: int, body: bytes, headers: dict[str, str]) -> None:
    """An answer that breaks off in the middle of its body."""
    handler.answer(code, body[: len(body) // 2], headers | {"Content-Length": str(len(body) + 1)})
    handler.close_connection = True


def garbage() -> Step:
    """Bytes that are not HTTP."""

    def step(handler: _Handler) -> None:
        handler.wfile.write(b"\x00\x01\x02 SSH-2.0-OpenSSH_9.6 \xff\r\n\r\n")

    return step


def reset() -> Step:
    """A connection reset after the request was read."""

    def step(handler: _Handler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return step


def slow(seconds: float) -> Step:
    """A success after a while."""

    def step(handler: _Handler) -> None:
        handler.server.closing.wait(seconds)
        handler.answer(200, b"{}", {})

    step.accepts = True
    return step


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        step = self.server.receiver.next_step()
        accepted = getattr(step, "accepts", False)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.received = Received(self.command, self.path, headers, body, accepted)
        self.server.receiver.keep(self.received)
        self.close_connection = step is not OK
        step(self)

    def __getattr__(self, name: str):
        """Any method is served: the base class looks for `do_POST` and the like."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def answer(self, code: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        pass


OK = status(200, b'{"accepted": true}')


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, receiver: Receiver, context: ssl.SSLContext | None) -> None:
        self.receiver = receiver
        self.closing = threading.Event()
        self.context = context
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self):
        connection, address = super().get_request()
        if self.context is not None:
            # The handshake happens on the handler's own thread, at its first read.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address) -> None:
        """Clients that give up are part of the test."""


class Receiver:
    """Use as a context manager; `url` is its base address."""

    def __init__(self, script: Iterable[Step] = (), *, always: Step = OK, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self._script = list(script)
        self._always = always
        self._lock = threading.Lock()
        self._server = _Server(self, tls)
        scheme = "https" if tls else "http"
        name = "localhost" if tls else "127.0.0.1"
        self.url = f"{scheme}://{name}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_step(self) -> Step:
        with self._lock:
            return self._script.pop(0) if self._script else self._always

    def keep(self, received: Received) -> None:
        with self._lock:
            self.received.append(received)

    def heal(self) -> None:
        """From now on every request is accepted."""
        with self._lock:
            self._script.clear()
            self._always = OK

    @property
    def accepted(self) -> list[Received]:
        with self._lock:
            return [request for request in self.received if request.accepted]


def refused_url() -> str:
    """An address of this machine where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@contextlib.contextmanager
def unanswered_url() -> Iterator[str]:
    """An address whose connections are never completed: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
