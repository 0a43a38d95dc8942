"""Writes the event of a command, in a thread beside it."""

from __future__ import annotations

from change_events.output import say
from change_events.process.background import LATE, BackgroundRecorder

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms
if TYPE_CHECKING:
    from typing import Any

    from change_events.command_run.command import ObservedCommand
    from change_events.command_run.event import CommandEvent
    from change_events.process import Signals


class Recorder:
    """The event of one command: ``start`` it when the command has started, ``settle`` it when it has ended."""

    def __init__(self, observed: ObservedCommand, signals: Signals) -> None:
        self._observed = observed
        self._event: CommandEvent | None = None
        self._background = BackgroundRecorder(signals)

    def start(self) -> None:
        """Start recording, in a thread."""
        self._background.start()
        self._background.submit(self._begin)

    def settle(self, end: dict[str, Any]) -> None:
        """Settle and deliver the event; returns when that is done, the budget is used up, or a signal requests the end.

        Args:
            end: how the command ended, as in :func:`change_events.explicit.command_outcome.finished`.
        """
        why = self._background.finish(lambda: self._event.settle(end) if self._event else None)
        if why == LATE:
            say(f"{why}; the next tfevent command finishes it")
        elif not why and self._background.failed:
            say(f"this run is recorded by the next tfevent command: {self._background.failed}")

    def _begin(self) -> None:
        event = self._made()
        self._background.budget = event.budget
        event.begin()
        self._event = event

    def _made(self) -> CommandEvent:
        if "stacks" in self._observed.facts:
            from change_events.command_run.stacks_event import StacksEvent

            return StacksEvent(self._observed)
        from change_events.command_run.event import CommandEvent

        return CommandEvent(self._observed)
