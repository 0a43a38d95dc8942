"""One event delivered twice: its start, then its end; in that order, or the end alone."""

from __future__ import annotations

import sqlite3
import tempfile

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from change_events.journal import Journal, Stage, schema
from tests.support.sealed import event_id, sealed
from tests.support.selection import examples

STARTED, SETTLED = Stage.STARTED, Stage.SETTLED


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


def start(journal, number=1, to=("a",)):
    journal.start(sealed(number, outcome=None, ended_at=None, title="under way"), to)


def settle(journal, number=1, to=("a",)):
    journal.settle(sealed(number, title="done"), to)


def claim(journal, name="a", limit=9):
    return [(delivery.stage, delivery) for delivery in journal.claim([name], limit, 10, force=True)]


def delivered(journal, delivery, handle=None):
    journal.delivered(delivery, handles={} if handle is None else {delivery.position: handle})


def stages(journal, number=1):
    return [(one.destination, one.stage, one.state.value) for one in journal.get(event_id(number)).deliveries]


def test_the_start_is_what_the_journal_holds_while_the_event_is_open(journal):
    start(journal)
    journal.start(sealed(1, outcome=None, title="three to create"), ["a"])
    ((stage, delivery),) = claim(journal)
    assert (stage, delivery.sealed().event.title) == (STARTED, "three to create")
    journal.delivered(delivery)
    journal.start(sealed(1, outcome=None, title="three to create"), ["a"])
    assert claim(journal) == [], "once is enough"


def test_the_end_follows_with_the_backend_s_own_name_of_the_start(journal):
    start(journal)
    delivered(journal, claim(journal)[0][1], "annotation 7")
    settle(journal)
    ((stage, delivery),) = claim(journal)
    assert (stage, delivery.handle, delivery.sealed().event.title) == (SETTLED, "annotation 7", "done")
    assert stages(journal) == [("a", STARTED, "delivered"), ("a", SETTLED, "leased")]


def test_a_start_without_a_name_and_an_end_without_a_start_have_none(journal):
    settle(journal, 1)
    start(journal, 2)
    ((_, end),) = claim(journal)
    journal.delivered(end)
    ((_, beginning),) = claim(journal)
    assert [(one.stage, one.handle) for one in (end, beginning)] == [(SETTLED, None), (STARTED, None)]


def test_what_was_not_sent_in_time_is_superseded(journal):
    start(journal, to=("a", "b"))
    ((_, held),) = claim(journal, "b")
    journal.park(held, "403")
    settle(journal, to=("a", "b"))
    assert stages(journal) == [("a", SETTLED, "waiting"), ("b", SETTLED, "waiting")]
    assert journal.counts().parked == 0


@pytest.mark.parametrize(
    "ended",
    [
        lambda journal, delivery: journal.retry(delivery, 60, "429"),
        lambda journal, delivery: journal.cut_short(delivery, "time"),
        lambda journal, delivery: journal.release(delivery),
        lambda journal, delivery: journal.park(delivery, "403"),
    ],
)
def test_what_is_under_way_goes_first_and_is_not_tried_again(journal, ended):
    start(journal)
    ((_, held),) = claim(journal)
    settle(journal)
    assert claim(journal) == [], "the start is still being sent"
    ended(journal, held)
    assert stages(journal) == [("a", SETTLED, "waiting")]
    assert [stage for stage, _ in claim(journal)] == [SETTLED]


def test_a_start_is_only_ever_the_first_of_what_is_claimed(journal):
    for number in (1, 2):
        start(journal, number)
    settle(journal, 3)
    first = claim(journal)
    assert [stage for stage, _ in first] == [STARTED]
    journal.delivered(first[0][1])
    second = claim(journal)
    assert [(stage, one.event_id) for stage, one in second] == [(STARTED, event_id(2)), (SETTLED, event_id(3))]
    settle(journal, 2)
    journal.release(*(one for _, one in second))
    assert [one.event_id for _, one in claim(journal)] == [event_id(3), event_id(2)], "the start was overtaken"


def test_what_arrives_together_keeps_each_its_own_name(journal):
    start(journal, 1, to=("a", "b"))
    ((_, a),), ((_, b),) = claim(journal, "a"), claim(journal, "b")
    settle(journal, 1)
    journal.delivered(a, b, handles={a.position: "of a", b.position: "of b"})
    assert [claim(journal, name)[0][1].handle for name in ("a", "b")] == ["of a", "of b"]
    assert [journal.handle(event_id(1), name) for name in ("a", "b")] == ["of a", "of b"]


def test_a_process_that_was_killed_while_it_sent_the_start_holds_the_end_up_no_longer_than_its_lease(journal, clock):
    start(journal)
    claim(journal)
    settle(journal)
    assert journal.waiting(["a"]) == 2
    clock.now += 11
    assert [stage for stage, _ in claim(journal, limit=1)] == [SETTLED]
    assert stages(journal) == [("a", SETTLED, "leased")]


def test_what_arrives_though_its_event_is_settled_has_arrived(journal):
    start(journal)
    ((_, held),) = claim(journal)
    settle(journal)
    delivered(journal, held, "7")
    ((stage, delivery),) = claim(journal)
    assert (stage, delivery.handle) == (SETTLED, "7")
    assert journal.counts().delivered == 1


def test_who_was_notified_of_the_start_is_notified_of_the_end_whatever_the_routing_says(journal):
    start(journal, to=("delivered", "leased", "waiting"))
    journal.delivered(claim(journal, "delivered")[0][1])
    claim(journal, "leased")
    settle(journal, to=())
    assert {one for one in stages(journal) if one[1] is SETTLED} == {
        ("delivered", SETTLED, "waiting"),
        ("leased", SETTLED, "waiting"),
    }


def test_an_event_can_be_forgotten_until_somebody_was_reported(journal):
    start(journal, 1)
    assert journal.discard(event_id(1))
    assert journal.get(event_id(1)) is None
    start(journal, 2)
    ((_, held),) = claim(journal)
    assert not journal.discard(event_id(2)), "its start is being delivered"
    journal.delivered(held)
    assert not journal.discard(event_id(2))
    assert journal.discard(event_id(3)), "there is none"


def test_a_settled_event_has_no_start_any_more(journal):
    settle(journal)
    start(journal)
    assert [stage for stage, _ in claim(journal)] == [SETTLED]


def test_an_older_file_is_brought_forward_with_all_its_deliveries(tmp_path):
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, str(path), schema.MIGRATIONS[:3])
    connection.execute(
        "INSERT INTO events (seq, id, state, started_at, kind, phase, severity, title) "
        "VALUES (4, ?, 'settled', 0, 'build', 'applied', 'info', 'old')",
        (event_id(4),),
    )
    connection.execute("INSERT INTO bodies VALUES (4, '', ?)", (sealed(4).body,))
    columns = "position, seq, destination, state, attempts, reason, since, size"
    connection.executemany(
        f"INSERT INTO deliveries ({columns}) VALUES (?, 4, ?, ?, 2, 'r', 5, 6)",
        [(7, "a", "waiting"), (8, "b", "parked"), (9, "c", "delivered")],
    )
    connection.execute("DELETE FROM deliveries WHERE position = 9")
    connection.close()
    with Journal.open(path) as journal:
        assert stages(journal, 4) == [("a", SETTLED, "waiting"), ("b", SETTLED, "parked")]
        ((_, delivery),) = claim(journal)
        assert (delivery.position, delivery.attempts) == (7, 2)
        start(journal, 5)
        journal.delivered(delivery)
        ((stage, other),) = claim(journal)
        assert stage is STARTED
        assert other.position == 10, "a place is never given twice"


class StagesMachine(RuleBasedStateMachine):
    """A backend that keeps what arrives, against any order of starts, ends, failures, kills and late answers."""

    NUMBERS = st.integers(0, 3)
    NAMES = st.sampled_from(["a", "b"])

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.journal = Journal.open(f"{self.folder.name}/journal.db", clock=self.clock)
        self.arrived: dict[str, list[tuple[int, Stage]]] = {"a": [], "b": []}
        self.hands: list = []
        self.settled: dict[int, set[str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            self.folder.cleanup()

    @rule(number=NUMBERS, to=st.sets(NAMES))
    def start(self, number, to) -> None:
        start(self.journal, number, sorted(to))

    @rule(number=NUMBERS, to=st.sets(NAMES))
    def settle(self, number, to) -> None:
        record = self.journal.get(event_id(number))
        started = (
            {one.destination for one in record.deliveries if one.state in {"leased", "delivered"}} if record else set()
        )
        settle(self.journal, number, sorted(to))
        self.settled.setdefault(number, set()).update(to, started)

    @rule(name=NAMES, limit=st.integers(1, 3))
    def claim(self, name, limit) -> None:
        self.hands += [(delivery, self.clock.now) for _, delivery in claim(self.journal, name, limit)]

    def hand(self, data):
        return self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1)))

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), acknowledged=st.booleans())
    def send(self, data, acknowledged) -> None:
        """Without acknowledgement the process was killed between the answer and the journal."""
        delivery, since = self.hand(data)
        if self.clock.now - since >= 10:
            return  # whoever lost the lease has been killed, or was given up on
        number = delivery.sealed().event.started_at.second
        self.arrived[delivery.destination].append((number, delivery.stage))
        if acknowledged:
            delivered(self.journal, delivery, f"{delivery.destination}{number}" if delivery.stage is STARTED else None)

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), way=st.sampled_from(["retry", "park", "release", "die"]))
    def fail(self, data, way) -> None:
        delivery, _ = self.hand(data)
        if way == "retry":
            self.journal.retry(delivery, 5, "later")
        elif way == "park":
            self.journal.park(delivery, "no")
        elif way == "release":
            self.journal.release(delivery)

    @rule()
    def time_passes(self) -> None:
        self.clock.now += 11

    @invariant()
    def an_end_is_never_followed_by_its_start(self) -> None:
        for arrivals in getattr(self, "arrived", {}).values():
            ended = set()
            for number, stage in arrivals:
                assert stage is SETTLED or number not in ended
                ended |= {number} if stage is SETTLED else set()

    @rule()
    def everything_arrives_in_the_end(self) -> None:
        self.hands.clear()
        self.clock.now += 11
        for name, arrivals in self.arrived.items():
            self.journal.requeue([name])
            while got := claim(self.journal, name):
                for stage, delivery in got:
                    arrivals.append((delivery.sealed().event.started_at.second, stage))
                    self.journal.delivered(delivery)
        for number, names in self.settled.items():
            assert all((number, SETTLED) in self.arrived[name] for name in names)
        counts = self.journal.counts()
        assert (counts.waiting, counts.parked) == (0, 0)
        kept = {name: {(number, stage) for number, stage in arrivals} for name, arrivals in self.arrived.items()}
        for number in self.settled:
            for name, stage, state in stages(self.journal, number):
                assert state == "delivered"
                assert (number, stage) in kept[name]


StagesMachine.TestCase.settings = examples(40, stateful_step_count=25)
TestStagesMachine = StagesMachine.TestCase
