"""Is a destination reachable, and does it accept? For `tfevent events doctor`."""

from __future__ import annotations

import queue
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from change_events.delivery.lane import failed
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Request, Result, user_agent
from change_events.ids import new_id
from change_events.model import ChangeEvent, Kind, Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.model import SealedEvent


class ProbeResult(msgspec.Struct, frozen=True):
    """Whether a destination works as far as was tried, and a sentence without secrets."""

    ok: bool
    text: str


def probe(destination: DestinationSettings, *, budget: float = 3.0, send_test: bool = False) -> ProbeResult:
    """Try a destination. Raises nothing, and returns within ``budget`` seconds.

    Args:
        destination: the one to try.
        budget: seconds of wall-clock time.
        send_test: post an event marked as a test; otherwise only name, connection, TLS and an answer to
            ``HEAD /`` are tried, without any credentials, so whether events are accepted stays open.
    """
    deadline = time.monotonic() + budget
    attempt = _post_test if send_test else _knock
    answers: queue.SimpleQueue[ProbeResult] = queue.SimpleQueue()
    threading.Thread(
        target=lambda: answers.put(_guarded(attempt, destination, deadline)),
        name=f"tfevent-{destination.name}",
        daemon=True,
    ).start()
    try:
        return answers.get(timeout=budget)
    except queue.Empty:
        return ProbeResult(ok=False, text=f"no complete answer within {budget:g} s")


def _guarded(
    attempt: Callable[[DestinationSettings, float], ProbeResult],
    destination: DestinationSettings,
    deadline: float,
) -> ProbeResult:
    try:
        return attempt(destination, deadline)
    except OptionError as error:
        return ProbeResult(ok=False, text=f"its settings cannot be used ({error})")
    except Exception as error:  # noqa: BLE001  # doctor tells what is wrong, whatever it is
        return ProbeResult(ok=False, text=failed(error).reason)


def _knock(settings: DestinationSettings, deadline: float) -> ProbeResult:
    from change_events.delivery.sender import open_transport

    address = get(settings.kind).origin(settings.options)
    request = Request("HEAD", address + "/", {"User-Agent": user_agent()}, b"")
    with open_transport(settings) as transport:
        transport.send(request, deadline)
    return ProbeResult(ok=True, text=f"{request.host} answers; a test event (--send-test) shows if it accepts")


def _post_test(settings: DestinationSettings, deadline: float) -> ProbeResult:
    from change_events.delivery.sender import Effort, open_transport, send_event

    with open_transport(settings) as transport:
        verdict = send_event(settings, transport, test_event(), Effort(deadline))
    if verdict.result is Result.DELIVERED:
        return ProbeResult(ok=True, text="it accepted a test event")
    return ProbeResult(ok=False, text=verdict.reason)


def test_event() -> SealedEvent:
    """An event that says of itself that it is a test."""
    from change_events.redact import Redactor

    now = datetime.now(UTC)
    return Redactor().seal(
        ChangeEvent(
            id=new_id(),
            kind=Kind.CUSTOM,
            phase=Phase.CHECKED,
            outcome=Outcome.NO_CHANGE,
            started_at=now,
            ended_at=now,
            title="tfevent test event",
            message="Sent by `tfevent events doctor --send-test`. Nothing was changed.",
            tags={"test": "true"},
        )
    )
