"""The difference of two states reads as what has happened; a plan as what is to come."""

from __future__ import annotations

import pytest

from change_events.cli.render import plan_report
from change_events.model import Action, Change, ChangeOutcome, Counts, Plan, StateCounts, StateEdit

DONE = ChangeOutcome.APPLIED
GONE = Change(address="aws_x.a", action=Action.EDIT, outcome=DONE, raw_actions=("remove",))
MOVED = Change(
    address="aws_x.b", action=Action.MOVE, outcome=DONE, raw_actions=("attributes",), previous_address="aws_x.c"
)
NOTE = "two states do not show whether it exists"
STATES = Plan(
    name="a → b",
    changes=(GONE, MOVED),
    counts=Counts(outputs=2),
    from_states=True,
    state=StateEdit(command="", previous_serial=3, serial=9, note=NOTE),
    edited=StateCounts(removed=1, moved=1, changed=1),
)


def text(plan):
    return "\n".join(plan_report.plan_lines(plan, None))


def markdown(plan):
    return plan_report.plan_markdown(plan, 2000)


def test_the_headline_of_two_states_reports_facts():
    assert plan_report.plan_headline(STATES) == "a → b: state changed: 1 removed, 1 moved, 1 changed, 2 outputs changed"
    assert plan_report.plan_headline(Plan(from_states=True)) == "no differences"


@pytest.mark.parametrize("form", [text, markdown])
def test_two_states_say_what_they_show_and_what_they_do_not(form):
    report = form(STATES)
    for words in ("aws_x.a", "removed", "aws_x.b", "aws_x.c", "attributes rewritten", "serial 3 → 9", NOTE):
        assert words in report
    for claim in ("planned", "to replace", "destroy", "forget", "forgotten", "is unchanged"):
        assert claim not in report


def test_the_markdown_of_two_states_has_a_title_of_facts():
    assert "**state changed: 1 removed, 1 moved, 1 changed, 2 outputs changed**" in markdown(STATES)
    assert "**no changes**" in markdown(Plan(from_states=True))


@pytest.mark.parametrize(
    ("words", "first", "line"),
    [
        (("delete", "create"), False, "destroy, then create replacement"),
        (("create", "delete"), True, "create replacement, then destroy"),
        ((), False, None),
    ],
)
def test_the_order_of_a_replacement_is_reported_where_it_is_known(words, first, line):
    change = Change(address="aws_x.a", action=Action.REPLACE, raw_actions=words, create_before_destroy=first)
    report = text(Plan(changes=(change,), counts=Counts(replace=1)))
    assert [part for part in report.splitlines() if "replacement" in part] == ([f"      {line}"] if line else [])


def test_what_a_plan_puts_off_is_something():
    plan = Plan(counts=Counts(deferred=2))
    assert plan_report.plan_headline(plan) == "2 deferred"
    assert "**2 deferred**" in markdown(plan)


def test_a_kept_old_object_is_reported():
    change = Change(address="aws_x.a", action=Action.CREATE, raw_actions=("forget", "create"))
    plan = Plan(changes=(change,), counts=Counts(create=1, forget=1))
    assert all("the old object is forgotten, not destroyed" in form(plan) for form in (text, markdown))


def test_a_forgotten_object_is_named_by_what_it_is():
    gone = {"action": Action.FORGET, "address": "aws_x.n"}
    changes = (Change(**gone, deposed="deadbeef"), Change(**gone, previous_address="aws_x.o"))
    report = markdown(Plan(changes=changes, counts=Counts(forget=2)))
    assert "`aws_x.n` (deposed `deadbeef`): forgotten in the state" in report
    assert "`aws_x.n` (was `aws_x.o`): forgotten in the state" in report
