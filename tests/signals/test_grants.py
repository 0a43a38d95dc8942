"""Policies: who is let in by whom, under which condition, and what of that is a widening."""

import json

import pytest

from change_events.model import Action
from change_events.signals import Subject, risks

ROOT = {"AWS": "arn:aws:iam::111122223333:root"}
ROLE = {"AWS": "arn:aws:iam::111122223333:role/ci"}
KEY = "arn:aws:kms:eu-central-1:{}:key/1"
FULL = {"Principal": "*", "Action": "*", "Resource": "*"}


def names(kind, before, after):
    return [risk.name for risk in risks(Subject(kind, Action.UPDATE, before, after))]


def doc(*statements, **one):
    return json.dumps({"Statement": [{"Effect": "Allow", **part} for part in (*statements, *([one] if one else []))]})


def conditioned(operator, key, value, principal="*"):
    return doc(Principal=principal, Action="s3:*", Resource="*", Condition={operator: {key: value}})


ORDINARY = [
    ("aws_kms_key", None, {"policy": doc(Principal=ROOT, Action="kms:*", Resource="*")}),
    ("aws_kms_key", {"arn": KEY.format("111122223333"), "policy": doc(Principal=ROLE, Action="kms:Decrypt",
                                                                      Resource="*")},
     {"arn": KEY.format("111122223333"), "policy": doc(Principal=ROOT, Action="kms:*", Resource="*")}),
    ("aws_kms_key_policy", None, {"policy": doc(Principal=ROOT, Action="kms:*", Resource="*")}),
    ("aws_kms_key", None, {"policy": doc({"Principal": ROOT, "Action": "kms:*", "Resource": "*"},
                                         {"Principal": ROLE, "Action": "kms:Decrypt", "Resource": "*"})}),
    ("aws_kms_key", {"policy": doc(Principal=ROLE, Action="kms:Decrypt", Resource=KEY.format("1"))},
     {"policy": doc(Principal=ROLE, Action="kms:Decrypt", Resource="*")}),  # of a key `*` is the key
    ("aws_kms_key", None, {"policy": doc(Principal={"AWS": ["111122223333", ROOT["AWS"]]}, Action="kms:*",
                                         Resource="*")}),
    ("aws_s3_bucket_policy", None, {"policy": doc(Principal=ROOT, Action="s3:*", Resource=["arn:aws:s3:::b"])}),
    ("aws_ecr_repository_policy", None, {"policy": doc(Principal=ROOT, Action=["ecr:*"])}),
    ("aws_vpc_endpoint", None, {"policy": doc(FULL), "vpc_endpoint_type": "Gateway"}),
    ("aws_vpc_endpoint_policy", {"policy": None}, {"policy": doc(FULL)}),
    ("aws_organizations_policy", None, {"content": doc(Action="*", Resource="*"), "type": "SERVICE_CONTROL_POLICY"}),
    ("aws_iam_policy", None, {"policy": doc(Action="logs:*", Resource="arn:aws:logs:*:*:*")}),
    ("aws_iam_policy", None, {"policy": doc(Action=["logs:*", "cloudwatch:*", "xray:*"], Resource="*")}),
    ("aws_iam_policy", {"policy": doc(Action="s3:GetObject", Resource="*")},
     {"policy": doc(Action="S3:getObject", Resource="*")}),
    *[("aws_s3_bucket_policy", None, {"policy": conditioned(*condition)}) for condition in (
        ("StringEquals", "aws:sourceVpce", "vpce-1"), ("StringEquals", "aws:SourceVpc", ["vpc-1", "vpc-2"]),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-1/*"), ("StringEquals", "AWS:SourceAccount", "1"),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::b*"), ("StringEquals", "aws:PrincipalAccount", "1"),
        ("StringEquals", "aws:PrincipalOrgID", "o-1"), ("IpAddress", "aws:SourceIp", ["192.0.2.0/24"]),
        ("IpAddressIfExists", "aws:SourceIp", "192.0.2.0/24"), ("StringLike", "aws:PrincipalArn", "arn:aws:iam::1:*"),
    )],
]  # fmt: skip


@pytest.mark.parametrize(("kind", "before", "after"), ORDINARY)
def test_an_ordinary_policy_widens_nothing(kind, before, after):
    assert names(kind, before, after) == []


WIDENED = [
    ("aws_kms_key", {"arn": KEY.format("444455556666"), "policy": None},
     {"arn": KEY.format("444455556666"), "policy": doc(Principal=ROOT, Action="kms:*", Resource="*")}, "iam_widened"),
    ("aws_kms_key_policy", None, {"key_id": KEY.format("444455556666"),
                                  "policy": doc(Principal=ROOT, Action="kms:*", Resource="*")}, "iam_widened"),
    ("aws_ecr_repository_policy", None, {"registry_id": "444455556666", "policy": doc(Principal=ROOT, Action="ecr:*")},
     "iam_widened"),
    ("aws_kms_key", {"policy": doc(Principal=ROOT, Action="kms:*", Resource="*")},
     {"policy": doc({"Principal": ROOT, "Action": "kms:*", "Resource": "*"},
                    {"Principal": ROLE, "Action": "kms:*", "Resource": "*"})}, "iam_widened"),
    ("aws_kms_key", None, {"policy": doc(Principal={"AWS": [ROOT["AWS"], "*"]}, Action="kms:Decrypt", Resource="*")},
     "iam_widened"),
    ("aws_vpc_endpoint", {"policy": doc(Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::b/*")},
     {"policy": doc(FULL)}, "iam_widened"),
    ("aws_iam_policy", None, {"policy": doc(Action="*:*", Resource="arn:x")}, "iam_widened"),
    ("aws_iam_policy", None, {"policy": doc(Action="IAM:*", Resource="arn:x")}, "iam_widened"),
    ("aws_iam_policy", None, {"policy": doc(Action="*", Resource="*", Condition={
        "StringEquals": {"aws:SourceVpc": "vpc-1"}})}, "iam_widened"),  # of an identity: whoever has it has all
    ("aws_s3_bucket_policy", {"policy": conditioned("StringEquals", "aws:sourceVpce", "vpce-1")},
     {"policy": doc(Principal="*", Action="s3:GetObject", Resource="*")}, "exposed_to_world"),
    *[("aws_s3_bucket_policy", None, {"policy": doc(Principal="*", Action="s3:GetObject", Resource="*", Condition={
        operator: {key: value}})}, "exposed_to_world") for operator, key, value in (
        ("IpAddress", "aws:SourceIp", "0.0.0.0/0"), ("IpAddress", "aws:SourceIp", ["192.0.2.1/32", "0::/0"]),
        ("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]), ("NotIpAddress", "aws:SourceIp", "192.0.2.0/24"),
        ("StringLike", "aws:UserAgent", "x"), ("StringLike", "aws:Referer", "https://example.com/*"),
        ("Bool", "aws:SecureTransport", "true"), ("StringNotEquals", "aws:sourceVpce", "vpce-1"),
        ("StringLike", "aws:PrincipalArn", "*"), ("StringEqualsIfExists", "aws:PrincipalOrgID", "o-1"),
        ("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", "o-1/*"), ("StringLike", "s3:prefix", "public/*"),
    )],
]  # fmt: skip


@pytest.mark.parametrize(("kind", "before", "after", "name"), WIDENED)
def test_what_lets_in_more_is_a_widening(kind, before, after, name):
    assert names(kind, before, after) == [name]


def containers(*images):
    return {"container_definitions": json.dumps([{"name": name, "image": image} for name, image in images])}


@pytest.mark.parametrize(("before", "after", "expected"), [
    ([("a", "x:1.10")], [("a", "x:1.9")], ["version_lowered"]),
    ([("a", "x:1.9")], [("a", "x:1.10")], ["version_changed"]),
    ([("a", "x:1.10"), ("b", "y:2")], [("b", "y:2"), ("a", "x:1.9")], ["version_lowered"]),
    ([("a", "x:1.10")], [("a", "x:1.10"), ("b", "y:1.0")], []),
])  # fmt: skip
def test_images_in_a_text_of_json(before, after, expected):
    kind = "aws_ecs_task_definition"
    found = risks(Subject(kind, Action.REPLACE, containers(*before), containers(*after)))
    assert [risk.name for risk in found] == expected


CASES = [*ORDINARY, *(case[:3] for case in WIDENED)]
