"""Delivers one event to one destination: render, send, judge, and retry while there is time."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.delivery.quoting import Quoting
from change_events.delivery.rendering import prepared, rendered
from change_events.delivery.tokens import authorized, forget
from change_events.delivery.transport import TransportError
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Reply, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

    from change_events.delivery.rate_limit import RateLimiter
    from change_events.delivery.transport import Transport
    from change_events.destinations.base import Destination, Request, Response, Steps
    from change_events.model import SealedEvent

ATTEMPTS = 3  # in one flush; a backend that is down must not cost every run its whole budget
MOST_REQUESTS = 30  # for one event, where one after the other is needed
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0
_NOT_ACCEPTED = 401


class Effort:
    """The limits for one event.

    Attributes:
        deadline: :func:`time.monotonic` after which nothing starts or waits.
        attempts: maximum number of attempts after temporary failures.
        pace: the destination's rate limit, if any.
        quoting: prepares the backend's messages for reasons.
        requests: number of requests so far.
    """

    def __init__(
        self,
        deadline: float,
        attempts: int = ATTEMPTS,
        pace: RateLimiter | None = None,
        quoting: Quoting | None = None,
    ) -> None:
        self.deadline = deadline
        self.attempts = attempts
        self.pace = pace
        self.quoting = quoting or Quoting()
        self.requests = 0

    def wait(self) -> float:
        """Return the seconds until the rate limit allows the next request."""
        return self.pace.wait() if self.pace else 0.0

    def spend(self) -> None:
        """Count a request made now."""
        self.requests += 1
        if self.pace:
            self.pace.spend()


def send_event(
    settings: DestinationSettings, transport: Transport, sealed: SealedEvent, effort: Effort, handle: str | None = None
) -> Verdict:
    """Deliver one event, with retries, within ``effort``.

    Args:
        settings: the destination.
        transport: its connections.
        sealed: the recorded event.
        effort: the limits.
        handle: the backend's ID of the started event's object. It is updated if the backend supports that; if it
            refuses, e.g. because it was deleted, the event is sent as a new one.

    Returns:
        Never ``SHRINK``: an event that is too large is sent smaller once, and parked if that is too large too.
    """
    remarks: tuple[str, ...] = ()
    if get(settings.kind).steps is not None:
        verdict = _stepped(settings, transport, sealed, effort, handle)
        return msgspec.structs.replace(verdict, result=Result.PARK) if verdict.result is Result.SHRINK else verdict
    if handle is not None and get(settings.kind).update is not None:
        verdict = _sent(settings, transport, sealed, effort, handle)
        if verdict.result in {Result.DELIVERED, Result.RETRY}:
            return verdict
        if verdict.mendable:
            remarks = (f"its started event was not updated: {verdict.reason}",)
    verdict = _remarked(_sent(settings, transport, sealed, effort), remarks)
    return msgspec.structs.replace(verdict, result=Result.PARK) if verdict.result is Result.SHRINK else verdict


def _sent(
    settings: DestinationSettings, transport: Transport, sealed: SealedEvent, effort: Effort, handle: str | None = None
) -> Verdict:
    destination = get(settings.kind)
    try:
        request, problems = rendered(settings, sealed, handle=handle)
    except Exception as error:  # noqa: BLE001  # one event we cannot render must not hold up all behind it
        return _unrendered(settings, error)
    verdict = exchange(destination, transport, request, effort)
    if verdict.result is Result.SHRINK and handle is None:
        try:
            request, problems = rendered(settings, sealed, limit=verdict.room or len(request.body) // 2)
        except OptionError:
            return verdict
        verdict = exchange(destination, transport, request, effort)
    return _remarked(verdict, (f"{'; '.join(problems)}: sent without",) if problems else ())


def _unrendered(settings: DestinationSettings, error: Exception) -> Verdict:
    """Return the verdict if no request could be made: the event waits until the settings are corrected."""
    if isinstance(error, OptionError):
        return Verdict(Result.RETRY, f"its settings cannot be used ({error})")
    if wrong := get(settings.kind).problems(settings.options):
        return Verdict(Result.RETRY, f"its settings cannot be used ({'; '.join(wrong)})")
    return Verdict(Result.PARK, f"tfevent cannot render this event ({type(error).__name__})")


def _stepped(
    settings: DestinationSettings, transport: Transport, sealed: SealedEvent, effort: Effort, handle: str | None
) -> Verdict:
    """Send several requests in order; if the event is too large, repeat all with a smaller one."""
    walk = _Walk(settings, transport, effort)
    try:
        with prepared(settings, sealed) as (event, problems):
            verdict = _persistent(lambda: walk.through(event, None, handle), effort)
            if verdict.result is Result.SHRINK:
                smaller = walk.bytes // 2
                verdict = _persistent(lambda: walk.through(event, smaller, handle), effort)
    except _StepError as failed:
        return _unrendered(settings, failed.error)
    return _remarked(verdict, (f"{'; '.join(problems)}: sent without",) if problems else ())


class _StepError(Exception):
    """``steps`` of a destination failed."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Walk:
    """Sends the requests of a destination's ``steps``. ``bytes``: size of the last body.

    No request is repeated within a walk: after a lost response, only the look-ups of a new walk show its effect.
    """

    def __init__(self, settings: DestinationSettings, transport: Transport, effort: Effort) -> None:
        self._options = settings.options
        self._destination = get(settings.kind)
        self._transport = transport
        self._effort = effort
        self.bytes = 0

    def through(self, event: SealedEvent, limit: int | None, handle: str | None) -> Verdict:
        """Send all requests and return the verdict. Raises _StepError."""
        assert self._destination.steps is not None  # noqa: S101 - who calls has asked
        steps = self._destination.steps(event, self._options, limit, handle)
        with closing(steps):
            following = _next(steps, None)
            for _ in range(MOST_REQUESTS):
                if isinstance(following, Verdict):
                    return following
                self.bytes = len(following.body)
                reply = _once(self._destination, self._transport, following, self._effort)
                if reply.verdict.result in {Result.RETRY, Result.SHRINK}:
                    return reply.verdict
                following = _next(steps, reply)
        if isinstance(following, Verdict):
            return following
        return Verdict(Result.PARK, f"more than {MOST_REQUESTS} requests are needed to report the event there")


def _next(steps: Steps, reply: Reply | None) -> Request | Verdict:
    """Return the next request, or the final verdict. Raises _StepError."""
    try:
        return next(steps) if reply is None else steps.send(reply)
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict
    except Exception as error:  # as of one request
        raise _StepError(error) from error


def _remarked(verdict: Verdict, remarks: tuple[str, ...]) -> Verdict:
    """Return ``verdict`` with a remark if the event was delivered with restrictions, e.g. without its template."""
    if verdict.result is not Result.DELIVERED or not remarks:
        return verdict
    return msgspec.structs.replace(verdict, reason="; ".join(filter(None, (verdict.reason, *remarks))))


def exchange(destination: Destination, transport: Transport, request: Request, effort: Effort) -> Verdict:
    """Send one request and judge the response, with retries, within ``effort``."""
    return _persistent(lambda: _once(destination, transport, request, effort).verdict, effort)


def _persistent(attempt: Callable[[], Verdict], effort: Effort) -> Verdict:
    """Return the verdict of an attempt, or of the last of several."""
    verdict = attempt()
    if verdict.result is not Result.RETRY or effort.attempts == 1:
        return verdict
    return _retried(verdict, attempt, effort)


def _retried(first: Verdict, again: Callable[[], Verdict], effort: Effort) -> Verdict:
    """Return the verdict of the last of several attempts, the first of which was made already."""
    from tenacity import Retrying, retry_if_result  # 15 ms, and most events arrive at once

    made = iter((first,))
    retrying = Retrying(
        retry=retry_if_result(lambda verdict: verdict.result is Result.RETRY),
        wait=_pause(effort),
        stop=_stop(effort),
        retry_error_callback=_result_of,
    )
    verdict: Verdict = retrying(lambda: next(made, None) or again())
    return verdict


def _once(destination: Destination, transport: Transport, request: Request, effort: Effort) -> Reply:
    """Send one request with its token; if a used token is rejected, with a new one."""
    ready = authorized(request, transport, lambda asked: _answered(destination, transport, asked, effort))
    if isinstance(ready, Verdict):
        return Reply(ready)
    reply = _answered(destination, transport, ready.request, effort)
    if ready.is_reused and reply.response is not None and reply.response.status == _NOT_ACCEPTED:
        forget(transport)
        return _once(destination, transport, request, effort)
    return reply


def _answered(destination: Destination, transport: Transport, request: Request, effort: Effort) -> Reply:
    if (wait := effort.wait()) > 0:
        time.sleep(min(wait, max(0.0, effort.deadline - time.monotonic())))
    effort.spend()
    try:
        response = transport.send(request, effort.deadline)
    except TransportError as error:
        return Reply(Verdict(Result.RETRY, str(error)))
    return Reply(_verdict_on(destination, request, response, effort.quoting), response)


def _verdict_on(destination: Destination, request: Request, response: Response, quoting: Quoting) -> Verdict:
    """Return the verdict on a response, with the backend's message unless it is a plain success."""
    verdict = judged(destination, response)
    if verdict.result is Result.DELIVERED and destination.handle:
        verdict = msgspec.structs.replace(verdict, handle=destination.handle(response))
    if verdict.result is Result.DELIVERED and not verdict.reason:
        return verdict
    said = quoting.quoted(request, response)
    reason = f"{verdict.reason}; it says: {said}" if said else verdict.reason
    return msgspec.structs.replace(verdict, reason=reason)


def judged(destination: Destination, response: Response) -> Verdict:
    """Classify a response: a success whose body decides, but that arrived incomplete, is retried."""
    if response.well and response.body_decides and not response.complete:
        return Verdict(Result.RETRY, "its answer broke off or timed out")
    return destination.judge(response)


def _result_of(state: RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else None


def _pause(effort: Effort) -> Callable[[RetryCallState], float]:
    from tenacity import wait_random_exponential

    growing = wait_random_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE)

    def pause(state: RetryCallState) -> float:
        asked: float | None = _result_of(state).after
        return max(growing(state) if asked is None else asked, effort.wait())

    return pause


def _stop(effort: Effort) -> Callable[[RetryCallState], bool]:
    def stop(state: RetryCallState) -> bool:
        late = time.monotonic() + state.upcoming_sleep >= effort.deadline
        return late or state.attempt_number >= effort.attempts

    return stop
