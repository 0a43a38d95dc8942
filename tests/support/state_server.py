"""A backend for terraform's `http` backend on loopback: one state, its lock, and what was asked of it."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCKED = 423


class StateServer(ThreadingHTTPServer):
    """Attributes: ``state`` and ``lock`` are bodies as they came, ``asked`` the methods in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = b""
        self.lock = b""
        self.asked: list[str] = []

    @property
    def backend(self) -> str:
        """The block for the configuration."""
        address = f'"http://127.0.0.1:{self.server_address[1]}/state"'
        lines = "".join(f"    {name}address = {address}\n" for name in ("", "lock_", "unlock_"))
        return f'terraform {{\n  backend "http" {{\n{lines}  }}\n}}\n'


class _Handler(BaseHTTPRequestHandler):
    server: StateServer

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, code: int, body: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.server.asked.append("GET")
        self._answer(200 if self.server.state else 204, self.server.state)

    def do_POST(self) -> None:
        self.server.asked.append("POST")
        self.server.state = self._body()
        self._answer(200)

    def do_LOCK(self) -> None:
        self.server.asked.append("LOCK")
        body = self._body()
        if self.server.lock:
            self._answer(_LOCKED, self.server.lock)
            return
        self.server.lock = body
        self._answer(200)

    def do_UNLOCK(self) -> None:
        self.server.asked.append("UNLOCK")
        self._body()
        self.server.lock = b""
        self._answer(200)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@contextlib.contextmanager
def state_server() -> Iterator[StateServer]:
    """A server for one test."""
    server = StateServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
