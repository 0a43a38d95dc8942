"""Which process sends to a destination: one at a time, so that the others need not get ready to send.

Getting ready (an HTTP client, certificates) costs more CPU time than everything else about a small event. Of many runs
that end at once, one delivers all waiting events and the others wait for theirs. The lock is a record lock of the
system, one byte per destination in a file beside the journal: it ends with its process in any case. It only saves work.
Order, and that no two processes send one event, rest on the leases in the journal
(:mod:`change_events.journal.outbox`), so nothing depends on it on a file system without locks, or between threads of
one process.

The lock is not on the journal's own file: closing that would drop SQLite's locks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import zlib

_SUFFIX = "-senders"
_HELD = {errno.EACCES, errno.EAGAIN}


class Senders:
    """The locks of one journal.

    Args:
        journal: path of the journal's file.
    """

    def __init__(self, journal: str) -> None:
        self._path = journal + _SUFFIX
        self._file: int | None = None

    def acquire(self, name: str) -> bool:
        """Become the process that sends to destination ``name``; False while another one does."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(name))
        except OSError as error:
            return error.errno not in _HELD
        return True

    def release(self, name: str) -> None:
        """Let another process send to destination ``name``."""
        if self._file is not None:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _byte(name))
            except OSError:  # it ends with the process
                return

    def close(self) -> None:
        """Release all locks."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _byte(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))
