"""What counts as a difference, and how exactly it is reported."""

import pytest

from change_events.diff import Number, decode_exact, diff, same
from change_events.redact import Redactor

REAL = [
    ("1", '"1"'),
    ("1", "true"),
    ("0", "false"),
    ("null", '""'),
    ("null", "[]"),
    ("null", "{}"),
    ("[]", "{}"),
    ("{}", "null"),
    ("[]", "null"),
    ("9007199254740992", "9007199254740993"),
    ("111111111111111111111111111111", "111111111111111111111111111112"),
    ("1.5e300", "1.5000000000000001e300"),
    ("0.30000000000000000000000000000000000001", "0.3"),
    ("1e400", "1e401"),
    ("false", "null"),
    ('{"a":1}', '[["a",1]]'),
]
NONE = [
    ("1", "1.0"),
    ("-0", "0"),
    ("1e2", "100"),
    ("null", "null"),
    ('{"a":null}', "{}"),
    ('[{"a":null,"b":1}]', '[{"b":1}]'),
    ('"x"', '"\\u0078"'),
]


@pytest.mark.parametrize(("before", "after"), REAL)
def test_a_real_difference_is_one_change(compare, before, after):
    assert len(compare({"v": decode_exact(before)}, {"v": decode_exact(after)})) == 1


@pytest.mark.parametrize(("before", "after"), NONE)
def test_another_spelling_of_the_same_is_no_change(compare, before, after):
    assert compare({"v": decode_exact(before)}, {"v": decode_exact(after)}) == []


@pytest.mark.parametrize("lexeme", ["1.50", "1.5e300", "1E-7", "0.1000", "1e99999999999999999999"])
def test_a_number_keeps_its_lexeme(compare, lexeme):
    assert str(decode_exact(lexeme)) == lexeme
    assert compare({"n": 7}, {"n": decode_exact(lexeme)}) == [("n", "7", lexeme, None)]


def test_an_integer_of_five_thousand_digits_is_read_and_kept():
    digits = "7" * 5000
    assert str(decode_exact(f'{{"n":{digits}}}')["n"]) == digits
    assert not same(decode_exact(digits), decode_exact(digits[:-1] + "8"))


def test_equal_numbers_of_different_spelling_are_equal_and_hash_alike():
    assert Number("1.0") == 1
    assert hash(Number("1.0")) == hash(1)


def test_absent_and_null_are_one_thing(compare):
    assert compare({"a": None}, {"b": None}) == []


def test_paths_are_hcl(compare):
    found = compare({}, {"tags": {"Name": "web", "kubernetes.io/role": "x", 'quo"te': "y"}})
    assert [path for path, *_ in found] == ["tags.Name", 'tags["kubernetes.io/role"]', 'tags["quo\\"te"]']


def test_a_created_object_lists_what_it_holds_and_nothing_empty(compare):
    after = {"a": 1, "nothing": None, "none": [], "map": {}, "l": ["x", "y"], "b": [{"p": 1, "q": None}]}
    assert compare(None, after) == [
        ("a", "absent", "1", None),
        ("b[0]", "absent", '{"p":1}', "element added"),
        ("l", "absent", '["x","y"]', None),
    ]


def test_a_destroyed_object_lists_what_it_held(compare):
    assert compare({"a": 1, "m": {"k": "v"}}, None) == [
        ("a", "1", "absent", None),
        ("m.k", '"v"', "absent", None),
    ]


def test_unknown_comes_before_values(compare):
    before = {"arn": "a", "id": "i", "n": {"x": 1, "y": 2}}
    unknown = {"arn": True, "n": {"x": True}, "fresh": True, "l": [False, False], "m": {}}
    after = {"id": "i", "n": {"y": 2}}
    assert compare(before, after, unknown=unknown) == [
        ("arn", '"a"', "unknown", None),
        ("fresh", "absent", "unknown", None),
        ("n.x", "1", "unknown", None),
    ]


def test_a_wholly_unknown_block_is_one_change(compare):
    assert compare({"b": [{"x": 1}]}, {}, unknown={"b": True}) == [("b", '[{"x":1}]', "unknown", None)]


def test_forcing_attributes_are_marked_above_and_below_the_path():
    before, after = (
        {"ami": "1", "net": [{"sub": "a", "x": 1}], "t": 1},
        {"ami": "2", "net": [{"sub": "b", "x": 2}], "t": 2},
    )
    found = diff(before, after, redactor=Redactor(), replace_paths=[["ami"], ["net", 0, "sub"]])
    assert {change.path: change.forces_replacement for change in found} == {
        "ami": True,
        "net[0].sub": True,
        "net[0].x": False,
        "t": False,
    }


def test_an_ignored_attribute_takes_what_lies_below_it_along():
    before = {"tags": {"a": 1}, "tags_all": {"a": 1}, "etag": 1, "list": [{"x": 1}]}
    after = {"tags": {"a": 2}, "tags_all": {"a": 2}, "etag": 2, "list": [{"x": 2}]}
    found = diff(before, after, redactor=Redactor(), ignore=["tags_all", "e*", "list"])
    assert [change.path for change in found] == ["tags.a"]
