"""Starts a program for each request: the request on standard input, the exit code as the response.

The program has a session of its own, so that it does not receive the terminal's interrupts, and its whole process group
is killed at the time limit. Standard output is discarded; the end of standard error is the body of the response, with
the last line as the message. Background processes are not awaited.
"""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, cast

from change_events.delivery.transport import TransportError
from change_events.destinations import kinds
from change_events.destinations.base import Request, Response
from change_events.destinations.shared.program import CHECK, ProgramRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

_EARLIER = 0.1  # seconds before the deadline at which it is killed: whoever waits may end the process at that moment
_LOOK = 0.02  # seconds between looks, where the system does not notify of an end
_PART = 65_536  # bytes read or written at once
_KEPT = 65_536  # bytes of standard error
_AFTER = 1_048_576  # bytes of standard error that are read once the program has ended: others may still write there
_REAPED = 1.0  # seconds that a killed program may take to be gone
_REASONS = {
    errno.ENOENT: "its interpreter, named in its first line, does not exist",
    errno.ENOEXEC: "it is not a program for this machine, or its first line names no interpreter (`#!/bin/sh`)",
    errno.ETXTBSY: "it is open for writing",
    errno.E2BIG: "its arguments and the environment are too long",
}


def get_ready() -> None:
    """Do nothing: everything is imported already."""


def open_transport(options: Mapping[str, Any]) -> ProgramTransport:
    """Return the transport that starts the program of one destination."""
    del options  # a request has all of them
    return ProgramTransport()


class ProgramTransport:
    """Starts one program at a time; see :class:`Transport`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._abandoned = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: no process outlives :meth:`send`."""

    def send(self, request: Request, deadline: float) -> Response:
        """Start the program and wait for its end.

        Returns:
            The exit code as ``status``, negative for a signal; the end of standard error as ``body``.

        Raises:
            TransportError: it cannot be started, or was killed shortly before ``deadline``.
        """
        if not isinstance(request, ProgramRequest):
            raise TypeError("not a request that starts a program")
        if request.method == CHECK:
            return Response(0)
        begun = time.monotonic()
        with self._started(request) as process:
            said = _exchanged(process, request.body, deadline - _EARLIER)
            code = process.poll()
            if code is None:
                _kill(process)
                raise TransportError(f"it had not ended after {time.monotonic() - begun:.1f} s and was killed")
        return Response(code, body=_whole_lines(said) if code else b"")

    def abandon(self) -> None:
        """Kill the running program, and start no more."""
        with self._lock:
            self._abandoned = True
            if self._running is not None and self._running.returncode is None:
                _kill(self._running)

    @contextmanager
    def _started(self, request: ProgramRequest) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:
            if self._abandoned:
                raise TransportError("time limit reached")
            process = self._running = _start(request)
        try:
            yield process
        finally:
            with self._lock:
                self._running = None
                if process.poll() is None:
                    _kill(process)
            for pipe in (process.stdin, process.stderr):
                if pipe is not None:
                    pipe.close()


def _start(request: ProgramRequest) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [request.url, *request.arguments],
            cwd=request.folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        at_home = request.folder is None or Path(request.folder).is_dir()
        known = _REASONS.get(error.errno or 0) if at_home else "the directory of the settings file is gone"
        reason = known or os.strerror(error.errno or 0).lower()
        raise TransportError(f"it cannot be started ({reason})") from None


def _environment() -> dict[str, str]:
    """Return this process's environment without options of destinations, with observation switched off.

    A program that applies something would otherwise record an event and so start itself again.
    """
    prefixes = tuple(f"TFEVENT_{kind.upper()}_" for kind in kinds())
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"TFEVENT_DISABLE": "1"}


def _exchanged(process: subprocess.Popen[bytes], body: bytes, deadline: float) -> bytes:
    """Write ``body`` and read standard error until the program ends or the deadline; returns the end of it."""
    stdin, stderr = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stderr)
    said = bytearray()
    rest = memoryview(body)
    with selectors.DefaultSelector() as selector, _ending(process) as ending:
        for pipe, event in ((stdin, selectors.EVENT_WRITE), (stderr, selectors.EVENT_READ)):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, event)
        if ending is not None:
            selector.register(ending, selectors.EVENT_READ)
        while process.poll() is None and (left := deadline - time.monotonic()) > 0:
            ready = {key.fileobj for key, _ in selector.select(left if ending is not None else min(left, _LOOK))}
            if stdin in ready:
                rest = _written(stdin.fileno(), rest)
                if not rest:
                    selector.unregister(stdin)
                    stdin.close()
            if stderr in ready and not _read(stderr.fileno(), said):
                selector.unregister(stderr)
    for _ in range(_AFTER // _PART):
        if not _read(stderr.fileno(), said, or_nothing=True):
            break
    return bytes(said)


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """Return a descriptor that is readable once the program has ended; None if the system has none."""
    descriptor = None
    with suppress(OSError, AttributeError):  # macOS; a kernel before 5.3, or a sandbox
        descriptor = os.pidfd_open(process.pid)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _written(descriptor: int, rest: memoryview) -> memoryview:
    """Write, and return the rest; nothing if the program reads no more."""
    try:
        return rest[os.write(descriptor, rest[:_PART]) :]
    except BlockingIOError:
        return rest
    except OSError:
        return rest[:0]


def _read(descriptor: int, said: bytearray, *, or_nothing: bool = False) -> bool:
    """Read, and return whether there may be more; with ``or_nothing``, only what is available now."""
    try:
        part = os.read(descriptor, _PART)
    except BlockingIOError:
        return not or_nothing
    except OSError:
        return False
    said += part
    del said[:-_KEPT]
    return bool(part)


def _whole_lines(said: bytes) -> bytes:
    """Return the kept text without a line whose beginning is missing: half a secret is not recognised."""
    return said if len(said) < _KEPT else said.partition(b"\n")[2]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the program's process group; its number is reserved until it is waited for."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_REAPED)
