"""Entries of a state that were removed, added, moved or marked, distinguished from changes of resources."""

from __future__ import annotations

import json

import msgspec
import pytest

from change_events.redact import Redactor
from tests.tf_wrapper.test_state import PROVIDER, SECRET, instance, raw, resource
from tf_wrapper.state.document import read_state
from tf_wrapper.state.edits import compare_edits
from tf_wrapper.subcommands import EDIT, IMPORT, REFRESH

VPC = resource("aws_vpc.a", instance(id="v-1", cidr="10.0.0.0/8"))
NAMELESS = resource("random_x.a", instance(seed="abcdef"))


def at(address, entry):
    return {**resource(address), "type": entry["type"], "instances": entry["instances"], "provider": entry["provider"]}


def marked(entry, **more):
    return {**entry, "instances": [{**entry["instances"][0], **more}]}


def edits(before, after, effect=EDIT, **more):
    read = [read_state(raw(*entries), "state") for entries in (before, after)]
    return compare_edits(*read, Redactor(), effect=effect, **more)


def counted(found):
    return msgspec.to_builtins(found.counts)


def listed(found):
    return [(one.previous_address, one.address, one.action.value, *one.raw_actions) for one in found.plan.changes]


@pytest.mark.parametrize(
    ("before", "after", "effect", "counts", "entries"),
    [
        ([VPC], [], EDIT, {"removed": 1}, [(None, "aws_vpc.a", "forget")]),
        ([], [VPC], EDIT, {"added": 1}, [(None, "aws_vpc.a", "edit", "add")]),
        ([], [VPC], IMPORT, {"imported": 1}, [(None, "aws_vpc.a", "import")]),
        ([VPC], [at("aws_vpc.b", VPC)], EDIT, {"moved": 1}, [("aws_vpc.a", "aws_vpc.b", "move")]),
        ([NAMELESS], [at("random_x.b", NAMELESS)], EDIT, {"moved": 1}, [("random_x.a", "random_x.b", "move")]),
        (
            [at("module.m.aws_vpc.a", VPC), at("module.m.aws_vpc.b", VPC)],  # one id twice
            [at("module.n.aws_vpc.a", VPC), at("module.n.aws_vpc.b", VPC)],
            EDIT,
            {"moved": 2},
            [(f"module.m.aws_vpc.{name}", f"module.n.aws_vpc.{name}", "move") for name in "ab"],
        ),
        ([VPC], [marked(VPC, status="tainted")], EDIT, {"tainted": 1}, [(None, "aws_vpc.a", "edit", "taint")]),
        ([marked(VPC, status="tainted")], [VPC], EDIT, {"untainted": 1}, [(None, "aws_vpc.a", "edit", "untaint")]),
        (
            [VPC],
            [{**VPC, "provider": PROVIDER.replace("hashicorp", "acme")}],
            EDIT,
            {"provider": 1},
            [(None, "aws_vpc.a", "edit", "provider")],
        ),
        (
            [VPC],
            [resource("aws_vpc.a", instance(id="v-2", cidr="10.0.0.0/8"))],
            EDIT,
            {"changed": 1},
            [(None, "aws_vpc.a", "edit", "replace")],
        ),
        (
            [VPC, resource("aws_vpc.b", instance(id="v-2"))],  # two that change places
            [resource("aws_vpc.a", instance(id="v-2")), at("aws_vpc.b", VPC)],
            EDIT,
            {"moved": 2},
            [("aws_vpc.a", "aws_vpc.b", "move"), ("aws_vpc.b", "aws_vpc.a", "move")],
        ),
        (
            [VPC],
            [resource("aws_vpc.a", instance(id="v-1", cidr="0"))],
            EDIT,
            {"changed": 1},
            [(None, "aws_vpc.a", "edit", "attributes")],
        ),
        (
            [at("data.aws_vpc.a", VPC) | {"mode": "data"}],
            [],
            EDIT,
            {"removed": 1},
            [(None, "data.aws_vpc.a", "forget")],
        ),
        ([at("data.aws_vpc.a", VPC) | {"mode": "data"}], [], REFRESH, {}, []),
        ([VPC], [VPC], EDIT, {}, []),
    ],
)
def test_each_edit_is_counted_once_under_its_own_name(before, after, effect, counts, entries):
    found = edits(before, after, effect)
    assert counted(found) == counts
    assert listed(found) == entries
    assert msgspec.to_builtins(found.plan.counts) == {}


def test_what_a_refresh_finds_was_changed_by_others():
    gone = resource("aws_vpc.gone", instance(id="v-9"))
    changed = resource("aws_vpc.a", instance(id="v-1", cidr="10.9.0.0/16"))
    found = edits([VPC, gone], [changed], REFRESH)
    assert counted(found) == {}
    assert found.plan.changes == ()
    assert [(one.address, one.action.value) for one in found.plan.drift] == [
        ("aws_vpc.a", "update"),
        ("aws_vpc.gone", "destroy"),
    ]
    [attribute] = found.plan.drift[0].attributes
    assert (attribute.path, attribute.after.text) == ("cidr", '"10.9.0.0/16"')


def test_what_goes_to_another_file_is_moved_even_under_its_own_address():
    other = (read_state(raw(), "state"), read_state(raw(VPC), "state"))
    found = edits([VPC, NAMELESS], [NAMELESS], target=other)
    assert counted(found) == {"moved": 1}
    assert listed(found) == [("aws_vpc.a", "aws_vpc.a", "move")]
    assert found.plan.changes[0].note == "to another state"


def test_no_attribute_of_a_state_is_in_its_edits():
    path = [[{"type": "get_attr", "value": "password"}]]
    secret = resource("aws_db_instance.a", instance(id=SECRET, password=SECRET, sensitive=path, plain="visible-text"))
    for effect in (EDIT, IMPORT, REFRESH):
        for pair in (([secret], []), ([], [secret]), ([secret], [marked(secret, status="tainted")])):
            text = json.dumps(msgspec.to_builtins(edits(*pair, effect)[0]))
            assert SECRET not in text
            assert "visible-text" not in text


def test_ten_thousand_entries_that_move_are_matched_once_each():
    before = [resource("aws_vpc.a", *(instance(n, id=f"v-{n}") for n in range(10_000)))]
    after = [resource("aws_vpc.b", *(instance(n, id=f"v-{n}") for n in range(10_000)))]
    assert counted(edits(before, after)) == {"moved": 10_000}
