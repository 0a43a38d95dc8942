"""An outbox of 10,000 events: all arrive, in order, fast, and memory does not grow with their number."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time

import pytest

from benchmarks.flush import FEW, FLUSH, MANY, bare, event, fill, flush, receiver
from change_events.delivery import deliver
from change_events.destinations.base import DestinationSettings
from change_events.journal import Journal
from tests.support import receiver as server
from tests.support.receiver import Receiver

pytestmark = pytest.mark.slow
MOST_CPU = 4  # times what the same bodies take by httpx alone: 2.3 to 2.5 where nothing else runs
SLOWEST_ALLOWED = 4  # the same of the clock: CPU time does not see what sleeps


@pytest.mark.timeout(300)
def test_ten_thousand_waiting_events(tmp_path):
    done = {}
    with receiver() as url:
        for number in (FEW, MANY):
            path = tmp_path / f"{number}.db"
            fill(path, number, ["one"])
            done[number] = flush(path, {"one": url})
            assert (done[number]["sent"], done[number]["waiting"]) == (number, 0)
        alone = bare(url, MANY)
    with Journal.open(tmp_path / f"{MANY}.db") as journal:
        assert journal.counts().delivered == MANY
    assert done[MANY]["peak"] < done[FEW]["peak"] * 1.1, "memory is flat"
    assert done[MANY]["cpu"] < alone["cpu"] * MOST_CPU, f"httpx alone took {alone['cpu']:.1f} s of CPU"
    assert done[MANY]["seconds"] < alone["seconds"] * SLOWEST_ALLOWED, f"httpx alone took {alone['seconds']:.1f} s"


class Moody:
    """Takes nearly all, in one answer of a hundred fails in some way, and lets what it took be looked at."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.calm = False
        self._chance = random.Random(1)
        self._lock = threading.Lock()

    def __call__(self, handler) -> None:
        with self._lock:
            fault = None if self.calm or self._chance.random() > 0.01 else self._chance.choice(FAULTS)
            if fault is None or fault is LOST:
                self.took.append(handler.received.headers["webhook-id"])
        (fault or server.OK)(handler)


LOST = server.reset()  # after it was taken
FAULTS = (server.status(500), server.status(503), server.reset(), server.garbage(), LOST)


@pytest.mark.timeout(600)
def test_ten_thousand_events_through_faults_and_kills(tmp_path, monkeypatch):
    monkeypatch.setattr("change_events.delivery.sender._FIRST_PAUSE", 0.005)
    path = tmp_path / "journal.db"
    fill(path, MANY, ["hook"])
    moody = Moody()
    with Receiver(always=moody) as backend, Journal.open(path) as journal:
        for _ in range(3):
            before = len(moody.took)
            urls = f'{{"hook": "{backend.url}"}}'
            with subprocess.Popen([sys.executable, "-c", FLUSH, str(path), "100", urls]) as process:
                server.wait_for(lambda before=before: len(moody.took) > before + 300)
                process.kill()
            journal._connection.execute("UPDATE deliveries SET lease_until = 1 WHERE state = 'leased'")
        assert len(set(moody.took)) < MANY, "the kills hit flushes that were under way"
        hook = [DestinationSettings("hook", "webhook", {"url": backend.url})]
        end = time.monotonic() + 300
        while journal.waiting(["hook"]) and time.monotonic() < end:
            deliver(journal, hook, budget=60, force=True)
        counts = journal.counts().destinations["hook"]
    assert (counts.delivered, counts.waiting, counts.parked, counts.dropped) == (MANY, 0, 0, 0)
    assert list(dict.fromkeys(moody.took)) == [event(number).event.id for number in range(MANY)]
    assert len(moody.took) - MANY < MANY * 0.02, "only what was in doubt is sent again"
