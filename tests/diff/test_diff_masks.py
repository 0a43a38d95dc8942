"""Sensitive first: what a mask of either side covers is never shown."""

import pytest

from change_events.diff import diff, has_true, hidden_values
from change_events.redact import Redactor

SECRET = "correct-horse-battery"  # the planted secret


@pytest.mark.parametrize(
    ("before_mask", "after_mask"),
    [(True, False), (False, True), (True, True), ({"v": True}, {}), ({}, {"v": True}), ({"v": {"k": True}}, {})],
)
@pytest.mark.parametrize("unknown", [{}, {"v": True}])
def test_a_mark_on_either_side_hides_both(compare, before_mask, after_mask, unknown):
    before, after = {"v": {"k": SECRET}}, {"v": {"k": SECRET + "2"}}
    found = compare(before, after, before_sensitive=before_mask, after_sensitive=after_mask, unknown=unknown)
    assert found
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("mask", "sides"),
    [
        ("unknown", ('"plain"', "unknown")),
        ("before_sensitive", ("sensitive", "sensitive")),
        ("after_sensitive", ("sensitive", "sensitive")),
    ],
)
def test_a_mask_over_a_whole_object_is_reported_by_its_attributes(compare, mask, sides):
    found = compare({"a": "plain", "b": 1}, {"a": "other", "b": 2}, **{mask: True})
    assert [row[0] for row in found] == ["a", "b"]
    assert found[0][1:3] == sides


def test_an_object_of_which_nothing_is_known_has_no_attributes_to_report(compare):
    assert compare(None, None, unknown=True) == []


def test_a_rotated_secret_is_seen_by_its_fingerprint():
    (change,) = diff(
        {"p": "a" * 9}, {"p": "b" * 9}, before_sensitive={"p": True}, after_sensitive={"p": True}, redactor=Redactor()
    )
    assert change.before.kind.value == change.after.kind.value == "sensitive"
    assert change.before.fingerprint != change.after.fingerprint


def test_an_unchanged_secret_is_no_change(compare):
    mask = {"p": True}
    assert compare({"p": "x"}, {"p": "x"}, before_sensitive=mask, after_sensitive=mask) == []


def test_only_the_mark_changing_is_a_change_without_a_value(compare):
    (found,) = compare({"p": SECRET}, {"p": SECRET}, before_sensitive={}, after_sensitive={"p": True})
    assert found == ("p", "sensitive", "sensitive", "only the sensitivity mark changes")


def test_a_secret_that_becomes_unknown_shows_neither(compare):
    (found,) = compare({"p": SECRET}, {}, before_sensitive={"p": True}, unknown={"p": True})
    assert found[:3] == ("p", "sensitive", "unknown")


def test_places_of_lists_are_kept_by_masks_and_mean_nothing(compare):
    value = {"l": [1, {}, []], "p": "x"}
    before, after = {"l": [False, {}, []], "m": {}, "p": True}, {"p": True}
    assert compare(value, value, before_sensitive=before, after_sensitive=after) == []


def test_a_secret_inside_a_list_element_is_hidden_where_it_stands(compare):
    mask = {"env": [{"value": True}, {"value": True}]}
    before = {"env": [{"name": "A", "value": SECRET}]}
    after = {"env": [{"name": "B", "value": SECRET + "b"}, {"name": "A", "value": SECRET}]}
    found = compare(before, after, before_sensitive=mask, after_sensitive=mask)
    assert [row[:3] for row in found] == [
        ("env[0].name", "absent", '"B"'),
        ("env[0].value", "absent", "sensitive"),
    ]


def test_a_secret_whose_value_changes_type_is_hidden(compare):
    found = compare({"v": {"k": SECRET}}, {"v": [SECRET]}, before_sensitive={"v": {"k": True}})
    assert SECRET not in repr(found)
    assert len(found) == 1


def test_a_mask_says_what_it_covers():
    assert not has_true({"a": [False, {}], "b": {}})
    assert has_true({"a": [False, {"x": True}]})
    assert list(hidden_values({"a": 1, "b": [2, 3], "c": 4}, {"a": True, "b": [False, True], "d": True})) == [1, 3]
    assert list(hidden_values({"a": 1}, True)) == [{"a": 1}]
    assert list(hidden_values(None, {"a": True})) == []
