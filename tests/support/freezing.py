"""A proxy of TCP that forwards both ways until it is frozen: from then on, it keeps what it gets, and ends nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


class Proxy:
    """In front of a port of this machine; ``port`` is its own."""

    def __init__(self, behind: int) -> None:
        self.frozen = threading.Event()
        self._behind = behind
        self._listening = socket.create_server((HOST, 0))
        self._open: list[socket.socket] = [self._listening]
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listening.accept()
                theirs = socket.create_connection((HOST, self._behind))
                self._open += [ours, theirs]
                for pair in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.frozen.is_set():
                    target.sendall(data)
            if not self.frozen.is_set():
                target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxy(behind: int) -> Iterator[Proxy]:
    """A proxy in front of a port."""
    made = Proxy(behind)
    try:
        yield made
    finally:
        made.close()
