"""`tfevent events serve` as a process, and clients that have opened its link."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from queue import Empty, Queue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from tests.support.speed import HANG

if TYPE_CHECKING:
    from tests.cli.home import Home


class Served:
    """A running server.

    Attributes:
        process: it.
        link: what it printed first.
        base: scheme, host and port.
    """

    def __init__(self, home: Home, *words, port=0, env=None):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tf_wrapper", "events", "serve", "--port", str(port), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=home.path,
            env={**home.environ, **(env or {})},
            text=True,
        )
        self._printed: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.link = self.next_line()
        parts = urlsplit(self.link)
        self.base = f"{parts.scheme}://{parts.netloc}"
        self.port = parts.port

    def _read(self):
        for line in self.process.stdout:
            self._printed.put(line.strip())

    def next_line(self):
        """The next line on standard output."""
        return self._printed.get(timeout=HANG)

    def printed(self):
        """What it has printed since."""
        lines = []
        while True:
            try:
                lines.append(self._printed.get_nowait())
            except Empty:
                return lines

    def stranger(self, **options):
        """A client without a session."""
        return httpx.Client(base_url=self.base, timeout=HANG, trust_env=False, **options)

    @contextmanager
    def client(self, **options):
        """A client that has opened the link."""
        with self.stranger(**options) as client:
            assert client.get(self.link).status_code == 303
            yield client

    def end(self, number=signal.SIGTERM):
        """End it; its exit code and what it wrote on standard error."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        code = self.process.wait(timeout=HANG)
        return code, self.process.stderr.read()


@contextmanager
def served(home, *words, **options):
    """A server that is ended at the latest when the block ends."""
    server = Served(home, "--no-browser", *words, **options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
        server.process.stdout.close()
        server.process.stderr.close()
