"""A change that is tied to a process: while that lives it is under way, when it has ended somebody settles it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from change_events.errors import InputError
from change_events.files import rundir, unsettled_runs
from change_events.ids import new_id
from change_events.journal import Journal, Query, RecordState
from change_events.model import Outcome, Severity
from change_events.recording.document_run import DocumentRun
from change_events.recording.recovery import settle_killed
from tests.support.trusted import TRUST, load


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def living():
    """A process that lives until the test ends it."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def send(state, event, /, *, environ=None, **words):
    said = []
    environ = {**TRUST, "TFEVENT_JOURNAL": str(state / "journal.db"), **(environ or {})}
    event = {"kind": "custom", "explicit": True, **event}
    answer = DocumentRun("ansible", state.parent, environ, said.append).settle(
        {"api": 1, "event": event, "context": False, **words}
    )
    assert said == []
    return answer


def start(state, living, **words):
    return send(state, {"title": "Patch"}, state="started", close_with_pid=living.pid, **words)["id"]


def end(process):
    process.kill()
    process.wait()


def sweep(state):
    """What the next command does first."""
    said = []
    with Journal.open(state / "journal.db") as journal:
        count = settle_killed(str(state), journal, load(state.parent, {}), said.append)
    assert said == []
    return count


def only(state):
    with Journal.open(state / "journal.db") as journal:
        (record,) = [record for record in journal.list(Query()) if record.event.explicit]
        assert record.deliveries is not None
        return record


def test_it_is_under_way_while_the_process_lives_and_unknown_when_that_has_ended(state, living):
    start(state, living)
    assert sweep(state) == 0
    assert only(state).state is RecordState.STARTED
    end(living)
    assert sweep(state) == 1
    record = only(state)
    assert (record.state, record.event.outcome, record.title) == (
        RecordState.SETTLED,
        Outcome.UNKNOWN,
        "Patch — outcome unknown",
    )
    assert record.event.severity is Severity.ERROR
    assert unsettled_runs.count(str(state)) == 0


def test_its_end_settles_it_and_leaves_nothing_behind(state, living):
    begun = start(state, living)
    assert unsettled_runs.count(str(state)) == 1
    send(state, {"id": begun, "outcome": "succeeded"}, state="finished")
    assert unsettled_runs.count(str(state)) == 0
    end(living)
    assert (sweep(state), only(state).event.outcome) == (0, Outcome.SUCCEEDED)


def test_a_change_of_its_own_outlives_every_process(state):
    send(state, {"title": "Move the disks"}, state="started")
    assert (sweep(state), only(state).state) == (0, RecordState.STARTED)


def test_a_repetition_ties_nothing(state, living):
    event = {"title": "Patch", "dedup_key": "k"}
    words = {
        "state": "started",
        "dedup_window": 60,
        "close_with_pid": living.pid,
    }
    first, second = send(state, event, **words), send(state, event, **words)
    assert second["repeats"] == first["id"]
    assert unsettled_runs.count(str(state)) == 1


def test_a_process_of_another_container_cannot_be_seen_to_have_ended(state, living):
    begun = start(state, living)
    folder = rundir.find(str(state), begun)
    folder.read_facts()
    folder.write_facts(space=["another", "pid:[1]"])
    end(living)
    assert (sweep(state), only(state).state) == (0, RecordState.STARTED)


def test_it_went_on_until_the_end_of_the_run_that_it_belonged_to(state, living):
    run, ended = new_id(), datetime.now(UTC) + timedelta(minutes=5)
    send(state, {"title": "Patch"}, state="started", close_with_pid=living.pid, environ={"TFEVENT_RUN_ID": run})
    send(state, {"id": run, "title": "run", "explicit": False, "outcome": "failed", "ended_at": ended.isoformat()})
    end(living)
    assert (sweep(state), only(state).event.ended_at) == (1, ended)


def test_it_is_sent_where_its_start_said(state, living):
    (state.parent / "tfevent.yaml").write_text(
        "destinations:\n  a: {kind: webhook, url: 'http://127.0.0.1:9/'}\n  b: {kind: webhook, url: 'http://127.0.0.1:9/'}\n"
    )
    start(state, living, destinations=["b"])
    end(living)
    assert sweep(state) == 1
    assert [one.destination for one in only(state).deliveries] == ["b"]


@pytest.mark.parametrize("number", [0, -1, "12"])
def test_what_is_no_process_is_a_mistake(state, number):
    with pytest.raises(InputError, match="close_with_pid: expected a process ID"):
        send(state, {"title": "x"}, state="started", close_with_pid=number)
