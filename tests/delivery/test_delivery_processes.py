"""Several flushing processes, and ones that are killed or must end while a thread still hangs."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from change_events.delivery import deliver
from change_events.destinations.base import DestinationSettings
from change_events.journal import Journal, Query
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.sealed import event_id, sealed
from tests.support.speed import HANG, at_most, limit

FLUSH = textwrap.dedent("""
    import sys
    import change_events.delivery.http_transport, change_events.redact, tenacity  # so that what is timed is the flush
    from change_events.delivery import deliver
    from change_events.destinations.base import DestinationSettings
    from change_events.journal import Journal
    path, url, budget = sys.argv[1:]
    print("ready", flush=True)
    with Journal.open(path) as journal:
        hook = DestinationSettings("hook", "webhook", {"url": url})
        report = deliver(journal, [hook], budget=float(budget), force=True)
    print(report.sent, report.waiting, report.parked, flush=True)
""")


EVENTS = 90


def flusher(path, url, budget):
    return subprocess.Popen(
        [sys.executable, "-c", FLUSH, str(path), url, str(budget)], stdout=subprocess.PIPE, text=True
    )


def filled(path, count):
    with Journal.open(path) as journal:
        for number in range(count):
            journal.settle(sealed(number), ["hook"])


def sent_ids(receiver):
    return [request.headers["webhook-id"] for request in receiver.accepted]


def test_two_flushes_at_once_send_each_event_once_and_in_order(tmp_path):
    path = tmp_path / "journal.db"
    filled(path, 60)
    with Receiver(always=server.slow(0.01)) as receiver:
        run = [flusher(path, receiver.url, 20) for _ in range(2)]
        answers = [process.communicate()[0].split()[1:] for process in run]
        assert sent_ids(receiver) == [event_id(number) for number in range(60)]
    assert sum(int(sent) for sent, _, _ in answers) == 60
    assert {(waiting, parked) for _, waiting, parked in answers} == {("0", "0")}


def test_a_second_flush_waits_for_the_first_within_its_own_budget_only(tmp_path):
    path = tmp_path / "journal.db"
    filled(path, 1)
    with Receiver(always=server.hang()) as receiver:
        first = flusher(path, receiver.url, limit(20))
        server.wait_for(lambda: receiver.received)
        with Journal.open(path) as journal, at_most(1.5, "the first has twenty seconds"):
            hook = DestinationSettings("hook", "webhook", {"url": receiver.url})
            report = deliver(journal, [hook], budget=0.3, force=True)
        assert (report.sent, report.waiting) == (0, 1)
        assert "another tfevent" in report.problems[0]
        first.kill()
        first.communicate()
        assert len(receiver.received) == 1


@pytest.mark.parametrize("fault", [server.hang(), server.drip_headers()])
def test_the_process_ends_with_the_budget_though_a_thread_hangs(tmp_path, fault):
    path = tmp_path / "journal.db"
    filled(path, 1)
    with Receiver(always=fault) as receiver:
        process = flusher(path, receiver.url, limit(0.6))
        with process.stdout:
            assert process.stdout.readline() == "ready\n"
            with at_most(5, "it hangs for ever"):
                assert process.wait(timeout=HANG) == 0
            assert process.stdout.read().split() == ["0", "1", "0"]


def test_a_name_lookup_that_hangs_costs_the_budget_only(tmp_path):
    path = tmp_path / "journal.db"
    filled(path, 1)
    stuck = "import socket, time\nsocket.getaddrinfo = lambda *a, **k: time.sleep(900)\n"
    command = [sys.executable, "-c", stuck + FLUSH, str(path), "http://receiver.example", str(limit(0.6))]
    with at_most(10, "most of it is a process that starts on a busy machine"):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == ["0", "1", "0"]


def test_a_flush_killed_at_any_instant_loses_nothing(tmp_path):
    path = tmp_path / "journal.db"
    chance = random.Random(7)
    kills = 10
    filled(path, EVENTS)
    with Receiver(always=server.slow(0.03)) as receiver, Journal.open(path) as journal:
        hook = [DestinationSettings("hook", "webhook", {"url": receiver.url})]
        for turn in range(kills):
            before = len(receiver.received)
            process = flusher(path, receiver.url, 20)
            with process.stdout:
                assert process.stdout.readline() == "ready\n"
                if turn % 2:
                    server.wait_for(lambda before=before: len(receiver.received) > before)
                time.sleep(chance.uniform(0, 0.15))
                process.send_signal(signal.SIGKILL)
                process.wait()
            journal._connection.execute("UPDATE deliveries SET lease_until = 1 WHERE state = 'leased'")
        assert len(set(sent_ids(receiver))) < EVENTS, "the kills hit flushes that were under way"
        report = deliver(journal, hook, budget=60, force=True)
        assert (report.waiting, report.parked) == (0, 0)
        states = {s.state for r in journal.list(Query(limit=None)) for s in r.deliveries}
        got = sent_ids(receiver)
    assert states == {"delivered"}
    first_seen = list(dict.fromkeys(got))
    assert first_seen == [event_id(number) for number in range(EVENTS)], "in order, but for repetitions"
    assert len(got) - EVENTS <= kills, "a kill repeats at most the event that was under way"


def test_the_lease_of_a_killed_flush_ends_by_itself(tmp_path):
    path = tmp_path / "journal.db"
    filled(path, 1)
    with Receiver([server.hang()]) as receiver, Journal.open(path) as journal:
        process = flusher(path, receiver.url, limit(0.5))
        server.wait_for(lambda: receiver.received)
        process.kill()
        process.communicate()
        hook = [DestinationSettings("hook", "webhook", {"url": receiver.url})]
        assert deliver(journal, hook, budget=0.1, force=True).sent == 0
        assert deliver(journal, hook, budget=60, force=True).sent == 1
        assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
