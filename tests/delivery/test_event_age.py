"""What a backend takes no more, or not yet, is parked with the reason instead of being sent wrong."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from change_events.delivery import deliver
from change_events.delivery.event_age import out_of_time, span
from change_events.destinations import webhook
from change_events.destinations.base import DestinationSettings, Limits
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.sealed import EPOCH, event_id, sealed

PLENTY = 60.0
HOUR = 3_600.0


@pytest.fixture
def journal(timed_journal):
    return timed_journal


@pytest.fixture(autouse=True)
def _limits(monkeypatch):
    limits = Limits(body_bytes=webhook.LIMITS.body_bytes, max_age=18 * HOUR, max_ahead=10 * 60)
    monkeypatch.setattr(webhook, "DESTINATION", msgspec.structs.replace(webhook.DESTINATION, limits=limits))


def hook(receiver, name="hook"):
    return DestinationSettings(name, "webhook", {"url": receiver.url})


def got(receiver):
    return [request.headers["webhook-id"] for request in receiver.accepted]


def test_what_became_too_old_while_the_backend_was_down_is_parked_and_holds_nobody_up(journal, clock, impatient):
    journal.settle(sealed(1), ["hook", "main"])
    with Receiver(always=server.status(503)) as receiver, Receiver() as other:
        ageless = DestinationSettings("main", "cloudevents", {"url": other.url})
        deliver(journal, [hook(receiver)], budget=PLENTY)
        receiver.heal()
        clock.now += 19 * HOUR
        journal.settle(sealed(2, started_at=EPOCH, ended_at=EPOCH + timedelta(hours=18)), ["hook", "main"])
        report = deliver(journal, [hook(receiver), ageless], budget=PLENTY)
        assert got(receiver) == [event_id(2)], "its end counts"
        assert len(other.accepted) == 2, "who has no such limit gets all"
    assert (report.sent, report.parked, report.waiting) == (3, 1, 0)
    reason = "it takes events of the last 18 hours only, and this one is of 2026-11-23 12:01 UTC"
    assert report.problems == (f"hook: {reason}; the event is parked",)
    (status,) = [s for s in journal.get(event_id(1)).deliveries if s.destination == "hook"]
    assert (status.state.value, status.reason) == ("parked", reason)


def test_trying_it_again_does_not_make_it_younger(journal, clock):
    journal.settle(sealed(1), ["hook"])
    clock.now += 19 * HOUR
    with Receiver() as receiver:
        for _ in range(2):
            assert deliver(journal, [hook(receiver)], budget=PLENTY, force=True).parked == 1
            assert journal.requeue(["hook"]) == 1
        assert receiver.received == []


def test_an_event_from_the_future_waits_until_the_clock_is_set(journal, clock):
    """The clock was a day ahead when it was recorded, or has been set back since."""
    journal.settle(sealed(1), ["hook"])
    clock.now -= 24 * HOUR
    with Receiver() as receiver:
        report = deliver(journal, [hook(receiver)], budget=PLENTY)
        assert (report.parked, receiver.received) == (1, [])
        assert "up to 10 minutes ahead, and this one is of 2026-11-23 12:01 UTC" in report.problems[0]
        assert "set this machine's clock, then `tfevent events flush --parked`" in report.problems[0]
        clock.now += 24 * HOUR
        journal.requeue(["hook"])
        assert deliver(journal, [hook(receiver)], budget=PLENTY).sent == 1


def test_what_is_parked_unasked_says_nothing_of_the_destination(journal, clock, impatient):
    journal.settle(sealed(1), ["hook"])
    with Receiver(always=server.status(503)) as receiver:
        deliver(journal, [hook(receiver)], budget=PLENTY)
        clock.now += 19 * HOUR
        now = EPOCH + timedelta(hours=19)
        journal.settle(sealed(2, started_at=now, ended_at=now), ["hook"])
        before = len(receiver.received)
        deliver(journal, [hook(receiver)], budget=PLENTY)
        assert len(receiver.received) == before + 1, "still a single request"
    assert journal.standing("hook").failures == 2


@pytest.mark.parametrize(("age", "fits"), [(18 * HOUR, True), (18 * HOUR + 1, False), (-600, True), (-601, False)])
def test_the_limits_themselves(age, fits):
    event = sealed(1).event
    now = event.ended_at.timestamp() + age
    assert (out_of_time(event, webhook.DESTINATION.limits, now) is None) is fits


def test_what_has_not_ended_counts_from_its_start():
    event = sealed(1, ended_at=None).event
    now = event.started_at.timestamp()
    assert out_of_time(event, webhook.DESTINATION.limits, now + 18 * HOUR) is None
    assert out_of_time(event, webhook.DESTINATION.limits, now + 18 * HOUR + 1)


def test_no_limits_no_reason():
    assert out_of_time(sealed(1).event, Limits(body_bytes=1), 9e12) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "less than a second"),
        (1, "1 second"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (600, "10 minutes"),
        (5_400, "90 minutes"),
        (64_800, "18 hours"),
        (86_400, "1 day"),
        (604_800, "7 days"),
    ],
)
def test_spans(seconds, words):
    assert span(seconds) == words
