"""Is a destination reachable, and does it accept? For `tfevent events doctor`."""

from __future__ import annotations

import queue
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from change_events.delivery.worker import failed
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Request, Result, user_agent
from change_events.ids import new_id
from change_events.model import ChangeEvent, Kind, Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.model import SealedEvent

    Attempt = Callable[[DestinationSettings, float], "ProbeResult"]


class ProbeResult(msgspec.Struct, frozen=True):
    """Whether a destination works as far as was tried, a sentence without secrets, and how many seconds it took."""

    ok: bool
    text: str
    seconds: float = 0.0


class Probe:
    """A try that has begun, on a thread of its own. Raises nothing.

    Args:
        destination: the one to try.
        budget: seconds of wall-clock time from now on.
        send_test: post an event marked as a test; otherwise only name, connection, TLS and an answer to
            ``HEAD /`` are tried, without any credentials, so whether events are accepted stays open.
    """

    def __init__(self, destination: DestinationSettings, *, budget: float = 3.0, send_test: bool = False) -> None:
        import change_events.delivery.sender
        import change_events.delivery.transport  # noqa: F401 - what they take to import is not the destination's doing

        self._begun = time.monotonic()
        self._budget = budget
        self._answers: queue.SimpleQueue[ProbeResult] = queue.SimpleQueue()
        attempt = _post_test if send_test else _knock
        threading.Thread(
            target=self._run, args=(attempt, destination), name=f"tfevent-{destination.name}", daemon=True
        ).start()

    def result(self) -> ProbeResult:
        """What came of it; at the end of the budget at the latest."""
        left = self._begun + self._budget - time.monotonic()
        try:
            return self._answers.get(timeout=max(0.0, left))
        except queue.Empty:
            return ProbeResult(ok=False, text=f"no complete answer within {self._budget:g} s", seconds=self._budget)

    def _run(self, attempt: Attempt, destination: DestinationSettings) -> None:
        result = _guarded(attempt, destination, self._begun + self._budget)
        self._answers.put(msgspec.structs.replace(result, seconds=time.monotonic() - self._begun))


def probe(destination: DestinationSettings, *, budget: float = 3.0, send_test: bool = False) -> ProbeResult:
    """Try a destination and wait for what comes of it; see :class:`Probe`."""
    return Probe(destination, budget=budget, send_test=send_test).result()


def _guarded(attempt: Attempt, destination: DestinationSettings, deadline: float) -> ProbeResult:
    try:
        return attempt(destination, deadline)
    except OptionError as error:
        return ProbeResult(ok=False, text=f"its settings cannot be used ({error})")
    except Exception as error:  # noqa: BLE001  # doctor shows what is wrong, whatever it is
        where = get(destination.kind).origin(destination.options)
        return ProbeResult(ok=False, text=f"{where}: {failed(error).reason}")


def _knock(settings: DestinationSettings, deadline: float) -> ProbeResult:
    from change_events.delivery.sender import open_transport

    address = get(settings.kind).origin(settings.options)
    request = Request("HEAD", address + "/", {"User-Agent": user_agent()}, b"")
    with open_transport(settings) as transport:
        transport.send(request, deadline)
    return ProbeResult(ok=True, text=f"{request.host} answers; a test event (--send-test) shows if it accepts")


def _post_test(settings: DestinationSettings, deadline: float) -> ProbeResult:
    from change_events.delivery.sender import Effort, open_transport, send_event

    choose = get(settings.kind).test_kind
    sample = test_event(choose(settings.options) if choose else Kind.CUSTOM)
    with open_transport(settings) as transport:
        verdict = send_event(settings, transport, sample, Effort(deadline))
    if verdict.result is Result.DELIVERED:
        remark = f"; {verdict.reason}" if verdict.reason else ""
        return ProbeResult(ok=True, text=f"it accepted a test event{remark}")
    return ProbeResult(ok=False, text=verdict.reason)


def test_event(kind: Kind) -> SealedEvent:
    """An event that says of itself that it is a test; one of infrastructure is a run that changed nothing."""
    from change_events.redact import Redactor

    now = datetime.now(UTC)
    return Redactor().seal(
        ChangeEvent(
            id=new_id(),
            kind=kind,
            phase=Phase.APPLIED if kind is Kind.INFRASTRUCTURE else Phase.CHECKED,
            outcome=Outcome.NO_CHANGE,
            started_at=now,
            ended_at=now,
            title="tfevent test event",
            message="Sent by `tfevent events doctor --send-test`. Nothing was changed.",
            tags={"test": "true"},
        )
    )
