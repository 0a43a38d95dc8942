"""Standard input and output of a server: the protocol only, whatever else the process prints."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EXIT_INTERRUPTED = 130  # as a shell reports it
EXIT_OUTPUT_CLOSED = 141
_LINE = 1_000_000  # bytes of one message; a request has some hundred


def claim() -> tuple[int, int]:
    """Keep standard input and output for the protocol: whatever else is printed goes to standard error.

    Returns:
        Descriptors that no child inherits: of the input, and of the output.
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
    """End at once by Ctrl-C and SIGTERM: nothing has to be finished, and a thread may wait for input for ever."""
    signal.signal(signal.SIGINT, lambda *_: leave(EXIT_INTERRUPTED))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def leave(code: int) -> NoReturn:
    """End the process, without waiting for threads."""
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


class Input:
    """Lines of the protocol; one that is too long arrives as an empty one, which is no message."""

    def __init__(self, descriptor: int) -> None:
        self._file = open(descriptor, "rb")  # noqa: SIM115 - as long as the process

    async def __aiter__(self) -> AsyncIterator[str]:
        """The lines, until the end of the input."""
        while line := await anyio.to_thread.run_sync(self._line, abandon_on_cancel=True):
            yield line

    def _line(self) -> str:
        try:
            line = self._file.readline(_LINE)
            if not line.endswith(b"\n") and len(line) >= _LINE:
                while (rest := self._file.readline(_LINE)) and not rest.endswith(b"\n"):
                    pass
                line = b"\n"
        except OSError:  # a terminal that has gone
            return ""
        return line.decode("utf-8", "replace")


class Output:
    """Where messages are written: the end of who reads them is the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def write(self, text: str) -> None:
        """Write a message."""
        await anyio.to_thread.run_sync(self._write, text.encode())

    async def flush(self) -> None:
        """Nothing is kept back."""

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            leave(EXIT_OUTPUT_CLOSED)
