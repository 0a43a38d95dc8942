"""Every fault of a backend: inside the budget, reported in a sentence without secrets, and nothing lost."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest

import change_events.delivery.http_transport  # noqa: F401 - getting ready is not in the budget
from change_events.delivery import deliver, deliver_directly
from change_events.destinations.base import DestinationSettings
from change_events.destinations.sematext import TYPES
from change_events.journal import Query
from change_events.model import Kind
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.sealed import event_id, sealed
from tests.support.selection import slow_except
from tests.support.speed import at_most, limit

TOKEN = "tok-1111-2222/3333"
QUOTED = "tok-1111-2222%2F3333"
BUDGET = 1.0  # for what hangs
PLENTY = 60.0  # for what ends by itself


def noted(step, moments):
    """The step, and when it was asked for."""

    def noting(handler):
        moments.append(time.time())
        step(handler)

    noting.accepts = getattr(step, "accepts", False)
    return noting


def sematext(url: str, **options) -> DestinationSettings:
    return DestinationSettings("main", "sematext", {"token": TOKEN, "receiver": url, **options})


def webhook(url: str, name: str = "hook", **options) -> DestinationSettings:
    return DestinationSettings(name, "webhook", {"url": f"{url}/in", **options})


def settle(journal, *numbers, to=("main",)):
    for number in numbers:
        journal.settle(sealed(number), to)


@pytest.fixture
def patient(monkeypatch):
    """What a backend says is read however slowly the machine lets it say that."""
    monkeypatch.setattr("change_events.delivery.http_transport._WORDS_SECONDS", PLENTY)


def statuses(journal):
    records = sorted(journal.list(Query(limit=None)), key=lambda record: record.id)
    return [(status.state.value, status.attempts) for record in records for status in record.deliveries]


def reasons(journal) -> str:
    return " ".join(s.reason or "" for r in journal.list(Query(limit=None)) for s in r.deliveries)


def got(receiver) -> list[str]:
    return [request.json()["tfevent.id"] for request in receiver.accepted]


def assert_no_token(*texts: str) -> None:
    for text in texts:
        assert TOKEN not in text
        assert QUOTED not in text


def test_events_arrive_in_order_and_are_marked(journal):
    settle(journal, 1, 2, 3)
    with Receiver() as receiver:
        report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
        assert (report.sent, report.waiting, report.parked, report.problems) == (3, 0, 0, ())
        assert got(receiver) == [event_id(1), event_id(2), event_id(3)]
        assert {request.path for request in receiver.received} == {f"/{QUOTED}/event"}
    assert statuses(journal) == [("delivered", 1)] * 3


def test_nothing_due_is_quick_and_starts_no_thread(journal, monkeypatch):
    threads = []
    monkeypatch.setattr(threading.Thread, "start", threads.append)
    with at_most(0.2):
        assert deliver(journal, [sematext(server.refused_url())], budget=PLENTY).problems == ()
    assert threads == []


PASSING = {
    "500": ([server.status(500)] * 3, "transient error"),
    "502 page": ([server.html(502)] * 3, "transient error"),
    "408": ([server.status(408)] * 3, "transient error"),
    "425": ([server.status(425)] * 3, "transient error"),
    "429": ([server.status(429, retry_after="2")] * 3, "slow down"),
    "hang": ([server.hang()], "time"),
    "drip": ([server.drip_headers()], "time"),
    "garbage": ([server.garbage()] * 3, "not HTTP"),
    "reset": ([server.reset()] * 3, "connection"),
}


@pytest.mark.parametrize("fault", slow_except(PASSING, "500", "502 page", "408", "425", "hang", "garbage", "reset"))
def test_passing_faults_wait_in_order_and_arrive_with_a_later_flush(journal, fault):
    script, words = PASSING[fault]
    settle(journal, 1, 2)
    with Receiver(script) as receiver:
        target = [sematext(receiver.url)]
        budget = BUDGET if fault in {"hang", "drip"} else PLENTY
        with at_most(budget + 0.4):
            report = deliver(journal, target, budget=limit(budget))
        assert (report.sent, report.waiting, report.parked) == (0, 2, 0)
        (problem,) = report.problems
        assert words in problem
        assert problem.startswith("main: ")
        assert_no_token(problem, reasons(journal))
        assert statuses(journal) == [("waiting", 1), ("waiting", 0)], "the head stops its destination"
        receiver.heal()
        report = deliver(journal, target, budget=PLENTY, force=True)
        assert (report.sent, report.waiting) == (2, 0)
        assert got(receiver) == [event_id(1), event_id(2)]


def test_a_forced_flush_does_not_hammer_what_fails(journal):
    settle(journal, 1, 2)
    with Receiver(always=server.status(500)) as receiver:
        deliver(journal, [sematext(receiver.url)], budget=PLENTY, force=True)
        assert len(receiver.received) == 3
    assert statuses(journal) == [("waiting", 1), ("waiting", 0)]


@pytest.mark.parametrize("place", ["refused", "no name", "no route in time"])
def test_nobody_there(journal, place):
    settle(journal, 1)
    with server.unanswered_url() as unanswered:
        url = {
            "refused": server.refused_url(),
            "no name": "http://nowhere.invalid",
            "no route in time": unanswered,
        }[place]
        budget = BUDGET if place == "no route in time" else PLENTY
        with at_most(budget + 0.4):
            report = deliver(journal, [sematext(url)], budget=limit(budget))
    assert (report.sent, report.waiting, report.parked) == (0, 1, 0)
    words = {"refused": "connection refused", "no name": "cannot be resolved", "no route in time": "time"}
    assert words[place] in report.problems[0]
    with Receiver() as receiver:
        assert deliver(journal, [sematext(receiver.url)], budget=PLENTY, force=True).sent == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 422, 451, 501])
@pytest.mark.usefixtures("patient")
def test_refusals_park_with_a_reason_and_hold_nobody_up(journal, code):
    settle(journal, 1, 2)
    answer = server.status(code, b'{"error": "invalid token tok-1111-2222/3333"}', content_type="application/json")
    with Receiver([answer]) as receiver:
        target = [sematext(receiver.url)]
        report = deliver(journal, target, budget=PLENTY)
        assert (report.sent, report.waiting, report.parked) == (1, 0, 1)
        assert f"({code})" in report.problems[0]
        assert "it says: invalid token (hidden)" in report.problems[0]
        assert_no_token(*report.problems, reasons(journal))
        assert statuses(journal) == [("parked", 1), ("delivered", 1)]
        assert journal.requeue(["main"]) == 1
        assert deliver(journal, target, budget=PLENTY).sent == 1


def test_a_redirect_is_not_followed(journal):
    settle(journal, 1)
    with Receiver() as elsewhere:
        location = f"{elsewhere.url}/{QUOTED}/event"
        with Receiver([server.redirect(location)]) as receiver:
            report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
        assert elsewhere.received == []
    assert report.parked == 1
    assert "redirects (302)" in report.problems[0]
    assert_no_token(report.problems[0])


def test_an_event_that_is_too_large_is_sent_smaller_once(journal):
    journal.settle(sealed(1, message="x" * 30_000), ["main"])
    with Receiver([server.status(413)]) as receiver:
        assert deliver(journal, [sematext(receiver.url)], budget=PLENTY).sent == 1
        large, small = receiver.received
        assert len(small.body) <= len(large.body) // 2
        assert "cut to fit" in small.json()["data"]


def test_an_event_that_stays_too_large_is_parked(journal):
    journal.settle(sealed(1, message="x" * 30_000), ["main"])
    with Receiver(always=server.status(413)) as receiver:
        report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
        assert len(receiver.received) == 2
    assert report.parked == 1
    assert "too large" in report.problems[0]


@pytest.mark.parametrize("step", [server.drip_body(), server.stall_body(), server.partial_success()])
def test_a_success_is_a_success_whatever_its_body(journal, step):
    settle(journal, 1)
    with Receiver([step]) as receiver, at_most(PLENTY / 6):
        report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
        assert (report.sent, report.waiting) == (1, 0)
        assert len(receiver.received) == 1


@pytest.mark.parametrize("step", [server.drip_body(), server.stall_body()])
def test_a_body_that_never_ends_leaves_time_to_write_down_the_success(journal, step, monkeypatch):
    monkeypatch.setattr("change_events.delivery.http_transport._WORDS_SECONDS", 60)
    settle(journal, 1)
    with Receiver([step]) as receiver:
        assert deliver(journal, [sematext(receiver.url)], budget=limit(2)).sent == 1


@pytest.mark.parametrize("step", [server.drip_body(), server.stall_body()])
def test_a_body_that_decides_and_never_ends_is_no_success_and_keeps_the_budget(journal, step):
    settle(journal, 1)
    with Receiver([step]) as receiver:
        collector = DestinationSettings("main", "otlp", {"endpoint": receiver.url})
        with at_most(BUDGET + 0.4):
            report = deliver(journal, [collector], budget=limit(BUDGET))
        assert (report.sent, report.waiting, report.parked) == (0, 1, 0)
        assert deliver(journal, [collector], budget=PLENTY, force=True).sent == 1


def test_what_was_not_taken_of_a_delivered_event_is_reported(journal):
    settle(journal, 1)
    answer = server.status(200, b'{"partialSuccess": {"errorMessage": "deprecated"}}', content_type="application/json")
    with Receiver([answer]) as receiver:
        collector = DestinationSettings("main", "otlp", {"endpoint": receiver.url})
        report = deliver(journal, [collector], budget=PLENTY)
    assert (report.sent, report.parked, report.waiting) == (1, 0, 0)
    assert report.problems == ("main: taken with a warning; it says: deprecated",)


def test_a_trouble_that_passes_within_the_budget_is_not_reported(journal):
    settle(journal, 1, 2)
    with Receiver([server.status(503), server.reset()]) as receiver:
        report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
        assert (report.sent, report.waiting, report.problems) == (2, 0, ())
        assert got(receiver) == [event_id(1), event_id(2)]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_kept_inside_the_budget(journal, form):
    settle(journal, 1)
    wanted = {"seconds": "1", "date": format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)}
    moments = []
    steps = [noted(server.status(429, retry_after=wanted[form]), moments), noted(server.OK, moments)]
    with Receiver(steps) as receiver, at_most(PLENTY / 6):
        assert deliver(journal, [sematext(receiver.url)], budget=PLENTY).sent == 1
    asked, again = moments
    assert again >= (asked + 0.9 if form == "seconds" else parsedate_to_datetime(wanted[form]).timestamp())


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_beyond_the_budget_is_kept_by_later_runs(journal, form):
    settle(journal, 1)
    begun = datetime.now(UTC)
    wanted = {"seconds": "600", "date": format_datetime(begun + timedelta(seconds=600), usegmt=True)}
    with Receiver([server.status(503, retry_after=wanted[form])]) as receiver:
        with at_most(PLENTY / 6):
            deliver(journal, [sematext(receiver.url)], budget=PLENTY)
        (status,) = next(journal.list()).deliveries
        assert begun + timedelta(seconds=599) <= status.next_at <= datetime.now(UTC) + timedelta(seconds=601)
        for force in (False, True):
            report = deliver(journal, [sematext(receiver.url)], budget=PLENTY, force=force)
            assert report.sent == 0
            assert "waiting until " in report.problems[0]
            assert "as requested by the backend" in report.problems[0]
        assert len(receiver.received) == 1, "a timer that flushes must not hammer it"
        journal.requeue(["main"])
        assert deliver(journal, [sematext(receiver.url)], budget=PLENTY, force=True).sent == 1


def test_a_flush_waits_for_what_was_asked_if_it_has_the_time(journal):
    settle(journal, 1)
    moments, wait = [], round(limit(2))
    steps = [noted(server.status(429, retry_after=str(wait)), moments), noted(server.OK, moments)]
    with Receiver(steps) as receiver:
        deliver(journal, [sematext(receiver.url)], budget=wait / 2)
        assert deliver(journal, [sematext(receiver.url)], budget=PLENTY).sent == 0, "a run does not"
        assert len(moments) == 1
        assert deliver(journal, [sematext(receiver.url)], budget=PLENTY, force=True).sent == 1
    asked, again = moments
    assert again - asked >= wait - 0.1


def test_a_slow_destination_does_not_hold_up_the_others(journal):
    settle(journal, *range(20), to=("main", "hook"))
    with Receiver(always=server.hang()) as stuck, Receiver() as quick:
        with at_most(3.5):
            report = deliver(journal, [sematext(stuck.url), webhook(quick.url)], budget=limit(3))
        assert (report.sent, report.waiting, report.parked) == (20, 20, 0)
        assert [r.headers["webhook-id"] for r in quick.accepted] == [event_id(n) for n in range(20)]


def test_settings_that_cannot_be_used_keep_the_events(journal):
    settle(journal, 1)
    broken = DestinationSettings("main", "sematext", {})
    report = deliver(journal, [broken], budget=PLENTY)
    assert (report.waiting, report.parked) == (1, 0)
    assert "token: missing" in report.problems[0]


def test_options_of_a_wrong_type_keep_the_events(journal):
    settle(journal, 1, to=("hook",))
    report = deliver(journal, [webhook(server.refused_url(), max_bytes="many")], budget=PLENTY)
    assert (report.waiting, report.parked) == (1, 0)
    assert "max_bytes: expected a whole number" in report.problems[0]


def test_an_event_that_cannot_be_rendered_holds_nobody_up(journal, monkeypatch):
    journal.settle(sealed(1, kind=Kind.BOOT), ["main"])
    settle(journal, 2)
    monkeypatch.delitem(TYPES, Kind.BOOT)
    with Receiver() as receiver:
        report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
    assert (report.sent, report.waiting, report.parked) == (1, 0, 1)
    assert "cannot render this event (KeyError)" in report.problems[0]


@pytest.mark.parametrize("body", [b"not json", b'{"id": 7}', b'{"kind": "telepathy"}'])
def test_an_event_that_cannot_be_read_holds_nobody_up(journal, body):
    settle(journal, 1, 2)
    journal._connection.execute("UPDATE bodies SET body = ? WHERE seq = 1", (body,))
    with Receiver() as receiver:
        report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
    assert (report.sent, report.waiting, report.parked) == (1, 0, 1)
    assert "cannot read" in report.problems[0]


def test_a_broken_journal_is_a_sentence(journal):
    settle(journal, 1)
    journal.close()
    report = deliver(journal, [sematext(server.refused_url())], budget=PLENTY)
    assert journal.path in report.problems[0]


def test_without_a_journal_the_event_still_goes_out():
    with Receiver() as receiver:
        destinations = [sematext(receiver.url), webhook(server.refused_url())]
        report = deliver_directly(sealed(1), destinations, budget=PLENTY)
        assert (report.sent, report.waiting, report.parked) == (1, 1, 0)
        assert "lost" in report.problems[0]
        assert got(receiver) == [event_id(1)]


def test_no_log_shows_the_token(journal, caplog):
    settle(journal, 1)
    with caplog.at_level(logging.DEBUG), Receiver([server.status(500)]) as receiver:
        deliver(journal, [sematext(receiver.url)], budget=PLENTY)
    assert_no_token(caplog.text)


@pytest.mark.parametrize(("proxy", "words"), [("socks5://127.0.0.1:1", "socksio"), ("ftp://x", "proxy variable")])
def test_a_proxy_that_cannot_be_used(journal, monkeypatch, proxy, words):
    settle(journal, 1)
    monkeypatch.setenv("http_proxy", proxy)
    report = deliver(journal, [sematext("http://receiver.example")], budget=PLENTY)
    assert report.waiting == 1
    assert words in report.problems[0]


def test_a_process_that_can_start_no_thread(journal, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    settle(journal, 1)
    with Receiver() as receiver:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
        assert report.waiting == 1
        assert "RuntimeError" in " ".join(report.problems)
        assert deliver(journal, [sematext(receiver.url)], budget=PLENTY, force=True).sent == 1


def test_the_usual_proxy_variables(journal, monkeypatch):
    settle(journal, 1)
    with Receiver() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert deliver(journal, [sematext("http://receiver.example")], budget=PLENTY).sent == 1
        (request,) = proxy.received
        assert request.path == f"http://receiver.example/{QUOTED}/event"
