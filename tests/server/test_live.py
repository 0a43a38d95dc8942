"""`/live`: what is recorded or settled is said to whoever listens, also what was missed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from change_events.model import Outcome
from change_events.server.policy import STREAMS
from change_events.server.watching import GONE, Broadcast, JournalWatcher
from tests.cli.home import Home
from tests.history.past import change, run
from tests.support.serving import served
from tests.support.speed import HANG, at_most, limit


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def now():
    return datetime.now(UTC)


def event(**fields):
    return run(0, change("a.b"), now=now(), ended_at=now(), **fields)


def messages(lines):
    """Id and data of each message."""
    position = None
    for line in lines:
        if line.startswith("id: "):
            position = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield position, json.loads(line.removeprefix("data: "))


def test_events_are_announced_within_a_second_when_they_begin_and_when_they_end(home):
    home.fill(event(title="before"))
    with served(home) as server, server.client() as client, client.stream("GET", "/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        found = messages(stream.iter_lines())
        time.sleep(1)  # until it looks: what came before is not new
        started = event(outcome=None)
        home.fill(started)
        with at_most(1.5):
            position, said = next(found)
        assert [(one["id"], one["outcome"]) for one in said] == [(started.id, "running")]
        home.fill(msgspec.structs.replace(started, outcome=Outcome.FAILED))
        assert next(found)[1] == [{"id": started.id, "outcome": "failed", "severity": "info"}]
        later = [event(), event()]
        home.fill(*later)
        said = next(found)[1]
        while len(said) < 2:
            said += next(found)[1]
        assert {one["id"] for one in said} == {one.id for one in later}
    assert position.isdecimal()


def test_what_was_missed_comes_first(home):
    with served(home) as server, server.client() as client:
        begun = now()
        first, second = event(), event()
        home.fill(first, second)
        for headers, query, expected in (
            ({"last-event-id": "1"}, {}, [second.id]),
            ({"last-event-id": "0"}, {}, [first.id, second.id]),
            ({}, {"after": str(int(begun.timestamp() * 1000) - 1)}, [first.id, second.id]),
        ):
            with client.stream("GET", "/live", headers=headers, params=query) as stream:
                said = next(messages(stream.iter_lines()))[1]
                assert [one["id"] for one in said] == expected


@pytest.mark.parametrize("headers", [{"last-event-id": "x"}, {"last-event-id": "9" * 400}, {"last-event-id": "-1"}])
@pytest.mark.parametrize("after", ["", "x", "9" * 300, "-5", "999999999999999"])
def test_positions_that_are_none_are_passed_over(shared, headers, after):
    with shared.stream("GET", "/live", headers=headers, params={"after": after}) as stream:
        assert next(stream.iter_lines()) == "retry: 2000"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with served(Home(tmp_path_factory.mktemp("shared"))) as server, server.client() as client:
        yield client


def test_so_many_streams_are_open_at_once_and_pages_are_answered_beside_them(home):
    with served(home) as server, server.client() as client, ExitStack() as streams:
        lines = []  # kept: a stream that nobody holds is closed
        for _ in range(STREAMS):
            lines.append(streams.enter_context(client.stream("GET", "/live")).iter_lines())
            assert next(lines[-1]) == "retry: 2000"
        refused = client.get("/live")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert client.get("/list").status_code == 200


def test_a_journal_that_appears_or_is_replaced_is_new_as_a_whole(home):
    watcher = JournalWatcher(str(home.journal_path))
    watcher.start()
    assert watcher.poll() == ()
    first = event()
    home.fill(first)
    assert [one.id for one in watcher.poll()] == [first.id]
    assert watcher.poll() == ()
    for file in home.state.glob("journal.db*"):
        file.unlink()
    second = event()
    home.fill(second)
    assert [one.id for one in watcher.poll()] == [second.id]
    watcher.close()


def test_the_end_of_a_run_is_seen_after_the_server_has_opened_the_journal_again(home):
    """As its upkeep does, in the process of the watcher, while other processes record."""
    home.fill(event())
    watcher = JournalWatcher(str(home.journal_path))
    watcher.start()
    started = run(0, now=now(), outcome=None, ended_at=None)
    home.fill(started)
    assert [one.outcome for one in watcher.poll()] == ["running"]
    home.events("list")
    home.fill(msgspec.structs.replace(started, outcome=Outcome.FAILED, ended_at=now()))
    assert [one.outcome for one in watcher.poll()] == ["failed"]
    watcher.close()


def test_a_journal_that_is_removed_is_announced_once(home):
    home.fill(event())
    watcher = JournalWatcher(str(home.journal_path))
    watcher.start()
    assert watcher.poll() == ()
    home.state.rename(home.path / "elsewhere")
    assert [list(watcher.poll()) for _ in range(3)] == [[GONE], [], []]
    (home.path / "elsewhere").rename(home.state)
    assert len(watcher.poll()) == 1
    watcher.close()


def test_a_page_that_listens_hears_that_the_journal_is_gone(home):
    home.fill(event())
    with served(home) as server, server.client() as client, client.stream("GET", "/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        time.sleep(1)  # until it looks
        for file in home.state.glob("journal.db*"):
            file.unlink()
        assert next(messages(lines)) == ("0", [])


def test_of_many_events_the_newest_are_said(home):
    home.fill(event())
    watcher = JournalWatcher(str(home.journal_path))
    watcher.start()
    home.fill(*(run(0, now=now() + timedelta(seconds=place), title=str(place)) for place in range(120)))
    said = watcher.poll()
    assert [one.position for one in said] == list(range(72, 122))
    assert [one.position for one in watcher.since(100)] == list(range(101, 122))
    watcher.close()


@pytest.mark.parametrize("broken", ["another file", "a newer version"])
def test_a_journal_that_cannot_be_read_is_away_after_a_while_until_it_can(home, broken):
    home.fill(event())
    kept = home.journal_path.read_bytes()
    watcher = JournalWatcher(str(home.journal_path))
    watcher.start()
    assert [list(watcher.poll()), watcher.is_away] == [[], False]
    if broken == "another file":
        home.journal_path.write_bytes(b"no database" * 500)
    else:
        with sqlite3.connect(home.journal_path) as connection:
            connection.execute("PRAGMA user_version = 999")
    said = []
    for _ in range(4):
        assert watcher.poll() == ()
        said.append(watcher.is_away)
    assert said == [False, False, False, True]
    for file in home.state.glob("journal.db*"):
        file.unlink()
    home.journal_path.write_bytes(kept)
    assert list(watcher.poll()) == []
    assert not watcher.is_away
    watcher.close()


class Stuck:
    """A watcher whose ledger does not answer before it is released."""

    seconds = 0.1
    is_away = False

    def __init__(self):
        self.asked, self.released = threading.Event(), threading.Event()

    def start(self):
        self.asked.set()
        self.released.wait(HANG)

    poll = since = close = start


def test_the_end_does_not_wait_for_a_question_that_is_not_answered():
    watcher = Stuck()
    late = threading.Timer(limit(5), watcher.released.set)
    late.start()

    async def listen():
        broadcast = Broadcast(watcher)
        async with broadcast.listen(None, None) as queue:
            await asyncio.to_thread(watcher.asked.wait, HANG)
            broadcast.end()
            assert await queue.get() is None

    asyncio.run(listen())
    assert not watcher.released.is_set()
    late.cancel()
    watcher.released.set()
