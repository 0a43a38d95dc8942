"""The first pass: whatever is marked anywhere is nowhere in what was read."""

import json

import msgspec
import pytest

from change_events.redact import Redactor
from tests.tf_wrapper.plan_documents import document, entry
from tf_wrapper.plan.reader import read_plan, remember_secrets

SECRET = "xK7-plutonium-Q9w"  # the planted secret
LEAK = entry(
    f'a.leak["{SECRET}"]', "create", after={"note": f"see {SECRET}!", SECRET: 1}, previous_address=f"a.{SECRET}"
)


def config(**module):
    return {"configuration": {"root_module": module}}


def state(resource):
    return {"values": {"root_module": {"child_modules": [{"resources": [resource]}]}}}


MARKED = {
    "before": ([entry("a.b", "update", before={"p": SECRET}, after={}, before_sensitive={"p": True})], {}),
    "after": ([entry("a.b", "create", after={"l": [{"p": SECRET}]}, after_sensitive={"l": [{"p": True}]})], {}),
    "key of a hidden map": (
        [entry("a.b", "create", after={"m": {SECRET: 1}}, after_sensitive={"m": True})],
        {},
    ),
    "key of a hidden output": (
        [],
        {"output_changes": {"o": {"actions": ["no-op"], "before": [{SECRET: 1}], "before_sensitive": True}}},
    ),
    "whole": ([entry("a.b", "delete", before={"p": SECRET}, before_sensitive=True)], {}),
    "no-op": ([entry("a.b", "no-op", before={"p": SECRET}, after={"p": SECRET}, before_sensitive={"p": True})], {}),
    "drift": (
        [],
        {"resource_drift": [entry("a.b", "update", before={"p": SECRET}, after={}, before_sensitive={"p": True})]},
    ),
    "deferred": (
        [],
        {
            "deferred_changes": [
                {"resource_change": entry("a.d", "create", after={"p": SECRET}, after_sensitive={"p": True})}
            ]
        },
    ),
    "output": (
        [],
        {
            "output_changes": {
                "o": {"actions": ["no-op"], "before": [SECRET], "after": [SECRET], "after_sensitive": True}
            }
        },
    ),
    "variable": ([], {"variables": {"v": {"value": {"k": SECRET}}}, **config(variables={"v": {"sensitive": True}})}),
    "ephemeral variable": ([], {"variables": {"v": {"value": SECRET}}, **config(variables={"v": {"ephemeral": True}})}),
    "ephemeral default": ([], config(variables={"v": {"ephemeral": True, "default": SECRET}})),
    "ephemeral module argument": (
        [],
        config(
            module_calls={
                "m": {
                    "expressions": {"v": {"constant_value": SECRET}},
                    "module": {"variables": {"v": {"ephemeral": True}}},
                }
            }
        ),
    ),
    "variable by name": ([], {"variables": {"db_password": {"value": SECRET}}}),
    "default": ([], config(variables={"v": {"sensitive": True, "default": SECRET}})),
    "provider": (
        [],
        {"configuration": {"provider_config": {"aws": {"expressions": {"secret_key": {"constant_value": SECRET}}}}}},
    ),
    "provider block": (
        [],
        {
            "configuration": {
                "provider_config": {"k": {"expressions": {"exec": [{"password": {"constant_value": SECRET}}]}}}
            }
        },
    ),
    "module argument": (
        [],
        config(
            module_calls={
                "m": {
                    "expressions": {"v": {"constant_value": SECRET}},
                    "module": {"variables": {"v": {"sensitive": True}}},
                }
            }
        ),
    ),
    "data source": (
        [],
        {"prior_state": state({"mode": "data", "values": {"p": SECRET}, "sensitive_values": {"p": True}})},
    ),
    "resource beyond the target": (
        [],
        {
            "prior_state": state(
                {"address": "a.z", "mode": "managed", "values": {"p": SECRET}, "sensitive_values": {"p": True}}
            )
        },
    ),
    "current object beside its deposed one": (
        [entry("a.z", "delete", before={"p": "other"}, deposed="00000001")],
        {
            "prior_state": state(
                {"address": "a.z", "mode": "managed", "values": {"p": SECRET}, "sensitive_values": {"p": True}}
            )
        },
    ),
    "odd state": ([], {"prior_state": {"values": [{"values": {"p": SECRET}, "sensitive_values": {"p": True}}]}}),
    "invocation": (
        [],
        {"action_invocations": [{"address": "x", "config_values": {"p": SECRET}, "config_sensitive": {"p": True}}]},
    ),
}


@pytest.mark.parametrize(("changes", "more"), MARKED.values(), ids=MARKED)
def test_what_is_marked_somewhere_is_shown_nowhere(changes, more):
    data = document(LEAK, *changes, **more)
    assert SECRET.encode() in data
    plan = read_plan(data, name=f"{SECRET}.json", redactor=Redactor())
    assert plan.counts.create >= 1
    assert SECRET.encode() not in msgspec.json.encode(plan)


@pytest.mark.parametrize(("changes", "more"), MARKED.values(), ids=MARKED)
def test_remembered_secrets_are_scrubbed_from_other_texts(changes, more):
    redactor = Redactor()
    remember_secrets(document(*changes, **more), redactor)
    assert SECRET not in redactor.text(f"Error: {SECRET} is wrong")


def test_secrets_of_a_plan_in_utf16_are_remembered():
    redactor = Redactor()
    changes, more = MARKED["before"]
    remember_secrets(document(*changes, **more).decode().encode("utf-16"), redactor)
    assert SECRET not in redactor.text(SECRET)


def test_a_second_plan_of_a_file_hides_the_secrets_of_the_first_too():
    from tf_wrapper.plan.reader import read_plans

    changes, more = MARKED["before"]
    plans = read_plans(document(LEAK) + document(*changes, **more), name="p", redactor=Redactor())
    assert SECRET.encode() not in msgspec.json.encode(plans)


def test_json_in_a_string_is_hidden_by_name():
    policy = [json.dumps({"db": {"password": SECRET + end}, "x": end}) for end in "ab"]
    plan = read_plan(
        document(entry("a.b", "update", before={"c": policy[0]}, after={"c": policy[1]})), name="p", redactor=Redactor()
    )
    assert [part.path for part in plan.changes[0].attributes] == ["c.db.password", "c.x"]
    assert SECRET.encode() not in msgspec.json.encode(plan)


@pytest.mark.parametrize(
    "name", ["client_certificate", "DATABASE_URL", "ipv4_address", "us-east-1", "maxSizeInGb", "k8s.io/role-name"]
)
def test_a_hidden_map_does_not_hide_the_names_of_its_keys_elsewhere(name):
    change = entry("a.b", "create", after={"m": {name: "f4b6-01"}, name: "open"}, after_sensitive={"m": True})
    plan = read_plan(document(change, entry(f'a.c["{name}"]', "create")), name="p", redactor=Redactor())
    assert name in plan.changes[1].address
    assert {part.after.text for part in plan.changes[0].attributes} == {None, '"open"'}
    assert any(name in part.path for part in plan.changes[0].attributes)
