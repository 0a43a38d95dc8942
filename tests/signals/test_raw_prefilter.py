"""What undecoded JSON rules out is never what a rule of values finds."""

import json

import msgspec
import pytest

from change_events.model import Action
from change_events.signals import Subject, may_signal, risks, which_may_signal
from change_events.signals.capacity import SIZES
from change_events.text.exact_json import Number
from change_events.text.partial_json import attributes
from tests.signals import test_grants, test_reach, test_risks

PLAIN = {"id": "i-1", "ami": "ami-1", "tags": {"Name": "web"}, "cpu_core_count": 2, "volume_size": 20}


def asked(kind, before, after):
    return may_signal(kind, *(msgspec.json.encode(side) for side in (before, after)))


def cases():
    """Every before and after of the tests of the rules."""
    for name in dir(test_risks):
        for mark in getattr(getattr(test_risks, name), "pytestmark", ()):
            for case in mark.args[1] if mark.name == "parametrize" else ():
                if len(case) >= 3 and isinstance(case[0], str) and isinstance(case[2], dict):
                    yield case[:3]
    yield from (*test_reach.CASES, *test_grants.CASES)


def test_each_case_of_the_rules_that_signals_is_worth_looking_at():
    found = [case for case in cases() if risks(Subject(case[0], Action.UPDATE, *case[1:]))]
    assert len(found) > 20
    assert [case for case in found if not asked(*case)] == []


def test_among_many_objects_the_same_ones_are_worth_looking_at():
    for kind, *sides in cases():
        one = tuple(map(raw, sides))
        harmless = [(raw({**PLAIN, "number": number}), raw({**PLAIN, "number": -number})) for number in range(1, 150)]
        expected = [may_signal(kind, bytes(before), bytes(after)) for before, after in harmless]
        for place in (0, 63, 64, 149):
            objects = [*harmless[:place], one, *harmless[place:]]
            found = [*expected[:place], asked(kind, *sides), *expected[place:]]
            assert which_may_signal(kind, objects) == found


def test_a_word_of_one_object_does_not_identify_another():
    rule = {"min_size": 2, "cidr": "0.0.0.0/0"}
    objects = [(raw(PLAIN), raw({**PLAIN, "ami": "ami-2"})), (raw(rule), raw({**rule, "min_size": 1}))] * 40
    assert which_may_signal("any", objects) == [False, True] * 40


def raw(value):
    return msgspec.Raw(msgspec.json.encode(value))


@pytest.mark.parametrize("name", sorted(SIZES))
def test_each_size_that_is_lowered_at_any_depth(name):
    assert asked("any", {"blocks": [{name: 2}]}, {"blocks": [{name: 1}]})


def test_what_changes_nothing_that_is_watched_is_not_decoded():
    assert not asked("aws_instance", PLAIN, {**PLAIN, "ami": "ami-2"})
    same = {**PLAIN, "metadata_options": [{"http_tokens": "optional"}]}
    assert not asked("aws_instance", same, {**same, "ami": "ami-2"})


@pytest.mark.parametrize("after", [r'{"cidr_blocks":["0.0.0.0\/0"]}', r'{"cidr_blocks":["\u0030.0.0.0/0"]}',
                                   r'{"policy":"{\"Action\":\"\u002a\"}"}'])  # fmt: skip
def test_words_that_are_spelled_with_escapes(after):
    assert may_signal("any", b"null", after.encode())


def test_what_terraform_escapes_is_no_reason_to_look():
    assert not may_signal("any", b"null", rb'{"user_data":"a \u0026\u0026 b \u003e c \u001b \n \u00e9"}')


@pytest.mark.parametrize("data", ["[]", "1", '"text"', "{", json.dumps({"a": 1}) + "x"])
def test_what_is_no_object_has_to_be_decoded_whole(data):
    assert attributes(data.encode(), ("a",)) is None


def test_attributes_are_decoded_exactly_and_the_last_of_a_key_counts():
    found = attributes(b'{"b":1.50,"a":{"x":[1]},"b":2.50,"c":"not asked for"}', ("a", "b", "z"))
    assert found == {"a": {"x": [1]}, "b": Number("2.50")}
    assert str(found["b"]) == "2.50"
    assert attributes(b"null", ("a",)) == {}
    assert attributes(rb'{"\u0061":1}', ("a",)) == {"a": 1}
    assert attributes(b'{"a": [1, 2] }', ("a",), raw=True) == {"a": b"[1, 2]"}


def test_a_name_or_a_number_that_the_decoder_does_not_take_asks_for_the_whole():
    assert attributes(b'{"a\\"b":1}', ('a"b',)) is None
    assert attributes(b'{"a":' + b"9" * 5000 + b"}", ("a",)) is None
