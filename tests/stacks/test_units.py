"""What the units of a run of many stacks come to: states, outcome, sums, failures, signals and causes."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest

from change_events.journal import Journal
from change_events.model import (
    CauseKind,
    ChangeEvent,
    Confidence,
    Counts,
    Failure,
    Kind,
    Outcome,
    OutcomeCounts,
    Phase,
    Severity,
    SharedCause,
    Signal,
    Stacks,
    Summary,
    Tool,
    Trace,
)
from change_events.redact import Redactor
from change_events.settings import Settings
from change_events.stacks.event import completed
from change_events.stacks.units import collect
from change_events.summary.composing import compose
from tests.support.sealed import EPOCH, event_id, sealed

WORK = "/work/live"
PARENT = event_id(1)


def run(number, name, outcome=Outcome.SUCCEEDED, *, of=PARENT, unit=True, workspace="default", **fields):
    """The event of a run of a unit."""
    summary = Summary(counts=Counts(create=1), outcomes=OutcomeCounts(applied=1))
    own = {"title": f"{name}: {number}", "outcome": outcome, "summary": summary, **fields}
    directory = name if name.startswith("/") else f"{WORK}/{name}"
    trace = Trace(run_id=event_id(number), parent_run_id=of, unit=unit)
    tool = Tool(name="terraform", directory=directory, workspace=workspace)
    return sealed(number, trace=trace, tool=tool, **own)


class Fleet:
    """A journal with runs of units, and perhaps a report."""

    def __init__(self, folder):
        self.folder = folder
        self.report = folder / "report.json"

    def whole(self, *runs, reported=None, base=WORK, code=0, outcome=None, tally=(), doubt=None, **fields):
        with Journal.open(self.folder / "journal.db") as journal:
            for one in runs:
                if one.event.outcome is None:
                    journal.start(one)
                else:
                    journal.settle(one, [])
            facts = {}
            if reported is not None:
                self.report.write_text(json.dumps([dict(zip(NAMES, one, strict=False)) for one in reported]))
                facts = {"report": str(self.report), "base": base, "before": None}
            found = collect(journal, PARENT, WORK, Tally(tally), facts)
        ended = outcome or (Outcome.FAILED if code else Outcome.SUCCEEDED)
        failures = (Failure(summary=f"exit code {code}"),) if ended is Outcome.FAILED else ()
        event = ChangeEvent(
            id=PARENT, kind=Kind.INFRASTRUCTURE, phase=Phase.APPLIED, started_at=EPOCH, title="", outcome=ended,
            ended_at=EPOCH + timedelta(minutes=9), environment="prod", failures=failures, stacks=Stacks(),
            tool=Tool(name="terragrunt", directory=WORK, exit_code=code), **fields,
        )  # fmt: skip
        return compose(completed(event, found, Redactor(), doubt=doubt), Settings())


NAMES = ("Name", "Result", "Reason", "Cause", "Cmd")


class Tally:
    """A run's folder in which runs were counted that left no event."""

    def __init__(self, units):
        self.units = units

    def read(self, _name):
        return b"".join(msgspec.json.encode({"directory": f"{WORK}/{name}"}) + b"\n" for name in self.units)


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


def states(event):
    return [(unit.name, unit.state.value) for unit in event.stacks.units]


def test_the_title_is_that_of_the_issue(fleet):
    runs = [run(10 + n, f"changed{n}") for n in range(5)]
    failed = run(30, "db", Outcome.FAILED, summary=Summary(), failures=(Failure(summary="quota exceeded"),))
    reported = [(f"changed{n}", "succeeded") for n in range(5)] + [("db", "failed", "run error", "exit status 1")]
    reported += [(f"app{n}", "early exit", "ancestor error", "db") for n in range(3)]
    reported += [(f"same{n}", "succeeded") for n in range(28)] + [("old", "excluded", "exclude block")]
    event = fleet.whole(*runs, failed, reported=reported, tally=[f"same{n}" for n in range(28)], code=1)
    assert event.title == "prod: 37 stacks, 5 changed, 1 failed, 3 not reached"
    assert (event.outcome, event.severity) == (Outcome.PARTIAL, Severity.ERROR)
    assert event.summary.applied == Counts(create=5)
    assert [(one.summary, one.address) for one in event.failures] == [("quota exceeded", "db")]
    assert states(event)[:5] == [
        ("db", "failed"), ("app0", "not_reached"), ("app1", "not_reached"), ("app2", "not_reached"),
        ("changed0", "changed"),
    ]  # fmt: skip
    assert event.stacks.units[1].reason == "db failed"
    assert event.stacks.counts.unchanged == 28
    assert "- `app0`, `app1`, `app2`: db failed" in event.message
    assert event.stacks.note is None


@pytest.mark.parametrize(
    ("runs", "more", "outcome", "title"),
    [
        ([], {}, Outcome.NO_CHANGE, "no stacks"),
        ([], {"reported": [()]}, Outcome.SUCCEEDED, "no stacks"),
        ([], {"reported": [("a", "excluded", "exclude block")]}, Outcome.NO_CHANGE, "no stacks"),
        ([], {"code": 1}, Outcome.FAILED, "no stacks, failed, exit code 1"),
        ([], {"tally": ["a", "b"]}, Outcome.NO_CHANGE, "2 stacks, no changes"),
        ([run(10, "a")], {"tally": ["b"]}, Outcome.SUCCEEDED, "2 stacks, 1 changed"),
        ([run(10, "a")], {"code": 1}, Outcome.PARTIAL, "1 stack, 1 changed, failed, exit code 1"),
        ([run(10, "a", Outcome.FAILED, summary=Summary())], {}, Outcome.FAILED, "1 stack, 1 failed"),
        (
            [run(10, "a", Outcome.DECLINED, summary=Summary())],
            {"code": 1},
            Outcome.CANCELLED,
            "1 stack, 1 cancelled, cancelled",
        ),
        ([run(10, "a", None), run(11, "b")], {}, Outcome.UNKNOWN, "2 stacks, 1 changed, 1 unknown"),
        ([run(10, "a")], {"outcome": Outcome.UNKNOWN}, Outcome.UNKNOWN, "1 stack, 1 changed, outcome unknown"),
        ([run(10, "a")], {"outcome": Outcome.CANCELLED}, Outcome.CANCELLED, "1 stack, 1 changed, cancelled"),
        ([run(10, "a", phase=Phase.PLANNED)], {"code": 2}, Outcome.SUCCEEDED, "1 stack, 1 with changes planned"),
        (
            [run(10, "a", phase=Phase.PLANNED), run(11, "b")],
            {},
            Outcome.SUCCEEDED,
            "2 stacks, 1 changed, 1 not reached",
        ),
        ([run(10, "a", unit=False), run(11, "b", explicit=True)], {}, Outcome.NO_CHANGE, "no stacks"),
        ([], {"reported": [("a", "succeeded", "", "", "apply")]}, Outcome.SUCCEEDED, "1 stack, 1 not observed"),
        ([], {"reported": [("a", "succeeded", "", "", "validate")]}, Outcome.NO_CHANGE, "1 stack, no changes"),
        (
            [run(10, "a")],
            {"reported": [("a", "failed", "run error", "hook failed")], "code": 1},
            Outcome.PARTIAL,
            "1 stack, 1 failed",
        ),
    ],
)  # fmt: skip
def test_outcome_and_title(fleet, runs, more, outcome, title):
    event = fleet.whole(*runs, **more)
    assert (event.outcome, event.title) == (outcome, f"prod: {title}")


def test_a_unit_that_was_only_planned_when_the_command_was_killed_is_not_said_to_have_been_skipped(fleet):
    runs = [run(10, "a", phase=Phase.PLANNED), run(11, "b")]
    event = fleet.whole(*runs, doubt="a signal ended the command", outcome=Outcome.CANCELLED, code=-15)
    assert states(event) == [("a", "unknown"), ("b", "changed")]
    assert event.stacks.units[0].reason == "planned; it is not known whether it is applied after the command ended"
    assert event.stacks.note == "a signal ended the command"
    assert event.title == "prod: 2 stacks, 1 changed, 1 unknown, cancelled"


def test_a_unit_that_was_retried_is_one_unit_and_both_runs_count(fleet):
    first = Summary(counts=Counts(create=5), applied=Counts(create=3), outcomes=OutcomeCounts(applied=3, failed=2))
    second = Summary(counts=Counts(create=2), applied=Counts(create=2), outcomes=OutcomeCounts(applied=2))
    event = fleet.whole(
        run(10, "a", Outcome.PARTIAL, summary=first, failures=(Failure(summary="timeout"),)),
        run(11, "a", summary=second),
        reported=[("a", "succeeded", "retry succeeded")],
    )  # fmt: skip
    assert (event.title, event.outcome) == ("prod: 1 stack, 1 changed", Outcome.SUCCEEDED)
    assert event.summary.counts == event.summary.applied == Counts(create=5)
    assert event.summary.outcomes == OutcomeCounts(applied=5)
    assert (event.failures, event.stacks.units[0].runs) == ((), 2)


def test_workspaces_of_one_directory_are_units_of_their_own(fleet):
    event = fleet.whole(run(10, "a"), run(11, "a", workspace="eu"))
    assert states(event) == [("a", "changed"), ("a (eu)", "changed")]


def test_units_in_terragrunts_cache_and_elsewhere_are_matched(fleet):
    cached = run(10, f"{WORK}/vpc/.terragrunt-cache/x/y/modules/vpc")
    event = fleet.whole(cached, run(11, "/srv/trees/abc/db"), reported=[("vpc", "succeeded"), ("db", "succeeded")])
    assert states(event) == [("db", "changed"), ("vpc", "changed")]


def test_units_whose_names_cannot_be_matched_do_not_count_twice(fleet):
    event = fleet.whole(
        run(10, "/tmp/x/y"), reported=[("vpc", "succeeded"), ("db", "failed", "run error", "no")], code=1
    )
    assert states(event) == [("db", "failed"), ("/tmp/x/y", "changed")]
    assert "1 of the report's units stand under the directory" in event.stacks.note


def test_one_error_of_many_units_is_named_once(fleet):
    same = (Failure(summary="No valid credential sources", address="provider"),)
    runs = [run(10 + n, f"u{n}", Outcome.FAILED, summary=Summary(), failures=same) for n in range(7)]
    event = fleet.whole(*runs, run(40, "z", Outcome.FAILED, failures=(Failure(summary="odd", address="x.y"),)), code=1)
    assert [(one.summary, one.address) for one in event.failures] == [
        ("No valid credential sources (7 units: u0, u1, u2, u3, u4 and 2 more)", None), ("odd", "z: x.y"),
    ]  # fmt: skip


def cause(kind=CauseKind.EDITED_LINE, text="var.size", file="../common.tfvars", line=4, changes=2):
    return SharedCause(
        kind=kind, text=text, file=file, line=line, changes=changes, addresses=("x.y",), confidence=Confidence.EXACT
    )


def test_a_cause_is_one_where_it_is_one_file_or_version(fleet):
    provider = cause(CauseKind.PROVIDER_VERSION, "aws 5.1 → 5.2", None, None)
    own, upstream = cause(file="terraform.tfvars"), cause(CauseKind.UPSTREAM_CHANGE, "aws_vpc.main", None, None)
    unknown = cause(CauseKind.UNKNOWN, "no git", None, None)
    given = (cause(), provider, own, upstream, unknown)
    event = fleet.whole(run(10, "a", causes=given), run(11, "b", causes=given))
    assert [(one.text, one.file, one.changes) for one in event.causes] == [
        ("var.size", "common.tfvars", 4),
        ("aws 5.1 → 5.2", None, 4),
        ("var.size", "a/terraform.tfvars", 2),
        ("a: aws_vpc.main", None, 2),
        ("var.size", "b/terraform.tfvars", 2),
        ("b: aws_vpc.main", None, 2),
    ]
    assert event.causes[0].addresses == ("a: x.y", "b: x.y")


def test_risk_signals_are_those_of_the_units_the_severest_first(fleet):
    exposed = Signal(name="exposed_to_world", reason="open", address="x.y", severity=Severity.ERROR)
    dirty = Signal(name="applied_unpublished", reason="applied with uncommitted changes in the working tree")
    labels = Signal(name="labels_only", reason="only tags or labels change", severity=Severity.INFO)
    event = fleet.whole(run(10, "a", signals=(dirty, labels)), run(11, "b", signals=(dirty, exposed)))
    assert [(one.name, one.address) for one in event.signals] == [
        ("exposed_to_world", "b: x.y"), ("applied_unpublished", None)
    ]  # fmt: skip
    assert event.severity is Severity.ERROR


def test_secrets_and_control_characters_of_a_report_are_not_shown(fleet):
    token = "ghp_" + "a1B2" * 9
    reported = [("a\x1b[31m", "failed", "run error", f"\n  push https://x:{token}@h failed \x07 token={token}")]
    event = fleet.whole(reported=reported, code=1)
    text = msgspec.json.encode(event).decode()
    assert token not in text
    assert "\\u001b" not in text
    assert "\\u0007" not in text
    assert event.failures[0].summary.startswith("push https://")


def test_more_units_than_are_listed_are_counted(fleet):
    event = fleet.whole(reported=[(f"u{n:04}", "early exit", "ancestor error", "x") for n in range(1_200)], code=1)
    assert (event.stacks.counts.not_reached, len(event.stacks.units), event.stacks.omitted) == (1_200, 1_000, 200)
    assert len(event.message.encode()) < 8_000


def test_a_broken_report_is_said_and_changes_nothing_else(fleet):
    fleet.report = fleet.folder / "broken"
    event = fleet.whole(run(10, "a"), reported=[], base=WORK)
    assert event.stacks.note is None
    fleet.report.write_text("[{")
    with Journal.open(fleet.folder / "journal.db") as journal:
        found = collect(journal, PARENT, WORK, None, {"report": str(fleet.report), "base": WORK, "before": None})
    assert found.notes == ["Terragrunt's run report: not a run report of Terragrunt in JSON or CSV"]
    assert [unit.name for unit in found.units] == ["a"]
