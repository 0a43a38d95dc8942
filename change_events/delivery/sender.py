"""One event to one destination: render, send, judge, and again while there is time."""

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
    """How much may be done for one event.

    Attributes:
        deadline: moment of :func:`time.monotonic` after which nothing is begun or waited for.
        attempts: how often to try what may pass.
        pace: the destination's, if it has a rate.
        quoting: how what the backend says gets into reasons.
        requests: how many have been made.
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
        """Seconds until the destination's rate lets the next request through."""
        return self.pace.wait() if self.pace else 0.0

    def spend(self) -> None:
        """A request is made now."""
        self.requests += 1
        if self.pace:
            self.pace.spend()


def send_event(
    settings: DestinationSettings, transport: Transport, sealed: SealedEvent, effort: Effort, handle: str | None = None
) -> Verdict:
    """Deliver one event, retrying what may pass, as far as ``effort`` goes.

    Args:
        settings: the destination.
        transport: its connections.
        sealed: the event as it was recorded.
        effort: how much may be done.
        handle: the backend's own name of what the event's start became there. That is brought up to date where the
            backend can do it, and where it refuses to (someone has deleted it, say) the event is sent as a new one.

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
    """The verdict where no request could be made: mistakes in the settings wait until they are corrected."""
    if isinstance(error, OptionError):
        return Verdict(Result.RETRY, f"its settings cannot be used ({error})")
    if wrong := get(settings.kind).problems(settings.options):
        return Verdict(Result.RETRY, f"its settings cannot be used ({'; '.join(wrong)})")
    return Verdict(Result.PARK, f"tfevent cannot render this event ({type(error).__name__})")


def _stepped(
    settings: DestinationSettings, transport: Transport, sealed: SealedEvent, effort: Effort, handle: str | None
) -> Verdict:
    """Several requests, one after the other; where the event is too large, all of them once more with a smaller one."""
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
    """Sends what ``steps`` of a destination asks for. ``bytes``: how large the last body was.

    No request is made twice in one walk: where its answer was lost, only the look-ups of a new walk see what it made.
    """

    def __init__(self, settings: DestinationSettings, transport: Transport, effort: Effort) -> None:
        self._options = settings.options
        self._destination = get(settings.kind)
        self._transport = transport
        self._effort = effort
        self.bytes = 0

    def through(self, event: SealedEvent, limit: int | None, handle: str | None) -> Verdict:
        """What becomes of the event. Raises _StepError."""
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
    """The next request, or how it ended. Raises _StepError."""
    try:
        return next(steps) if reply is None else steps.send(reply)
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict
    except Exception as error:  # as of one request
        raise _StepError(error) from error


def _remarked(verdict: Verdict, remarks: tuple[str, ...]) -> Verdict:
    """``verdict``; what has arrived, but not as it was meant to (without texts that were asked for, say), says so."""
    if verdict.result is not Result.DELIVERED or not remarks:
        return verdict
    return msgspec.structs.replace(verdict, reason="; ".join(filter(None, (verdict.reason, *remarks))))


def exchange(destination: Destination, transport: Transport, request: Request, effort: Effort) -> Verdict:
    """Send one request and judge the answer, retrying what may pass, as far as ``effort`` goes."""
    return _persistent(lambda: _once(destination, transport, request, effort).verdict, effort)


def _persistent(attempt: Callable[[], Verdict], effort: Effort) -> Verdict:
    """The verdict of an attempt, or of the last of several."""
    verdict = attempt()
    if verdict.result is not Result.RETRY or effort.attempts == 1:
        return verdict
    return _retried(verdict, attempt, effort)


def _retried(first: Verdict, again: Callable[[], Verdict], effort: Effort) -> Verdict:
    """The last verdict of several attempts, the first of which has been made."""
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
    """One request, with its token; where one that was used before is not accepted any more, with a new one."""
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
    """What the answer means, with what it says where it is no plain success."""
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
