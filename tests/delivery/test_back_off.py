"""A destination that is down is tried less and less often, across runs; one request finds out when it is back."""

from __future__ import annotations

import threading

import pytest

from change_events.delivery import deliver
from change_events.delivery.backoff import LONGEST, wait_after
from change_events.destinations.base import DestinationSettings
from change_events.journal import Journal, Query
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.sealed import event_id, sealed
from tests.support.speed import at_most, limit

PLENTY = 60.0
pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def journal(timed_journal):
    return timed_journal


def hook(receiver, name="hook") -> DestinationSettings:
    return DestinationSettings(name, "webhook", {"url": receiver if isinstance(receiver, str) else receiver.url})


def settle(journal, *numbers, to=("hook",)):
    for number in numbers:
        journal.settle(sealed(number), to)


def got(receiver) -> list[str]:
    return [request.headers["webhook-id"] for request in receiver.accepted]


def longest(monkeypatch, seconds):
    """One event may take so long."""
    for module in ("worker", "destination_flush"):
        monkeypatch.setattr(f"change_events.delivery.{module}.LONGEST", seconds)


def later(clock, journal, name="hook"):
    """The time at which the destination may be tried again has come."""
    wait = journal.standing(name).wait
    clock.now += wait + 1
    return wait


def test_runs_in_between_neither_ask_nor_wait(journal, clock):
    settle(journal, 1)
    with Receiver(always=server.hang()) as receiver:
        deliver(journal, [hook(receiver)], budget=limit(1))
        assert len(receiver.received) == 1
        for number in range(2, 12):
            settle(journal, number)
            with at_most(0.5, "a dead backend costs its share of the budget once"):
                report = deliver(journal, [hook(receiver)], budget=limit(1))
            (problem,) = report.problems
            assert problem.startswith("hook: next retry in ")
            assert "it has failed once (" in problem
            assert "waits for the next run or `tfevent events flush`" in problem
        assert len(receiver.received) == 1
        assert (report.waiting, journal.counts().parked) == (11, 0)
        later(clock, journal)
        deliver(journal, [hook(receiver)], budget=limit(1))
        assert len(receiver.received) == 2


def test_the_time_grows_from_failure_to_failure_up_to_minutes(journal, clock):
    settle(journal, 1)
    waits = []
    with Receiver(always=server.status(500)) as receiver:
        for _ in range(8):
            deliver(journal, [hook(receiver)], budget=PLENTY)
            waits.append(later(clock, journal))
    for failures, wait in enumerate(waits):
        most = min(15 * 2**failures, 300)
        assert most / 2 <= wait <= most


def test_one_request_reports_whether_it_is_back_and_then_all_go(journal, clock):
    settle(journal, *range(20))
    with Receiver(always=server.status(503)) as receiver:
        deliver(journal, [hook(receiver)], budget=PLENTY)
        assert len(receiver.received) == 3, "at first it is tried three times"
        for failures in (2, 3):
            later(clock, journal)
            deliver(journal, [hook(receiver)], budget=PLENTY)
            assert len(receiver.received) == 2 + failures, "then once"
            assert journal.standing("hook").failures == failures
        receiver.heal()
        later(clock, journal)
        assert deliver(journal, [hook(receiver)], budget=PLENTY).sent == 20
        assert len(receiver.received) == 5 + 20
        assert got(receiver) == [event_id(number) for number in range(20)]
        assert journal.standing("hook").failures == 0


def test_what_fails_after_it_was_back_is_tried_as_at_first(journal, clock):
    settle(journal, 1, 2)
    fail = server.status(503)
    with Receiver([fail, fail, fail, server.OK, fail, fail, server.OK]) as receiver:
        deliver(journal, [hook(receiver)], budget=PLENTY)
        later(clock, journal)
        assert deliver(journal, [hook(receiver)], budget=PLENTY).sent == 2
        assert len(receiver.received) == 7


def test_what_was_handed_over_with_a_failing_event_was_not_tried_and_is_due_as_before(journal):
    settle(journal, *range(20))
    with Receiver([server.OK] * 5 + [server.status(503)] * 3) as receiver:
        assert deliver(journal, [hook(receiver)], budget=PLENTY).sent == 5
        states = [(s.state.value, s.attempts) for r in journal.list(Query(limit=None)) for s in r.deliveries]
        assert sorted(states) == [("delivered", 1)] * 5 + [("waiting", 0)] * 14 + [("waiting", 1)]
        assert not journal.standing("hook").held
        assert deliver(journal, [hook(receiver)], budget=PLENTY, force=True).sent == 15
        assert got(receiver) == [event_id(number) for number in range(20)]


def test_batches_are_bounded_in_bytes(journal, monkeypatch):
    monkeypatch.setattr("change_events.delivery.destination_flush._BATCH_BYTES", 2_500)
    claimed = []
    claim = journal.claim
    monkeypatch.setattr(journal, "claim", lambda *a, **k: claimed.append(claim(*a, **k)) or claimed[-1])
    for number in range(9):
        journal.settle(sealed(number, message="x" * 1_000), ["hook"])
    with Receiver() as receiver:
        assert deliver(journal, [hook(receiver)], budget=PLENTY).sent == 9
    assert [len(deliveries) for deliveries in claimed] == [1, 3, 3, 2, 0]


def test_a_person_who_flushes_does_not_wait(journal):
    settle(journal, 1)
    with Receiver([server.status(503)] * 6) as receiver:
        for turn in (1, 2):
            deliver(journal, [hook(receiver)], budget=PLENTY, force=True)
            assert len(receiver.received) == 3 * turn
        assert deliver(journal, [hook(receiver)], budget=PLENTY).sent == 0
        assert deliver(journal, [hook(receiver)], budget=PLENTY, force=True).sent == 1


def test_what_the_server_asks_for_holds_for_all_its_events_in_all_runs(journal, clock):
    settle(journal, 1)
    with Receiver([server.status(429, retry_after="600")]) as receiver, Receiver() as other:
        destinations = [hook(receiver), hook(other, "other")]
        deliver(journal, destinations, budget=PLENTY)
        clock.now += 590
        settle(journal, 2, to=("hook", "other"))
        journal._connection.execute("DELETE FROM events WHERE id = ?", (event_id(1),))  # the one it was said of
        assert deliver(journal, destinations, budget=PLENTY).sent == 1
        assert (len(receiver.received), got(other)) == (1, [event_id(2)])
        clock.now += 11
        assert deliver(journal, destinations, budget=PLENTY).sent == 1


def test_what_is_gone_is_asked_once_a_day_however_many_runs_there_are(journal, clock):
    with Receiver(always=server.status(410)) as receiver:
        sink = DestinationSettings("hook", "cloudevents", {"url": receiver.url})
        for day in (1, 2):
            for run in range(5):
                settle(journal, 10 * day + run)
                report = deliver(journal, [sink], budget=PLENTY, force=run % 2 == 0)
                clock.now += 3_600
            assert len(receiver.received) == day
            assert (report.parked, report.waiting) == (0, 5 * day)
            assert "set another `url`, then `tfevent events flush --parked`" in report.problems[0]
            clock.now += 20 * 3_600
        receiver.heal()
        journal.requeue(["hook"])
        assert deliver(journal, [sink], budget=PLENTY, force=True).sent == 10


def test_a_refusal_ends_the_row_of_failures(journal, clock):
    settle(journal, 1, 2)
    fail = server.status(503)
    with Receiver([fail, fail, fail, fail, server.status(400), fail, fail, fail]) as receiver:
        deliver(journal, [hook(receiver)], budget=PLENTY)
        later(clock, journal)
        deliver(journal, [hook(receiver)], budget=PLENTY)
        later(clock, journal)
        report = deliver(journal, [hook(receiver)], budget=PLENTY)
        assert report.parked == 1
        assert len(receiver.received) == 8
        assert journal.standing("hook").failures == 1


def test_a_clock_that_was_set_back_does_not_prolong_it(journal, clock):
    settle(journal, 1)
    with Receiver([server.status(429, retry_after="600")]) as receiver:
        deliver(journal, [hook(receiver)], budget=PLENTY)
        clock.now -= 86_400 * 365
        assert deliver(journal, [hook(receiver)], budget=PLENTY).sent == 1


@pytest.mark.slow
def test_two_runs_at_once_do_not_both_wait_for_what_failed_before(tmp_path, journal, clock):
    settle(journal, 1)
    with Receiver(always=server.hang()) as receiver:
        deliver(journal, [hook(receiver)], budget=limit(1))
        later(clock, journal)

        def probe():
            with Journal.open(tmp_path / "timed.db", clock=clock) as mine:
                deliver(mine, [hook(receiver)], budget=limit(3))

        first = threading.Thread(target=probe)
        first.start()
        server.wait_for(lambda: len(receiver.received) == 2)
        with at_most(1):
            report = deliver(journal, [hook(receiver)], budget=limit(3))
        first.join()
    assert "another tfevent process is retrying it" in report.problems[0]
    assert len(receiver.received) == 2


def test_a_budget_that_ends_in_the_middle_is_no_failure_and_repeats_nothing(journal):
    """A long queue at a backend that is merely slow: what is left goes on with the next run, at once."""
    settle(journal, *range(30))
    with Receiver(always=server.slow(limit(0.05))) as receiver:
        rounds = 0
        while journal.waiting(["hook"]):
            rounds += 1
            report = deliver(journal, [hook(receiver)], budget=limit(0.5))
            assert report.sent > 0
            assert journal.standing("hook").failures == 0
        assert list(dict.fromkeys(got(receiver))) == [event_id(number) for number in range(30)]
        assert rounds > 2
        assert len(receiver.received) <= 31, "a machine that stalls may repeat one"


def test_what_the_budget_leaves_is_reported(journal):
    settle(journal, *range(30))
    with Receiver(always=server.slow(limit(0.05))) as receiver:
        report = deliver(journal, [hook(receiver)], budget=limit(0.4))
    assert report.problems == ("hook: time limit reached; the event waits for the next run or `tfevent events flush`",)


def test_an_answer_that_is_cut_off_after_others_arrived_is_no_failure(journal):
    settle(journal, 1, 2)
    with Receiver([server.OK, server.hang()]) as receiver:
        assert deliver(journal, [hook(receiver)], budget=limit(0.5)).sent == 1
        assert journal.standing("hook").failures == 0
        assert deliver(journal, [hook(receiver)], budget=PLENTY).sent == 1


def test_an_endless_answer_takes_one_event_s_time_and_not_the_whole_flush(journal, monkeypatch):
    longest(monkeypatch, 0.4)
    settle(journal, 1)
    with Receiver(always=server.drip_headers()) as receiver, at_most(3):
        report = deliver(journal, [hook(receiver)], budget=PLENTY)
    assert "no answer came in time" in report.problems[0]
    assert journal.standing("hook").failures == 1


def test_an_answer_that_comes_after_it_was_given_up_on_counts_all_the_same(journal, monkeypatch):
    unit = limit(1)
    longest(monkeypatch, 5 * unit)
    monkeypatch.setattr("change_events.delivery.destination_flush._GRACE", -4 * unit)  # given up on after one
    settle(journal, 1, 20)
    settle(journal, *range(2, 14), to=("other",))
    slow = Receiver(always=server.slow(1.3 * unit)), Receiver(always=server.slow(0.15 * unit))
    with slow[0] as late, slow[1] as other:
        report = deliver(journal, [hook(late), hook(other, "other")], budget=PLENTY)
        assert len(late.received) == 1, "its turn is over"
    assert (report.sent, report.waiting) == (13, 1)
    assert "no answer came in time" in report.problems[0]
    assert journal.standing("hook").failures == 0


class TestWait:
    @pytest.mark.parametrize("failures", range(12))
    def test_it_doubles_up_to_five_minutes_with_chance(self, failures):
        most = min(15 * 2**failures, LONGEST)
        waits = [wait_after(failures, None) for _ in range(200)]
        assert most / 2 <= min(waits) < most * 0.6
        assert most * 0.9 < max(waits) <= most

    def test_what_the_backend_asks_is_believed_at_first_and_the_least_later(self):
        assert wait_after(0, 1) == 1
        assert wait_after(0, 0) == 0
        assert wait_after(1, 0) >= 15
        assert wait_after(3, 5_000) == 5_000
