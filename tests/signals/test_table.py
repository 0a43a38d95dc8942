"""Every row of the table signals what it is about, and nothing on the way back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.model import Action
from change_events.signals import NAMES, Subject, may_signal, risks
from change_events.signals.table import table
from tests.signals.table_cases import cases

CASES = list(cases())


def names(kind, before, after, action=Action.UPDATE):
    return {risk.name for risk in risks(Subject(kind, action, before, after))}


@pytest.mark.parametrize("signal", sorted({case.row.signal for case in CASES}))
def test_each_row_signals_in_its_direction_and_not_on_the_way_back(signal):
    mine = [case for case in CASES if case.row.signal == signal]
    assert [case for case in mine if signal not in names(case.kind, case.before, case.after)] == []
    assert [case for case in mine if case.turned and names(case.kind, case.after, case.before)] == []
    assert [case for case in mine if names(case.kind, case.before, case.before)] == []
    assert [case for case in mine if signal in names(case.kind, case.after, case.after)] == []


def test_each_row_signals_of_a_replacement_too():
    quiet = [case for case in CASES
             if case.row.signal not in names(case.kind, case.before, case.after, Action.REPLACE)]  # fmt: skip
    assert quiet == []


def test_what_is_known_only_after_the_apply_signals_nothing():
    for case in CASES:
        root = case.row.steps[0]
        after = {key: value for key, value in case.after.items() if key != root}
        subject = Subject(case.kind, Action.UPDATE, case.before, after, unknown={root: True})
        assert risks(subject) == (), case


def test_no_reason_reports_a_value_of_an_attribute_that_is_sensitive():
    for case in CASES:
        root = case.row.steps[0]
        for masks in ({"before_mask": {root: True}}, {"after_mask": {root: [{"x": True}]}}):
            shown = risks(Subject(case.kind, Action.UPDATE, case.before, case.after, **masks))
            assert all(not any(char.isdigit() or char in "./:" for char in risk.reason) for risk in shown), shown


def test_no_reason_quotes_a_value_that_is_shown_nowhere_else():
    quoting = [case for case in CASES if case.row.forms[0] not in {"world", "policy", "everybody"}]
    for case in quoting:
        for risk in risks(Subject(case.kind, Action.UPDATE, case.before, case.after), lambda *_: False):
            assert " from " not in risk.reason.replace("from true to false", "").replace("from false to true", ""), risk


def test_the_condition_on_bytes_lets_each_row_through():
    refused = [case for case in CASES
               if not may_signal(case.kind, *map(msgspec.json.encode, (case.before, case.after)))]  # fmt: skip
    assert refused == []


@given(st.sampled_from(CASES), st.sampled_from(CASES), st.data())
def test_whatever_signals_is_let_through_by_the_condition_on_bytes(one, other, data):
    before, after = ({**one_side, **other_side} for one_side, other_side in
                     ((one.before, other.before), (one.after, other.after)))  # fmt: skip
    for side in (before, after):
        for name in data.draw(st.sets(st.sampled_from(sorted(side)))):
            del side[name]
    kind = data.draw(st.sampled_from([one.kind, other.kind]))
    if risks(Subject(kind, Action.UPDATE, before, after)):
        assert may_signal(kind, msgspec.json.encode(before), msgspec.json.encode(after))


def test_the_table_names_known_signals_and_each_row_once():
    rows = [(kind, row) for kind, found in table().items() for row in found]
    assert {row.signal for _, row in rows} <= set(NAMES)
    assert len(rows) == len(set(rows))
