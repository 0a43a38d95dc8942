"""The fitter's promises on any event, and what an HTTP answer means."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.destinations.base import Response, Result
from change_events.destinations.shared.responses import is_page, judge_status, retry_after
from change_events.destinations.shared.size_limit import DoesNotFit, fit, importance
from change_events.model import (
    Action,
    AttributeChange,
    Change,
    ChangeEvent,
    ChangeOutcome,
    Commit,
    Drift,
    Failure,
    Link,
    Signal,
    Summary,
    Truncated,
    Value,
    ValueKind,
    Vcs,
)
from tests.destinations.kit.events import event
from tests.support.sealed import sealed
from tests.support.selection import examples


def size(event: ChangeEvent) -> int:
    return len(msgspec.json.encode(event))


def attribute(path="size", text='"small"'):
    return AttributeChange(path=path, before=Value(kind=ValueKind.ABSENT), after=Value(kind=ValueKind.VALUE, text=text))


def change(number, action=Action.UPDATE, outcome=ChangeOutcome.APPLIED, attributes=2):
    return Change(
        address=f"aws_x.n{number}",
        action=action,
        outcome=outcome,
        attributes=tuple(attribute(f"a{n}") for n in range(attributes)),
    )


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
EVENTS = st.builds(
    lambda **fields: sealed(1, **fields).event,
    title=TEXT,
    message=st.text(st.characters(exclude_categories=["Cs"]), max_size=3000),
    tags=st.dictionaries(st.text(max_size=10), TEXT, max_size=5),
    changes=st.lists(
        st.builds(
            change,
            st.integers(0, 99),
            st.sampled_from(Action),
            st.sampled_from(ChangeOutcome),
            st.integers(0, 5),
        ),
        max_size=40,
    ).map(tuple),
    drift=st.lists(
        st.builds(lambda n: Drift(address=f"d{n}", action=Action.UPDATE, attributes=(attribute(),)), st.integers(0, 9)),
        max_size=5,
    ).map(tuple),
    failures=st.lists(st.builds(Failure, summary=TEXT), max_size=5).map(tuple),
    links=st.lists(st.builds(Link, title=TEXT, url=TEXT), max_size=3).map(tuple),
    signals=st.lists(st.builds(Signal, name=TEXT, reason=TEXT), max_size=3).map(tuple),
    summary=st.builds(Summary, by_type=st.dictionaries(TEXT, st.integers(0, 9), max_size=5)),
    data=st.dictionaries(TEXT, TEXT, max_size=3),
)


@examples(150)
@given(EVENTS, st.integers(1200, 20_000))
def test_whatever_is_left_fits_was_there_before_and_is_accounted_for(event, limit):
    fitted = fit(event, limit, size)
    assert size(fitted) <= limit
    if size(event) <= limit:
        assert fitted is event
        return
    assert (fitted.id, fitted.kind, fitted.outcome, fitted.started_at) == (
        event.id,
        event.kind,
        event.outcome,
        event.started_at,
    )
    assert fitted.truncated.changes == len(event.changes) - len(fitted.changes)
    assert fitted.truncated.failures == len(event.failures) - len(fitted.failures)
    assert (
        fitted.message == event.message
        or not fitted.message
        or (event.message.startswith(fitted.message.removesuffix("…")))
    )
    for name in ("drift", "outputs", "checks", "signals", "failures", "links"):
        assert getattr(fitted, name) == getattr(event, name)[: len(getattr(fitted, name))]
    before = [c.address for c in event.changes]
    left = [c.address for c in fitted.changes]
    rest = iter(before)
    assert all(address in rest for address in left), "those left stand in their old order"
    gone_and_left = sum(len(c.attributes) for c in (*fitted.changes, *fitted.drift)) + fitted.truncated.attributes
    assert gone_and_left == sum(len(c.attributes) for c in (*event.changes, *event.drift))


def test_attributes_of_creates_go_first_and_only_as_many_as_must():
    event = sealed(1, changes=(change(1, Action.CREATE), change(2, Action.UPDATE), change(3, Action.CREATE))).event
    slightly = fit(event, size(event) - 1, lambda e: size(msgspec.structs.replace(e, truncated=None)))
    assert [len(c.attributes) for c in slightly.changes] == [2, 2, 0]
    assert slightly.changes[2].attributes_omitted == 2
    assert slightly.truncated == Truncated(
        attributes=2, note=f"cut to fit {size(event) - 1} bytes; the journal has the whole event"
    )


def test_attributes_go_before_changes_and_changes_before_the_message():
    changes = tuple(change(n, attributes=20) for n in range(20))
    event = sealed(1, changes=changes, message="m" * 1000).event
    bare = fit(event, 5000, size)
    assert len(bare.changes) == 20
    assert sum(len(c.attributes) for c in bare.changes) > 0
    few = fit(event, 2200, size)
    assert 0 < len(few.changes) < 20
    assert few.message == event.message
    none = fit(event, 1200, size)
    assert none.changes == ()
    assert none.message.endswith("…")


def test_failures_and_destroys_are_kept_longest():
    changes = (
        change(0, Action.DESTROY),
        *(change(n, Action.CREATE) for n in range(1, 30)),
        change(30, Action.CREATE, ChangeOutcome.FAILED),
        change(31, Action.NO_OP),
    )
    fitted = fit(sealed(1, changes=changes).event, 900, size)
    assert {"aws_x.n0", "aws_x.n30"} <= {c.address for c in fitted.changes}
    assert "aws_x.n31" not in {c.address for c in fitted.changes}


def test_the_order_of_importance():
    ranks = [
        importance(change(1, Action.CREATE, ChangeOutcome.FAILED)),
        importance(change(1, Action.REPLACE)),
        importance(change(1, Action.UPDATE)),
        importance(change(1, Action.CREATE)),
        importance(change(1, Action.NO_OP)),
    ]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 5


def test_of_a_playbook_run_what_failed_is_kept_longest():
    whole = event("ansible").event
    slightly = fit(whole, size(whole) - 1_000, size)
    assert [bool(c.task.changed_on) for c in slightly.changes] == [True, True, False], "the later of equals goes first"
    assert slightly.changes[2].task.hosts_omitted == 499
    some = fit(whole, 20_000, size)
    assert [c.task.changed_on for c in some.changes] == [(), (), ()]
    assert some.changes[1].task.failures == whole.changes[1].task.failures
    assert 10 < len(some.hosts) < 500
    assert {"failed", "unreachable"} <= {host.status for host in some.hosts}
    assert some.truncated.hosts == 500 - len(some.hosts)


def test_commits_go_from_the_oldest_and_are_counted():
    commits = tuple(Commit(id=f"c{n}", subject="s" * 100) for n in range(20))
    fitted = fit(sealed(1, vcs=Vcs(commits=commits, commits_omitted=5)).event, 1500, size)
    assert fitted.vcs.commits == commits[: len(fitted.vcs.commits)] != ()
    assert fitted.vcs.commits_omitted == 25 - len(fitted.vcs.commits)


def test_earlier_cuts_are_added_up():
    event = sealed(1, changes=tuple(change(n) for n in range(50)), truncated=Truncated(changes=100)).event
    fitted = fit(event, 1500, size)
    assert fitted.truncated.changes == 150 - len(fitted.changes)


def test_a_message_is_never_cut_inside_a_character():
    for extra in range(4):
        event = sealed(1, title="t" * extra, message="🦜" * 2000).event
        message = fit(event, 3001, size).message
        assert set(message) == {"🦜", "…"}


def test_a_limit_no_event_fits():
    with pytest.raises(DoesNotFit):
        fit(sealed(1).event, 50, size)


def test_fitting_a_huge_event_takes_few_measurements():
    event = sealed(1, changes=tuple(change(n, attributes=1) for n in range(30_000))).event
    measured = []
    fitted = fit(event, 64_000, lambda e: measured.append(1) or size(e))
    assert len(measured) < 30
    assert size(fitted) > 63_000


@pytest.mark.parametrize(
    ("statuses", "result"),
    [
        ((200, 201, 202, 204, 207, 299), Result.DELIVERED),
        ((301, 302, 303, 307, 308, 304), Result.PARK),
        ((407, 408, 425, 429, 500, 502, 503, 504, 520, 599), Result.RETRY),
        ((413,), Result.SHRINK),
        ((400, 401, 403, 404, 405, 409, 410, 415, 422, 451, 501, 199, 600), Result.PARK),
    ],
)
def test_what_a_status_means(statuses, result):
    for status in statuses:
        verdict = judge_status(Response(status))
        assert verdict.result is result, status
        assert (verdict.reason == "") == (result is Result.DELIVERED)
        assert result is Result.DELIVERED or str(status) in verdict.reason


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("body", [b" " * 16_000 + b"ok", b"<!-- " * 3_000, b"<!-- a -->\n" * 1_500, b"<?xml " * 2_000])
def test_a_body_that_looks_like_the_top_of_a_page_is_read_once(body):
    """It hung for ever, and with it the process: a search for a pattern lets no other thread go on."""
    assert not is_page(Response(200, {}, body))
    assert is_page(Response(200, {}, b"\n<?xml version='1.0'?>\n<!-- a -->\n<HTML>"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (" 7 ", 7),
        ("99999999999999999999", 86_400),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=900), usegmt=True), 86_400),
        ("Sun Nov 22 12:00:00 2026", 0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("", None),
        ("Mon, 99 Nov 2026 99:00:00 GMT", None),
    ],
)
def test_retry_after(text, seconds):
    assert retry_after(Response(429, {"retry-after": text}), NOW.timestamp()) == seconds


@given(st.text())
def test_retry_after_never_raises(text):
    found = retry_after(Response(503, {"retry-after": text}))
    assert found is None or 0 <= found <= 86_400


def test_a_fitted_event_is_json_of_the_model():
    fitted = fit(sealed(1, message="x" * 9000).event, 2000, size)
    assert json.loads(msgspec.json.encode(fitted))["truncated"]["message_bytes"] > 0
