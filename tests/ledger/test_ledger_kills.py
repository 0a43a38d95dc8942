"""PostgreSQL and those who record are killed at random moments: nothing is lost, nothing is doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from change_events.journal.records import RecordState
from change_events.ledger.writing import record_all
from tests.ledger.conftest import made
from tests.ledger.test_ledger_recording import figures, rows, story
from tests.support.postgres import server
from tests.support.speed import HANG

WRITERS, EVENTS, ROUNDS = 2, 60, 3
WRITER = """
import sys, time
from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations.base import DestinationSettings, Result
from change_events.redact import unseal
settings = DestinationSettings("ledger", "ledger", {"url": sys.argv[1], "team": "ops"})
with open_transport(settings) as transport:
    for line in open(sys.argv[2], "rb"):
        while True:
            verdict = send_event(settings, transport, unseal(line.rstrip()), Effort(time.monotonic() + 30, attempts=1))
            if verdict.result is Result.DELIVERED:
                break
            assert verdict.result is Result.RETRY, verdict.reason
            time.sleep(0.05)
"""


def begun(url, path):
    return subprocess.Popen([sys.executable, "-c", WRITER, url, str(path)], cwd=Path(__file__).parents[2])


def number_of(postgres, url):
    return postgres.execute("SELECT count(*) FROM tfevent.events", database=url.rpartition("/")[2])[0][0]


def wait_for_more(postgres, url, more):
    """Wait until so many events have arrived since now, or all; how many there are."""
    wanted = min(number_of(postgres, url) + more, WRITERS * EVENTS)
    deadline = time.monotonic() + HANG
    while (number := number_of(postgres, url)) < wanted:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return number


@pytest.mark.slow
def test_what_is_killed_at_any_moment_leaves_each_event_once(tmp_path):
    chance = random.Random(5)
    events = [[story(EVENTS * writer + one)[1] for one in range(EVENTS)] for writer in range(WRITERS)]
    paths = [tmp_path / str(writer) for writer in range(WRITERS)]
    for path, own in zip(paths, events, strict=True):
        path.write_bytes(b"".join(event.body + b"\n" for event in own))
    with server() as postgres, postgres.database() as url:
        made(url)
        for _ in range(ROUNDS):
            processes = [begun(url, path) for path in paths]
            arrived = wait_for_more(postgres, url, chance.randint(1, 12))
            postgres.kill()
            postgres.start()
            wait_for_more(postgres, url, chance.randint(1, 5))
            for process in processes:
                process.kill()
                process.wait(HANG)
        assert arrived < WRITERS * EVENTS, "nothing was on its way when something was killed"
        assert [begun(url, path).wait(HANG) for path in paths] == [0] * WRITERS
        with psycopg.connect(url) as ledger:
            delivered = figures(ledger)
            bodies = dict(rows(ledger, "SELECT id::text, body FROM tfevent.bodies"))
        assert bodies == {event.event.id: event.body for own in events for event in own}
        with postgres.database() as other:
            made(other)
            with psycopg.connect(other, autocommit=True) as ledger:
                for own in events:
                    record_all(ledger, "ops", [(event, RecordState.SETTLED) for event in own])
                assert figures(ledger) == delivered
