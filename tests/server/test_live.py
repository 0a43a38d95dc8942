"""What `/live` says: what was recorded, in whatever file; tests/server/test_in_a_browser.py sees it arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from change_events.server.watching import JournalWatcher
from tests.cli.home import Home
from tests.history.past import change, run


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def now():
    return datetime.now(UTC)


def event(**fields):
    return run(0, change("a.b"), now=now(), ended_at=now(), **fields)


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


def test_of_many_events_the_newest_are_said(home):
    home.fill(event())
    watcher = JournalWatcher(str(home.journal_path))
    watcher.start()
    home.fill(*(run(0, now=now() + timedelta(seconds=place), title=str(place)) for place in range(120)))
    said = watcher.poll()
    assert [one.position for one in said] == list(range(72, 122))
    assert [one.position for one in watcher.since(100)] == list(range(101, 122))
    watcher.close()
