"""The plan phase of an apply: terraform's stdout and stderr, filtered on their way to the user.

If the user has a terminal, terraform gets a pseudo-terminal of the same size, so that its output is the same; otherwise
it gets a file, which survives tfevent. stdin is the user's own.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios

from tf_wrapper.launch.output import write_all

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65536


class _Source:
    """The connection of one of terraform's descriptors."""

    def __init__(self, user: int, path: str) -> None:
        self.user = user
        self.is_terminal = os.isatty(user)
        if self.is_terminal:
            self.reader, self.child = os.openpty()
            _raw_output(self.child)
            self._size = b""
            self.copy_size()
        else:
            self.child = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self.reader = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def copy_size(self) -> None:
        """Give the pseudo-terminal the current size of the user's terminal; terraform queries it as it prints."""
        try:
            size = fcntl.ioctl(self.user, termios.TIOCGWINSZ, b"\0" * 8)
            if size != self._size:
                fcntl.ioctl(self.reader, termios.TIOCSWINSZ, size)
        except OSError:  # the user's terminal is gone
            return
        self._size = size

    def read(self) -> bytes:
        """Return the output that has arrived."""
        data = b""
        if self.is_terminal:
            self.copy_size()
        while True:
            if self.is_terminal and not select.select([self.reader], [], [], 0)[0]:
                return data
            try:
                chunk = os.read(self.reader, _CHUNK)
            except OSError:  # EIO: the last writer has closed the pseudo-terminal
                return data
            if not chunk:
                return data
            data += chunk

    def close_child(self) -> None:
        if self.child >= 0:
            os.close(self.child)
            self.child = -1

    def close(self) -> None:
        self.close_child()
        os.close(self.reader)


def _raw_output(descriptor: int) -> None:
    """Switch off newline translation, which the user's terminal does."""
    attributes = termios.tcgetattr(descriptor)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


class Capture:
    """Connects terraform's stdout and stderr to the user's, through ``on_out`` and ``on_err``.

    Args:
        folder: folder of the output files, without a terminal.
        on_out: takes output on stdout, and returns what to show now.
        on_err: the same for stderr; unused if both are the same terminal or file, which keeps their order.
    """

    def __init__(self, folder: str, on_out: Callable[[bytes], bytes], on_err: Callable[[bytes], bytes]) -> None:
        self._out = _Source(1, os.path.join(folder, "plan.out"))
        self.merged = _same_place(1, 2)
        self._err = self._out if self.merged else _Source(2, os.path.join(folder, "plan.err"))
        self._on_out = on_out
        self._on_err = on_err
        self.redirect = {1: self._out.child, 2: self._err.child}

    @property
    def watch(self) -> list[int]:
        """Descriptors that become readable when terraform prints."""
        return [source.reader for source in {self._out, self._err} if source.is_terminal]

    def started(self) -> None:
        """Close tfevent's copies once terraform has its own."""
        for source in {self._out, self._err}:
            if source.is_terminal:
                source.close_child()

    def pump(self) -> bool:
        """Pass on the output that has arrived; True if there was any.

        Raises:
            OutputClosedError: the user's end is closed.
        """
        data = self._out.read()
        if data:
            write_all(1, self._on_out(data))
        other = b"" if self.merged else self._err.read()
        if other:
            write_all(2, self._on_err(other))
        return bool(data or other)

    def close(self) -> None:
        """Close all descriptors."""
        for source in {self._out, self._err}:
            source.close()


def _same_place(first: int, second: int) -> bool:
    try:
        one, two = os.fstat(first), os.fstat(second)
    except OSError:
        return False
    return (one.st_dev, one.st_ino, one.st_rdev) == (two.st_dev, two.st_ino, two.st_rdev)
