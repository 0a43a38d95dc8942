"""A daemon thread that sends to one destination: a slow one holds up neither the others nor the process."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.destinations.base import DestinationSettings, Result, Verdict

if TYPE_CHECKING:
    from change_events.delivery.transport import Transport
    from change_events.journal import Delivery


class Answer(NamedTuple):
    """What became of one delivery."""

    delivery: Delivery
    verdict: Verdict


class Lane:
    """Takes deliveries one at a time and puts an :class:`Answer` for each into ``answers``.

    It may be abandoned at any moment: it owns its connections and touches nothing else.
    """

    def __init__(self, settings: DestinationSettings, deadline: float, answers: SimpleQueue[Answer]) -> None:
        self._settings = settings
        self._deadline = deadline
        self._answers = answers
        self._inbox: SimpleQueue[Delivery | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def send(self, delivery: Delivery) -> None:
        """Send it on the lane's own thread, which is started for the first one."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"tfevent-{self._settings.name}", daemon=True)
            self._thread.start()
        self._inbox.put(delivery)

    def finish(self) -> None:
        """Let the thread end when it is done with what it has; does not wait."""
        self._inbox.put(None)

    def _run(self) -> None:
        with ExitStack() as stack:
            transport: Transport | None = None
            while (delivery := self._inbox.get()) is not None:
                try:
                    transport = transport or stack.enter_context(_opened(self._settings))
                    verdict = _sent(self._settings, transport, delivery, self._deadline)
                except Exception as error:  # noqa: BLE001  # a thread that dies silently would cost the whole budget
                    verdict = failed(error)
                self._answers.put(Answer(delivery, verdict))


def failed(error: Exception) -> Verdict:
    """The verdict where nothing could be sent: clauses of ours as they are, of other errors only the name."""
    from change_events.delivery.transport import TransportError

    told = str(error) if isinstance(error, TransportError) else f"tfevent failed ({type(error).__name__})"
    return Verdict(Result.RETRY, told)


def _opened(settings: DestinationSettings) -> Transport:
    from change_events.delivery.sender import open_transport

    return open_transport(settings)


def _sent(settings: DestinationSettings, transport: Transport, delivery: Delivery, deadline: float) -> Verdict:
    from change_events.delivery.sender import send_event

    try:
        sealed = delivery.sealed()
    except msgspec.DecodeError:  # written by a newer version, say: it must not hold up all behind it
        return Verdict(Result.PARK, "this version of tfevent cannot read the stored event")
    return send_event(settings, transport, sealed, deadline)
