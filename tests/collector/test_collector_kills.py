"""PostgreSQL, the collector and the machines that deliver to it are killed at random: nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from change_events.journal.records import RecordState
from change_events.ledger import tokens
from change_events.ledger.writing import record_all
from tests.cli.home import Home
from tests.ledger.test_ledger_kills import EVENTS, ROUNDS, WRITER, WRITERS, wait_for_more
from tests.ledger.test_ledger_recording import figures, rows, story
from tests.support.ledger import new_ledger
from tests.support.postgres import server
from tests.support.serving import served
from tests.support.speed import HANG

OPTIONS = '{"url": sys.argv[1], "team": "ops"}'


def begun(address, path, token):
    """A machine that delivers the events of a file; the token is in no argument."""
    assert OPTIONS in WRITER
    code = "import os\n" + WRITER.replace(OPTIONS, '{"url": sys.argv[1], "token": os.environ["TOKEN"]}')
    environ = {**os.environ, "TOKEN": token}
    return subprocess.Popen(
        [sys.executable, "-c", code, address, str(path)], cwd=Path(__file__).parents[2], env=environ
    )


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.slow
def test_what_is_killed_at_any_moment_leaves_each_event_once(tmp_path):
    chance, home, port = random.Random(7), Home(tmp_path), free_port()
    events = [[story(EVENTS * writer + one)[1] for one in range(EVENTS)] for writer in range(WRITERS)]
    paths = [tmp_path / str(writer) for writer in range(WRITERS)]
    for path, own in zip(paths, events, strict=True):
        path.write_bytes(b"".join(event.body + b"\n" for event in own))
    with server() as postgres, postgres.database(new_ledger) as url, ExitStack() as stack:
        with psycopg.connect(url, autocommit=True) as owner:
            token = tokens.create(owner, "ops", may_write=True, may_read=False)[1]

        def collect():
            return stack.enter_context(served(home, "--collect", port=port, env={"TFEVENT_LEDGER": url}))

        collector = collect()
        address = collector.base
        for _ in range(ROUNDS):
            processes = [begun(address, path, token) for path in paths]
            arrived = wait_for_more(postgres, url, chance.randint(1, 12))
            for kill in chance.sample(("postgres", "collector"), 2):
                if kill == "postgres":
                    postgres.kill()
                    postgres.start()
                else:
                    collector.process.kill()
                    collector.process.wait(HANG)
                    collector = collect()
                wait_for_more(postgres, url, chance.randint(1, 5))
            for process in processes:
                process.kill()
                process.wait(HANG)
        assert arrived < WRITERS * EVENTS, "nothing was on its way when something was killed"
        assert [begun(address, path, token).wait(HANG) for path in paths] == [0] * WRITERS
        assert token not in collector.end()[1]
        with psycopg.connect(url) as ledger:
            delivered = figures(ledger)
            bodies = dict(rows(ledger, "SELECT id::text, body FROM tfevent.bodies"))
        assert bodies == {event.event.id: event.body for own in events for event in own}
        with postgres.database(new_ledger) as other, psycopg.connect(other, autocommit=True) as ledger:
            for own in events:
                record_all(ledger, "ops", [(event, RecordState.SETTLED) for event in own])
            assert figures(ledger) == delivered
