"""A daemon thread that sends to one destination: a slow one holds up neither the others nor the process."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.delivery.age import out_of_time
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, Result, Verdict

if TYPE_CHECKING:
    from change_events.delivery.sender import Effort
    from change_events.delivery.transport import Transport
    from change_events.journal import Delivery


class Task(NamedTuple):
    """One delivery to make, the effort that may be spent on it, and the time of day (seconds since 1970)."""

    delivery: Delivery
    effort: Effort
    now: float


class Answer(NamedTuple):
    """What became of one delivery; ``asked`` if the destination was sent anything at all."""

    delivery: Delivery
    verdict: Verdict
    asked: bool


class Lane:
    """Takes tasks one at a time and puts an :class:`Answer` for each into ``answers``.

    It may be abandoned at any moment: it owns its connections and touches nothing else.
    """

    def __init__(self, settings: DestinationSettings, answers: SimpleQueue[Answer]) -> None:
        self._settings = settings
        self._answers = answers
        self._inbox: SimpleQueue[Task | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def send(self, task: Task) -> None:
        """Send it on the lane's own thread, which is started for the first one."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"tfevent-{self._settings.name}", daemon=True)
            self._thread.start()
        self._inbox.put(task)

    def finish(self) -> None:
        """Let the thread end when it is done with what it has; does not wait."""
        self._inbox.put(None)

    def _run(self) -> None:
        with ExitStack() as stack:
            transport: Transport | None = None
            while (task := self._inbox.get()) is not None:
                try:
                    transport = transport or stack.enter_context(_opened(self._settings))
                    verdict = _sent(self._settings, transport, task)
                except Exception as error:  # noqa: BLE001  # a thread that dies silently would cost the whole budget
                    verdict = failed(error)
                self._answers.put(Answer(task.delivery, verdict, task.effort.requests > 0))


def failed(error: Exception) -> Verdict:
    """The verdict where nothing could be sent: clauses of ours as they are, of other errors only the name."""
    from change_events.delivery.transport import TransportError

    told = str(error) if isinstance(error, TransportError) else f"tfevent failed ({type(error).__name__})"
    return Verdict(Result.RETRY, told)


def _opened(settings: DestinationSettings) -> Transport:
    from change_events.delivery.sender import open_transport

    return open_transport(settings)


def _sent(settings: DestinationSettings, transport: Transport, task: Task) -> Verdict:
    from change_events.delivery.sender import send_event

    try:
        sealed = task.delivery.sealed()
    except msgspec.DecodeError:  # written by a newer version, say: it must not hold up all behind it
        return Verdict(Result.PARK, "this version of tfevent cannot read the stored event")
    if problem := out_of_time(sealed.event, get(settings.kind).limits, task.now):
        return Verdict(Result.PARK, problem)
    return send_event(settings, transport, sealed, task.effort)
