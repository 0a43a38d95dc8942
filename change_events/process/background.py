"""A thread beside a run that writes its record.

It does its tasks in order. The run waits for it only at its end, and then at most for the time budget; what is not done
by then is left in the run's folder, where the next tfevent command finds and finishes it.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from change_events.output import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.process import Signals

LATE = "recording takes longer than its budget"
INTERRUPTED = "recording was interrupted"
_DEFAULT_BUDGET = 3.0  # seconds, until the settings say otherwise
_BACKSTOP = 1.0  # seconds beyond the budget, which is delivery's
_LOOK_SECONDS = 0.05


class BackgroundRecorder:
    """The tasks of one run's record. A task that raises costs the record, never the run: the next ones are done.

    Args:
        signals: the active handlers: whoever wants the process to end does not want to wait for a delivery.

    Attributes:
        budget: seconds that delivery may take.
        failed: what went wrong first, as a clause; empty where nothing did.
    """

    def __init__(self, signals: Signals | None) -> None:
        self.budget = _DEFAULT_BUDGET
        self.failed = ""
        self._signals = signals
        self._tasks: deque[Callable[[], None] | None] = deque()
        self._waiting = threading.Semaphore(0)  # a queue.Queue would cost 2 ms, of which half for its heap
        self._thread = threading.Thread(target=self._work, name="tfevent-recorder", daemon=True)

    def start(self) -> None:
        """Begin to work. Raises RuntimeError where no thread can be started."""
        self._thread.start()

    def submit(self, task: Callable[[], None]) -> None:
        """Do this next; returns at once."""
        self._put(task)

    def wait(self, seconds: float) -> None:
        """Wait until all tasks so far are done, at most so long; a signal ends the wait."""
        deadline = time.monotonic() + seconds
        self._wait_for(lambda: None, lambda: time.monotonic() > deadline)

    def finish(self, task: Callable[[], None]) -> str:
        """Do this last, and wait for it within the budget.

        Returns:
            Why it is not waited for any longer: ``LATE``, ``INTERRUPTED``; empty where all is done.
        """
        ended = time.monotonic()
        why = self._wait_for(task, lambda: self._is_late(time.monotonic() - ended))
        self._put(None)
        return why

    def stretched(self, seconds: float) -> float:
        """So many seconds on an idle machine, more on a busy one."""
        from change_events.process.pressure import stretch

        return seconds * stretch(self._thread.native_id)

    def _wait_for(self, task: Callable[[], None], is_late: Callable[[], bool]) -> str:
        done = threading.Event()

        def last() -> None:
            try:
                task()
            finally:
                done.set()

        before = self._received()
        self._put(last)
        while not done.wait(_LOOK_SECONDS):
            if is_late():
                return LATE
            if self._received() > before:
                return INTERRUPTED
        return ""

    def _put(self, task: Callable[[], None] | None) -> None:
        self._tasks.append(task)
        self._waiting.release()

    def _next(self) -> Callable[[], None] | None:
        self._waiting.acquire()
        return self._tasks.popleft()

    def _received(self) -> int:
        return len(self._signals.received) if self._signals is not None else 0

    def _is_late(self, seconds: float) -> bool:
        """Whether so long after the run is too long: a backstop, since the budget itself is delivery's."""
        most = self.budget + _BACKSTOP
        return seconds > most and seconds > self.stretched(most)

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - a bug of ours costs the event a line, never the run
                self.failed = self.failed or describe(error)
