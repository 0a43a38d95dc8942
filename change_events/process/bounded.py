"""Work of someone else's making, done in a process that can be stopped: templates, patterns.

A thread cannot be ended, and neither the interpreter nor a C library gives up by itself. The work is done in a fork,
which has what it needs already and costs milliseconds; the kernel ends it when it has used up its processor time, and
refuses it more memory. Whatever happens there, the caller gets an answer.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 1  # of processor time: several times what a template over thousands of changes takes
WALL_SECONDS = 20.0  # for a machine that is busy with other things
MEMORY = 256 * 1024 * 1024  # bytes beyond what the process has when it begins
_DONE, _FAILED = b"+", b"-"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class ExceededError(Exception):
    """The work took too much time or memory, or could not be begun; the text says which, as a clause."""


class FailedError(Exception):
    """The work itself failed; the text is the one it gave."""


def run(work: Callable[[], str]) -> str:
    """What ``work`` returns, from a process of its own.

    Args:
        work: imports nothing, since the fork has only this thread: another one may have held a lock.

    Raises:
        ExceededError: it was stopped.
        FailedError: it raised an exception, whose text this one has.
    """
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        os.close(reader)
        os.close(writer)
        raise ExceededError(f"no process can be started for it ({error.strerror})") from None
    if not child:
        _work(work, writer)
    os.close(writer)
    try:
        answer = _answer(reader)
    finally:
        os.close(reader)
        status = _end(child)
    if answer[:1] == _DONE:
        return answer[1:].decode()
    if answer[:1] == _FAILED:
        raise FailedError(answer[1:].decode(errors="replace"))
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        raise ExceededError(f"it takes more than {SECONDS} s of processor time: make it simpler")
    raise ExceededError("it takes too much time or memory: make it simpler")


def _work(work: Callable[[], str], writer: int) -> NoReturn:
    answer = b""
    try:
        _limit()
        answer = _DONE + work().encode(errors="backslashreplace")
    except MemoryError:
        answer = _FAILED + b"it takes too much memory: make less text"
    except BaseException as error:  # noqa: BLE001 - nothing of ours goes on in this process
        answer = _FAILED + str(error).encode(errors="backslashreplace")
    finally:
        with suppress(BaseException):
            rest = memoryview(answer)
            while rest:
                rest = rest[os.write(writer, rest) :]
        os._exit(0)


def _limit() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_CPU, SECONDS)
    with suppress(OSError, ValueError), open("/proc/self/statm", "rb") as file:
        _lower(resource.RLIMIT_AS, int(file.read().split()[0]) * resource.getpagesize() + MEMORY)


def _lower(limit: int, value: int) -> None:
    """Set a limit, unless a tighter one holds already."""
    soft, hard = resource.getrlimit(limit)
    known = [bound for bound in (soft, hard) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(limit, (min([value, *known]), hard))


def _answer(reader: int) -> bytes:
    """All that the child writes until it ends; nothing where that takes too long."""
    deadline = time.monotonic() + WALL_SECONDS
    found = bytearray()
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        part = os.read(reader, 65536)
        if not part:
            return bytes(found)
        found += part
    return b""


def _end(child: int) -> int:
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)  # it has answered, or never will
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:  # someone else collected it
        return 0
