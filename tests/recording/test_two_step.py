"""A change in two steps, which may be two processes: one event, settled once, with what both steps said."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from change_events.errors import EventRejectedError, InputError, JournalError
from change_events.ids import new_id
from change_events.journal import Journal, Query, RecordState
from change_events.model import ChangeEvent, Failure, Kind, Link, Outcome, Phase, Severity
from change_events.recording import EventWriter, two_step
from change_events.redact import Redactor
from change_events.settings import Settings
from change_events.summary.explicit_message import own_part
from tests.support.receiver import Receiver
from tests.support.speed import HANG
from tests.support.trusted import load

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def said():
    return []


@pytest.fixture
def recording(tmp_path, said):
    return EventWriter(Settings(journal=tmp_path / "journal.db"), Redactor(), say=said.append)


def explicit(**fields):
    given = {"id": new_id(), "kind": Kind.DEPLOYMENT, "phase": Phase.APPLIED, "started_at": NOON, "title": "shop 1.4"}
    return ChangeEvent(**{**given, "explicit": True, **fields})


def only(recording):
    with recording.journal() as journal:
        (record,) = journal.list(Query())
        assert record.event  # read while it can be
        return record


def test_a_start_is_under_way_until_it_is_settled_under_the_same_id(recording, said):
    begun = recording.begin(explicit(environment="prod")).sealed.event
    assert only(recording).state is RecordState.STARTED
    end = explicit(id=begun.id, title="", ended_at=NOON + timedelta(minutes=3))
    settled = two_step.settle(recording, end, given={"id", "ended_at"})
    assert settled.recorded
    record = only(recording)
    assert (record.state, record.outcome, record.title) == (RecordState.SETTLED, "succeeded", "shop 1.4")
    assert record.event.ended_at - record.event.started_at == timedelta(minutes=3)
    assert record.event.environment == "prod"
    assert said == []


def test_both_steps_are_reported_and_the_end_has_the_last_word(recording):
    begun = explicit(
        message="Draining first.", version="1.4", tags={"a": "1", "b": "1"}, data={"x": 1}, service="shop",
        links=(Link(title="plan", url="https://ci/1"),),
    )  # fmt: skip
    recording.begin(begun)
    end = explicit(
        id=begun.id, title="", message="12 pods.", version="1.4.1", tags={"b": "2"}, data={"y": 2},
        links=(Link(title="log", url="https://ci/2"), Link(title="plan", url="https://ci/1")),
        failures=(Failure(summary="slow"),), started_at=NOON + timedelta(hours=1),
    )  # fmt: skip
    two_step.settle(recording, end, given={"message", "version", "tags", "data", "links"})
    event = only(recording).event
    assert own_part(event) == "Draining first.\n\n12 pods."
    assert event.message.endswith("[plan](https://ci/1)\n[log](https://ci/2)"), "links are shown once, at the end"
    assert (event.version, event.service) == ("1.4.1", "shop")
    assert event.tags == {"a": "1", "b": "2"}
    assert event.data == {"x": 1, "y": 2}
    assert [link.title for link in event.links] == ["plan", "log"]
    assert event.failures == (Failure(summary="slow"),)
    assert event.started_at == NOON


@pytest.mark.parametrize(
    ("outcome", "title", "severity"),
    [
        (None, "shop 1.4", Severity.WARNING),
        (Outcome.SUCCEEDED, "shop 1.4", Severity.WARNING),
        (Outcome.FAILED, "shop 1.4 — failed", Severity.ERROR),
        (Outcome.PARTIAL, "shop 1.4 — partially failed", Severity.ERROR),
        (Outcome.CANCELLED, "shop 1.4 — cancelled", Severity.WARNING),
        (Outcome.UNKNOWN, "shop 1.4 — outcome unknown", Severity.ERROR),
    ],
)
def test_an_end_that_was_no_success_shows_in_title_and_severity(recording, outcome, title, severity):
    begun = explicit(severity=Severity.WARNING)
    recording.begin(begun)
    two_step.settle(recording, explicit(id=begun.id, title="", outcome=outcome), given=())
    assert (only(recording).title, only(recording).event.severity) == (title, severity)


def test_a_title_and_a_severity_of_its_own_are_kept(recording):
    begun = explicit()
    recording.begin(begun)
    end = explicit(id=begun.id, title="shop 1.4 rolled back", outcome=Outcome.FAILED, severity=Severity.WARNING)
    two_step.settle(recording, end, given={"title", "severity"})
    assert (only(recording).title, only(recording).event.severity) == ("shop 1.4 rolled back", Severity.WARNING)


def test_an_end_before_the_start_is_no_negative_duration(recording):
    begun = explicit()
    recording.begin(begun)
    with pytest.raises(EventRejectedError, match="ended_at: is before the start: the event began at 2026-11-25T12:00"):
        two_step.settle(recording, explicit(id=begun.id, ended_at=NOON - timedelta(hours=1)), given={"ended_at"})
    differing_clocks = NOON - timedelta(minutes=2)
    two_step.settle(recording, explicit(id=begun.id, ended_at=differing_clocks), given={"ended_at"})
    assert only(recording).event.ended_at == NOON


def test_the_first_end_counts(recording):
    begun = explicit()
    recording.begin(begun)
    two_step.settle(recording, explicit(id=begun.id, outcome=Outcome.FAILED, title=""), given=())
    again = two_step.settle(recording, explicit(id=begun.id, outcome=Outcome.SUCCEEDED), given=())
    assert (again.repeats, again.recorded) == (begun.id, False)
    assert again.sealed.event.outcome is Outcome.FAILED, "what the journal has is reported"
    assert only(recording).outcome == "failed"


def test_an_end_without_a_start_is_recorded_if_it_has_a_title(recording, said):
    end = explicit(outcome=Outcome.FAILED)
    assert two_step.settle(recording, end, given=()).recorded
    assert (only(recording).id, only(recording).event.severity) == (end.id, Severity.ERROR)
    assert len(said) == 1
    assert end.id in said[0]


@pytest.mark.parametrize("text", ["", "maintenance", "019A0000-0000-7000-8000-000000000000", "019a0000"])
def test_what_is_no_id_is_refused(recording, text):
    with pytest.raises(InputError, match="is not an event ID"):
        two_step.settle(recording, explicit(id=text), given=())


def test_neither_a_start_nor_a_title_is_refused(recording):
    with pytest.raises(InputError, match="no started event with this ID in this journal"):
        two_step.settle(recording, explicit(title=""), given=())


def test_the_event_of_a_run_is_not_settled_by_others(recording):
    run = explicit(explicit=False, kind=Kind.INFRASTRUCTURE)
    recording.start(run)
    with pytest.raises(InputError, match="this event belongs to a run"):
        two_step.settle(recording, explicit(id=run.id), given=())
    assert only(recording).state is RecordState.STARTED


def test_without_a_journal_the_start_is_lost_and_says_so_and_the_end_is_sent(tmp_path, said):
    (tmp_path / "file").write_text("")
    with Receiver() as receiver:
        hook = load_hook(tmp_path, receiver.url)
        settings = Settings(journal=tmp_path / "file" / "journal.db", destinations=(hook,))
        recording = EventWriter(settings, Redactor(), say=said.append)
        begun = recording.begin(explicit())
        assert (begun.lost, begun.recorded) == (True, False)
        settled = two_step.settle(recording, explicit(id=begun.sealed.event.id), given=())
        assert not settled.lost
        assert [request.json()["id"] for request in receiver.accepted] == [begun.sealed.event.id]
        with pytest.raises(JournalError, match=r"journal\.db"):
            two_step.settle(recording, explicit(title=""), given=())
    assert len(said) == 1


def load_hook(tmp_path, url):
    (tmp_path / "tfevent.yaml").write_text(f"destinations:\n  hook:\n    kind: webhook\n    url: {url}\n")
    (hook,) = load(tmp_path, {}).destinations
    return hook


def test_a_start_with_a_key_is_recorded_once_within_a_time(recording):
    first = recording.begin(explicit(dedup_key="shop-1.4", started_at=datetime.now(UTC)), dedup_window=60)
    second = recording.begin(explicit(dedup_key="shop-1.4", started_at=datetime.now(UTC)), dedup_window=60)
    other = recording.begin(explicit(dedup_key="shop-1.5", started_at=datetime.now(UTC)), dedup_window=60)
    assert (first.recorded, second.recorded, other.recorded) == (True, False, True)
    assert second.repeats == first.sealed.event.id


RACE = """
import sys, time
from pathlib import Path
from tests.recording.test_two_step import *
recording = EventWriter(Settings(journal=Path(sys.argv[1])), Redactor(), say=print)
time.sleep(max(0.0, float(sys.argv[3]) - time.time()))
begun = recording.begin(explicit(dedup_key="k", started_at=datetime.now(UTC)), dedup_window=60)
the_id = begun.repeats or begun.sealed.event.id
end = two_step.settle(recording, explicit(id=the_id, message=sys.argv[2]), given={"message"})
print(int(begun.recorded), int(end.recorded))
"""


def test_of_several_processes_one_starts_and_one_settles(tmp_path):
    path = tmp_path / "journal.db"
    Journal.open(path).close()
    at = str(datetime.now(UTC).timestamp() + 1.5)
    command = [sys.executable, "-c", RACE, str(path)]
    racers = [subprocess.Popen([*command, str(n), at], stdout=subprocess.PIPE, text=True, cwd=ROOT) for n in range(5)]
    answers = [racer.communicate(timeout=HANG)[0].split() for racer in racers]
    assert [sum(int(answer[side]) for answer in answers) for side in (0, 1)] == [1, 1], answers
    with Journal.open(path) as journal:
        (record,) = journal.list()
        assert record.event.message == str(next(n for n, answer in enumerate(answers) if answer[1] == "1"))


def test_secrets_of_the_first_step_stay_hidden_in_the_second(tmp_path, said):
    path = tmp_path / "journal.db"
    secret = "correct horse battery"
    redactor = Redactor()
    redactor.remember(secret)
    begun = explicit(message=f"with {secret}")
    EventWriter(Settings(journal=path), redactor, say=said.append).begin(begun)
    later = EventWriter(Settings(journal=path), Redactor(), say=said.append)
    two_step.settle(later, explicit(id=begun.id, title=""), given=())
    assert secret.encode() not in only(later).body
    assert msgspec.json.decode(only(later).body)["message"].startswith("with ")
