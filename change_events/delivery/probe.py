"""Tests whether a destination is reachable and accepts events, for `tfevent events doctor`."""

from __future__ import annotations

import queue
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from change_events.delivery.quoting import Quoting
from change_events.delivery.transport import THREAD_PREFIX, get_ready, open_transport
from change_events.delivery.worker import failed
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Request, Result, user_agent
from change_events.ids import new_id
from change_events.model import ChangeEvent, Kind, Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.delivery.sender import Effort
    from change_events.delivery.transport import Transport
    from change_events.model import SealedEvent
    from change_events.redact import Redactor

    Attempt = Callable[[DestinationSettings, Transport, float], "ProbeResult"]


_NOTHING_SENT = "it was sent nothing, since a test event cannot be reported there"


class ProbeResult(msgspec.Struct, frozen=True):
    """Whether a destination works, a sentence without secrets, and the duration in seconds."""

    ok: bool
    text: str
    seconds: float = 0.0


class Probe:
    """A running test, on a thread of its own. Raises nothing.

    Args:
        destination: the destination to test.
        budget: seconds of wall-clock time from now on.
        send_test: send an event marked as a test; otherwise only name, connection, TLS and a response to ``HEAD /`` are
            tested, without credentials, so that acceptance stays unknown.
        here: an event with the current location, for destinations that cannot receive a test event: their credentials
            are tested with a read request.
        redactor: as for :func:`~change_events.delivery.deliver`.
    """

    def __init__(
        self,
        destination: DestinationSettings,
        *,
        budget: float = 3.0,
        send_test: bool = False,
        here: ChangeEvent | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        import change_events.delivery.sender  # noqa: F401 - what is imported takes time that is not the destination's

        get_ready(get(destination.kind).way(destination.options))
        self._transport: Transport | None = None
        self._begun = time.monotonic()
        self._budget = budget
        self._answers: queue.SimpleQueue[ProbeResult] = queue.SimpleQueue()
        quoting = Quoting(redactor)
        attempt = partial(_post_test, here=here, quoting=quoting) if send_test else partial(_knock, quoting=quoting)
        threading.Thread(
            target=self._run, args=(attempt, destination), name=THREAD_PREFIX + destination.name, daemon=True
        ).start()

    def result(self) -> ProbeResult:
        """Return the result, at the end of the budget at the latest."""
        left = self._begun + self._budget - time.monotonic()
        try:
            return self._answers.get(timeout=max(0.0, left))
        except queue.Empty:
            if self._transport is not None:
                self._transport.abandon()
            return ProbeResult(ok=False, text=f"no complete answer within {self._budget:g} s", seconds=self._budget)

    def _run(self, attempt: Attempt, destination: DestinationSettings) -> None:
        result = self._guarded(attempt, destination)
        self._answers.put(msgspec.structs.replace(result, seconds=time.monotonic() - self._begun))

    def _guarded(self, attempt: Attempt, destination: DestinationSettings) -> ProbeResult:
        try:
            with open_transport(destination) as self._transport:
                return attempt(destination, self._transport, self._begun + self._budget)
        except OptionError as error:
            return ProbeResult(ok=False, text=f"its settings cannot be used ({error})")
        except Exception as error:  # noqa: BLE001  # doctor shows what is wrong, whatever it is
            where = get(destination.kind).origin(destination.options)
            return ProbeResult(ok=False, text=f"{where}: {failed(error).reason}")


def probe(
    destination: DestinationSettings, *, budget: float = 3.0, send_test: bool = False, here: ChangeEvent | None = None
) -> ProbeResult:
    """Test a destination and wait for the result; see :class:`Probe`."""
    return Probe(destination, budget=budget, send_test=send_test, here=here).result()


def _knock(settings: DestinationSettings, transport: Transport, deadline: float, quoting: Quoting) -> ProbeResult:
    backend = get(settings.kind)
    address = backend.origin(settings.options)
    plain = Request("HEAD", address + "/", {"User-Agent": user_agent()}, b"")
    request = backend.probe(settings.options) if backend.probe else plain
    response = transport.send(request, deadline)
    shows = "a test event (--send-test) shows if it accepts"
    if backend.probed is None:
        return ProbeResult(ok=True, text=f"{request.reached}; {shows}")
    verdict = backend.probed(response)
    if verdict.result is Result.DELIVERED:
        return ProbeResult(ok=True, text="; ".join(filter(None, (request.reached, verdict.reason, shows))))
    said = quoting.quoted(request, response)
    return ProbeResult(ok=False, text=f"{verdict.reason}; it says: {said}" if said else verdict.reason)


def _post_test(
    settings: DestinationSettings, transport: Transport, deadline: float, here: ChangeEvent | None, quoting: Quoting
) -> ProbeResult:
    from change_events.delivery.sender import Effort, send_event

    choose = get(settings.kind).test_kind
    sample = test_event(choose(settings.options) if choose else Kind.CUSTOM)
    verdict = send_event(settings, transport, sample, Effort(deadline, quoting=quoting))
    if verdict.result is Result.DELIVERED:
        remark = f"; {verdict.reason}" if verdict.reason else ""
        return ProbeResult(ok=True, text=f"it accepted a test event{remark}")
    if verdict.result is Result.SKIPPED:
        tried = _access(settings, transport, here, Effort(deadline, quoting=quoting))
        if tried is not None and not tried.ok:
            return tried
        read = f"{tried.text}; " if tried else ""
        # the reason is about the sample, whose repository is not known even where the one of this folder was just read
        reason = "" if tried and here and here.vcs else f": {verdict.reason}"
        return ProbeResult(ok=True, text=f"{read}{_NOTHING_SENT}{reason}")
    return ProbeResult(ok=False, text=verdict.reason)


def _access(
    settings: DestinationSettings, transport: Transport, here: ChangeEvent | None, effort: Effort
) -> ProbeResult | None:
    """Return whether the credentials are accepted; None if that cannot be tested without an event."""
    from change_events.delivery.sender import exchange
    from change_events.redact import Redactor

    backend = get(settings.kind)
    if backend.access is None:
        return None
    sample = Redactor().seal(here) if here is not None else test_event(Kind.CUSTOM)
    request = backend.access(sample, settings.options)
    verdict = exchange(backend, transport, request, effort)
    if verdict.result is Result.DELIVERED:
        return ProbeResult(ok=True, text=f"its credentials are accepted ({request.purpose})")
    return ProbeResult(ok=False, text=verdict.reason)


def test_event(kind: Kind) -> SealedEvent:
    """Return an event marked as a test; one of infrastructure is a run that changed nothing."""
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
