"""Writing the event of a command, in a thread beside it.

The command never waits for it before its end, and then at most for the time budget; what is not done by then is left in
the run's folder, where the next tfevent command finds and finishes it.
"""

from __future__ import annotations

import os
import threading
import time

from change_events.output import describe, say

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms
if TYPE_CHECKING:
    from typing import Any

    from change_events.command_run.command import ObservedCommand
    from change_events.command_run.event import CommandEvent
    from change_events.process import Signals

_DEFAULT_BUDGET = 3.0  # seconds, until the settings say otherwise
_BACKSTOP = 1.0  # seconds beyond the budget, which is delivery's


class Recorder:
    """The event of one command: ``start`` it when the command has been started, ``end`` it when it has ended."""

    def __init__(self, observed: ObservedCommand) -> None:
        self._observed = observed
        self._budget = _DEFAULT_BUDGET
        self._end: dict[str, Any] = {}
        self._ended = threading.Event()
        self._done, self._tell = os.pipe()
        self._failed = ""
        self._thread = threading.Thread(target=self._work, name="tfevent-recorder", daemon=True)

    def start(self) -> None:
        """Begin to record, in a thread of its own."""
        self._thread.start()

    def end(self, end: dict[str, Any], signals: Signals) -> None:
        """Settle and deliver the event; come back when that is done, the budget is spent, or a signal asks us to.

        Args:
            end: how the command ended, as :func:`change_events.explicit.command_outcome.finished` takes it.
            signals: the active handlers: whoever wants us to end now does not want to wait for a delivery.
        """
        before = len(signals.received)
        deadline = time.monotonic() + self._budget + _BACKSTOP
        self._end = end
        self._ended.set()
        while not signals.wait(0.1, self._done):
            if len(signals.received) > before:
                return
            if time.monotonic() > deadline:
                say("recording takes longer than its budget; the next tfevent command finishes it")
                return
        if self._failed:
            say(f"this run is recorded by the next tfevent command: {self._failed}")

    def _work(self) -> None:
        try:
            event = self._begin()
            self._ended.wait()
            event.settle(self._end)
        except Exception as error:  # noqa: BLE001 - a bug of ours costs the event a line, never the run
            self._failed = describe(error)
        finally:
            os.write(self._tell, b".")

    def _begin(self) -> CommandEvent:
        from change_events.command_run.event import CommandEvent

        event = CommandEvent(self._observed)
        self._budget = event.budget
        event.begin()
        return event
