"""The event of a run whose folder is all there is of it: what is recorded when."""

from __future__ import annotations

import os

import pytest

from change_events.files.rundir import create
from change_events.journal import Journal
from change_events.paths import state_dir
from tf_wrapper.launch.environment import new_facts
from tf_wrapper.record.run_event import RunEvent
from tf_wrapper.state.snapshot import Document, Snapshot

STATE = b'{"version": 4, "serial": %d, "lineage": "a", "resources": [%s]}'
ENTRY = b'{"mode": "managed", "type": "a", "name": "b", "provider": "p", "instances": [{"attributes": {"id": "i"}}]}'


@pytest.fixture
def event(tmp_path, monkeypatch):
    """That of a `state rm`, which went from serial 1 to 2."""
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    facts = new_facts("/bin/terraform", "state rm", ["state", "rm", "a.b"], os.environ)
    run = create(state_dir(), str(facts["id"]))
    more = {"directory": str(tmp_path), "workspace": "default", "effect": "edit", "serial": 1, "lineage": "a"}
    run.write_facts(**{**facts, **more, "stage": "state"})
    return RunEvent(run, deliver=False)


def end(event):
    before, after = (Snapshot(Document(STATE % version)) for version in ((1, ENTRY), (2, b"")))
    event.end_state_command(0, before, after, interrupted=False)


def outcomes(tmp_path):
    with Journal.open(tmp_path / "state" / "journal.db") as journal:
        return [record.event.outcome for record in journal.list()]


@pytest.mark.parametrize(("is_over", "started"), [(False, [None]), (True, [])])
def test_a_run_that_is_over_is_recorded_once(event, tmp_path, is_over, started):
    event.begin(is_over=is_over)
    assert outcomes(tmp_path) == started
    end(event)
    assert outcomes(tmp_path) == ["succeeded"]
    assert event.settled


def test_the_journal_is_opened_once_to_settle(event, monkeypatch):
    event.begin(is_over=True)
    opened = []
    real = Journal.open
    monkeypatch.setattr(Journal, "open", lambda *words, **options: opened.append(words) or real(*words, **options))
    end(event)
    assert len(opened) == 1
