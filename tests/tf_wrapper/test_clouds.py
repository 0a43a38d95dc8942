"""Accounts and regions: what is known of the changed resources, and nothing that only seems so."""

import json

import pytest

from change_events.model import Cloud
from change_events.redact import Redactor
from change_events.summary.change_text import cloud_words
from tests.tf_wrapper.plan_documents import document, entry
from tf_wrapper.plan.reader import read_plan
from tf_wrapper.state.compare import compare_states

ACCOUNT, OTHER = "123456789012", "999988887777"
ARN = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-1"
SUBSCRIPTION = "4d0248ef-cc19-4416-a55f-eda9fc5c1696"
RESOURCE_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


def clouds(*entries, **more):
    return read_plan(document(*entries, **more), name="plan", redactor=Redactor()).clouds


def aws(accounts=(), regions=()):
    return (Cloud(name="aws", accounts=tuple(accounts), regions=tuple(regions)),)


def configuration(provider="aws", *, key=None, kind="aws_instance", declared=None, module=None, **expressions):
    key = key or provider
    used = {"resources": [{"mode": "managed", "type": kind, "name": "a", "provider_config_key": key}]}
    root = {"module_calls": {module: {"module": used}}} if module else used
    return {
        "provider_config": {key: {"name": provider, "expressions": expressions}},
        "root_module": {**root, "variables": declared or {}},
    }


def constant(value):
    return {"constant_value": value}


def new(kind="aws_instance", **values):
    return entry(f"{kind}.a", "create", after=values)


def test_an_objects_own_arn_says_account_and_region():
    old = {"arn": ARN, "id": "i-1", "ami": "a"}
    changed = entry("aws_instance.a", "update", before=old, after={**old, "ami": "b"})
    assert clouds(changed) == aws([ACCOUNT], ["eu-central-1"])
    assert clouds(entry("aws_instance.a", "delete", before=old)) == aws([ACCOUNT], ["eu-central-1"])


def test_several_are_all_there_the_most_frequent_first():
    arns = [
        f"arn:aws:sqs:us-east-1:{OTHER}:a",
        f"arn:aws:sqs:us-east-1:{OTHER}:b",
        f"arn:aws:sqs:eu-west-1:{ACCOUNT}:c",
    ]
    found = clouds(*(entry(f"aws_sqs_queue.q{i}", "delete", before={"arn": arn}) for i, arn in enumerate(arns)))
    assert found == aws([OTHER, ACCOUNT], ["us-east-1", "eu-west-1"])
    assert cloud_words(found[0]) == f"AWS accounts {OTHER}, {ACCOUNT} in us-east-1, eu-west-1"


def test_what_does_not_change_is_not_where_the_change_was():
    assert clouds(entry("aws_instance.a", "no-op", before={"arn": ARN}, after={"arn": ARN})) == ()
    read = entry("data.aws_caller_identity.me", "read", after={"arn": ARN}, mode="data", type="aws_caller_identity")
    assert clouds(read) == ()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("aws_iam_role_policy", {"policy": f'{{"Resource": "arn:aws:s3:eu-west-1:{OTHER}:x"}}', "id": ARN}),
        ("aws_lb_target_group_attachment", {"target_group_arn": ARN, "id": ARN}),
        ("aws_ram_resource_share_accepter", {"share_arn": ARN, "id": ARN}),
        ("aws_vpc_peering_connection", {"peer_region": "us-east-1", "peer_owner_id": OTHER}),
        ("aws_config_aggregate_authorization", {"region": "us-east-1", "account_id": OTHER}),
        ("aws_instance", {"arn": "arn:aws:ec2:${var.region}:secret:x", "region": "somewhere"}),
        ("aws_instance", {"arn": ["arn"], "region": 7, "project": {}}),
        ("aws_s3_bucket", {"arn": "arn:aws:s3:::bucket"}),
        ("azurerm_key_vault_secret", {"id": "https://x.vault.azure.net/secrets/a", "location": "global"}),
        ("azurerm_role_assignment", {"principal_id": SUBSCRIPTION, "id": f"x{RESOURCE_GROUP}"}),
        ("google_compute_network_peering", {"peer_network": "projects/other-project/global/networks/n"}),
        ("google_storage_bucket", {"project": "123456789", "location": "somewhere else"}),
        ("google_cloud_run_service", {"location": "global"}),
        ("kubernetes_namespace", {"region": "us-east-1", "arn": ARN, "project": "some-project"}),
    ],
)
def test_what_belongs_to_something_else_says_nothing(kind, values):
    assert clouds(new(kind, **values)) == ()


def test_the_providers_configuration_counts_for_what_it_makes():
    shown = configuration(region=constant("eu-west-1"), allowed_account_ids=constant([ACCOUNT]))
    assert clouds(new(), configuration=shown) == aws([ACCOUNT], ["eu-west-1"])
    assert clouds(entry("aws_instance.b", "create", after={}), configuration=shown) == ()
    aliased = configuration(key="aws.west", region=constant("us-west-2"), module="m")
    place = {"type": "aws_instance", "name": "a", "module_address": 'module.m["a.b[0]"]'}
    changed = entry('module.m["a.b[0]"].aws_instance.a[0]', "create", after={}, **place)
    assert clouds(changed, configuration=aliased) == aws([], ["us-west-2"])


def test_an_object_knows_better_than_its_provider():
    shown = configuration(region=constant("eu-west-1"))
    assert clouds(new(region="us-east-1"), configuration=shown) == aws([], ["us-east-1"])


def test_what_is_in_no_region_is_in_none():
    shown = configuration(kind="aws_iam_role", region=constant("eu-west-1"), allowed_account_ids=constant([ACCOUNT]))
    assert clouds(new("aws_iam_role"), configuration=shown) == aws([ACCOUNT])
    resolver = configuration(kind="aws_route53_resolver_rule", region=constant("eu-west-1"))
    assert clouds(new("aws_route53_resolver_rule"), configuration=resolver) == aws([], ["eu-west-1"])


def role(account):
    return {"role_arn": constant(f"arn:aws:iam::{account}:role/deploy")}


def test_the_last_role_that_is_assumed_says_the_account():
    assert clouds(new(), configuration=configuration(assume_role=[role(OTHER), role(ACCOUNT)])) == aws([ACCOUNT])
    unknown = {"role_arn": {"references": ["local.role"]}}
    assert clouds(new(), configuration=configuration(assume_role=[role(OTHER), unknown])) == ()
    both = configuration(assume_role=[unknown], assume_role_with_web_identity=[role(OTHER)])
    assert clouds(new(), configuration=both) == ()
    assert clouds(new(), configuration=configuration(allowed_account_ids=constant([ACCOUNT, OTHER]))) == ()


def by_variable(value, *, references=("var.region",), **declaration):
    shown = configuration(region={"references": list(references)}, declared={"region": declaration})
    return clouds(new(), configuration=shown, variables={"region": {"value": value}})


def test_a_variable_counts_where_it_is_all_of_it_and_no_secret():
    assert by_variable("eu-west-1") == aws([], ["eu-west-1"])
    assert by_variable("eu-west-1", sensitive=True) == ()
    assert by_variable("eu-west-1", ephemeral=True) == ()
    assert by_variable("eu-west-1", references=["var.region", "var.stage"]) == ()
    assert by_variable("eu-west-1", references=["local.region"]) == ()
    assert by_variable({"name": "eu-west-1"}, references=["var.region.name", "var.region"]) == ()
    assert by_variable("prod") == ()
    assert by_variable(None) == ()


def test_a_modules_variable_is_not_the_roots():
    shown = configuration(
        key="module.m:aws", region={"references": ["var.region"]}, declared={"region": {}}, module="m"
    )
    shown["provider_config"]["module.m:aws"]["module_address"] = "module.m"
    changed = entry(
        "module.m.aws_instance.a", "create", after={}, type="aws_instance", name="a", module_address="module.m"
    )
    assert clouds(changed, configuration=shown, variables={"region": {"value": "eu-west-1"}}) == ()


def test_a_sensitive_attribute_says_nothing():
    values = {"arn": ARN, "region": "eu-central-1"}
    hidden = entry("aws_instance.a", "create", after=values, after_sensitive={"arn": True, "region": True})
    assert clouds(hidden) == ()
    assert clouds(entry("aws_instance.a", "create", after=values, after_sensitive=True)) == ()
    partly = entry("aws_instance.a", "create", after=values, after_sensitive={"arn": True, "tags": {}})
    assert clouds(partly) == aws([], ["eu-central-1"])


def test_what_the_object_as_it_is_does_not_say_the_planned_one_may():
    values = {"arn": ARN, "ami": "a"}
    marked = entry("aws_instance.a", "update", before=values, after=values, before_sensitive={"arn": True})
    assert clouds(marked) == aws([ACCOUNT], ["eu-central-1"])
    bucket = {"arn": "arn:aws:s3:::b"}
    placed = entry("aws_s3_bucket.a", "update", before=bucket, after={**bucket, "region": "eu-west-1"})
    assert clouds(placed) == aws([], ["eu-west-1"])


def test_objects_that_change_in_place_count_as_much_as_those_that_are_replaced():
    here, there = {"arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:a"}, {"arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:b"}
    replaced = entry("aws_sqs_queue.a", "delete", "create", before=here, after=here)
    updated = [entry(f"aws_sqs_queue.b{i}", "update", before=there, after=there) for i in range(2)]
    assert clouds(replaced, *updated) == aws([ACCOUNT], ["eu-west-1", "us-east-1"])
    assert clouds(replaced, updated[0]) == aws([ACCOUNT], ["eu-west-1", "us-east-1"]), "as many: by their names"


def test_google_has_projects():
    values = {"project": "shop-prod", "zone": "europe-west1-b"}
    shop = Cloud(name="google", accounts=("shop-prod",), regions=("europe-west1",))
    assert clouds(new("google_compute_instance", **values)) == (shop,)
    shown = configuration(
        "google", kind="google_compute_address", project=constant("shop-prod"), region=constant("europe-west1")
    )
    unknown = {"project": True, "region": True}
    planned = entry("google_compute_address.a", "create", after={}, after_unknown=unknown)
    assert clouds(planned, configuration=shown) == (shop,)
    assert clouds(new("google_compute_address"), configuration=shown) == (), "it has neither"
    bucket = clouds(new("google_storage_bucket", location="EU", project="shop-prod"))
    assert bucket == (Cloud(name="google", accounts=("shop-prod",), regions=("EU",)),)
    assert cloud_words(bucket[0]) == "Google project shop-prod in EU"


def test_azure_has_subscriptions():
    values = {"id": f"{RESOURCE_GROUP}/providers/Microsoft.Network/virtualNetworks/n", "location": "West Europe"}
    shown = (Cloud(name="azure", accounts=(SUBSCRIPTION,), regions=("westeurope",)),)
    assert clouds(entry("azurerm_virtual_network.a", "delete", before=values)) == shown
    planned = configuration("azurerm", kind="azurerm_virtual_network", subscription_id=constant(SUBSCRIPTION.upper()))
    assert clouds(new("azurerm_virtual_network", location="westeurope"), configuration=planned) == shown
    scoped = configuration("azurerm", kind="azurerm_role_assignment", subscription_id=constant(SUBSCRIPTION))
    assert clouds(new("azurerm_role_assignment", scope="/subscriptions/other"), configuration=scoped) == ()


@pytest.mark.parametrize(
    "odd", [[], {"provider_config": []}, {"provider_config": {"aws": 7}}, {"root_module": 1}, None]
)
def test_an_odd_configuration_is_no_obstacle(odd):
    assert clouds(new(), configuration=odd) == ()


def state(*attributes, sensitive=()):
    instances = [
        {"attributes": found, "schema_version": 0, "sensitive_attributes": list(sensitive)} for found in attributes
    ]
    resource = {"mode": "managed", "type": "aws_instance", "name": "a", "instances": instances,
                "provider": 'provider["registry.terraform.io/hashicorp/aws"]'}  # fmt: skip
    return json.dumps({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x", "outputs": {},
                       "resources": [resource] if attributes else []}).encode()  # fmt: skip


def test_two_states_say_it_as_well():
    there = state({"id": "i-1", "arn": ARN})
    assert compare_states(state(), there, redactor=Redactor()).clouds == aws([ACCOUNT], ["eu-central-1"])
    assert compare_states(there, there, redactor=Redactor()).clouds == ()
    hidden = state({"id": "i-1", "arn": ARN}, sensitive=[[{"type": "get_attr", "value": "arn"}]])
    assert compare_states(state(), hidden, redactor=Redactor()).clouds == ()


def test_many_are_cut_and_said():
    found = [f"arn:aws:sqs:eu-west-1:{number:012}:q" for number in range(30)]
    (cloud,) = clouds(*(entry(f"aws_sqs_queue.q{i}", "delete", before={"arn": arn}) for i, arn in enumerate(found)))
    assert len(cloud.accounts) == 20
    assert cloud_words(cloud).endswith("000000000003 and 16 more in eu-west-1")
