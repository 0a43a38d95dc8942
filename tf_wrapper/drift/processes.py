"""Parallel terraform processes, each in a process group of its own, all ended with tfevent."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_GRACE = 3.0  # seconds between an interrupt and the end of terraform's whole group: it only reads
_LOCK_GRACE = 10.0  # the same where it releases a lock, which would stay behind
_LOOK = 0.05


class StoppedError(Exception):
    """The check was stopped; no further process is started."""


class TooSlowError(Exception):
    """A terraform process exceeded its time limit and was ended."""


class Place(NamedTuple):
    """Where a terraform process runs.

    Attributes:
        directory: its working directory.
        environ: its environment.
        deadline: `time.monotonic` at which it is ended.
        descriptors: file descriptors that it inherits.
    """

    directory: str
    environ: Mapping[str, str]
    deadline: float
    descriptors: Sequence[int] = ()


class Processes:
    """All terraform processes of a check.

    Args:
        lock: they take the locks of their states.
    """

    def __init__(self, *, lock: bool = False) -> None:
        self._grace = _LOCK_GRACE if lock else _GRACE
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = threading.Event()

    def lines(self, argv: Sequence[str], place: Place, take: Callable[[bytes], None]) -> int:
        """Run a command and pass on each line of its output, from both streams.

        Returns:
            Its exit code.

        Raises:
            OSError: it cannot be started.
            StoppedError: the check was stopped.
            TooSlowError: it was ended at its deadline.
        """
        with self._started(argv, place, subprocess.STDOUT) as process:
            for line in process.stdout or ():
                take(line)
        return process.returncode

    def output(self, argv: Sequence[str], place: Place) -> bytes | None:
        """Return the standard output of a command; None if it fails. Raises the errors of :meth:`lines`."""
        with self._started(argv, place, subprocess.DEVNULL) as process:
            data = process.stdout.read() if process.stdout else b""
        return data if process.returncode == 0 else None

    def pause(self, seconds: float) -> None:
        """Wait. Raises StoppedError."""
        if self._stopped.wait(seconds):
            raise StoppedError

    def stop(self, is_impatient: Callable[[], bool] | None = None) -> None:
        """Interrupt running processes, kill those that do not end, and start no more.

        Args:
            is_impatient: waits a moment, and returns True to kill all at once.
        """
        with self._lock:
            self._stopped.set()
            running = tuple(self._running)
        for process in running:
            _signal(process, signal.SIGINT)
        deadline = time.monotonic() + self._grace
        while time.monotonic() < deadline and any(process in self._running for process in running):
            if is_impatient is None:
                time.sleep(_LOOK)
            elif is_impatient():
                break
        self.kill()

    def kill(self) -> None:
        """Kill all running processes."""
        with self._lock:
            self._stopped.set()
            running = tuple(self._running)
        for process in running:
            _signal(process, signal.SIGKILL)

    @contextmanager
    def _started(self, argv: Sequence[str], place: Place, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:
            if self._stopped.is_set():
                raise StoppedError
            process = subprocess.Popen(
                argv,
                cwd=place.directory,
                env=dict(place.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # never a file: what it prints holds secrets
                stderr=stderr,
                process_group=0,  # with its providers; the terminal's Ctrl-C reaches us alone
                pass_fds=place.descriptors,
            )
            self._running.add(process)
        late = threading.Event()
        timer = threading.Timer(max(place.deadline - time.monotonic(), 0.0), self._expire, (process, late))
        timer.daemon = True
        timer.start()
        try:
            yield process
            process.wait()
        except BaseException:
            _signal(process, signal.SIGKILL)
            raise
        finally:
            timer.cancel()
            process.wait()
            if process.stdout:
                process.stdout.close()
            self._running.discard(process)
        if self._stopped.is_set():
            raise StoppedError
        if late.is_set():
            raise TooSlowError

    def _expire(self, process: subprocess.Popen[bytes], late: threading.Event) -> None:
        late.set()
        _signal(process, signal.SIGINT)
        deadline = time.monotonic() + self._grace
        while process in self._running and time.monotonic() < deadline:
            time.sleep(_LOOK)
        if process in self._running:
            _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal the whole group; its number stays reserved until the process has been waited for."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
