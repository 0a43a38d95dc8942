"""Claims, leases and order; many processes; and the whole against a model."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from change_events.journal import Journal, Query, Standing, backlog_limits, outbox
from tests.support.sealed import event_id, sealed
from tests.support.selection import examples

DESTINATIONS = ["a", "b"]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(tmp_path, clock):
    with Journal.open(tmp_path / "journal.db", clock=clock) as journal:
        yield journal


def settle(journal, *numbers, to=("a",)):
    for number in numbers:
        journal.settle(sealed(number), to)


def claimed(journal, name="a", limit=10, **options):
    return [delivery.event_id for delivery in journal.claim([name], limit, 10, **options)]


def test_claims_come_in_the_order_of_settling(journal):
    settle(journal, 3, 1, 2)
    assert claimed(journal, limit=2) == [event_id(3), event_id(1)]


def test_a_leased_head_holds_its_destination_and_no_other(journal):
    settle(journal, 1, 2, to=DESTINATIONS)
    assert claimed(journal, limit=1) == [event_id(1)]
    assert claimed(journal) == []
    assert claimed(journal, force=True) == [], "force does not break a lease"
    assert journal.standing("a").held
    assert not journal.standing("b").held
    assert claimed(journal, "b", limit=1) == [event_id(1)]


def test_an_expired_lease_is_claimed_again_with_the_same_id(journal, clock):
    settle(journal, 1)
    (first,) = journal.claim(["a"], 1, 10)
    clock.now += 10.1
    (second,) = journal.claim(["a"], 1, 10)
    assert second.event_id == first.event_id
    journal.retry(first, 99, "too late")
    journal.park(first, "too late")
    assert claimed(journal) == [], "the old lease says nothing any more"
    journal.delivered(second)
    assert journal.counts().delivered == 1


def test_what_arrived_has_arrived_whoever_holds_the_lease(journal, clock):
    settle(journal, 1)
    (first,) = journal.claim(["a"], 1, 10)
    clock.now += 11
    (second,) = journal.claim(["a"], 1, 10)
    journal.delivered(first)
    journal.retry(second, 5, "failed")
    assert journal.counts().waiting == 0


def test_what_arrived_late_has_arrived_though_it_was_put_back(journal, clock):
    settle(journal, 1)
    (first,) = journal.claim(["a"], 1, 10)
    clock.now += 11
    journal.retry(journal.claim(["a"], 1, 10)[0], 5, "failed")
    journal.delivered(first)
    assert journal.claim(["a"], 1, 10, force=True) == []


def test_a_destination_that_failed_is_left_alone_until_it_is_due(journal, clock):
    settle(journal, 1, 2)
    settle(journal, 3, to=("b",))
    journal.retry(journal.claim(["a"], 1, 10)[0], 60, "429")
    assert claimed(journal) == []
    assert claimed(journal, "b") == [event_id(3)], "only this destination"
    (record,) = [r for r in journal.list() if r.id == event_id(1)]
    (status,) = record.deliveries
    assert (status.state, status.attempts, status.reason) == ("waiting", 1, "429")
    assert status.next_at.timestamp() == clock.now + 60
    clock.now += 59
    assert claimed(journal) == []
    clock.now += 2
    assert claimed(journal) == [event_id(1), event_id(2)]


def test_how_a_destination_is_doing(journal, clock):
    settle(journal, 1, 2)
    assert journal.standing("a") == journal.standing("never heard of") == Standing()
    for failures in (1, 2):
        journal.retry(journal.claim(["a"], 1, 10, force=True)[0], 60, f"down {failures}")
        assert journal.standing("a") == Standing(failures=failures, wait=60, reason=f"down {failures}")
    clock.now += 61
    (first,) = journal.claim(["a"], 1, 10)
    assert first.failures == 2
    assert journal.standing("a") == Standing(held=True, failures=2, reason="down 2")
    journal.delivered(first)
    assert journal.standing("a") == Standing()
    assert journal.claim(["a"], 1, 10)[0].failures == 0


@pytest.mark.parametrize(("answered", "failures"), [(True, 0), (False, 1)])
def test_a_refusal_is_an_answer_and_what_is_parked_unasked_is_none(journal, answered, failures):
    settle(journal, 1)
    journal.retry(journal.claim(["a"], 1, 10)[0], 60, "down")
    journal.park(journal.claim(["a"], 1, 10, force=True)[0], "no", answered=answered)
    assert journal.standing("a").failures == failures


def test_what_holds_a_destination_up_outlives_the_event_it_failed_with(journal):
    """The head may be pruned, parked or delivered by hand: the destination is still down."""
    settle(journal, 1, 2)
    (first,) = journal.claim(["a"], 1, 10)
    journal.retry(first, 60, "down")
    journal._connection.execute("DELETE FROM events WHERE id = ?", (first.event_id,))
    assert claimed(journal) == []


def test_being_cut_short_says_nothing_of_the_destination(journal):
    settle(journal, 1)
    journal.cut_short(journal.claim(["a"], 1, 10)[0], "the time was up")
    assert journal.standing("a") == Standing()
    ((status,),) = [record.deliveries for record in journal.list()]
    assert (status.state, status.attempts, status.next_at) == ("waiting", 1, None)
    assert claimed(journal) == [event_id(1)]


def test_a_failure_reported_after_the_lease_has_passed_on_does_not_count(journal, clock):
    settle(journal, 1)
    (first,) = journal.claim(["a"], 1, 10)
    clock.now += 11
    journal.claim(["a"], 1, 10)
    journal.retry(first, 60, "too late")
    assert journal.standing("a").failures == 0


def test_what_was_asked_of_a_destination_lately_is_passed_on(journal, clock):
    settle(journal, 1)
    journal.keep_pace("a", 8)
    clock.now += 5
    assert journal.claim(["a"], 1, 10)[0].busy == 3


def test_force_does_not_wait(journal):
    settle(journal, 1)
    journal.retry(journal.claim(["a"], 1, 10)[0], 60, "429")
    assert claimed(journal, force=True) == [event_id(1)]


def test_force_does_wait_where_the_destination_asked_for_it(journal, clock):
    settle(journal, 1)
    journal.retry(journal.claim(["a"], 1, 10)[0], 60, "429", asked=40)
    assert journal.standing("a") == Standing(failures=1, wait=60, reason="429", asked=40)
    clock.now += 39
    assert claimed(journal, force=True) == []
    clock.now += 2
    assert claimed(journal) == [], "our own wait is longer"
    assert claimed(journal, force=True) == [event_id(1)]


@pytest.mark.parametrize("end", ["clock set back", "mended", "answered"])
def test_what_ends_a_wait_that_was_asked_for(journal, clock, end):
    settle(journal, 1, 2)
    first, second = journal.claim(["a"], 2, 10)
    journal.retry(first, 90_000, "429", asked=90_000)
    assert journal.standing("a").asked == 86_400, "a day at most"
    if end == "clock set back":
        clock.now -= 1_000
    elif end == "mended":
        journal.requeue(["a"])
    else:
        journal.delivered(second)
    assert journal.standing("a").asked == 0
    assert event_id(1) in claimed(journal, force=True)


def test_a_parked_head_holds_nobody_up_and_can_be_requeued(journal):
    settle(journal, 1, 2)
    journal.park(journal.claim(["a"], 1, 10)[0], "403")
    assert claimed(journal) == [event_id(2)]
    assert journal.requeue(["a", "b"]) == 1
    assert claimed(journal) == [event_id(1)], "back in its old place"


@pytest.mark.parametrize("back", [120, 7200, 200_000])
@pytest.mark.parametrize("trouble", ["killed", "failed"])
def test_a_clock_that_was_set_back_blocks_nothing(journal, clock, back, trouble):
    settle(journal, 1)
    (delivery,) = journal.claim(["a"], 1, 10)
    if trouble == "failed":
        journal.retry(delivery, 60, "later")
    clock.now -= back
    assert claimed(journal) == [event_id(1)]


@pytest.mark.parametrize("trouble", ["killed", "failed"])
def test_a_clock_that_is_corrected_by_seconds_changes_nothing(journal, clock, trouble):
    settle(journal, 1)
    (delivery,) = journal.claim(["a"], 1, 10)
    if trouble == "failed":
        journal.retry(delivery, 60, "later")
    clock.now -= 5
    assert claimed(journal) == []


def test_the_outbox_is_read_by_index(journal):
    for statement, values in (
        (outbox._OPEN, ("a", 1)),
        (outbox._HEAD, ("a",)),
        (outbox._WAITING, ("a",)),
        (backlog_limits._SUMS, ("a",)),
        (backlog_limits._OLDEST, ("a", 1)),
    ):
        plan = journal._connection.execute("EXPLAIN QUERY PLAN " + statement, values).fetchall()
        assert "INDEX deliveries_" in plan[0][3]
        assert not any("SCAN" in row[3] or "TEMP B-TREE" in row[3] for row in plan)


def test_fifty_processes_at_once_lose_nothing(tmp_path):
    path = tmp_path / "new" / "journal.db"
    go = tmp_path / "go"
    code = textwrap.dedent("""
        import os, sys, time
        from change_events.journal import Journal
        from tests.support.sealed import sealed
        path, go, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
        print("ready", flush=True)
        while not os.path.exists(go):
            time.sleep(0.005)
        with Journal.open(path) as journal:
            journal.start(sealed(number, outcome=None))
            journal.settle(sealed(number), ["a", "b"])
    """)
    run = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(go), str(number)], stdout=subprocess.PIPE)
        for number in range(50)
    ]
    for process in run:
        with process.stdout:
            assert process.stdout.readline() == b"ready\n"
            go.exists() or process is not run[-1] or go.touch()
    assert [process.wait() for process in run] == [0] * 50
    with Journal.open(path) as journal:
        assert {r.id for r in journal.list(Query(limit=None))} == {event_id(n) for n in range(50)}
        assert journal.counts().waiting == 100
        assert len(journal.claim(["a"], 99, 10)) == 50


class JournalMachine(RuleBasedStateMachine):
    """The journal against a dictionary and one list per destination, through any order of calls and crashes."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.open()
        self.events: dict[int, str] = {}
        self.queues: dict[str, list[dict]] = {name: [] for name in DESTINATIONS}
        self.down = {name: {"failures": 0, "until": 0.0} for name in DESTINATIONS}
        self.hands: list[tuple[dict, object, float]] = []  # row, delivery, end of its lease

    def open(self) -> None:
        self.journal = Journal.open(f"{self.folder.name}/journal.db", clock=self.clock)

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            self.folder.cleanup()

    @rule(number=st.integers(0, 7))
    def start(self, number) -> None:
        self.journal.start(sealed(number, outcome=None))
        self.events.setdefault(number, "started")

    @rule(number=st.integers(0, 7), to=st.lists(st.sampled_from(DESTINATIONS), max_size=3))
    def settle(self, number, to) -> None:
        self.journal.settle(sealed(number), to)
        self.events[number] = "settled"
        for name in dict.fromkeys(to):
            queue = self.queues[name]
            if not any(row["number"] == number for row in queue):
                queue.append({"name": name, "number": number, "state": "waiting", "lease": None, "tries": 0})

    @rule(name=st.sampled_from(DESTINATIONS), limit=st.integers(1, 3), force=st.booleans())
    def claim(self, name, limit, force) -> None:
        expected = []
        left_alone = self.down[name]["until"] > self.clock.now and not force
        open_rows = [row for row in self.queues[name] if row["state"] in {"waiting", "leased"}]
        for row in [] if left_alone else open_rows[:limit]:
            if row["state"] == "leased" and row["until"] > self.clock.now:
                break
            expected.append(row)
        got = self.journal.claim([name], limit, 30, force=force)
        assert [d.event_id for d in got] == [event_id(row["number"]) for row in expected]
        for row, delivery in zip(expected, got, strict=True):
            assert delivery.attempts == row["tries"]
            assert delivery.failures == self.down[name]["failures"]
            assert delivery.sealed().event.id == delivery.event_id
            row.update(state="leased", lease=delivery.lease, until=self.clock.now + 30)
            self.hands.append((row, delivery))

    def take(self, data):
        return self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1)))

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def delivered(self, data) -> None:
        row, delivery = self.take(data)
        self.journal.delivered(delivery)
        if row["state"] != "delivered":
            row.update(state="delivered", lease=None, tries=row["tries"] + 1)
        self.down[row["name"]] = {"failures": 0, "until": 0.0}

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), after=st.integers(0, 100))
    def retry(self, data, after) -> None:
        row, delivery = self.take(data)
        self.journal.retry(delivery, after, "later")
        if row["lease"] == delivery.lease:
            row.update(state="waiting", lease=None, tries=row["tries"] + 1)
            down = self.down[row["name"]]
            down.update(failures=down["failures"] + 1, until=self.clock.now + after)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def cut_short(self, data) -> None:
        row, delivery = self.take(data)
        self.journal.cut_short(delivery, "the time was up")
        if row["lease"] == delivery.lease:
            row.update(state="waiting", lease=None, tries=row["tries"] + 1)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def release(self, data) -> None:
        row, delivery = self.take(data)
        self.journal.release(delivery)
        if row["lease"] == delivery.lease:
            row.update(state="waiting", lease=None)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def park(self, data) -> None:
        row, delivery = self.take(data)
        self.journal.park(delivery, "no")
        self.down[row["name"]] = {"failures": 0, "until": 0.0}
        if row["lease"] == delivery.lease:
            row.update(state="parked", lease=None, tries=row["tries"] + 1)

    @rule(name=st.sampled_from(DESTINATIONS))
    def requeue(self, name) -> None:
        parked = [row for row in self.queues[name] if row["state"] == "parked"]
        assert self.journal.requeue([name]) == len(parked)
        for row in parked:
            row.update(state="waiting")

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds) -> None:
        self.clock.now += seconds

    @rule()
    def crash(self) -> None:
        """What the process had in hand is gone; what it wrote is not."""
        self.hands.clear()
        self.journal.close()
        self.open()

    @invariant()
    def same_as_the_model(self) -> None:
        if not hasattr(self, "journal"):
            return
        records = list(self.journal.list(Query(limit=None)))
        assert {r.id: r.state for r in records} == {event_id(n): s for n, s in self.events.items()}
        found = {(r.id, d.destination): (d.state.value, d.attempts) for r in records for d in r.deliveries}
        assert found == {
            (event_id(row["number"]), name): (row["state"], row["tries"])
            for name, queue in self.queues.items()
            for row in queue
        }
        assert self.journal.counts().events == len(self.events)


JournalMachine.TestCase.settings = examples(40, stateful_step_count=30)
TestJournalMachine = JournalMachine.TestCase
