"""Two states as the changes between them."""

import json

import msgspec
import pytest

from change_events.errors import InputError
from change_events.model import Action
from change_events.redact import Redactor
from tf_wrapper.state.compare import compare_states, is_state, remember_state, state_resources

SECRET = "xK7-plutonium-Q9w"  # the planted secret
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'


def instance(key=None, sensitive=(), **attributes):
    place = {} if key is None else {"index_key": key}
    special = {name: attributes.pop(name) for name in ("status", "deposed") if name in attributes}
    return {**place, **special, "schema_version": 0, "attributes": attributes, "sensitive_attributes": list(sensitive)}


def resource(address, *instances):
    module, _, rest = address.rpartition("module.") if address.startswith("module.") else ("", "", address)
    module = {}
    if address.startswith("module."):
        _, name, kind, label = address.split(".")
        module, rest = {"module": f"module.{name}"}, f"{kind}.{label}"
    mode = "data" if rest.startswith("data.") else "managed"
    kind, name = rest.removeprefix("data.").split(".")
    return {**module, "mode": mode, "type": kind, "name": name, "provider": PROVIDER, "instances": list(instances)}


def raw(*resources, **more):
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l", "outputs": {}}
    return json.dumps({**state, "resources": list(resources), **more}).encode()


def changes(before, after):
    plan = compare_states(before, after, redactor=Redactor())
    return [(change.address, change.action) for change in plan.changes]


ONE = resource("aws_vpc.a", instance(id="v-1", cidr="10.0.0.0/8"))


def test_what_appears_is_created_and_what_vanishes_destroyed():
    two = resource("module.m.aws_subnet.b", instance("x", id="s-1"), instance(1, id="s-2"))
    assert changes(raw(ONE), raw(two)) == [
        ("aws_vpc.a", Action.DESTROY),
        ('module.m.aws_subnet.b["x"]', Action.CREATE),
        ("module.m.aws_subnet.b[1]", Action.CREATE),
    ]


def test_an_attribute_that_differs_is_an_update_with_that_attribute():
    after = resource("aws_vpc.a", instance(id="v-1", cidr="10.1.0.0/16"))
    (change,) = compare_states(raw(ONE), raw(after), redactor=Redactor()).changes
    assert (change.action, change.id, change.provider) == (Action.UPDATE, "v-1", "registry.terraform.io/hashicorp/aws")
    assert [(part.path, part.before.text, part.after.text) for part in change.attributes] == [
        ("cidr", '"10.0.0.0/8"', '"10.1.0.0/16"')
    ]


def test_another_id_is_a_replacement():
    assert changes(raw(ONE), raw(resource("aws_vpc.a", instance(id="v-2")))) == [("aws_vpc.a", Action.REPLACE)]


def test_the_same_id_under_another_address_is_a_move():
    moved = resource("aws_vpc.b", instance(id="v-1", cidr="10.0.0.0/8"))
    plan = compare_states(raw(ONE), raw(moved), redactor=Redactor())
    assert [(c.address, c.action, c.previous_address) for c in plan.changes] == [
        ("aws_vpc.b", Action.MOVE, "aws_vpc.a")
    ]
    assert (plan.counts.move, plan.counts.create, plan.counts.destroy) == (1, 0, 0)


def test_an_id_that_is_there_twice_is_no_move():
    two = [resource(f"aws_x.{name}", instance(id="same")) for name in "ab"]
    assert changes(raw(*two), raw(resource("aws_x.c", instance(id="same")))) == [
        ("aws_x.a", Action.DESTROY),
        ("aws_x.b", Action.DESTROY),
        ("aws_x.c", Action.CREATE),
    ]


def test_becoming_tainted_is_reported():
    tainted = resource("aws_vpc.a", instance(id="v-1", cidr="10.0.0.0/8", status="tainted"))
    (change,) = compare_states(raw(ONE), raw(tainted), redactor=Redactor()).changes
    assert (change.action, change.reason) == (Action.UPDATE, "tainted")


def test_a_deposed_object_is_destroyed_beside_the_current_one():
    both = resource("aws_vpc.a", instance(id="v-1", cidr="10.0.0.0/8"), instance(id="v-0", deposed="deadbeef"))
    plan = compare_states(raw(both), raw(ONE), redactor=Redactor())
    assert [(change.address, change.action, change.deposed) for change in plan.changes] == [
        ("aws_vpc.a", Action.DESTROY, "deadbeef")
    ]


def test_a_replacement_that_left_the_old_object_is_one_replacement():
    both = resource("aws_vpc.a", instance(id="v-2"), instance(id="v-1", deposed="deadbeef"))
    assert changes(raw(ONE), raw(both)) == [("aws_vpc.a", Action.REPLACE)]


def test_an_object_that_is_only_deposed_now_is_not_called_destroyed():
    only = resource("aws_vpc.a", instance(id="v-1", deposed="deadbeef"))
    (change,) = compare_states(raw(ONE), raw(only), redactor=Redactor()).changes
    assert (change.action, change.raw_actions) == (Action.OTHER, ("deposed",))


def test_data_sources_are_no_changes():
    assert changes(raw(), raw(resource("data.aws_ami.x", instance(id="a")))) == []


def test_attributes_of_a_dynamic_type_are_unwrapped():
    before = resource(
        "terraform_data.a", instance(id="1", input={"value": {"k": 1}, "type": ["object", {"k": "number"}]})
    )
    after = resource(
        "terraform_data.a", instance(id="1", input={"value": {"k": 2}, "type": ["object", {"k": "number"}]})
    )
    (change,) = compare_states(raw(before), raw(after), redactor=Redactor()).changes
    assert [part.path for part in change.attributes] == ["input.k"]


def test_an_attribute_that_only_looks_like_one_is_left_alone():
    before = resource("x.a", instance(id="1", setting={"value": 1, "type": "standard"}))
    after = resource("x.a", instance(id="1", setting={"value": 2, "type": "standard"}))
    (change,) = compare_states(raw(before), raw(after), redactor=Redactor()).changes
    assert [part.path for part in change.attributes] == ["setting.value"]


def path_of(*steps):
    return [
        {"type": "index", "value": {"value": step, "type": "number"}}
        if isinstance(step, int)
        else {"type": "get_attr", "value": step}
        for step in steps
    ]


@pytest.mark.parametrize(
    ("attributes", "path"),
    [
        ({"p": SECRET}, path_of("p")),
        ({"m": {"k": SECRET}}, path_of("m", "k")),
        ({"l": ["a", SECRET]}, path_of("l", 1)),
        ({"b": [{"p": SECRET}]}, path_of("b", 0, "p")),
        ({"s": [SECRET]}, path_of("s", SECRET)),
        ({"m": {"k": SECRET}}, path_of("m")),
        ({"m": {SECRET: "k"}}, path_of("m")),
    ],
)
def test_sensitive_attributes_are_nowhere(attributes, path):
    before = raw(resource("a.b", instance(id="1", note="old", sensitive=[path], **attributes)))
    after = raw(resource("a.b", instance(id="1", note=f"see {SECRET}")))
    for pair in ((before, after), (after, before), (None, before), (before, None)):
        plan = compare_states(*pair, redactor=Redactor())
        assert plan.changes
        assert SECRET.encode() not in msgspec.json.encode(plan)
    redactor = Redactor()
    remember_state(before, redactor)
    assert SECRET not in redactor.text(f"Error: {SECRET}")


def test_outputs_are_compared_and_sensitive_ones_hidden():
    before = raw(
        outputs={"a": {"value": 1, "type": "number"}, "s": {"value": SECRET, "sensitive": True}, "same": {"value": 1}}
    )
    after = raw(outputs={"a": {"value": 2, "type": "number"}, "new": {"value": SECRET}, "same": {"value": 1}})
    plan = compare_states(before, after, redactor=Redactor())
    assert [(part.name, part.action) for part in plan.outputs] == [
        ("a", Action.UPDATE),
        ("new", Action.CREATE),
        ("s", Action.DESTROY),
    ]
    assert SECRET.encode() not in msgspec.json.encode(plan)


def test_keys_are_quoted_as_terraform_quotes_them():
    keys = ['a"b', "x.y/z", "${lit}", "%{if}", "back\\slash", "new\nline"]
    quoted = ['a\\"b', "x.y/z", "$${lit}", "%%{if}", "back\\\\slash", "new\\nline"]
    data = raw(resource("a.b", *[instance(key, id=str(place)) for place, key in enumerate(keys)]))
    assert list(state_resources(data)) == [f'a.b["{key}"]' for key in quoted]


def test_what_a_state_holds():
    data = raw(
        resource("a.b", instance(id="1", status="tainted"), instance(id="0", deposed="deadbeef")),
        resource("a.c", instance(id="2", deposed="deadbeef")),
        resource("data.a.d", instance(id="3")),
    )
    assert {key: tuple(held) for key, held in state_resources(data).items()} == {"a.b": ("1", True, ("deadbeef",))}


OLD = {
    "version": 3,
    "terraform_version": "0.11.14",
    "modules": [
        {
            "path": ["root"],
            "outputs": {"ip": {"sensitive": False, "type": "string", "value": "1.2.3.4"}},
            "resources": {
                "aws_instance.web.0": {
                    "type": "aws_instance",
                    "primary": {"id": "i-1", "attributes": {"id": "i-1", "ami": "a", "tags.%": "1", "tags.Name": "w"}},
                    "deposed": [{"id": "i-0"}],
                    "provider": "provider.aws",
                },
                "data.aws_ami.x": {"type": "aws_ami", "primary": {"id": "ami-1"}},
            },
        },
        {
            "path": ["root", "db"],
            "resources": {"aws_db.a": {"type": "aws_db", "primary": {"id": "d", "tainted": True}}},
        },
    ],
}


def test_states_before_terraform_0_12_are_read_as_far_as_they_go():
    data = json.dumps(OLD).encode()
    assert is_state(data)
    held = state_resources(data)
    assert {key: (part.id, part.tainted) for key, part in held.items()} == {
        "aws_instance.web[0]": ("i-1", False),
        "module.db.aws_db.a": ("d", True),
    }
    newer = json.dumps(OLD).replace('"tags.Name": "w"', '"tags.Name": "x"').encode()
    (change,) = compare_states(data, newer, redactor=Redactor()).changes
    assert ([part.path for part in change.attributes], change.provider) == (["tags.Name"], "aws")


@pytest.mark.parametrize("version", [1, 2])
def test_the_oldest_states_hold_ids_too(version):
    data = json.dumps({**OLD, "version": version}).encode()
    assert state_resources(data)["aws_instance.web[0]"].id == "i-1"


def test_addresses_of_terraform_0_12_are_completed():
    foo = {"address": "x.foo", "mode": "managed", "type": "x", "name": "foo", "values": {"id": "1"}}
    module = {
        "address": "module.m",
        "resources": [{**foo, "index": 0}, {**foo, "address": 'module.m.x.foo["k"]', "index": "k"}],
    }
    root = {"resources": [{**foo, "index": 1}, foo], "child_modules": [module]}
    data = json.dumps({"format_version": "0.1", "values": {"root_module": root}}).encode()
    assert list(state_resources(data)) == ["x.foo[1]", "x.foo", "module.m.x.foo[0]", 'module.m.x.foo["k"]']


@pytest.mark.parametrize("empty", [None, b"", b" \n", b'{"format_version":"1.0"}', raw()])
def test_no_state_is_a_state_of_nothing(empty):
    assert compare_states(empty, empty, redactor=Redactor()).changes == ()
    assert changes(empty, raw(ONE)) == [("aws_vpc.a", Action.CREATE)]
    assert changes(raw(ONE), empty) == [("aws_vpc.a", Action.DESTROY)]


WRONG = {
    "encrypted": (b'{"serial":1,"lineage":"x","meta":{},"encrypted_data":"abc"}', "encrypted by OpenTofu"),
    "newer": (raw(version=5), "upgrade tfevent"),
    "plan": (b'{"format_version":"1.2","planned_values":{}}', "a plan"),
    "text": (b"No state.", "not a state"),
    "object": (b'{"x":1}', "no version"),
    "array": (b"[]", "not a state"),
    "wrong type": (raw(outputs=[1]), "not a state"),
    "deep": (b"[" * 100_000, "state"),
}


@pytest.mark.parametrize(("data", "word"), WRONG.values(), ids=WRONG)
def test_what_is_no_state_is_refused_with_a_reason(data, word):
    with pytest.raises(InputError, match=rf"(?s)new\.tfstate.*{word}"):
        compare_states(raw(), data, redactor=Redactor(), names=("old.tfstate", "new.tfstate"))


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (raw(), True),
        (b"\xef\xbb\xbf" + raw(), True),
        (raw().decode().encode("utf-16"), True),
        (WRONG["encrypted"][0], True),
        (b'{"format_version":"1.0","values":{}}', True),
        (b'{"format_version":"1.2","planned_values":{},"resource_changes":[]}', False),
        (b'{"format_version":"1.2","output_changes":{}}', False),
        (b'{"a":1}', False),
        (b"[1]", False),
        (b"PK\x03\x04", False),
    ],
)
def test_a_state_is_known_from_other_files(data, state):
    assert is_state(data) is state
