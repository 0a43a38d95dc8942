"""A run observed from inside its process: its record is true whenever the process dies."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime

import msgspec
import pytest

from change_events.files import rundir, unsettled_runs
from change_events.ids import new_id
from change_events.journal import Journal, RecordState
from change_events.model import (
    Action,
    Change,
    ChangeEvent,
    ChangeOutcome,
    HostCounts,
    Kind,
    Outcome,
    Phase,
    Playbook,
    Severity,
    Stacks,
    Summary,
    TaskCounts,
    TaskRun,
)
from change_events.recording import EventWriter, RecoverableRun, report_line
from change_events.recording.recovery import settle_killed
from change_events.redact import Redactor
from change_events.settings import Settings
from tests.support.receiver import Receiver, refused_url, status
from tests.support.speed import PATIENCE, at_most
from tests.support.trusted import load


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def said():
    return []


def settings(state, tmp_path=None, **environ):
    return load(state.parent, {"TFEVENT_BUDGET": PATIENCE, **environ})


def playbook_run(**fields):
    return ChangeEvent(
        id=new_id(), kind=Kind.INFRASTRUCTURE, phase=Phase.APPLIED, started_at=datetime.now(UTC), title="",
        playbook=Playbook(file="site.yml"), **fields,
    )  # fmt: skip


def changed(**fields):
    task = TaskRun(hosts=HostCounts(changed=1), changed_on=("web1",), **fields)
    return Change(address="Install", action=Action.CHANGE, outcome=ChangeOutcome.APPLIED, task=task)


FIGURES = Summary(hosts=HostCounts(changed=1), tasks=TaskCounts(total=1, changed=1))


def only(state):
    with Journal.open(state / "journal.db") as journal:
        (record,) = journal.list()
        return record, record.event


def test_from_start_to_end(state, said):
    run = RecoverableRun("ansible", settings(state), Redactor(), said.append)
    event = playbook_run()
    run.start(event)
    record, begun = only(state)
    assert (record.state, begun.title, begun.outcome) == (RecordState.STARTED, "site.yml: under way", None)
    assert unsettled_runs.count(str(state)) == 1
    settled = run.settle(
        msgspec.structs.replace(event, outcome=Outcome.SUCCEEDED, changes=(changed(),), summary=FIGURES)
    )
    record, ended = only(state)
    assert (record.state, ended.title) == (RecordState.SETTLED, "site.yml: 1 task changed 1 host")
    assert unsettled_runs.count(str(state)) == 0
    assert report_line(settled) == f"site.yml: 1 task changed 1 host [{event.id}] → journal"
    assert said == []


def test_a_run_that_changed_nothing_leaves_nothing(state, said):
    run = RecoverableRun("ansible", settings(state), Redactor(), said.append)
    event = playbook_run()
    run.start(event)
    settled = run.settle(msgspec.structs.replace(event, outcome=Outcome.NO_CHANGE))
    assert (settled.recorded, settled.reportable) == (False, False)
    with Journal.open(state / "journal.db") as journal:
        assert list(journal.list()) == []
    assert unsettled_runs.count(str(state)) == 0


KILLED = """
import os, signal, sys
import msgspec
from change_events.recording import RecoverableRun
from change_events.redact import Redactor
from tests.recording.test_recoverable import FIGURES, changed, playbook_run, settings
from pathlib import Path

if sys.argv[1] == "at once":
    from change_events.recording import recoverable

    recoverable.write_checkpoint = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
run = RecoverableRun("ansible", settings(Path(os.environ["TFEVENT_STATE_DIR"])), Redactor(), print)
event = playbook_run()
run.start(event)
if sys.argv[1] == "checkpoint":
    run.checkpoint(msgspec.structs.replace(event, changes=(changed(unfinished=("web2",)),), summary=FIGURES))
print("ready", flush=True)
signal.pause()
"""


def killed(state, how, ready="ready\n"):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environ = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen([sys.executable, "-c", KILLED, how], stdout=subprocess.PIPE, env=environ, text=True) as child:
        assert child.stdout.readline() == ready
        alive = settled_by_others(state)
        child.send_signal(signal.SIGKILL)
    return alive


def settled_by_others(state):
    said = []
    with Journal.open(state / "journal.db") as journal:
        return settle_killed(str(state), journal, Settings(), said.append), said


def test_a_living_run_is_left_alone_and_a_killed_one_is_closed(state):
    assert killed(state, "start") == (0, [])
    assert settled_by_others(state) == (1, [])
    record, event = only(state)
    assert (record.state, event.outcome) == (RecordState.SETTLED, Outcome.UNKNOWN)
    assert event.severity is Severity.ERROR
    assert event.playbook.end == "killed: how it ended is not known"
    assert unsettled_runs.count(str(state)) == 0
    assert settled_by_others(state) == (0, [])


def test_a_run_that_is_killed_right_after_its_record_is_closed_too(state):
    assert killed(state, "at once", ready="") == (1, [])
    record, event = only(state)
    assert (record.state, event.outcome) == (RecordState.SETTLED, Outcome.UNKNOWN)


def test_what_had_changed_by_the_last_checkpoint_is_reported(state):
    killed(state, "checkpoint")
    settled_by_others(state)
    _, event = only(state)
    assert event.title == "site.yml: 1 task changed 1 host, 1 task under way, outcome unknown"
    assert event.changes[0].outcome is ChangeOutcome.UNKNOWN, "web2 was under way"
    assert event.summary.outcomes.unknown == 1
    assert event.ended_at <= datetime.now(UTC)


def test_a_patient_run_waits_for_a_journal_that_is_locked_for_a_moment(state, said):
    run = RecoverableRun("command", settings(state), Redactor(), said.append, patience=float(PATIENCE))
    event = playbook_run()
    run.start(event)
    holder = sqlite3.connect(state / "journal.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(3, holder.close)
    release.start()
    settled = run.settle(msgspec.structs.replace(event, outcome=Outcome.SUCCEEDED, summary=FIGURES))
    release.join()
    assert said == []
    assert settled.places == ()
    assert only(state)[0].state is RecordState.SETTLED


@pytest.mark.parametrize("stacks", [Stacks(), None])
def test_the_start_of_a_run_of_many_stacks_that_finds_the_journal_locked_is_no_news(state, said, stacks):
    Journal.open(state / "journal.db").close()
    holder = sqlite3.connect(state / "journal.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    run = RecoverableRun("command", settings(state), Redactor(), said.append, patience=0)
    run.start(msgspec.structs.replace(playbook_run(), stacks=stacks))
    holder.close()
    assert len(said) == (stacks is None)
    assert only(state)[0].state is RecordState.STARTED


def test_the_next_run_closes_it_too(state, said):
    killed(state, "start")
    run = RecoverableRun("ansible", settings(state), Redactor(), said.append)
    run.start(playbook_run())
    with Journal.open(state / "journal.db") as journal:
        assert sorted(str(record.outcome) for record in journal.list()) == ["None", "unknown"]


def test_runs_of_terraform_are_left_to_those_who_know_it(state):
    run = rundir.create(str(state), new_id())
    run.write_facts(id="one", binary="terraform")
    run.release()
    assert settled_by_others(state) == (0, [])
    assert [found.path for found in unsettled_runs.leftovers(str(state), str(state / "journal.db"))] == [run.path]


def test_an_explicit_event_that_was_never_settled_says_so_in_its_title(state, said):
    run = RecoverableRun("command", settings(state), Redactor(), said.append)
    run.start(msgspec.structs.replace(playbook_run(explicit=True), title="Swap the disks", playbook=None))
    run._folder.release()
    settled_by_others(state)
    _, event = only(state)
    assert (event.title, event.severity) == ("Swap the disks — outcome unknown", Severity.ERROR)


def test_a_journal_that_cannot_be_written_costs_one_line_and_the_event_goes_out_directly(state, said, tmp_path):
    (tmp_path / "file").write_text("")
    with Receiver() as receiver:
        broken = settings(state, TFEVENT_JOURNAL=str(tmp_path / "file" / "x.db"), TFEVENT_WEBHOOK_URL=receiver.url)
        run = RecoverableRun("ansible", broken, Redactor(), said.append)
        event = playbook_run()
        run.start(event)
        run.checkpoint(event)
        settled = run.settle(msgspec.structs.replace(event, outcome=Outcome.FAILED, summary=FIGURES))
        assert [received.json()["id"] for received in receiver.accepted] == [event.id]
    assert len(said) == 1
    assert "file/x.db" in said[0]
    assert (settled.recorded, settled.lost, settled.places) == (False, False, ("sent to 1 of 1",))


def test_a_state_folder_that_cannot_be_written_does_not_stop_it(said, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "file" / "state"))
    run = RecoverableRun(
        "ansible", load(tmp_path, {"TFEVENT_JOURNAL": str(tmp_path / "j.db")}), Redactor(), said.append
    )
    event = playbook_run()
    run.start(event)
    settled = run.settle(msgspec.structs.replace(event, outcome=Outcome.SUCCEEDED, summary=FIGURES))
    assert settled.recorded


@pytest.mark.parametrize(
    ("script", "place"),
    [((), "webhook delivered"), ((status(403),), "webhook parked")],
)
def test_the_report_names_where_it_went(state, said, script, place):
    with Receiver(script) as receiver:
        recording = EventWriter(settings(state, TFEVENT_WEBHOOK_URL=receiver.url), Redactor(), say=said.append)
        settled = recording.settle(playbook_run(outcome=Outcome.FAILED))
    assert settled.places == (place,)
    assert place in report_line(settled)
    assert bool(settled.problems) == bool(script)


def test_at_the_end_of_a_process_delivery_is_left_to_the_next_command(state, said):
    run = RecoverableRun("ansible", settings(state, TFEVENT_WEBHOOK_URL=refused_url()), Redactor(), said.append)
    event = playbook_run()
    run.start(event)
    with at_most(2):
        settled = run.settle(msgspec.structs.replace(event, outcome=Outcome.FAILED), deliver=False)
    assert (settled.recorded, settled.reportable) == (True, False)
    with Journal.open(state / "journal.db") as journal:
        assert journal.waiting(["webhook"]) == 1


def test_a_key_is_settled_once(state, said):
    recording = EventWriter(settings(state), Redactor(), say=said.append)
    first = recording.settle(playbook_run(dedup_key="k", outcome=Outcome.FAILED), dedup_window=60)
    second = recording.settle(playbook_run(dedup_key="k", outcome=Outcome.FAILED), dedup_window=60)
    assert first.recorded
    assert (second.recorded, second.repeats) == (False, first.sealed.event.id)
