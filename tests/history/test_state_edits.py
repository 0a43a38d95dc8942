"""The next run that changes a resource links back to the command that edited its entry in the state."""

from __future__ import annotations

import pytest

from change_events.history.signals import history_signals
from change_events.model import Action, Drift, Outcome, StateEdit
from tests.history.past import change, journal_of, run

DB = "aws_db_instance.main"


def edit(minutes_ago, *changes, command="state rm", **fields):
    return run(minutes_ago, *changes, state=StateEdit(command=command), **fields)


@pytest.fixture
def signals_of(tmp_path):
    journals = []

    def last_signals(*events):
        journals.append(journal_of(tmp_path, *events[:-1]))
        return [
            one for one in history_signals(journals[-1], events[-1]) if one.name in {"state_edited", "finished_later"}
        ]

    yield last_signals
    for journal in journals:
        journal.close()


def test_what_was_removed_from_the_state_and_is_created_again_may_exist_twice(signals_of):
    removed = edit(180, change(DB, "forget", id="db-1"), user="eve")
    (signal,) = signals_of(run(300, change(DB, "create")), removed, run(0, change(DB, "create")))
    assert (signal.name, signal.address, signal.events) == ("state_edited", DB, (removed.id,))
    assert signal.reason == (
        "was removed from the state 3 h earlier by eve (state rm): "
        "the object that it referred to, db-1, may exist beside the new one"
    )


@pytest.mark.parametrize(
    ("edited", "then", "words"),
    [
        (edit(60, change(DB, "edit", raw_actions=("taint",)), command="taint"), "replace", "was marked as tainted"),
        (edit(60, change(DB, "import"), command="import"), "update", "was imported 1 h earlier by ann (import)"),
        (edit(60, change(DB, "move", previous_address="a.b"), command="state mv"), "update", "was moved from a.b 1 h"),
        (
            edit(60, change(DB, "move", previous_address="a.b", note="provider a → b"), command="state mv"),
            "update",
            "was moved from a.b 1 h earlier by ann (state mv)",
        ),
        (
            edit(60, change("a.new", "move", previous_address=DB), command="state mv"),
            "create",
            "was moved to a.new 1 h",
        ),
        (run(60, change(DB, "forget")), "create", "was removed from the state 1 h earlier by ann: "),
    ],
)
def test_each_edit_is_named(signals_of, edited, then, words):
    (signal,) = signals_of(edited, run(0, change(DB, then)))
    assert words in signal.reason


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([edit(60, change(DB, "forget")), run(30, change(DB, "create"))], run(0, change(DB))),  # the run between has it
        ([edit(60, change(DB, "forget"), stack="other")], run(0, change(DB, "create"))),
        ([run(60, change(DB, "import"))], run(0, change(DB))),  # by an import block
        ([edit(60, change(DB, "forget"))], edit(0, change(DB, "import"), command="import")),
        ([edit(60, change("a.new", "move", previous_address=DB))], run(0, change("a.x", "create"))),
        ([run(60, change("a.new", "move", previous_address=DB))], run(0, change(DB, "create"))),  # by a moved block
    ],
)
def test_nothing_else_is(signals_of, before, now):
    assert signals_of(*before, now) == []


MOVED = edit(60, change("a.new", "move", previous_address=DB), command="state mv")
LEFT = edit(60, change("a.new", "move", previous_address=DB, note="to another state"), command="state mv")
LOST = (Drift(address="a.new", action=Action.DESTROY),)
WAS = "the object of this address was moved to a.new 1 h earlier"


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([MOVED, run(0, change(DB, "create"))], f"{WAS}: it exists beside the new one"),
        ([MOVED, run(0, change(DB, "create"), change("a.new"))], f"{WAS}: it exists beside the new one"),
        ([MOVED, run(0, change(DB, "create"), change("a.new", "destroy"))], f"{WAS}, and this run destroyed it"),
        ([MOVED, run(0, change(DB, "create"), change("a.new", "replace"))], f"{WAS}, and this run replaced it"),
        (
            [MOVED, run(0, change(DB, "create"), change("a.new", "destroy", "failed"))],
            f"{WAS}, and this run was to destroy it",
        ),
        ([MOVED, run(0, change(DB, "create"), drift=LOST)], WAS),
        ([MOVED, run(30, change("a.new", "destroy")), run(0, change(DB, "create"))], WAS),
        (
            [MOVED, edit(30, change("a.z", "move", previous_address="a.new")), run(0, change(DB, "create"))],
            WAS,
        ),
        (
            [LEFT, run(0, change(DB, "create"), change("a.new", "destroy"))],
            f"{WAS.replace('a.new', 'a.new of another state')}: it may exist beside the new one",
        ),
    ],
)
def test_an_object_that_was_moved_away_is_said_to_exist_only_where_it_does(signals_of, events, reason):
    [signal] = [one for one in signals_of(*events) if one.address == DB]
    assert signal.reason == reason
    assert signal.events == (events[0].id,)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"state": StateEdit(command="state rm", previous_serial=3, serial=5)},
            "was removed from the state 1 h earlier by one of several commands",
        ),
        (
            {"outcome": Outcome.FAILED},
            "was removed from the state 1 h earlier during a failed state rm of eve",
        ),
    ],
)
def test_an_edit_that_another_command_may_have_made_is_not_ascribed(signals_of, fields, words):
    given = {"state": StateEdit(command="state rm"), **fields}
    (signal,) = signals_of(run(60, change(DB, "forget"), user="eve", **given), run(0, change(DB)))
    assert signal.reason == words


def test_a_run_that_completes_a_failed_one_does_so_across_an_edit_of_the_state(signals_of):
    failed = run(60, change("a.a", "create", "failed"), outcome=Outcome.FAILED)
    found = signals_of(failed, edit(30, change("a.b", "import"), command="import"), run(0, change("a.a", "create")))
    assert [one.name for one in found] == ["finished_later"]
