"""Standard input and output reserved for the protocol, whatever else the process prints."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import anyio
import anyio.to_thread
import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EXIT_INTERRUPTED = 130  # as in shells
EXIT_OUTPUT_CLOSED = 141
_LAST_ANSWERS = 10.0  # seconds
_LINE = 1_000_000  # bytes of one message; a request has a few hundred


def claim() -> tuple[int, int]:
    """Reserve standard input and output for the protocol; other output goes to standard error.

    Returns:
        Descriptors of input and output, not inherited by child processes.
    """
    own = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdout.flush()
    sys.stdout = sys.stderr
    os.dup2(2, 1)
    return own


def end_at_signals() -> None:
    """End at once on Ctrl-C and SIGTERM: nothing needs to be finished, and a thread may block on input forever."""
    signal.signal(signal.SIGINT, lambda *_: leave(EXIT_INTERRUPTED))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def leave(code: int) -> NoReturn:
    """End the process with this exit code, without waiting for threads."""
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


class _Head(msgspec.Struct):
    id: int | str | None = None
    method: str | None = None


class Unanswered:
    """The pending requests, which are answered even after the end of the input."""

    def __init__(self) -> None:
        self._ids: set[int | str] = set()
        self._seen = anyio.Event()

    def see(self, line: str | bytes) -> None:
        """Note a message of the client or the server."""
        try:
            head = msgspec.json.decode(line, type=_Head)
        except (msgspec.DecodeError, RecursionError):
            return
        if head.id is not None and head.method is not None:
            self._ids.add(head.id)
        elif head.id is not None:
            self._ids.discard(head.id)
        self._seen.set()

    async def wait(self) -> None:
        """Wait until all are answered, or no answer came for a while: what only looks like a request never gets one."""
        while self._ids:
            self._seen = anyio.Event()
            with anyio.move_on_after(_LAST_ANSWERS) as limit:
                await self._seen.wait()
            if limit.cancelled_caught:
                return


class Input:
    """Lines of the protocol; a line that is too long is replaced by an empty one, which is no message."""

    def __init__(self, descriptor: int, unanswered: Unanswered) -> None:
        self._file = open(descriptor, "rb")  # noqa: SIM115 - as long as the process
        self._unanswered = unanswered

    async def __aiter__(self) -> AsyncIterator[str]:
        """Yield the lines until the end of the input."""
        while line := await anyio.to_thread.run_sync(self._line, abandon_on_cancel=True):
            self._unanswered.see(line)
            yield line
        await self._unanswered.wait()

    def _line(self) -> str:
        try:
            line = self._file.readline(_LINE)
            if not line.endswith(b"\n") and len(line) >= _LINE:
                while (rest := self._file.readline(_LINE)) and not rest.endswith(b"\n"):
                    pass
                line = b"\n"
        except OSError:  # the terminal was closed
            return ""
        return line.decode("utf-8", "replace")


class Output:
    """The output of messages; if its reader has closed it, the process ends."""

    def __init__(self, descriptor: int, unanswered: Unanswered) -> None:
        self._descriptor = descriptor
        self._unanswered = unanswered

    async def write(self, text: str) -> None:
        """Write a message."""
        data = text.encode()
        await anyio.to_thread.run_sync(self._write, data)
        self._unanswered.see(data)

    async def flush(self) -> None:
        """Do nothing, since nothing is buffered."""

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            leave(EXIT_OUTPUT_CLOSED)
