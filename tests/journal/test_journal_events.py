"""Events in, events out: start, settle, get, list."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from change_events.errors import JournalError
from change_events.journal import AmbiguousId, Journal, Query, RecordState, Retention
from change_events.model import Action, Actor, Change, Outcome, Tool, Vcs
from tests.support.sealed import EPOCH, event_id, sealed


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "state" / "journal.db") as journal:
        yield journal


def ids(records):
    return [record.id for record in records]


def test_file_and_folder_are_for_the_owner_only(journal):
    journal.settle(sealed(), ["a"])
    folder = os.path.dirname(journal.path)
    assert oct(os.stat(folder).st_mode)[-3:] == "700"
    modes = {name: oct(os.stat(os.path.join(folder, name)).st_mode)[-3:] for name in os.listdir(folder)}
    assert set(modes) == {"journal.db", "journal.db-wal", "journal.db-shm"}
    assert set(modes.values()) == {"600"}


def test_a_wider_mode_is_narrowed_and_a_users_folder_is_left_alone(tmp_path):
    path = tmp_path / "journal.db"
    path.touch(0o644)
    path.chmod(0o644)
    tmp_path.chmod(0o755)
    Journal.open(path).close()
    assert oct(path.stat().st_mode)[-3:] == "600"
    assert oct(tmp_path.stat().st_mode)[-3:] == "755"


def test_a_started_event_is_there_for_the_next_process(journal):
    begun = sealed(1, outcome=None, ended_at=None)
    journal.start(begun)
    with Journal.open(journal.path) as other:
        (record,) = other.list(Query(state=RecordState.STARTED))
        assert record.state is RecordState.STARTED
        assert record.outcome is None
        assert record.event == begun.event
        assert record.body == begun.body


def test_settling_replaces_the_started_event_and_enqueues_each_destination_once(journal):
    journal.start(sealed(1, outcome=None))
    for _ in range(2):
        journal.settle(sealed(1), ["sematext", "hook", "hook"])
    (record,) = journal.list()
    assert (record.state, record.outcome) == (RecordState.SETTLED, "succeeded")
    assert [(d.destination, d.state, d.attempts) for d in record.deliveries] == [
        ("sematext", "waiting", 0),
        ("hook", "waiting", 0),
    ]


def test_settling_without_a_start_inserts(journal):
    journal.settle(sealed(7), [])
    assert journal.get(event_id(7)).event == sealed(7).event


def test_a_late_start_does_not_reopen_a_settled_event(journal):
    journal.settle(sealed(1), [])
    journal.start(sealed(1, outcome=None))
    assert journal.get(event_id(1)).outcome == "succeeded"


def test_settling_again_after_delivery_does_not_send_again(journal):
    journal.settle(sealed(1), ["a"])
    (delivery,) = journal.claim(["a"], 5, 10)
    journal.delivered(delivery)
    journal.settle(sealed(1, title="closed again"), ["a"])
    assert journal.claim(["a"], 5, 10, force=True) == []
    assert journal.get(event_id(1)).title == "closed again"


def test_of_several_that_settle_an_open_event_the_first_counts(journal):
    journal.start(sealed(1, outcome=None))
    assert journal.settle(sealed(1, title="first"), ["a"], if_open=True) is None
    assert journal.settle(sealed(1, title="second"), ["a", "b"], if_open=True) == event_id(1)
    (record,) = journal.list()
    assert record.title == "first"
    assert [delivery.destination for delivery in record.deliveries] == ["a"]


def test_a_started_event_can_be_discarded_and_a_settled_one_cannot(journal):
    journal.start(sealed(1, outcome=None))
    journal.settle(sealed(2), ["a"])
    for number in (1, 2, 3):
        journal.discard(event_id(number))
    assert ids(journal.list()) == [event_id(2)]
    assert journal.counts().events == 1


def test_listed_newest_first_with_every_column(journal):
    for number in (2, 3, 1):
        journal.settle(sealed(number, environment="prod", service="net", tool=Tool(name="terraform")), [])
    records = list(journal.list())
    assert ids(records) == [event_id(3), event_id(2), event_id(1)]
    newest = records[0]
    assert newest.started_at == EPOCH + timedelta(seconds=3)
    assert newest.ended_at == EPOCH + timedelta(seconds=80)
    assert (newest.kind, newest.phase, newest.severity) == ("infrastructure", "applied", "info")
    assert (newest.environment, newest.service, newest.tool) == ("prod", "net", "terraform")
    assert newest.title == "prod/network: 3 updated"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(limit=2), [4, 3]),
        (Query(limit=None), [4, 3, 2, 1]),
        (Query(since=EPOCH + timedelta(seconds=3)), [4, 3]),
        (Query(until=EPOCH + timedelta(seconds=3)), [2, 1]),
        (Query(environment="staging"), [4]),
        (Query(service="api"), [3]),
        (Query(tool="ansible"), [2]),
        (Query(outcome="failed"), [1]),
        (Query(text="AWS_vpc.MAIN"), [3]),
        (Query(text="straße"), [2]),
        (Query(text="Alice"), [1]),
        (Query(text="c0ffee"), [4]),
        (Query(text="100%_"), []),
        (Query(undelivered=True), [2, 1]),
        (Query(undelivered=True, outcome="failed"), [1]),
    ],
)
def test_queries(journal, query, expected):
    journal.settle(sealed(1, outcome=Outcome.FAILED, actor=Actor(user="alice")), ["a"])
    journal.settle(sealed(2, tool=Tool(name="ansible"), message="in der STRASSE"), ["b"])
    journal.settle(sealed(3, service="api", changes=(Change(address="aws_vpc.main", action=Action.CREATE),)), ["c"])
    journal.settle(sealed(4, environment="staging", vcs=Vcs(commit="c0ffee")), [])
    journal.park(journal.claim(["a"], 1, 9)[0], "no")
    journal.delivered(journal.claim(["c"], 1, 9)[0])
    assert ids(journal.list(query)) == [event_id(number) for number in expected]


def test_more_events_than_one_batch_are_listed(journal):
    for number in range(450):
        journal.settle(sealed(number), ["a"])
    records = list(journal.list(Query(limit=None)))
    assert ids(records) == [event_id(number) for number in reversed(range(450))]
    assert all(len(record.deliveries) == 1 for record in records)


def test_get_by_prefix(journal):
    for number in (1, 2):
        journal.settle(sealed(number), [])
    assert journal.get(event_id(1)).id == event_id(1)
    assert journal.get(event_id(2)[:13].upper()).id == event_id(2)
    assert journal.get("ffff") is None
    assert journal.get("") is None
    assert journal.get("%") is None
    with pytest.raises(AmbiguousId, match=f"{event_id(1)}, {event_id(2)}"):
        journal.get(event_id(1)[:5])


def test_an_id_that_is_a_prefix_of_another_is_found(journal):
    journal.settle(sealed(1, id="0199"), [])
    journal.settle(sealed(2, id="0199aa"), [])
    assert journal.get("0199").id == "0199"


def test_listing_reads_no_body(journal):
    journal.settle(sealed(1), ["a"])
    journal._connection.execute("UPDATE bodies SET body = x'00'")
    (record,) = journal.list()
    assert record.title
    assert record.body == b"\0"


def test_the_cap_on_events_removes_the_oldest_and_says_so(tmp_path):
    with Journal.open(tmp_path / "j.db", caps=Retention(events=100)) as journal:
        journal.settle(sealed(1), ["down"])
        journal.start(sealed(2, outcome=None))
        for number in range(3, 103):
            journal.settle(sealed(number), [])
        counts = journal.counts()
        left = ids(journal.list(Query(limit=None)))
        assert counts.events == len(left) == 100 - 5 + 1
        assert counts.pruned == 6
        assert counts.dropped == 0
        assert {event_id(1), event_id(2), event_id(102)} <= set(left), "undelivered and running ones stay"
        assert event_id(3) not in left
        assert journal.notices == ["the journal is at its cap: the 6 oldest events were removed"]


def test_the_cap_on_bytes_keeps_the_newest_even_if_it_alone_is_too_large(tmp_path):
    size = len(sealed(1, message="x" * 1000).body)
    with Journal.open(tmp_path / "j.db", caps=Retention(bytes=size * 3)) as journal:
        for number in range(6):
            journal.settle(sealed(number, message="x" * 1000), ["down"])
        counts = journal.counts()
        assert counts.bytes <= size * 3
        assert (counts.events, counts.pruned, counts.dropped) == (2, 4, 4)
        assert "not delivered everywhere" in journal.notices[-1]
        journal.settle(sealed(9, message="x" * 9000), ["down"])
        assert event_id(9) in ids(journal.list())
        assert journal.counts().waiting == 1


def test_what_is_pruned_is_given_back_to_the_file_system(tmp_path):
    with Journal.open(tmp_path / "j.db", caps=Retention(bytes=100_000)) as journal:
        (empty,) = journal._connection.execute("PRAGMA page_count").fetchone()
        journal.settle(sealed(1, message="x" * 1_000_000), [])
        journal.settle(sealed(2), [])
        assert journal._connection.execute("PRAGMA page_count").fetchone()[0] < empty + 10


def test_the_cap_on_age(tmp_path):
    now = (EPOCH + timedelta(days=800)).timestamp()
    with Journal.open(tmp_path / "j.db", caps=Retention(days=30), clock=lambda: now) as journal:
        journal.settle(sealed(1), [])
        journal.settle(sealed(2, started_at=EPOCH + timedelta(days=799)), [])
        assert ids(journal.list()) == [event_id(2)]
        assert journal.counts().pruned == 1


def test_counts(journal):
    journal.start(sealed(1, outcome=None))
    journal.settle(sealed(2), ["a", "b"])
    journal.settle(sealed(3), ["a"])
    first, second = journal.claim(["a"], 2, 9)
    journal.delivered(first)
    journal.park(second, "no")
    counts = journal.counts()
    assert (counts.events, counts.started, counts.waiting, counts.delivered, counts.parked) == (3, 1, 1, 1, 1)
    assert counts.bytes == sum(len(record.body) for record in journal.list())
    assert counts.destinations["b"].waiting == 1


def test_a_pruned_body_is_an_error_that_says_so(tmp_path):
    with Journal.open(tmp_path / "j.db") as journal:
        journal.settle(sealed(1), [])
        (record,) = journal.list()
        journal._connection.execute("DELETE FROM events")
        with pytest.raises(JournalError, match="removed meanwhile"):
            _ = record.body


def test_importing_the_journal_is_light():
    code = "import sys, change_events.journal; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"httpx", "httpcore", "jinja2", "rich", "click", "yaml", "asyncio", "ssl", "tenacity", "email"}
    assert heavy & set(loaded) == set()
    ours = {name for name in loaded if name.startswith("change_events.")}
    assert not any(name.startswith(("change_events.delivery", "change_events.redact")) for name in ours)
