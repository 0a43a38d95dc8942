"""Plan JSON as changes: every trap of the format in a row of a table."""

import tracemalloc
from pathlib import Path

import msgspec
import pytest

from change_events.errors import InputError
from change_events.model import Action
from change_events.redact import Redactor
from tests.tf_wrapper.plan_documents import document, entry
from tf_wrapper.plan.reader import read_plan

GOLDEN = Path(__file__).parent.parent / "golden" / "plans"


def read(*changes, redactor=None, **more):
    return read_plan(document(*changes, **more), name="plan.json", redactor=redactor or Redactor())


def counted(plan):
    return {name: number for name, number in msgspec.structs.asdict(plan.counts).items() if number}


ACTIONS = [
    (["create"], Action.CREATE, {"create": 1}),
    (["update"], Action.UPDATE, {"update": 1}),
    (["delete"], Action.DESTROY, {"destroy": 1}),
    (["delete", "create"], Action.REPLACE, {"replace": 1}),
    (["create", "delete"], Action.REPLACE, {"replace": 1}),
    (["read"], Action.READ, {"read": 1}),
    (["forget"], Action.FORGET, {"forget": 1}),
    (["create", "forget"], Action.CREATE, {"create": 1, "forget": 1}),
    (["forget", "create"], Action.CREATE, {"create": 1, "forget": 1}),
    (["Open"], Action.OTHER, {"other": 1}),
    (["delete", "rewind"], Action.OTHER, {"other": 1}),
    ([], Action.OTHER, {"other": 1}),
]


@pytest.mark.parametrize(("words", "action", "counts"), ACTIONS)
def test_every_list_of_actions_has_a_meaning(words, action, counts):
    plan = read(entry("aws_instance.a", *words))
    assert [change.action for change in plan.changes] == [action]
    assert counted(plan) == counts


def test_both_orders_of_a_replacement_are_distinguished():
    plan = read(entry("a.b", "create", "delete"), entry("a.c", "delete", "create"))
    assert [change.create_before_destroy for change in plan.changes] == [True, False]


def test_unknown_words_are_kept():
    assert read(entry("a.b", "delete", "rewind")).changes[0].raw_actions == ("delete", "rewind")


def test_plain_no_ops_are_only_counted():
    plan = read(entry("a.b", "no-op", before={"x": 1}, after={"x": 1}), entry("a.c", "no-op"))
    assert plan.changes == ()
    assert counted(plan) == {"no_op": 2}


BESIDE = [
    (entry("a.b", "no-op", previous_address="a.old"), Action.MOVE, {"no_op": 1, "move": 1}),
    (entry("a.b", "update", previous_address="a.old"), Action.UPDATE, {"update": 1, "move": 1}),
    (entry("a.b", "no-op", importing={"id": "i-1"}), Action.IMPORT, {"no_op": 1, "import_": 1}),
    (entry("a.b", "no-op", importing={}), Action.IMPORT, {"no_op": 1, "import_": 1}),
    (entry("a.b", "update", importing={"id": "i-1"}), Action.UPDATE, {"update": 1, "import_": 1}),
    (entry("a.b", "delete", "create", importing={"id": "i-1"}), Action.REPLACE, {"replace": 1, "import_": 1}),
    (entry("a.b", "update", importing=None), Action.UPDATE, {"update": 1}),
    (entry("a.b", "no-op", previous_address="a.b"), None, {"no_op": 1}),
]


@pytest.mark.parametrize(("change", "action", "counts"), BESIDE)
def test_moving_and_importing_count_beside_whatever_else_happens(change, action, counts):
    plan = read(change)
    assert [found.action for found in plan.changes] == ([action] if action else [])
    assert counted(plan) == counts


def test_an_import_names_its_id_or_its_identity():
    plan = read(
        entry("a.b", "no-op", importing={"id": "i-1"}),
        entry("a.c", "no-op", importing={"identity": {"name": "n", "region": "r"}}),
        entry("a.d", "update", importing={"unknown": True}),
    )
    assert [change.importing for change in plan.changes] == [True] * 3
    assert plan.changes[0].import_id == "i-1"
    assert plan.changes[1].import_id == 'name="n", region="r"'
    assert plan.changes[2].import_id is None


def test_a_deposed_object_stands_beside_the_current_one():
    plan = read_plan((GOLDEN / "deposed__2.json").read_bytes(), name="", redactor=Redactor())
    current, deposed = plan.changes
    assert current.address == deposed.address
    assert (current.action, current.deposed, current.reason) == (Action.REPLACE, None, "replace_because_tainted")
    assert (deposed.action, len(deposed.deposed or "")) == (Action.DESTROY, 8)


def test_a_forget_is_no_destroy_whatever_its_reason_says():
    plan = read(entry("a.b", "forget", action_reason="delete_because_no_resource_config"))
    assert plan.changes[0].action is Action.FORGET
    assert plan.changes[0].reason == "delete_because_no_resource_config"
    assert counted(plan) == {"forget": 1}


@pytest.mark.parametrize("words", [["create", "forget"], ["forget", "create"]])
def test_what_is_created_beside_a_forgotten_object_has_no_id_yet(words):
    change = entry("a.b", *words, before={"id": "i-old", "n": 1}, after={"n": 2}, after_unknown={"id": True})
    (found,) = read(change).changes
    assert found.id is None
    assert [part.path for part in found.attributes] == ["id", "n"]


def test_what_forces_a_replacement_is_reported_by_path_and_attribute():
    before, after = {"ami": "1", "n": [{"s": 1}], "t": 1}, {"ami": "2", "n": [{"s": 2}], "t": 2}
    change = entry("a.b", "delete", "create", before=before, after=after, replace_paths=[["ami"], ["n", 0, "s"]])
    (found,) = read(change).changes
    assert found.replace_paths == ("ami", "n[0].s")
    assert [(part.path, part.forces_replacement) for part in found.attributes] == [
        ("ami", True),
        ("n[0].s", True),
        ("t", False),
    ]


def test_big_numbers_do_not_lose_a_digit():
    data = document(entry("a.b", "update", before={"n": 1, "f": 1}, after={"n": 2, "f": 2}))
    digits = b"123456789012345678901234567891"
    data = data.replace(b'"n": 1', b'"n": 9007199254740992').replace(b'"n": 2', b'"n": 9007199254740993')
    data = data.replace(b'"f": 1', b'"f": 1.5e300').replace(b'"f": 2', b'"f": ' + digits)
    attributes = read_plan(data, name="", redactor=Redactor()).changes[0].attributes
    assert [(part.before.text, part.after.text) for part in attributes] == [
        ("1.5e300", digits.decode()),
        ("9007199254740992", "9007199254740993"),
    ]


def test_a_change_of_the_mark_alone_is_an_update_with_an_attribute():
    plan = read(
        entry(
            "a.b",
            "update",
            before={"p": "abcdef"},
            after={"p": "abcdef"},
            before_sensitive={},
            after_sensitive={"p": True},
        )
    )
    assert [part.note for part in plan.changes[0].attributes] == ["only the sensitivity mark changes"]


def test_the_id_is_that_of_the_object_before_the_run():
    plan = read(
        entry("a.b", "update", before={"id": "i-1", "x": 1}, after={"id": "i-1", "x": 2}),
        entry("a.c", "update", before={"id": "marked"}, after={}, before_sensitive={"id": True}),
    )
    assert [change.id for change in plan.changes] == ["i-1", None]


def test_types_and_modules_are_counted_without_what_stays():
    module = 'module.m["eu"]'
    plan = read(
        entry("aws_instance.a", "create"),
        {**entry("x", "update"), "type": "aws_vpc", "module_address": module},
        entry("aws_instance.b", "no-op"),
        entry("aws_instance.c", "read"),
    )
    assert plan.by_type == {"aws_instance": 1, "aws_vpc": 1}
    assert plan.by_module == {"root": 1, module: 1}


def test_drift_is_reported_and_what_only_moved_is_not():
    drift = [
        entry("a.b", "update", before={"x": 1}, after={"x": 2}),
        entry("a.c", "delete", before={"x": 1}),
        entry("a.d", "no-op", previous_address="a.old"),
    ]
    plan = read_plan(document(resource_drift=drift), name="", redactor=Redactor())
    assert [(part.address, part.action) for part in plan.drift] == [("a.b", Action.UPDATE), ("a.c", Action.DESTROY)]
    assert [part.path for part in plan.drift[0].attributes] == ["x"]
    assert plan.counts.drift == 2


def test_outputs_that_change_are_reported_and_sensitive_ones_hidden():
    def change(*actions, **more):
        return {"actions": list(actions), "before": None, "after": None, "after_unknown": False, **more}

    outputs = {
        "plain": change("update", before=1, after="1"),
        "pw": change("create", after="output-secret", before_sensitive=True, after_sensitive=True),
        "later": change("create", after_unknown={"a": True}, after={}),
        "same": change("no-op", before=1, after=1),
        "gone": change("delete", before="x"),
    }
    plan = read(output_changes=outputs)
    assert plan.counts.outputs == 4
    found = {
        part.name: (part.before.text or part.before.kind.value, part.after.text or part.after.kind.value)
        for part in plan.outputs
    }
    assert found == {
        "plain": ("1", '"1"'),
        "pw": ("absent", "sensitive"),
        "later": ("absent", "unknown"),
        "gone": ('"x"', "absent"),
    }


def test_checks_that_did_not_pass_are_reported():
    plan = read_plan((GOLDEN / "checks__1.json").read_bytes(), name="", redactor=Redactor())
    assert [(part.address, part.status, part.problems) for part in plan.checks] == [
        ("terraform_data.c", "fail", ("precondition failed on purpose",))
    ]


def test_conditions_of_terraform_1_2_are_checks():
    conditions = [
        {"address": "output.a", "condition_type": "OutputPrecondition", "result": True, "unknown": False},
        {"address": "x.b", "condition_type": "ResourcePostcondition", "result": False, "unknown": True},
        {"address": "x.c", "condition_type": "R", "result": False, "unknown": False, "error_message": "no"},
    ]
    assert [(part.address, part.status, part.problems) for part in read(condition_results=conditions).checks] == [
        ("x.b", "unknown", ()),
        ("x.c", "fail", ("no",)),
    ]


LATER = '"(known after apply)"'
PARTLY = [
    ({"a": 5, "n": {}}, {"b": True, "n": {"x": True}}, f'{{"a":5,"b":{LATER},"n":{{"x":{LATER}}}}}'),
    ([1, None, 3], [False, True, False], f"[1,{LATER},3]"),
    ([1], [False, {"x": True}], f"[1,{LATER}]"),
    ([None], [True], None),
    ({}, {"b": True}, None),
    (None, True, None),
]


@pytest.mark.parametrize(("after", "unknown", "text"), PARTLY)
def test_an_output_that_is_partly_unknown_shows_what_is_known(after, unknown, text):
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": unknown}
    (found,) = read(output_changes={"o": change}).outputs
    assert (found.after.kind.value, found.after.text) == ("value" if text else "unknown", text)


def test_of_a_sensitive_output_that_is_partly_unknown_nothing_shows():
    change = {"actions": ["create"], "after": {"a": 5}, "after_unknown": {"b": True}, "after_sensitive": {"a": True}}
    (found,) = read(output_changes={"o": change}).outputs
    assert (found.after.kind.value, found.after.text) == ("unknown", None)


def test_actions_to_invoke_are_changes_of_their_own():
    trigger = {"triggering_resource_address": "a.b", "action_trigger_event": "AfterCreate"}
    invocation = {"address": "action.bufo.x", "type": "bufo", "name": "x", "provider_name": "p", "config_values": {}}
    plan = read(
        action_invocations=[
            {**invocation, "lifecycle_action_trigger": trigger},
            {**invocation, "address": "action.bufo.y", "invoke_action_trigger": {}},
        ],
        deferred_action_invocations=[{"reason": "deferred_prereq", "action_invocation": invocation}],
    )
    assert [(part.action, part.address, part.reason, part.deferred) for part in plan.changes] == [
        (Action.INVOKE, "action.bufo.x", "triggered by after_create of a.b", None),
        (Action.INVOKE, "action.bufo.y", "invoked by -invoke", None),
        (Action.INVOKE, "action.bufo.x", None, "deferred_prereq"),
    ]
    assert counted(plan) == {"invoke": 2, "deferred": 1}


@pytest.mark.parametrize(
    ("address", "module"),
    [
        ("action.bufo.x", None),
        ('action.bufo.x["a.action.bufo.x"]', None),
        ("module.m.action.bufo.x", "module.m"),
        ('module.m["a.action.bufo.x"].module.n[0].action.bufo.x[2]', 'module.m["a.action.bufo.x"].module.n[0]'),
        (r'module.m["\"]"].action.bufo.x["]\"[\""]', r'module.m["\"]"]'),
        ("module.m.action.bufo.other", None),
    ],
)
def test_the_module_of_an_action_is_read_off_its_address(address, module):
    (change,) = read(action_invocations=[{"address": address, "type": "bufo", "name": "x"}]).changes
    assert change.module == module


def test_what_an_action_is_invoked_with_is_shown_and_what_is_secret_by_its_name_is_remembered():
    invocation = {
        "address": "action.bufo.x",
        "config_values": {"message": "hello", "password": "hunter2-plutonium", "marked": "curium-247", "none": None},
        "config_sensitive": {"marked": True},
        "config_unknown": {"later": True},
    }
    redactor = Redactor()
    (change,) = read(action_invocations=[invocation], redactor=redactor).changes
    assert [(one.path, one.after.kind.value, one.after.text) for one in change.attributes] == [
        ("later", "unknown", None),
        ("marked", "sensitive", None),
        ("message", "value", '"hello"'),
        ("password", "sensitive", None),
    ]
    assert redactor.text("not hunter2-plutonium nor curium-247") == "not (sensitive) nor (sensitive)"


def test_deferred_changes_are_listed_and_counted_as_nothing_else():
    deferred = [{"reason": "provider_config_unknown", "resource_change": entry("a.b", "create", after={"x": 1})}]
    plan = read(deferred_changes=deferred, complete=False)
    assert [(part.address, part.deferred) for part in plan.changes] == [("a.b", "provider_config_unknown")]
    assert counted(plan) == {"deferred": 1}
    assert plan.by_type == {}
    assert plan.complete is False


def test_every_deferred_change_is_counted_however_few_are_looked_at():
    deferred = [{"reason": "unknown", "resource_change": entry(f"a.b[{index}]", "create")} for index in range(5)]
    plan = read_plan(document(deferred_changes=deferred), name="", redactor=Redactor(), detailed=2)
    assert plan.counts.deferred == 5


def test_an_errored_plan_says_so():
    plan = read_plan((GOLDEN / "prevent_destroy__1.json").read_bytes(), name="", redactor=Redactor())
    assert (plan.errored, plan.complete, plan.applyable) == (True, False, False)


def test_ephemeral_entries_of_opentofu_are_no_changes():
    plan = read({**entry("ephemeral.a.b", "Open"), "mode": "ephemeral"})
    assert plan.changes == ()
    assert counted(plan) == {}


TOOLS = [
    ({"provider_name": "registry.opentofu.org/hashicorp/aws"}, {}, "tofu"),
    ({"provider_name": "registry.terraform.io/hashicorp/aws"}, {}, "terraform"),
    ({"provider_name": "terraform.io/builtin/terraform"}, {"applyable": True}, "terraform"),
    ({"provider_name": "terraform.io/builtin/terraform"}, {}, "tofu"),
    ({"provider_name": "terraform.io/builtin/terraform"}, {"terraform_version": "1.5.7"}, "terraform"),
    ({"provider_name": "aws"}, {"terraform_version": "0.12.31", "format_version": "0.1"}, "terraform"),
]


@pytest.mark.parametrize(("change", "more", "tool"), TOOLS)
def test_the_tool_is_known_by_its_registry(change, more, tool):
    assert read({**entry("a.b", "create"), **change}, **more).tool_name == tool


@pytest.mark.parametrize("version", ["2.0", "3", "10.1", "x"])
def test_another_major_format_is_refused(version):
    with pytest.raises(InputError, match=r"plan\.json: plan format .* upgrade tfevent"):
        read(format_version=version)


def test_properties_of_newer_versions_are_ignored():
    assert counted(read(entry("a.b", "create", colour="red"), tomorrow={"x": [1]}, format_version="1.99")) == {
        "create": 1
    }


def test_paths_that_are_no_paths_do_not_cost_the_plan():
    change = entry("a.b", "delete", "create", before={}, after={}, replace_paths=[["a"], None, [None], "x", [1.5]])
    assert read(change).changes[0].replace_paths == ("a",)


def test_an_empty_plan_has_no_changes():
    plan = read_plan(b'{"format_version":"1.2","planned_values":{"root_module":{}}}', name="", redactor=Redactor())
    assert (plan.changes, counted(plan)) == ((), {})


def test_too_many_changes_keep_exact_figures_and_the_worst_keep_their_attributes():
    updates = [entry(f"a.u{n}", "update", before={"x": 1}, after={"x": 2}) for n in range(30)]
    plan = read_plan(
        document(*updates, entry("a.r", "delete", "create", before={"x": 1}, after={"x": 2})),
        name="",
        redactor=Redactor(),
        detailed=5,
    )
    assert counted(plan) == {"update": 30, "replace": 1}
    assert len(plan.changes) == 31
    with_attributes = [change.address for change in plan.changes if change.attributes]
    assert with_attributes == ["a.u0", "a.u1", "a.u2", "a.u3", "a.r"]
    assert sum(not change.attributes_compared for change in plan.changes) == 26


def test_a_resource_with_too_many_attributes_counts_the_rest():
    after = {f"k{n}": n for n in range(500)}
    (change,) = read(entry("a.b", "create", after=after)).changes
    assert len(change.attributes) + change.attributes_omitted == 500
    assert change.attributes_omitted > 0


def test_values_of_no_ops_are_never_decoded():
    values = {"x": [{"n": number} for number in range(20_000)]}
    mask = {"x": [{}] * 20_000}
    data = document(entry("a.b", "no-op", before=values, after=values, before_sensitive=mask, after_sensitive=mask))
    tracemalloc.start()
    try:
        assert counted(read_plan(data, name="", redactor=Redactor())) == {"no_op": 1}
        assert tracemalloc.get_traced_memory()[1] < len(data)
    finally:
        tracemalloc.stop()


def test_json_nested_beyond_the_stack_costs_only_its_own_attributes():
    deep = ["[" * depth + "]" * depth for depth in (700, 701)]
    plan = read(
        entry("a.b", "update", before={"x": deep[0]}, after={"x": deep[1]}), entry("a.c", "create", after={"y": 1})
    )
    assert counted(plan) == {"update": 1, "create": 1}
