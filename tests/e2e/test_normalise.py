"""The normaliser of the equivalence suite is as weak as it must be, and no weaker."""

from __future__ import annotations

import pytest

from tests.e2e.runner import Record, differences
from tests.support import normalise

_A = "terraform_data.a: Creating...\n", "terraform_data.a: Creation complete after 1s [id=x]\n"
_B = "terraform_data.b: Creating...\n", "terraform_data.b: Creation complete after 1s [id=y]\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[id=6e2a1c52-97d4-9e83-2b53-3a2f6a1c8e0d]", "[id=00000000-97d4-9e83-2b53-3a2f6a1c8e0d]"),
        ("Creation complete after 0s [id=1]", "Creation complete after 1m2s [id=1]"),
        ("Still creating... [10s elapsed]", "Still creating... [20s elapsed]"),
        ("Still creating... [id=1, 00m10s elapsed]", "Still creating... [id=1, 00m20s elapsed]"),
        ('"@timestamp":"2026-01-02T03:04:05.678901Z"', '"@timestamp":"2027-01-02T03:04:05.6+02:00"'),
        ('"elapsed_seconds":0', '"elapsed_seconds":12'),
        ("a (deposed object 0123abcd): Destroying", "a (deposed object 4567abcd): Destroying"),
        ("terminal\r\n", "terminal\n"),
    ],
)
def test_what_differs_from_run_to_run_is_forgotten(one, other):
    assert normalise.text(one.encode()) == normalise.text(other.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Apply complete! Resources: 1 added", "Apply complete! Resources: 2 added"),
        ("text \n", "text\n"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("a\n\nb", "a\nb"),
        ("[id=one]", "[id=two]"),
        ("in 3s", "in 4s"),
        ("/tmp/x/plan", "/tmp/y/plan"),
    ],
)
def test_everything_else_is_compared(one, other):
    assert normalise.text(one.encode()) != normalise.text(other.encode())


def test_the_order_of_concurrent_resources_is_forgotten():
    assert normalise.by_resource("".join(_A + _B)) == normalise.by_resource(_A[0] + _B[0] + _B[1] + _A[1])


@pytest.mark.parametrize("lines", [_A[::-1] + _B, (*_A, "\n", *_B), (*_A, _B[0]), (*_A, *_B, _B[1])])
def test_the_order_and_number_of_one_resources_lines_is_not(lines):
    assert normalise.by_resource("".join(_A + _B)) != normalise.by_resource("".join(lines))


def test_the_reset_after_the_plan_stays_in_front_of_whichever_resource_is_first():
    one, two = (f"\x1b[0m\x1b[1mterraform_data.{name}: Creating...\x1b[0m\n" for name in "ab")
    assert normalise.by_resource(f"\x1b[0m{one}{two}") == normalise.by_resource(f"\x1b[0m{two}{one}")
    assert normalise.by_resource(f"\x1b[0m{one}{two}") != normalise.by_resource(f"{one}{two}")


def test_only_whole_lines_of_tfevent_are_taken_out():
    assert normalise.own_lines("a\ntfevent: recorded\nb\n") == ("a\nb\n", ["tfevent: recorded"])
    assert normalise.own_lines("a\n\x1b[0mtfevent: recorded\n") == ("a\n\x1b[0m", ["tfevent: recorded"])
    assert normalise.own_lines("value: tfevent: recorded\n") == ("value: tfevent: recorded\n", [])


def test_states_are_compared_but_for_lineage_identifiers_and_the_order_of_checks():
    one = '{"serial":1,"lineage":"a","check_results":[{"config_addr":"b"},{"config_addr":"a"}]}'
    two = '{"serial":1,"lineage":"b","check_results":[{"config_addr":"a"},{"config_addr":"b"}]}'
    assert normalise.state(one) == normalise.state(two)
    assert normalise.state(one) != normalise.state(one.replace(":1", ":2"))


def test_a_difference_is_shown_as_a_readable_diff():
    one, two = (
        Record({"stdout": "same\nold\x1b[0m\n", "f": ""}, (), ()),
        Record({"stdout": "same\nnew\n", "g": ""}, (), ()),
    )
    shown = differences(one, two)
    assert "-old\\x1b[0m\\n" in shown
    assert "+new\\n" in shown
    assert "f: only terraform leaves it" in shown
    assert "g: only tfevent leaves it" in shown
    assert not differences(one, one)
