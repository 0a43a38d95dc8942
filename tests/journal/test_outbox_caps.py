"""What the outbox keeps, and that nothing is dropped from it in silence."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from change_events.journal import Journal, Query, Retention, schema
from tests.support.sealed import EPOCH, event_id, sealed

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = EPOCH.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def pass_days(journal, clock, number: int) -> None:
    """Days on which the journal is in use."""
    for _ in range(number):
        clock.now += DAY
        journal.requeue([])


@pytest.fixture
def opened(tmp_path, clock):
    """A function that opens a journal with these caps."""
    journals = []

    def open_(**caps) -> Journal:
        journals.append(Journal.open(tmp_path / "j.db", caps=Retention(**caps), clock=clock))
        return journals[-1]

    yield open_
    for journal in journals:
        journal.close()


def states(journal, name="a"):
    records = sorted(journal.list(Query(limit=None)), key=lambda record: record.id)
    return [status.state.value for record in records for status in record.deliveries if status.destination == name]


def fail(journal, times, name="a"):
    """The destination fails; returns what the journal says of it the last time."""
    notices = None
    for _ in range(times):
        notices = journal.retry(journal.claim([name], 1, 10, force=True)[0], 1, "down")
    return notices


def test_the_cap_on_the_number_drops_the_oldest_and_says_so(opened):
    journal = opened(owed=3)
    for number in range(5):
        journal.settle(sealed(number), ["a", "b"] if number < 2 else ["a"])
    assert states(journal) == ["dropped", "dropped", "waiting", "waiting", "waiting"]
    assert states(journal, "b") == ["waiting", "waiting"], "each destination has its own outbox"
    assert journal.notices == ["the outbox of a is at its cap: 1 delivery was dropped, oldest first"] * 2
    counts = journal.counts()
    assert (counts.destinations["a"].waiting, counts.destinations["a"].dropped) == (3, 2)
    assert (counts.destinations["b"].dropped, counts.given_up, counts.events) == (0, 2, 5)
    assert [d.event_id for d in journal.claim(["a"], 9, 10)] == [event_id(2), event_id(3), event_id(4)]
    journal.settle(sealed(8), ["b"])
    journal.settle(sealed(9), ["b"])
    assert states(journal, "b") == ["dropped", "waiting", "waiting", "waiting"]


def test_a_dropped_delivery_says_why_and_stays_dropped(opened):
    journal = opened(owed=1)
    journal.settle(sealed(1), ["a"])
    journal.settle(sealed(2), ["a"])
    (status,) = journal.get(event_id(1)).deliveries
    assert (status.state.value, status.reason) == ("dropped", "its outbox was at its cap")
    assert journal.requeue(["a"]) == 0
    journal.settle(sealed(1), ["a"])
    assert states(journal) == ["dropped", "waiting"]


def test_the_cap_on_bytes_keeps_the_newest_even_if_it_alone_is_too_large(opened):
    journal = opened(owed_bytes=3 * len(sealed(1, message="x" * 1000).body))
    for number in range(4):
        journal.settle(sealed(number, message="x" * 1000), ["a"])
    assert states(journal) == ["dropped", "waiting", "waiting", "waiting"]
    journal.settle(sealed(9, message="x" * 9000), ["a"])
    assert states(journal) == ["dropped"] * 4 + ["waiting"]


def test_what_is_parked_counts_and_what_is_being_sent_is_never_dropped(opened):
    journal = opened(owed=2)
    journal.settle(sealed(1), ["a"])
    journal.settle(sealed(2), ["a"])
    first, second = journal.claim(["a"], 2, 60)
    journal.park(first, "403")
    journal.settle(sealed(3), ["a"])
    journal.settle(sealed(4), ["a"])
    assert states(journal) == ["dropped", "leased", "dropped", "waiting"]
    journal.delivered(second)
    assert states(journal) == ["dropped", "delivered", "dropped", "waiting"]


def test_what_has_waited_too_long_is_dropped_only_while_the_destination_keeps_failing(opened, clock):
    journal = opened(owed_days=30)
    for number in (1, 2):
        journal.settle(sealed(number), ["a"])
    pass_days(journal, clock, 31)
    journal.settle(sealed(3), ["a"])
    assert states(journal) == ["waiting"] * 3, "a clock that is wrong for an hour costs nothing"
    assert fail(journal, 2) is None
    assert states(journal) == ["waiting"] * 3
    assert fail(journal, 1) == "the outbox of a: 2 deliveries were dropped that had waited for 30 days"
    assert states(journal) == ["dropped", "dropped", "waiting"]
    assert journal.counts().given_up == 2


def test_old_events_arrive_where_the_destination_works_again(opened, clock):
    journal = opened(owed_days=30)
    journal.settle(sealed(1), ["a"])
    fail(journal, 5)
    pass_days(journal, clock, 400)
    journal.delivered(journal.claim(["a"], 1, 10)[0])
    assert states(journal) == ["delivered"]


def test_what_is_parked_leaves_when_nobody_has_come_for_as_long(opened, clock):
    journal = opened(owed_days=30)
    for number in (1, 2):
        journal.settle(sealed(number), ["a"])
        pass_days(journal, clock, 20)  # which do not count
        journal.park(journal.claim(["a"], 1, 10)[0], "403")
        pass_days(journal, clock, 15)
    journal.settle(sealed(3), ["a"])
    assert states(journal) == ["dropped", "parked", "waiting"], "after 50 and 15 days"
    assert journal.notices == ["the outbox of a: 1 delivery was dropped that had been parked for 30 days"]


def test_trying_what_was_parked_again_starts_its_time_anew(opened, clock):
    journal = opened(owed_days=30)
    journal.settle(sealed(1), ["a"])
    journal.park(journal.claim(["a"], 1, 10)[0], "403")
    pass_days(journal, clock, 29)
    journal.requeue(["a"])
    fail(journal, 4)
    pass_days(journal, clock, 2)
    fail(journal, 4)
    assert states(journal) == ["waiting"]


def test_what_leaves_with_its_event_is_counted_too(opened):
    journal = opened(events=2)
    journal.settle(sealed(1), ["a", "b"])
    journal.delivered(journal.claim(["a"], 1, 10)[0])
    for number in (2, 3, 4):
        journal.settle(sealed(number), ["b"])
    counts = journal.counts()
    assert (counts.pruned, counts.dropped) == (2, 2), "events, and those that had not arrived everywhere"
    assert (counts.destinations["b"].dropped, counts.destinations["b"].waiting) == (2, 2)
    assert "a" not in counts.destinations, "what arrived there leaves without loss"


def test_what_was_dropped_is_not_counted_again_when_its_event_leaves(opened):
    journal = opened(events=2, owed=1)
    for number in range(6):
        journal.settle(sealed(number), ["a"])
    counts = journal.counts()
    assert (counts.destinations["a"].dropped, counts.destinations["a"].waiting) == (5, 1)
    assert counts.dropped == 0


def test_an_outbox_of_the_first_schemas_is_brought_forward(tmp_path):
    path = str(tmp_path / "old.db")
    old = sqlite3.connect(path, isolation_level=None)
    old.execute("PRAGMA journal_mode = WAL")
    schema.migrate(old, path, schema.MIGRATIONS[:2])
    with Journal.open(tmp_path / "new.db") as new:
        for number in range(5):
            new.settle(sealed(number), [])
        for table in ("events", "bodies"):
            for row in new._connection.execute(f"SELECT * FROM {table}").fetchall():
                old.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    for position, (seq, state) in enumerate([(1, "delivered"), (2, "parked"), (3, "leased"), (4, "waiting")], start=1):
        old.execute(
            "INSERT INTO deliveries (position, seq, destination, state, attempts, next_at, reason) "
            "VALUES (?, ?, 'a', ?, 2, 9e9, 'why')",
            (position, seq, state),
        )
    old.execute("INSERT INTO deliveries (position, seq, destination, state) VALUES (77, 5, 'a', 'delivered')")
    old.execute("DELETE FROM deliveries WHERE position = 77")
    old.close()
    with Journal.open(path) as journal:
        found = [(d.event_id, d.position, d.attempts) for d in journal.claim(["a"], 9, 10)]
        assert found == [(event_id(2), 3, 2), (event_id(3), 4, 2)]
        assert states(journal) == ["delivered", "parked", "leased", "leased"]
        (parked,) = journal.get(event_id(1)).deliveries
        assert (parked.reason, parked.attempts) == ("why", 2)
        journal.settle(sealed(9), ["a"])
        assert journal._connection.execute("SELECT max(position) FROM deliveries").fetchone() == (78,)
        sizes = journal._connection.execute("SELECT sum(size) FROM deliveries").fetchone()[0]
        assert sizes == sum(len(r.body) for r in journal.list(Query(limit=None)) if r.deliveries)


YEARS = 1_100 * DAY


@pytest.mark.parametrize("leaps", [(YEARS,), (YEARS, -YEARS), (-YEARS, YEARS), (YEARS,) * 5])
def test_a_clock_that_is_wrong_by_years_costs_nothing_that_has_not_arrived(opened, clock, leaps):
    journal = opened(owed_days=30, days=730)
    for number in range(1, 6):
        journal.settle(sealed(number), ["a"])
    journal.park(journal.claim(["a"], 1, 10)[0], "403")
    for number, leap in enumerate(leaps, 6):
        clock.now += leap
        journal.settle(sealed(number), ["a"])
        fail(journal, 4)
    assert states(journal) == ["parked"] + ["waiting"] * (4 + len(leaps))
    assert journal.notices == []
    assert (journal.counts().pruned, journal.counts().given_up) == (0, 0)


def test_what_a_machine_without_a_clock_has_recorded_waits_like_all_else(opened, clock):
    journal = opened(days=730)
    right, clock.now = clock.now, 1_577_836_800.0  # 2020-01-01
    journal.settle(sealed(1, started_at=datetime(2020, 1, 1, tzinfo=UTC), ended_at=None), ["a"])
    fail(journal, 3)
    clock.now = right
    journal.settle(sealed(2), ["a"])
    fail(journal, 3)
    assert states(journal) == ["waiting", "waiting"]
    assert journal.notices == []


def test_one_dated_years_ahead_keeps_no_later_one_of_its_key_out(opened, clock):
    journal = opened()
    ahead = datetime.fromtimestamp(clock.now + YEARS, UTC)
    journal.settle(sealed(1, dedup_key="deploy", started_at=ahead, ended_at=ahead), [])
    assert journal.settle(sealed(2, dedup_key="deploy"), [], dedup_window=300) is None


def test_what_is_removed_for_its_age_is_not_said_to_be_over_a_cap(opened):
    journal = opened()
    past = datetime(2015, 3, 1, tzinfo=UTC)
    for number in (1, 2):
        journal.settle(sealed(number, started_at=past, ended_at=past), [])
    assert journal.notices == ["1 event older than 730 days was removed from the journal (`keep.days`)"]


def test_a_journal_far_over_its_cap_is_pruned_in_steps(opened, monkeypatch):
    """A million events at a cap of 100,000: each command takes its share, and none waits for all."""
    monkeypatch.setattr("change_events.journal.pruning.BATCH", 3)
    journal = opened()
    for number in range(20):
        journal.settle(sealed(number), ["a"] if number < 4 else [])
    small = opened(events=5)
    small.settle(sealed(20), [])
    assert small.counts().events == 18
    assert small.notices == ["the journal is at its cap: the 3 oldest events were removed"], (
        "what has arrived goes first"
    )
    for number in range(21, 40):
        small.settle(sealed(number), [])
    assert small.counts().events == 4, "a little below the cap, so that not every command prunes"
