"""Signals that only the past can show, and what must not be taken for one."""

from __future__ import annotations

import msgspec
import pytest

from change_events.history.signals import history_signals
from change_events.journal import Journal
from change_events.model import Cause, CauseKind, Inputs, Outcome, Phase, Severity, Tool
from change_events.recording import EventWriter
from change_events.redact import Redactor
from change_events.settings import Settings
from tests.history.past import ABSENT, UNKNOWN, change, journal_of, run, secret, settle, value

DB = "aws_db_instance.main"
BIG, SMALL = "db.r6g.large", "db.t3.micro"


def db(before, after, address=DB, path="instance_class", **fields):
    return change(address, attributes={path: (before, after)}, **fields)


@pytest.fixture
def signals_of(tmp_path):
    """Settle runs, the oldest first; give the signals of the last one as it settles."""
    journals = []

    def last_signals(*events):
        journal = journal_of(tmp_path, *events[:-1])
        journals.append(journal)
        return history_signals(journal, events[-1])

    yield last_signals
    for journal in journals:
        journal.close()


def names(signals):
    return [(signal.name, signal.address) for signal in signals]


def test_a_value_that_returns_is_a_revert_with_the_event_it_undoes_and_how_long_ago_that_was(signals_of):
    grown = run(300, db(SMALL, BIG))
    (signal,) = signals_of(grown, run(200, change("x.other")), run(60, db(BIG, SMALL)))
    assert (signal.name, signal.address, signal.events) == ("reverted", DB, (grown.id,))
    assert signal.reason == f"instance_class: back at the value that {grown.id} replaced 4 h earlier"


def test_reverts_of_several_attributes_by_one_change_are_one_signal(signals_of):
    both = {"instance_class": (SMALL, BIG), "storage": ("1", "2"), "tags.a": (ABSENT, "x"), "tags.b": ("1", "2")}
    back = {path: (after, before) for path, (before, after) in both.items()}
    (signal,) = signals_of(run(300, change(DB, attributes=both)), run(60, change(DB, attributes=back)))
    assert signal.reason.startswith("instance_class, storage, tags.a and 1 more: back at the value")


def test_a_secret_that_returns_is_a_revert(signals_of):
    old, new = secret("a" * 12), secret("b" * 12)
    assert names(signals_of(run(300, db(old, new, path="password")), run(60, db(new, old, path="password")))) == [
        ("reverted", DB)
    ]


def test_a_revert_is_found_behind_further_changes(signals_of):
    taken = run(300, db(SMALL, BIG))
    (signal,) = signals_of(taken, run(200, db(BIG, "db.x2.huge")), run(60, db("db.x2.huge", SMALL)))
    assert signal.events == (taken.id,)


def test_a_revert_follows_a_move(signals_of):
    grown = run(300, db(SMALL, BIG))
    moved = run(200, change("aws_db_instance.primary", "move", previous_address=DB))
    (signal,) = signals_of(grown, moved, run(60, db(BIG, SMALL, "aws_db_instance.primary")))
    assert signal.events == (grown.id,)


def test_a_revert_in_the_run_that_moves_the_resource(signals_of):
    grown = run(300, db(SMALL, BIG))
    (signal,) = signals_of(grown, run(60, db(BIG, SMALL, "aws_db_instance.primary", previous_address=DB)))
    assert signal.events == (grown.id,)


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param([db(SMALL, BIG, outcome="failed")], id="what failed"),
        pytest.param([db(SMALL, BIG, outcome="planned")], id="what was never done"),
        pytest.param([db(SMALL, BIG, path="other")], id="another attribute"),
        pytest.param([db(SMALL, BIG, "aws_db_instance.other")], id="another resource"),
        pytest.param([db("db.m5.large", BIG)], id="another value"),
        pytest.param([change(DB, "create")], id="a creation"),
        pytest.param([db(SMALL, BIG), db(BIG, UNKNOWN), db(UNKNOWN, BIG)], id="a value that is not known between"),
    ],
)
def test_what_is_no_revert(signals_of, earlier):
    runs = [run(900 - 60 * number, one) for number, one in enumerate(earlier)]
    assert signals_of(*runs, run(60, db(BIG, SMALL))) == ()


@pytest.mark.parametrize(
    "last",
    [
        run(60, db(BIG, SMALL), stack="other"),
        run(60, db(BIG, SMALL), phase=Phase.PLANNED),
        run(60, db(BIG, SMALL, outcome="failed")),
        run(60, db(BIG, SMALL, outcome="not_attempted")),
        run(60, db("https://(sensitive)@x", SMALL)),
        run(60, db(BIG, SMALL), explicit=True),
        run(60 - 91 * 24 * 60, db(BIG, SMALL)),
        run(60, change(DB, "destroy")),
    ],
    ids=[
        "another stack",
        "a plan",
        "failed",
        "not attempted",
        "partly hidden",
        "explicit",
        "months later",
        "destroyed",
    ],
)
def test_what_undoes_nothing(signals_of, last):
    assert signals_of(run(300, db(SMALL, BIG)), last) == ()


def test_values_that_take_turns_are_flapping_and_not_a_revert_as_well(signals_of):
    first, second = run(300, db(SMALL, BIG)), run(200, db(BIG, SMALL))
    (signal,) = signals_of(first, second, run(60, db(SMALL, BIG)))
    assert (signal.name, signal.address, signal.events) == ("flapping", DB, (second.id, first.id))
    assert "take turns" in signal.reason


PERPETUAL = change("x.y", attributes={"policy": ("a", "b")}, provider="registry.terraform.io/hashicorp/aws")


def perpetual(minutes, *more, **fields):
    return run(minutes, PERPETUAL, *more, **fields)


def test_a_perpetual_diff_is_flapping_and_names_the_provider_with_its_version(signals_of):
    inputs = Inputs(providers={"registry.terraform.io/hashicorp/aws": "5.31.0"})
    first, second = perpetual(300), perpetual(200)
    (signal,) = signals_of(perpetual(400), first, second, perpetual(60, inputs=inputs))
    assert (signal.name, signal.events) == ("flapping", (second.id, first.id))
    assert "3 runs in a row, with no edit; provider hashicorp/aws 5.31.0 does not keep it" in signal.reason


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param([perpetual(200), perpetual(60)], id="two runs"),
        pytest.param([perpetual(300), run(250, change("x.z")), perpetual(200), perpetual(60)], id="not in a row"),
        pytest.param(
            [perpetual(300), run(200, change("x.y", attributes={"policy": ("b", "a")})), perpetual(60)], id="turns"
        ),
        pytest.param(
            [run(m, change("x.y", attributes={"image": (f"v{m}", f"v{m - 100}")})) for m in (300, 200, 100)],
            id="a version that goes up by each run",
        ),
        pytest.param(
            [run(m, change("x.y", attributes={"arn": ("v", UNKNOWN)})) for m in (300, 200, 100)],
            id="known after the apply",
        ),
        pytest.param(
            [
                perpetual(300),
                perpetual(200),
                run(60, msgspec.structs.replace(PERPETUAL, causes=(Cause(kind=CauseKind.EDITED_LINE),))),
            ],
            id="edited",
        ),
    ],
)
def test_what_is_no_perpetual_diff(signals_of, runs):
    assert not [signal for signal in signals_of(*runs) if "in a row, with" in signal.reason]


def test_the_first_change_of_a_type_in_a_stack_with_a_past(signals_of):
    past = [run(900 - 60 * n, change("x_a.b")) for n in range(4)]
    (signal,) = signals_of(*past, run(60, change("aws_iam_policy.ci", "create"), change("x_a.b")))
    assert (signal.name, signal.address) == ("first_touch", "aws_iam_policy.ci")
    assert signal.reason == "first change of aws_iam_policy in this stack, after 4 recorded runs"


FAILED_BEFORE = change("y_a.z", outcome="failed")


@pytest.mark.parametrize(
    ("past", "last"),
    [
        ([run(900 - n, change("x_a.b"), stack="other") for n in range(5)], run(60, change("y_a.b"))),
        ([run(900, change("x_a.b"))], run(60, change("y_a.b"))),
        (
            [run(900 - n, change("x_a.b"), change("y_a.z", outcome="failed")) for n in range(4)],
            run(60, change("y_a.b")),
        ),
        ([run(900 - n, change("x_a.b")) for n in range(4)], run(60, change("y_a.b", outcome="failed"))),
        ([run(900 - n, change("x_a.b")) for n in range(4)], run(60, change("data.y_a.b", mode="data"))),
    ],
    ids=["a stack without a past", "hardly a past", "tried before", "failed", "a data source"],
)
def test_what_is_no_first_change(signals_of, past, last):
    assert signals_of(*past, last) == ()


def test_nothing_is_new_while_older_events_are_not_indexed(tmp_path):
    with journal_of(tmp_path, *(run(900 - n, change("x_a.b")) for n in range(4))) as journal:
        journal._connection.execute("UPDATE totals SET unindexed = 1")
        assert history_signals(journal, run(60, change("y_a.b"))) == ()


def failed(minutes, *changes):
    return run(minutes, *changes, outcome=Outcome.PARTIAL)


def test_a_failed_run_that_this_one_completes(signals_of):
    first = failed(300, change("x.a"), change("x.b", outcome="failed"), change("x.c", outcome="not_attempted"))
    second = failed(200, change("x.b"), change("x.c", outcome="failed"))
    (signal,) = signals_of(first, second, run(60, change("x.c"), change("x.d")))
    assert (signal.name, signal.events) == ("finished_later", (second.id, first.id))
    assert signal.reason == "completes the run that failed 2 h earlier: x.c"


@pytest.mark.parametrize(
    "last",
    [
        run(60, change("x.b")),
        run(60, change("x.b"), change("x.c"), outcome=Outcome.PARTIAL),
        run(60, change("x.b"), change("x.c"), stack="other"),
    ],
    ids=["a part of it", "failed again", "another stack"],
)
def test_what_completes_nothing(signals_of, last):
    first = failed(300, change("x.b", outcome="failed"), change("x.c", outcome="not_attempted"))
    assert signals_of(first, last) == ()


def test_what_succeeded_in_between_ends_the_failure(signals_of):
    first = failed(300, change("x.b", outcome="failed"))
    assert signals_of(first, run(200, change("x.z")), run(60, change("x.b"))) == ()


DIGEST = "ab" * 32


def test_the_run_that_saved_the_plan_is_named(signals_of):
    planned = run(300, change("x.a", outcome="planned"), phase=Phase.PLANNED, tool=Tool(name="tofu", plan=DIGEST))
    (signal,) = signals_of(planned, run(60, change("x.a"), tool=Tool(name="tofu", plan=DIGEST)))
    assert (signal.name, signal.events) == ("planned_there", (planned.id,))
    assert signal.reason == "the plan was made 4 h earlier by ann on laptop"


@pytest.mark.parametrize(
    "first",
    [
        run(300, phase=Phase.PLANNED, tool=Tool(name="tofu", plan="cd" * 32)),
        run(300, phase=Phase.PLANNED),
        run(300, change("x.z"), tool=Tool(name="tofu", plan=DIGEST)),
    ],
    ids=["another file", "no file", "applied"],
)
def test_what_was_not_planned_there(signals_of, first):
    assert signals_of(first, run(60, change("x.a"), tool=Tool(name="tofu", plan=DIGEST))) == ()


def test_the_writer_records_them_and_they_make_no_event_more_severe(tmp_path):
    settings = Settings(journal=tmp_path / "journal.db")
    grown = run(300, db(value(SMALL), BIG))
    with Journal.open(settings.journal) as journal:
        settle(journal, grown)
    said = []
    settled = EventWriter(settings, Redactor(), say=said.append).settle(run(60, db(BIG, SMALL)))
    (signal,) = settled.sealed.event.signals
    assert (signal.name, signal.events, settled.sealed.event.severity) == ("reverted", (grown.id,), Severity.INFO)
    assert not [line for line in said if "compared" in line]
    again = EventWriter(settings, Redactor(), say=said.append).settle(settled.sealed.event)
    assert again.sealed.event.signals == (signal,), "settling again does not compare an event with itself"


def test_a_fault_in_looking_back_costs_a_line_and_not_the_event(tmp_path, monkeypatch):
    def broken(*_):
        raise ValueError("no")

    monkeypatch.setattr("change_events.history.signals.history_signals", broken)
    said = []
    settings = Settings(journal=tmp_path / "journal.db")
    assert EventWriter(settings, Redactor(), say=said.append).settle(run(60, db(BIG, SMALL))).recorded
    assert any("earlier events were not compared" in line for line in said)


@pytest.mark.parametrize(
    "named", [{"address": 'x_y.a["(sensitive)"]'}, {"address": "x_y.a", "path": 'tags["(sensitive)"]'}]
)
def test_what_a_redacted_name_stands_for_is_not_said_to_return(signals_of, named):
    assert signals_of(run(90, db("1", "2", **named)), run(80, db("2", "1", **named))) == ()
    plain = {name: text.replace("(sensitive)", "k") for name, text in named.items()}
    assert [one.name for one in signals_of(run(70, db("1", "2", **plain)), run(60, db("2", "1", **plain)))] == [
        "reverted"
    ]
