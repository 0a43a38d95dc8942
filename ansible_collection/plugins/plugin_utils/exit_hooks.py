# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ends of a run without a callback of Ansible: signals, Ctrl-C, an error between plays, the interpreter's exit.

Every task runs in a fork of this process, which inherits handlers and exit functions: they only act in the process that
armed them. Earlier handlers, such as Ansible's own since 2.19, are called in turn, so that exit codes stay the same.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FATAL = (signal.SIGTERM, signal.SIGHUP)


class ExitHooks:
    """Watches for the end of this process.

    Args:
        on_end: called once, with the number of the signal that ended the run (None without one), and whether the
            process has only moments left.
    """

    def __init__(self, on_end: Callable[[int | None, bool], None]) -> None:
        self._on_end = on_end
        self._pid = 0
        self._before: dict[int, Any] = {}
        self._busy = 0
        self._waiting: int | None = None
        self.interrupted = False

    def arm(self) -> None:
        """Start watching; may be called repeatedly."""
        if self._pid == os.getpid():
            return
        self._pid = os.getpid()
        atexit.register(self._at_exit)
        if threading.current_thread() is threading.main_thread():
            for number in (*_FATAL, signal.SIGINT):
                self._chain(number)

    def _chain(self, number: int) -> None:
        """Install the handler before the existing one; an ignored signal (nohup) stays ignored."""
        before = signal.getsignal(number)
        if before is signal.SIG_IGN or before is None or (number == signal.SIGINT and not callable(before)):
            return
        self._before[number] = before
        signal.signal(number, self._on_interrupt if number == signal.SIGINT else self._on_signal)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Run a step that signals must not interrupt; they are handled directly after it."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy and self._waiting is not None:
                number, self._waiting = self._waiting, None
                os.kill(os.getpid(), number)

    def _on_interrupt(self, number: int, frame: Any) -> None:
        self.interrupted = True
        self._before[number](number, frame)

    def _on_signal(self, number: int, frame: Any) -> None:
        if os.getpid() == self._pid:
            if self._busy:
                self._waiting = number
                return
            self._finally(number, dying=True)
        before = self._before[number]
        if callable(before):
            before(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def _at_exit(self) -> None:
        if os.getpid() == self._pid:
            self._finally(signal.SIGINT if self.interrupted else None, dying=False)

    def _finally(self, number: int | None, *, dying: bool) -> None:
        try:
            self._on_end(number, dying)
        except Exception:  # noqa: BLE001 - the process ends, and whatever is wrong with us must not change how
            return
