"""A backend's rate: never more in any period than it allows, within a flush, across flushes, across processes."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.delivery import deliver
from change_events.delivery.rate_limit import RateLimiter
from change_events.destinations import webhook
from change_events.destinations.base import DestinationSettings, Limits, Rate
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.sealed import sealed
from tests.support.speed import at_most, limit

PLENTY = 60.0


class Ticks:
    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


RATES = st.builds(
    Rate, requests=st.integers(1, 200), seconds=st.floats(0.1, 3_600, allow_nan=False).map(lambda s: round(s, 3))
)


def worst(moments: list[float], seconds: float) -> int:
    """The most requests in any period of so many seconds."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds - 1e-5:  # floating-point sums
            first += 1
        most = max(most, last - first + 1)
    return most


@given(rate=RATES, idle=st.lists(st.floats(0, 2), min_size=1, max_size=300), begun=st.sampled_from([0.0, 1e3, 1e7]))
def test_no_period_has_more_than_the_rate(rate, idle, begun):
    """As eagerly as it lets us, with pauses of up to two periods in between."""
    clock = Ticks(begun)
    pace, moments = RateLimiter(rate, clock), []
    for periods in idle:
        clock.now += pace.wait()
        moments.append(clock.now)
        pace.spend()
        clock.now += periods * rate.seconds if periods > 1 else 0
    assert worst(moments, rate.seconds) <= rate.requests


@given(rate=RATES)
def test_nearly_all_of_the_rate_is_used(rate):
    clock = Ticks()
    pace = RateLimiter(rate, clock)
    begun, number = clock.now, 5 * rate.requests
    for _ in range(number):
        clock.now += pace.wait()
        pace.spend()
    assert clock.now - begun <= rate.seconds * 5 / 0.89


def test_without_a_rate_there_is_no_wait():
    pace = RateLimiter(None)
    for _ in range(1_000):
        pace.spend()
        assert pace.wait() == 0


@given(rate=RATES, spent=st.integers(0, 40), between=st.floats(0, 10))
def test_another_flush_goes_on_where_this_one_stopped(rate, spent, between):
    clock, other = Ticks(), Ticks(5.0)
    alone, first, second = RateLimiter(rate, clock), RateLimiter(rate, clock), RateLimiter(rate, other)
    for _ in range(spent):
        clock.now += alone.wait()
        alone.spend()
        first.spend()
    clock.now += between
    second.learn(max(0.0, first.busy()))
    assert second.wait() == pytest.approx(alone.wait(), abs=1e-6)


def test_a_clock_that_was_set_does_not_stop_it_for_longer_than_a_full_bucket():
    pace = RateLimiter(Rate(10, 60), Ticks())
    pace.learn(1e9)
    assert pace.wait() <= 60


@pytest.fixture
def limited(monkeypatch):
    """A function that gives webhooks a rate."""

    def limit(requests: int, seconds: float) -> None:
        limits = Limits(body_bytes=webhook.LIMITS.body_bytes, rate=Rate(requests, seconds))
        changed = msgspec.structs.replace(webhook.DESTINATION, limits=limits)
        monkeypatch.setattr(webhook, "DESTINATION", changed)

    return limit


class Watch:
    """Answers and notes when it was asked."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    accepts = True

    def __call__(self, handler) -> None:
        self.moments.append(time.monotonic())
        handler.answer(200, b"{}", {})


def hook(receiver, name="hook"):
    return DestinationSettings(name, "webhook", {"url": receiver.url})


def test_a_flush_keeps_the_rate_and_holds_nobody_else_up(journal, limited):
    span = limit(1.0)
    limited(5, span)
    for number in range(12):
        journal.settle(sealed(number), ["hook", "main"])
    watch = Watch()
    with Receiver(always=watch) as receiver, Receiver() as quick:
        free = DestinationSettings("main", "cloudevents", {"url": quick.url})
        assert deliver(journal, [hook(receiver), free], budget=1.5 * span).sent < 12 + 12
        assert len(quick.accepted) == 12
        assert deliver(journal, [hook(receiver), free], budget=PLENTY).waiting == 0
    assert len(watch.moments) == 12
    assert worst(watch.moments, 0.9 * span) <= 5, "a little less: on their way here requests are not equally fast"
    assert watch.moments[-1] - watch.moments[0] > 1.9 * span


def test_later_runs_know_what_was_asked_before(timed_journal, clock, limited):
    """Each run is a process of its own, and its flush begins with nothing but the journal."""
    limited(1, 60)
    journal = timed_journal
    for number in range(3):
        journal.settle(sealed(number), ["hook"])
    with Receiver() as receiver:
        for wait, arrived in ((0, 1), (30, 1), (20, 1), (11, 2), (50, 2), (11, 3)):
            clock.now += wait
            with at_most(1, "what must wait longer than the budget waits for a later run"):
                report = deliver(journal, [hook(receiver)], budget=5)
            assert len(receiver.received) == arrived
            if report.waiting:
                expected = "hook: rate limit reached: 1 request per 60 s; the event waits for the next run"
                assert report.problems[0].startswith(expected)
    assert journal.standing("hook").failures == 0
    assert journal.counts().delivered == 3


def test_attempts_count_too(timed_journal, limited, impatient):
    limited(2, 60)
    timed_journal.settle(sealed(1), ["hook"])
    with Receiver(always=server.status(503)) as receiver:
        with at_most(1):
            report = deliver(timed_journal, [hook(receiver)], budget=min(limit(2), 20))
        assert len(receiver.received) == 1, "the second would have to wait for half a minute"
    assert "transient error (503)" in report.problems[0]


def test_a_smaller_repetition_counts_too(journal, limited):
    limited(4, 1.0)
    journal.settle(sealed(1, message="x" * 10_000), ["hook"])
    moments = []

    def note(step):
        def noted(handler):
            moments.append(time.monotonic())
            step(handler)

        return noted

    with Receiver([note(server.status(413)), note(server.OK)]) as receiver:
        deliver(journal, [hook(receiver)], budget=PLENTY)
    assert moments[1] - moments[0] > 0.2
