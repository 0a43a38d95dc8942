"""Events that were made of history: kept in the order of time, and taken for nothing that they do not show."""

from __future__ import annotations

import itertools
from datetime import timedelta

import msgspec
import pytest

from change_events.errors import JournalError, TfeventError
from change_events.history.signals import history_signals
from change_events.history.suspects import Incident, suspects
from change_events.history.why import why
from change_events.journal import Journal, Query, Retention
from change_events.journal.backfilled import Origin
from change_events.model import Backfilled, Outcome, Severity, StateCounts, StateEdit, Summary
from change_events.query.event_ref import find
from change_events.recording import EventWriter
from change_events.redact import Redactor, unseal
from change_events.settings import Settings
from tests.history.past import NOW, change, run, settle

DB = "aws_db_instance.main"
BIG, SMALL = "db.r6g.large", "db.t3.micro"
_places = itertools.count()


def entry(before, after, **fields):
    return change(DB, "edit", attributes={"instance_class": (before, after)}, raw_actions=("attributes",), **fields)


def found(minutes, *changes, time_from="object", **fields):
    """The event of two versions of a state, the later of which was written so long ago."""
    origin = Backfilled(source="s3://acme/network.tfstate", at=NOW, version="v", time_from=time_from)
    fields = {"outcome": Outcome.UNKNOWN, "backfilled": origin, "state": StateEdit(command="", serial=1)} | fields
    return run(minutes, *changes, actor=None, **fields)


def put(journal, event, version=None, source="s", *, place=None, spans=0):
    number = str(next(_places))
    return journal.backfill(
        unseal(msgspec.json.encode(event)), Origin(version or number, source, place or number, spans)
    )


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


def test_history_goes_before_what_was_recorded_earlier_in_whatever_order_it_is_read(journal):
    recorded = run(60, change(DB, attributes={"instance_class": (BIG, SMALL)}))
    settle(journal, recorded)
    grown, older, between = found(300, entry(SMALL, BIG)), found(500, entry(BIG, SMALL)), found(30, entry(SMALL, BIG))
    for event in (grown, older, between):
        assert put(journal, event)
    answer = why(journal, f"{DB}.instance_class", limit=10)
    assert [one.event for one in answer.entries] == [between.id, recorded.id, grown.id, older.id]
    assert [one.changes[0].attributes[0].reverts for one in answer.entries] == [recorded.id, grown.id, older.id, None]
    assert answer.entries[0].changes[0].action == "edit"
    assert answer.known_since == older.started_at
    assert [one.event for one in why(journal, DB, limit=2).entries] == [between.id, recorded.id]


def test_a_question_about_another_attribute_leaves_rewritten_entries_out(journal):
    put(journal, found(300, entry(SMALL, BIG)))
    put(journal, found(200, change(DB, "edit", attributes={"storage": ("1", "2")}, raw_actions=("attributes",))))
    assert len(why(journal, f"{DB}.storage", limit=5).entries) == 1


def test_the_first_recorded_run_knows_what_history_holds(journal):
    grown = found(300, entry(SMALL, BIG))
    put(journal, found(400, entry(BIG, SMALL)))
    put(journal, grown)
    back = run(5, change(DB, attributes={"instance_class": (BIG, SMALL)}))
    (signal,) = history_signals(journal, back)
    assert (signal.name, signal.events[0]) == ("flapping", grown.id)


def test_history_is_no_recorded_run_no_edit_of_the_state_and_no_first_time(journal):
    for minutes in (900, 800, 700, 600):
        put(journal, found(minutes, change(DB, "edit", raw_actions=("add",), attributes={"a": ("1", "2")})))
    assert history_signals(journal, run(5, change(DB, "create"), change("x.new"))) == ()
    assert journal.events_of_stack("acme/infra network", limit=9) == []


def test_history_is_not_last_and_is_listed_apart(journal):
    put(journal, found(10, entry(SMALL, BIG)))
    with pytest.raises(TfeventError, match="the journal does not contain that many events"):
        find(journal, "last")
    recorded = run(60, change(DB))
    settle(journal, recorded)
    assert find(journal, "last").id == recorded.id
    assert len(list(journal.list(Query()))) == 2
    assert [one.id for one in journal.list(Query(backfilled=False))] == [recorded.id]


def test_a_time_that_a_copy_may_have_is_no_reason_to_suspect_and_an_unknown_outcome_neither(journal):
    put(journal, found(20, entry(SMALL, BIG), time_from="file"))
    stored = found(30, entry(SMALL, BIG))
    put(journal, stored)
    (suspect,) = suspects(journal, Incident(NOW), limit=None).suspects
    assert suspect.event == stored.id
    assert "outcome" not in {reason.factor for reason in suspect.reasons}


def test_the_same_version_is_recorded_once_from_wherever_it_is_read(journal):
    event = found(300, entry(SMALL, BIG))
    assert put(journal, event, "1→2", "bucket", place="v2")
    assert not put(journal, found(299, entry(SMALL, BIG)), "1→2", "bucket", place="v2")
    assert not put(journal, found(298, entry(SMALL, BIG)), "1→2", "folder", place="2.tfstate")
    assert put(journal, found(100, entry(SMALL, BIG)), "1→2", "bucket", place="v9")  # an older state was put back twice
    assert journal.backfilled("bucket") == {"v2", "v9"}


def test_what_spans_a_gap_is_replaced_once_the_gap_can_be_read(journal):
    put(journal, found(300, entry(SMALL, BIG)), "1→3", place="v3", spans=1)
    assert journal.backfilled("s") == set()
    assert put(journal, found(300, entry(SMALL, BIG)), "2→3", place="v3")
    assert not put(journal, found(300, entry(SMALL, BIG)), "1→3", place="v3", spans=1)
    assert len(why(journal, DB, limit=5).entries) == 1


def test_history_is_as_old_as_its_record_and_keeps_room_for_what_comes(tmp_path):
    now = [NOW.timestamp()]
    caps = Retention(events=10, days=30)
    with Journal.open(tmp_path / "journal.db", caps=caps, clock=lambda: now[0]) as journal:
        for number in range(9):
            put(journal, found(1_000_000 + number, entry(SMALL, BIG)))
        with pytest.raises(JournalError, match=r"nearly full.*keep\.events"):
            put(journal, found(5, entry(SMALL, BIG)))
        settle(journal, run(5, change(DB)))
        assert journal.counts().events == 10
        now[0] += timedelta(days=31).total_seconds()
        settle(journal, run(-44_641, change(DB)))
        assert journal.counts().events == 1


def test_it_says_that_it_is_history_and_alarms_nobody(tmp_path):
    event = found(300, entry(SMALL, BIG), summary=Summary(state=StateCounts(changed=1)))
    shown = EventWriter(Settings(), Redactor(), say=print).composed(event)
    assert shown.title == "acme/network.tfstate: state changed: 1 changed (backfilled)"
    assert "Backfilled from version v of s3://acme/network.tfstate" in shown.message
    assert shown.severity is Severity.INFO
    long = msgspec.structs.replace(event, service="x" * 60, environment="y" * 60)
    title = EventWriter(Settings(), Redactor(), say=print).composed(long).title
    assert title.endswith(" (backfilled)")
    assert len(title) <= 120
