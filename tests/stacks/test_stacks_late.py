"""Units that begin when the command above them has been killed: they are added to the event of the whole."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from change_events import trace
from change_events.files import rundir
from change_events.ids import new_id
from change_events.journal import Journal, JournalLocked
from change_events.model import Outcome, Tool, Trace
from change_events.recording.recovery import settle_killed
from change_events.settings import Settings
from change_events.stacks.late import AWAITED
from tests.stacks.fleet import late_starter, processes, states, unit, whole
from tests.support.receiver import Receiver
from tests.support.sealed import sealed

ALL = ("run", "--stacks", "--environment", "prod", "--", "terragrunt", "run", "--all", "apply")


def kill(scene, *kinds):
    for kind in kinds:
        for number in processes(scene, kind):
            os.kill(number, signal.SIGKILL)


def ended(scene, name):
    return any(one["title"].startswith(f"{name}: ") and "outcome" in one for one in scene.recorded())


@pytest.mark.parametrize(
    ("mark", "killed", "state"),
    [
        ([], ["terragrunt"], "changed"),
        pytest.param(["same"], ["terragrunt"], "unchanged", marks=pytest.mark.slow),
        pytest.param(["fail"], ["whole", "terragrunt"], "failed", marks=pytest.mark.slow),
    ],
)
def test_a_unit_that_begins_after_the_command_was_killed_is_in_the_whole(scene, mark, killed, state):
    unit(scene, "a")
    late = unit(scene, "b", "late", *mark)
    with Receiver() as hook:
        (scene.work / "tfevent.yaml").write_text(f"destinations:\n  hook: {{kind: webhook, url: {hook.url}}}\n")
        with scene.start(*ALL, TG_TF_PATH=late_starter(scene)) as session:
            session.expect_file(late / "waits")
            session.expect_that(lambda: ended(scene, "a"), "the first unit")
            kill(scene, *killed)
            session.finish()
            first = whole(scene.recorded())
            (late / "go").touch()
            session.expect_that(lambda: not session.left(), "the late unit to end")
            second = whole(scene.recorded())
        scene.events("flush")
        got = [json.loads(request.body) for request in hook.accepted]
    assert states(first) == {"a": "changed"}
    assert "units that start or end later are added" in first["stacks"]["note"]
    assert states(second) == {"a": "changed", "b": state}
    assert (second["id"], second["outcome"]) == (first["id"], "unknown" if "whole" in killed else "partial")
    assert second["summary"]["applied"] == {"create": 2 if state == "changed" else 1}
    assert len([one for one in got if "stacks" in one]) <= 1, "it is not delivered a second time"
    assert whole(scene.recorded()) == second


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def left_folder(state, end, ago, **facts):
    """The folder of a run of many stacks whose observer was killed when its command had ended."""
    ended = (datetime.now(UTC) - timedelta(seconds=ago)).timestamp()
    names = {"environment": None, "service": None, "version": None, "command": "terragrunt", "kind": "infrastructure"}
    run = {
        "id": new_id(),
        "owner": "command",
        "started_at": ended - 4 * AWAITED,
        "trace": trace.begin({}),
        **names,
        **facts,
    }
    folder = rundir.create(str(state), run["id"])
    folder.write_facts(stacks={"directory": "/work"}, **run)
    folder.write_end(code=end, ended_at=ended, signal=None, error=None)
    folder.release()
    return run["id"]


def sweep(state, *runs, closer=lambda *_: False):
    """What the next command does first, when these runs have been recorded: how many it settled, what it reported."""
    said = []
    with Journal.open(state / "journal.db") as journal:
        for one in runs:
            journal.settle(one, [])
        return settle_killed(str(state), journal, Settings(), said.append, unowned=closer), said


def late_unit(number, of, ago=0):
    own = {
        "trace": Trace(run_id=new_id(), parent_run_id=of, unit=True),
        "tool": Tool(name="terraform", directory="/work/u"),
        "ended_at": datetime.now(UTC) - timedelta(seconds=ago),
    }
    return sealed(number, outcome=Outcome.SUCCEEDED, **own)


def the_whole(state, run_id):
    with Journal.open(state / "journal.db") as journal:
        return journal.get(run_id).event


@pytest.mark.parametrize(
    ("end", "ago", "facts", "is_kept"),
    [
        (-9, 0, {}, True),
        (137, AWAITED / 2, {}, True),
        (1, 0, {"left_units": True}, True),
        (-9, AWAITED * 2, {}, False),
        (-9, -AWAITED * 2, {}, False),  # the clock was set back
        (1, 0, {}, False),
        (255, 0, {}, False),
    ],
)
def test_the_folder_of_a_killed_command_is_kept_for_a_while_and_its_late_units_are_added(
    state, end, ago, facts, is_kept
):
    run_id = left_folder(state, end, ago, **facts)
    assert sweep(state) == (1, [])
    assert the_whole(state, run_id).stacks.counts.total == 0
    assert [folder.name for folder in (state / "runs").iterdir()] == [run_id] * is_kept
    assert sweep(state) == (0, []), "nothing is written twice"
    assert sweep(state, late_unit(7, run_id)) == (int(is_kept), [])
    whole = the_whole(state, run_id)
    assert (whole.stacks.counts.changed, len(whole.stacks.units)) == (is_kept, is_kept)
    assert sweep(state) == (0, [])


def test_the_last_look_is_taken_when_the_while_is_over(state):
    run_id = left_folder(state, -9, 0)
    sweep(state)
    folder = rundir.find(str(state), run_id)
    long_ago = datetime.now(UTC) - timedelta(seconds=AWAITED * 2)
    folder.write_end(code=-9, ended_at=long_ago.timestamp(), signal=None, error=None)
    folder.release()
    assert sweep(state, late_unit(7, run_id, ago=AWAITED * 2)) == (1, [])
    assert not list((state / "runs").iterdir())


def test_a_locked_journal_is_no_news_where_the_next_command_does_the_same(state):
    folder = rundir.create(str(state), new_id())
    folder.write_facts(id="terraform's")
    folder.release()

    def locked(*_):
        raise JournalLocked("another process keeps it locked")

    def broken(*_):
        raise ValueError("a bug")

    assert sweep(state, closer=locked) == (0, [])
    count, (said,) = sweep(state, closer=broken)
    assert (count, said.startswith("cannot settle the killed run in ")) == (0, True), "the folder is let go of"
