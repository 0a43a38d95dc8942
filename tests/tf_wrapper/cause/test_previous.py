"""Which earlier run a resource is compared with, from a real journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from change_events.cause.earlier_runs import last
from change_events.ids import new_id
from change_events.journal import Journal
from change_events.model import (
    Action,
    Change,
    ChangeEvent,
    ChangeOutcome,
    Counts,
    Inputs,
    Kind,
    Outcome,
    Phase,
    Summary,
    Tool,
    Truncated,
    Vcs,
)
from change_events.process.deadline import Deadline
from change_events.recording.baseline import baseline_of
from change_events.redact import MARK, Redactor
from tf_wrapper.cause.previous import runs_before

START = datetime(2026, 11, 1, tzinfo=UTC)
A, B = "x_thing.a", "x_thing.b"


def event(commit, outcome=Outcome.SUCCEEDED, applied=(A,), failed=(), **fields):
    changes = [Change(address=one, action=Action.UPDATE, outcome=ChangeOutcome.APPLIED) for one in applied]
    changes += [Change(address=one, action=Action.UPDATE, outcome=ChangeOutcome.NOT_ATTEMPTED) for one in failed]
    known = {
        "id": new_id(), "kind": Kind.INFRASTRUCTURE, "phase": Phase.APPLIED, "started_at": START, "title": commit,
        "tool": Tool(name="terraform", workspace="default", directory="/code/prod"),
        "vcs": Vcs(repository="acme/infra", path="prod", commit=commit, dirty=False),
        "inputs": Inputs(variables={"v": commit}), "changes": tuple(changes), "outcome": outcome,
    }  # fmt: skip
    return ChangeEvent(**{**known, **fields})


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


def found(journal, *events, addresses=(A,), this=None):
    redactor = Redactor()
    for at, one in enumerate(events):
        journal.settle(redactor.seal(replace(one, started_at=START + timedelta(minutes=at))), ())
    run = last(runs_before(journal, this or event("now"), Deadline(60)), set(addresses))
    return run and (run.commit, run.inputs and run.inputs.variables["v"])


def test_the_newest_run_that_succeeded(journal):
    assert found(journal, event("c1"), event("c2")) == ("c2", "c2")


def test_it_counts_for_what_it_did_not_have_to_change(journal):
    assert found(journal, event("c1"), event("c2", applied=(B,))) == ("c2", "c2")


@pytest.mark.parametrize(
    "other",
    [
        event("c2", Outcome.PARTIAL, applied=(B,), failed=(A,)),
        event("c2", Outcome.FAILED, applied=(), failed=(A,)),
        event("c2", Outcome.FAILED, applied=()),  # planning failed: nothing was compared
        event("c2", Outcome.DECLINED, applied=(), failed=(A,)),
        event("c2", phase=Phase.PLANNED),
        event("c2", applied=(B,), partial=True),  # -target: the rest was not looked at
        event("c2", tool=Tool(name="terraform", workspace="staging", directory="/code/prod")),
        event("c2", vcs=Vcs(repository="acme/infra", path="staging", commit="c2")),
        event("c2", vcs=Vcs(repository="acme/other", path="prod", commit="c2")),
    ],
    ids=lambda one: f"{one.outcome}-{one.phase}-{one.partial}",
)
def test_runs_that_say_nothing_of_a_resource_are_passed_over(journal, other):
    assert found(journal, event("c1"), other) == ("c1", "c1")


def test_a_run_that_failed_counts_for_what_it_applied_and_for_what_was_as_configured(journal):
    partial = event("c2", Outcome.PARTIAL, applied=(B,), failed=("x_thing.c",))
    assert found(journal, event("c1"), partial, addresses=(B,)) == ("c2", "c2")
    assert found(journal, partial, addresses=(A,)) == ("c2", "c2")


def test_the_same_stack_in_another_clone(journal):
    elsewhere = event("c1", tool=Tool(name="terraform", workspace="default", directory="/builds/77/prod"))
    assert found(journal, elsewhere) == ("c1", "c1")


def test_without_a_repository_the_directory_is_what_counts(journal):
    bare = event("c1", vcs=None)
    assert found(journal, bare, this=event("now", vcs=None)) == (None, "c1")


def test_an_empty_journal(journal):
    assert found(journal) is None


def nothing(commit, **fields):
    """A run that found everything as configured, as the journal keeps it."""
    return event(commit, Outcome.NO_CHANGE, applied=(), summary=Summary(counts=Counts(no_op=3)), **fields)


def test_a_run_that_changed_nothing_is_the_newest_that_left_it_as_configured(journal):
    kept = replace(nothing("c2"), started_at=START + timedelta(seconds=30))
    journal.discard(kept.id, Redactor().seal(baseline_of(kept)))
    now = replace(event("now"), started_at=START + timedelta(hours=1))
    assert found(journal, event("c1"), this=now) == ("c2", "c2")
    later = (event("c1"), event("c3", Outcome.PARTIAL, applied=(B,), failed=(A,)))
    assert found(journal, *later, this=now, addresses=(A,)) == ("c2", "c2")
    assert found(journal, *later, this=now, addresses=(B,)) == ("c3", "c3")
    for other in (
        replace(now, started_at=START),  # it began before
        replace(now, tool=Tool(name="terraform", workspace="staging", directory="/code/prod")),
        replace(now, tool=Tool(name="tofu", workspace="default", directory="/code/prod")),
    ):
        assert not [one for one in runs_before(journal, other, Deadline(60)) if one.commit == "c2"]


@pytest.mark.parametrize(
    "other",
    [
        nothing("c2", partial=True),
        nothing("c2", vcs=Vcs(repository="acme/infra")),
        nothing("c2", phase=Phase.PLANNED),
        nothing("c2", truncated=Truncated(changes=1)),
        event("c2", Outcome.NO_CHANGE, applied=()),  # -refresh-only, and a destroy of nothing
        event("c2", Outcome.CANCELLED, applied=()),
    ],
    ids=["limited", "no commit", "plan", "truncated", "nothing compared", "cancelled"],
)
def test_a_run_that_compared_nothing_or_not_all_is_none(journal, other):
    assert baseline_of(other) is None


def test_a_refresh_only_run_that_is_recorded_proves_nothing(journal):
    assert found(journal, event("c1"), event("c2", applied=())) == ("c1", "c1")


ONE, TWO, HIDDEN = ('x_thing.a["one"]', 'x_thing.a["two"]', f'x_thing.a["{MARK}"]')


def test_a_run_that_changed_a_hidden_instance_says_nothing_of_another_one(journal):
    older, part = event("first"), event("second", applied=(HIDDEN,), partial=True)
    assert found(journal, older, part, addresses=(HIDDEN,)) == ("first", "first")


def test_a_run_that_left_a_hidden_instance_open_may_have_left_any(journal):
    failed = event("second", Outcome.FAILED, applied=(B,), failed=(HIDDEN,))
    assert found(journal, event("first"), failed, addresses=(ONE,)) == ("first", "first")


def test_a_run_that_changed_all_it_was_to_change_holds_for_hidden_instances_too(journal):
    assert found(journal, event("first"), event("second", applied=(HIDDEN,)), addresses=(TWO,)) == ("second", "second")
