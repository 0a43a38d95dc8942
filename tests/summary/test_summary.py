"""Titles and messages: readable, harmless, never over the limit."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.errors import TemplateError
from change_events.model import (
    Action,
    AttributeChange,
    Change,
    ChangeEvent,
    ChangeOutcome,
    Counts,
    Failure,
    Kind,
    Outcome,
    OutcomeCounts,
    OutputChange,
    Phase,
    Severity,
    Summary,
    Tool,
    Value,
    ValueKind,
)  # fmt: skip
from change_events.summary.change_text import partial
from change_events.summary.composing import compose
from change_events.summary.message import message
from change_events.summary.severity import severity
from change_events.summary.title import title


def event(*changes, outcome=Outcome.SUCCEEDED, phase=Phase.APPLIED, **more):
    return ChangeEvent(
        id="1", kind=Kind.INFRASTRUCTURE, phase=phase, started_at=datetime(2026, 1, 1, tzinfo=UTC), title="",
        outcome=outcome, environment="prod", changes=changes,
        **{"tool": Tool(name="terraform", directory="/x/network"), **more},
    )  # fmt: skip


def change(address="a.b", action=Action.UPDATE, outcome=ChangeOutcome.APPLIED, **more):
    return Change(address=address, action=action, outcome=outcome, **more)


def counted(outcomes=None, **counts):
    return Summary(counts=Counts(**counts), outcomes=outcomes or OutcomeCounts())


@pytest.mark.parametrize(
    ("given_event", "expected"),
    [
        (event(summary=counted(replace=1, update=2)), "prod/network: 1 replaced, 2 updated"),
        (event(outcome=Outcome.NO_CHANGE), "prod/network: no changes"),
        (event(outcome=Outcome.DECLINED, summary=counted(create=1)), "prod/network: declined"),
        (event(outcome=Outcome.CANCELLED), "prod/network: cancelled before any change"),
        (
            event(outcome=Outcome.CANCELLED, summary=counted(OutcomeCounts(failed=1, not_attempted=1), create=2)),
            "prod/network: 1 failed, 1 not attempted, cancelled",
        ),
        (
            event(outcome=Outcome.CANCELLED, summary=counted(OutcomeCounts(unknown=2), replace=2)),
            "prod/network: 2 unknown, cancelled",
        ),
        (event(outcome=Outcome.UNKNOWN), "prod/network: outcome unknown"),
        (event(phase=Phase.PLANNED, summary=counted(create=2)), "prod/network: 2 creates planned"),
        (event(phase=Phase.PLANNED, outcome=Outcome.FAILED), "prod/network: planning failed"),
        (
            event(change(), change(outcome=ChangeOutcome.FAILED), outcome=Outcome.PARTIAL,
                  summary=counted(OutcomeCounts(applied=1, failed=1, not_attempted=3), update=2, create=3)),
            "prod/network: 1 updated, 1 failed, 3 not attempted",
        ),
    ],
)  # fmt: skip
def test_title(given_event, expected):
    assert title(given_event) == expected


@pytest.mark.parametrize(
    ("outcome", "counts", "expected"),
    [
        (Outcome.PARTIAL, {}, Severity.ERROR),
        (Outcome.SUCCEEDED, {"destroy": 1}, Severity.WARNING),
        (Outcome.DECLINED, {"destroy": 1}, Severity.INFO),
        (Outcome.SUCCEEDED, {"create": 1}, Severity.INFO),
    ],
)
def test_severity(outcome, counts, expected):
    assert severity(event(outcome=outcome, summary=counted(**counts))) is expected


@pytest.mark.parametrize(
    ("became", "expected"),
    [
        ({"not_attempted": 2}, Severity.INFO),
        ({"applied": 1}, Severity.WARNING),
        ({"failed": 1}, Severity.ERROR),
        ({"applied": 1, "failed": 1}, Severity.ERROR),
        ({"unknown": 1}, Severity.ERROR),
    ],
)
def test_severity_of_a_cancelled_run(became, expected):
    cancelled = event(outcome=Outcome.CANCELLED, summary=counted(OutcomeCounts(**became), create=2))
    assert severity(cancelled) is expected


def test_what_matters_most_comes_first():
    text = message(
        event(
            change("c.c", Action.CREATE),
            change("d.d", Action.DESTROY, reason="delete_because_no_resource_config"),
            failures=(Failure(summary="it broke", address="f.f"),),
        ),
        8000,
    )
    assert text.index("it broke") < text.index("d.d") < text.index("c.c")
    assert "no longer in the configuration" in text


@pytest.mark.parametrize(
    ("phase", "outcome", "heading"),
    [
        (Phase.APPLIED, Outcome.SUCCEEDED, "**Outputs**"),
        (Phase.PLANNED, Outcome.SUCCEEDED, "**Outputs**"),
        (Phase.APPLIED, Outcome.CANCELLED, "**Outputs (planned)**"),
        (Phase.APPLIED, Outcome.FAILED, "**Outputs (planned)**"),
        (Phase.APPLIED, Outcome.PARTIAL, "**Outputs (planned)**"),
        (Phase.APPLIED, Outcome.DECLINED, "**Outputs (planned)**"),
        (Phase.APPLIED, None, "**Outputs (planned)**"),
    ],
)
def test_outputs_are_reported_as_done_only_where_the_run_succeeded(phase, outcome, heading):
    sides = (Value(kind=ValueKind.ABSENT), Value(kind=ValueKind.VALUE, text='"x"'))
    output = OutputChange(name="url", action=Action.CREATE, before=sides[0], after=sides[1])
    assert f"\n{heading}\n" in message(event(outputs=(output,), phase=phase, outcome=outcome), 800)


def test_a_rotated_secret_is_reported_without_its_value():
    sides = [Value(kind=ValueKind.SENSITIVE, fingerprint=mark) for mark in ("x", "y")]
    text = message(event(change(attributes=(AttributeChange(path="password", before=sides[0], after=sides[1]),))), 800)
    assert "`password`: (sensitive) → (sensitive, rotated)" in text


def test_what_is_left_out_is_counted():
    text = message(event(*(change(f"a.b{n}", Action.CREATE) for n in range(100))), 600)
    shown = text.count("- create")
    assert shown
    assert f"… and {100 - shown} more creates" in text


def test_signs_of_markdown_in_addresses_stay_text():
    text = message(event(change('a["`x`\n# <b>"]', Action.CREATE)), 8000)
    assert '- create ``a["`x` # <b>"]``' in text


@given(st.lists(st.text(max_size=60), max_size=12), st.integers(0, 700))
def test_no_message_exceeds_its_limit(texts, limit):
    failed = event(*(change(text, Action.DESTROY, error=text) for text in texts), vcs=None)
    assert len(message(failed, limit).encode()) <= limit
    assert len(title(failed)) <= 120


def settings(**templates):
    return SimpleNamespace(
        **{"signals": None, "title_template": None, "message_template": None, "message_bytes": 100} | templates
    )


def test_a_template_replaces_the_default():
    got = compose(event(), settings(title_template="{{ environment }} {{ outcome }}", message_template="é" * 90))
    assert (got.title, got.message) == ("prod succeeded", "é" * 50)


@pytest.mark.parametrize("source", ["\n{{ nope }}", "\n{% if %}", "\n{{ 1 // 0 }}", "\n{{ ''.__class__.mro() }}"])
def test_a_bad_template_names_itself_and_the_line(source):
    with pytest.raises(TemplateError, match="title_template, line 2"):
        compose(event(), settings(title_template=source))


@pytest.mark.parametrize(
    ("changes", "outcome", "command", "expected"),
    [
        ((), Outcome.FAILED, "terraform apply -invoke=action.a.b", None),
        ((), Outcome.FAILED, "terraform apply -target=a.b", None),
        ((), Outcome.UNKNOWN, "terraform apply -target=a.b", None),
        ((), Outcome.SUCCEEDED, "terraform apply -invoke=action.a.b", "actions alone"),
        ((), Outcome.NO_CHANGE, "terraform apply -target=a.b", "excluded by -target"),
        ((change(),), Outcome.FAILED, "terraform apply -target=a.b", "excluded by -target"),
        ((change(action=Action.INVOKE),), Outcome.FAILED, "terraform apply", "actions alone"),
    ],
)
def test_nothing_is_said_of_the_plan_of_a_run_that_had_none(changes, outcome, command, expected):
    words = partial(event(*changes, outcome=outcome, partial=True, tool=Tool(name="terraform", command=command)))
    assert (expected in words) if expected else words == ""
