"""Lists and sets are compared by their elements."""

import pytest


def rule(name, port, **more):
    return {"name": name, "port": port, "cidr": ["10.0.0.0/8"], "proto": "tcp", **more}


def paths(found):
    return [(path, note) for path, _, _, note in found]


def test_a_block_added_at_the_front_is_one_addition(compare):
    old = [rule("a", 1), rule("b", 2), rule("c", 3)]
    assert paths(compare({"r": old}, {"r": [rule("new", 9), *old]})) == [("r[0]", "element added")]


def test_a_block_removed_from_the_middle_is_one_removal(compare):
    old = [rule("a", 1), rule("b", 2), rule("c", 3)]
    assert paths(compare({"r": old}, {"r": [old[0], old[2]]})) == [("r[1]", "element removed")]


def test_a_block_that_changes_while_others_shift_is_reported_by_its_attribute(compare):
    old = [rule("a", 1), rule("b", 2), rule("c", 3)]
    new = [rule("new", 9), rule("a", 1), rule("b", 22), rule("c", 3)]
    assert paths(compare({"r": old}, {"r": new})) == [("r[2].port", None), ("r[0]", "element added")]


def test_blocks_without_a_name_are_aligned_by_likeness(compare):
    old = [{"from": 80, "to": 80, "proto": "tcp", "cidr": "a"}, {"from": 443, "to": 443, "proto": "tcp", "cidr": "b"}]
    new = [{"from": 22, "to": 22, "proto": "udp", "cidr": "z"}, {**old[1], "cidr": "c"}, old[0]]
    found = compare({"r": old}, {"r": new})
    assert ("r[1].cidr", '"b"', '"c"', None) in found
    assert ("r[0]", "element added") in paths(found)


def test_one_renamed_block_is_a_new_name_not_two_blocks(compare):
    assert paths(compare({"r": [rule("a", 1), rule("b", 2)]}, {"r": [rule("a", 1), rule("z", 2)]})) == [
        ("r[1].name", None)
    ]


def test_the_only_block_of_a_list_is_compared_with_its_successor(compare):
    found = compare({"r": [{"size": 8, "type": "gp2"}]}, {"r": [{"size": 20, "type": "gp3"}]})
    assert paths(found) == [("r[0].size", None), ("r[0].type", None)]


def test_a_swapped_set_member_shifts_nothing(compare):
    old = [f"sg-{letter}" for letter in "bcdefgh"]
    new = ["sg-a", *old[:3], *old[4:]]
    assert paths(compare({"s": old}, {"s": new})) == [("s[3]", "element removed"), ("s[0]", "element added")]


def test_a_list_in_another_order_is_one_change(compare):
    assert paths(compare({"l": ["b", "a", "c"]}, {"l": ["a", "b", "c"]})) == [
        ("l", "only the order of the elements changes")
    ]


def test_a_value_replaced_in_place_is_one_change(compare):
    assert compare({"l": [1, 2, 3]}, {"l": [1, 9, 3]}) == [("l[1]", "2", "9", None)]


def test_repeated_values_are_counted(compare):
    assert paths(compare({"l": ["a", "b", "a"]}, {"l": ["b", "a"]})) == [("l[0]", "element removed")]


def test_values_that_come_all_at_once_are_one_list(compare):
    assert compare({"l": []}, {"l": ["a", "b"]}) == [("l", "[]", '["a","b"]', None)]
    assert compare({"l": ["a"]}, {"l": None}) == [("l", '["a"]', "absent", None)]


def test_an_unknown_element_equals_nothing(compare):
    found = compare({"l": ["a", "b"]}, {"l": ["a", None]}, unknown={"l": [False, True]})
    assert found == [("l[1]", '"b"', "unknown", None)]


def test_masks_follow_their_elements(compare):
    before, after = {"l": ["pw-secret-1", "a"]}, {"l": ["new", "pw-secret-1", "a"]}
    found = compare(before, after, before_sensitive={"l": [True, False]}, after_sensitive={"l": [False, True, False]})
    assert found == [("l[0]", "absent", '"new"', "element added")]


@pytest.mark.parametrize("size", [400, 3000])
def test_long_lists_of_blocks_are_aligned_by_name(compare, size):
    old = [rule(f"n{number}", number) for number in range(size)]
    new = [rule("new", 0), *old]
    new[size // 2] = {**new[size // 2], "proto": "udp"}
    assert len(compare({"r": old}, {"r": new})) == 2
