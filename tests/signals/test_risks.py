"""What the values of a change signal: each rule with what it must see and what it must leave alone."""

import json

import pytest

from change_events.model import Action
from change_events.signals import Subject, risks

CREATE, UPDATE, REPLACE = Action.CREATE, Action.UPDATE, Action.REPLACE
OPEN, SHUT = ["0.0.0.0/0"], ["10.0.0.0/8"]
LONG = "Temporary access for the vendor while ticket OPS-4711 is open; to be removed by the platform team afterwards"


def found(kind, before, after, action=UPDATE, **masks):
    return [(risk.name, risk.reason) for risk in risks(Subject(kind, action, before, after, **masks))]


def names(*given, **masks):
    return [name for name, _ in found(*given, **masks)]


def rule(port=22, sources=OPEN, **more):
    return {"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": sources, **more}


def ingress(*rules):
    return {"ingress": list(rules)}


def policy(*statements, **one):
    return {"policy": json.dumps({"Statement": [*statements, *([{"Effect": "Allow", **one}] if one else [])]})}


# -- exposure --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "before", "after", "words"),
    [
        ("aws_security_group", ingress(), ingress(rule(description=LONG, ipv6_cidr_blocks=["::/0"])),
         "port 22 from 0.0.0.0/0 and ::/0"),
        ("aws_security_group", ingress(rule(sources=SHUT)), ingress(rule()), "port 22 from 0.0.0.0/0"),
        ("aws_security_group", ingress(rule(80)), ingress(rule(80), rule(22)), "port 22 from 0.0.0.0/0"),
        ("aws_security_group", ingress(rule(80)), ingress(rule(22)), "port 22 from 0.0.0.0/0"),
        ("aws_security_group", None, ingress({"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": OPEN}),
         "all ports from 0.0.0.0/0"),
        ("aws_security_group", None, ingress({"from_port": 8000, "to_port": 9000, "protocol": "udp",
                                              "cidr_blocks": OPEN}), "ports 8000-9000 (udp) from 0.0.0.0/0"),
        ("aws_default_security_group", {}, ingress(rule()), "port 22 from 0.0.0.0/0"),
        ("aws_vpc_security_group_ingress_rule", None,
         {"cidr_ipv4": "0.0.0.0/0", "from_port": 22, "to_port": 22, "ip_protocol": "tcp"}, "port 22 from 0.0.0.0/0"),
        ("aws_vpc_security_group_ingress_rule", {"cidr_ipv6": "fd00::/8", "ip_protocol": "-1"},
         {"cidr_ipv6": "::/0", "ip_protocol": "-1"}, "all ports from ::/0"),
        ("aws_security_group_rule", None, {"type": "ingress", **rule()}, "port 22 from 0.0.0.0/0"),
        ("aws_security_group_rule", {"type": "ingress", **rule(sources=SHUT)},
         {"type": "ingress", **rule(sources=[*SHUT, *OPEN])}, "port 22 from 0.0.0.0/0"),
        ("aws_network_acl_rule", None, {"egress": False, "rule_action": "allow", "cidr_block": "0.0.0.0/0",
                                        "from_port": 22, "to_port": 22}, "port 22 from 0.0.0.0/0"),
        ("aws_eks_cluster", {"vpc_config": [{"public_access_cidrs": SHUT}]},
         {"vpc_config": [{"public_access_cidrs": OPEN}]}, "from 0.0.0.0/0"),
        ("azurerm_network_security_rule", {"source_address_prefix": "10.0.0.0/8"},
         {"direction": "Inbound", "access": "Allow", "source_address_prefix": "*", "destination_port_range": "3389",
          "protocol": "Tcp"}, "port 3389 from *"),
        ("azurerm_network_security_group", {"security_rule": []},
         {"security_rule": [{"direction": "Inbound", "access": "Allow", "source_address_prefix": "Internet",
                             "destination_port_ranges": ["22", "80-90"], "protocol": "*"}]},
         "ports 22, 80-90 from Internet"),
        ("azurerm_mssql_firewall_rule", None,
         {"start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"}, "from 0.0.0.0/0"),
        ("google_compute_firewall", {"source_ranges": SHUT, "allow": [{"protocol": "tcp", "ports": ["22"]}]},
         {"source_ranges": OPEN, "allow": [{"protocol": "tcp", "ports": ["22"]}]}, "port 22 from 0.0.0.0/0"),
        ("google_compute_firewall", {"disabled": True, "source_ranges": OPEN, "allow": [{"protocol": "all"}]},
         {"disabled": False, "source_ranges": OPEN, "allow": [{"protocol": "all"}]}, "all ports from 0.0.0.0/0"),
        ("google_sql_database_instance",
         {"settings": [{"ip_configuration": [{"authorized_networks": []}]}]},
         {"settings": [{"ip_configuration": [{"authorized_networks": [{"value": "0.0.0.0/0"}]}]}]}, "from 0.0.0.0/0"),
        ("digitalocean_firewall", {}, {"inbound_rule": [{"protocol": "tcp", "port_range": "22",
                                                         "source_addresses": ["0.0.0.0/0", "::/0"]}]},
         "port 22 from 0.0.0.0/0 and ::/0"),
    ],
)  # fmt: skip
def test_open_to_the_world(kind, before, after, words):
    assert found(kind, before, after) == [("exposed_to_world", f"every address of the world is let in: {words}")]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("aws_security_group", ingress(rule()), ingress(rule(sources=SHUT))),
        ("aws_security_group", ingress(rule()), ingress(rule(sources=[*OPEN, *SHUT]))),
        ("aws_security_group", ingress(rule()), ingress(rule(description="another"))),
        ("aws_security_group", ingress(rule(80), rule(22)), ingress(rule(22), rule(80))),
        ("aws_security_group", ingress(rule(sources=SHUT)), {}),  # known after apply
        ("aws_security_group", {"egress": [rule(sources=SHUT)]}, {"egress": [rule()]}),
        ("aws_security_group", {}, {"description": "not 0.0.0.0/0"}),
        ("aws_security_group_rule", None, {"type": "egress", **rule()}),
        ("aws_vpc_security_group_egress_rule", {}, {"cidr_ipv4": "0.0.0.0/0"}),
        ("aws_route", {}, {"destination_cidr_block": "0.0.0.0/0"}),
        ("aws_route_table", {}, {"route": [{"cidr_block": "0.0.0.0/0"}]}),
        ("aws_ec2_client_vpn_authorization_rule", {}, {"target_network_cidr": "0.0.0.0/0"}),
        ("aws_network_acl_rule", None, {"egress": True, "rule_action": "allow", "cidr_block": "0.0.0.0/0"}),
        ("aws_network_acl_rule", None, {"egress": False, "rule_action": "deny", "cidr_block": "0.0.0.0/0"}),
        ("google_compute_firewall", {}, {"destination_ranges": OPEN}),
        ("google_compute_firewall", {}, {"direction": "EGRESS", "source_ranges": OPEN, "allow": [{}]}),
        ("google_compute_firewall", None, {"source_ranges": OPEN, "deny": [{"protocol": "all"}], "allow": []}),
        ("azurerm_network_security_group", {}, {"security_rule": [
            {"access": "Deny", "direction": "Inbound", "source_address_prefix": "*"}]}),
        ("azurerm_network_security_rule", {"source_port_range": "1"}, {"source_port_range": "*"}),
        ("azurerm_mssql_firewall_rule", None, {"start_ip_address": "0.0.0.0", "end_ip_address": "0.0.0.0"}),
    ],
)  # fmt: skip
def test_not_open_to_the_world(kind, before, after):
    assert found(kind, before, after) == []


def test_a_sensitive_rule_signals_and_nothing_of_it_is_reported():
    masks = {"before_mask": {}, "after_mask": {"ingress": True}}
    (only,) = found("aws_security_group", ingress(), ingress(rule()), UPDATE, **masks)
    assert only == ("exposed_to_world", "it can be reached by everybody now")


# -- policies --------------------------------------------------------------------------------------------------------

FILES = {"Sid": "Files", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::files/*"}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, policy(Action="*", Resource="arn:x"), "every action"),
        ({}, policy(Action="*", Resource="*"), "every action and every resource"),
        ({}, policy(Action=["s3:Get", "s3:*"], Resource="arn"), "every action of s3"),
        ({}, policy(NotAction="iam:*", Resource="*"), "every action but some"),
        (policy(FILES), policy({**FILES, "Action": "*", "Resource": "*"}), "every action and every resource"),
        (policy(FILES), policy({**FILES, "Resource": "*"}), "every resource"),
        (policy(FILES), policy(FILES, {**FILES, "Sid": "All", "Action": "*"}), "every action"),
        ({}, {"policy": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "a"}]}}, "every action"),
        ({}, {"inline_policy": [{"name": "x", **policy(Action="*", Resource="arn")}]}, "every action"),
        ({}, {"statement": [{"effect": "Allow", "not_actions": ["iam:*"]}]}, "every action but some"),
        ({}, policy({**FILES, "Sid": LONG * 4}, Action="*", Resource="arn"), "every action"),
    ],
)  # fmt: skip
def test_a_policy_widened(before, after, words):
    assert found("aws_iam_policy", before, after) == [("iam_widened", f"a policy now allows {words}")]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("aws_iam_policy", {}, policy(Action="s3:Get*", Resource="arn:aws:s3:::b/*")),
        ("aws_iam_policy", {}, policy(Action="ec2:DescribeInstances", Resource="*")),  # there is no narrower one
        ("aws_iam_policy", {}, policy(Effect="Deny", Action="*", Resource="*")),
        ("aws_iam_policy", {}, policy(NotAction="*", Resource="arn")),
        ("aws_iam_policy", policy(Action="*", Resource="a"), policy(Action="*", Resource="b")),
        ("aws_iam_policy", policy(Action="*", Resource="*"), {}),
        ("aws_iam_policy", policy(Action="*", Resource="*"), policy(FILES)),
        ("aws_iam_policy", {}, {"policy": "{ * no json"}),
        ("aws_iam_policy", {}, {"name": "*"}),
        ("aws_s3_bucket_policy", {}, policy(Principal="*", Action="s3:GetObject", Resource="a",
                                            Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        ("aws_s3_bucket_policy", {}, policy(Effect="Deny", Principal="*", Action="s3:*", Resource="a")),
        ("aws_iam_role", {}, {"assume_role_policy": policy(Principal={"Service": "ec2.amazonaws.com"},
                                                           Action="sts:AssumeRole")["policy"]}),
        ("google_project_iam_member", {}, {"member": "user:all"}),
    ],
)  # fmt: skip
def test_a_policy_not_provably_widened(kind, before, after):
    assert found(kind, before, after) == []


def test_a_role_that_everybody_may_assume():
    own, everybody = (
        {"assume_role_policy": policy(Principal={"AWS": who}, Action="sts:AssumeRole")["policy"]}
        for who in ("arn:aws:iam::123456789012:root", "*")
    )
    ((name, reason),) = found("aws_iam_role", own, everybody)
    assert name == "iam_widened"
    assert reason.startswith("the role may be assumed by everybody")


@pytest.mark.parametrize(
    ("kind", "before", "after", "name"),
    [
        ("aws_s3_bucket_policy", {}, policy(Principal="*", Action="s3:GetObject", Resource="a"), "exposed_to_world"),
        ("aws_sqs_queue_policy", {}, policy(Principal={"AWS": "*"}, Action="sqs:Send", Resource="a"),
         "exposed_to_world"),
        ("aws_kms_key", {}, policy(Principal={"AWS": "*"}, Action="kms:Decrypt", Resource="a"), "iam_widened"),
        ("google_storage_bucket_iam_member", {"member": "user:ada"}, {"member": "allUsers"}, "exposed_to_world"),
        ("google_storage_bucket_iam_binding", {"members": []}, {"members": ["user:a", "allAuthenticatedUsers"]},
         "exposed_to_world"),
        ("google_project_iam_member", {"member": "user:ada"}, {"member": "allUsers"}, "iam_widened"),
    ],
)  # fmt: skip
def test_everybody_is_let_at_something(kind, before, after, name):
    assert names(kind, before, after) == [name]


# -- settings --------------------------------------------------------------------------------------------------------

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
POWER, IAM = ADMIN.replace("Administrator", "PowerUser"), ADMIN.replace("AdministratorAccess", "IAMFullAccess")
READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("aws_iam_role_policy_attachment", None, {"policy_arn": ADMIN}, ("iam_widened", f"policy_arn became {ADMIN}")),
        ("aws_iam_role_policy_attachment", {"policy_arn": READ}, {"policy_arn": POWER},
         ("iam_widened", f"policy_arn became {POWER}")),
        ("aws_iam_group_policy_attachment", None, {"policy_arn": IAM}, ("iam_widened", f"policy_arn became {IAM}")),
        ("aws_iam_role", {"managed_policy_arns": [READ]}, {"managed_policy_arns": [READ, ADMIN]},
         ("iam_widened", f"managed_policy_arns became {ADMIN}")),
        ("google_project_iam_member", None, {"role": "roles/owner", "member": "user:a"},
         ("iam_widened", "role became roles/owner")),
        ("azurerm_role_assignment", None, {"role_definition_name": "Contributor"},
         ("iam_widened", "role_definition_name became Contributor")),
        ("azurerm_role_definition", {"permissions": [{"actions": ["a/read"]}]}, {"permissions": [{"actions": ["*"]}]},
         ("iam_widened", "permissions.actions became *")),
        ("aws_s3_bucket", {"acl": "private"}, {"acl": "public-read"}, ("exposed_to_world", "acl became public-read")),
        ("aws_s3_bucket_acl", None, {"acl": "public-read-write"},
         ("exposed_to_world", "acl became public-read-write")),
        ("aws_s3_bucket_public_access_block", {"block_public_acls": True}, {"block_public_acls": False},
         ("protection_removed", "block_public_acls went from true to false")),
        ("aws_s3_account_public_access_block", {"block_public_acls": True, "block_public_policy": True},
         {"block_public_acls": False, "block_public_policy": False},
         ("protection_removed", "block_public_acls, block_public_policy went from true to false")),
        ("azurerm_key_vault", {"public_network_access_enabled": False}, {"public_network_access_enabled": True},
         ("exposed_to_world", "public_network_access_enabled went from false to true")),
        ("aws_db_instance", {"publicly_accessible": False}, {"publicly_accessible": True},
         ("exposed_to_world", "publicly_accessible went from false to true")),
        ("aws_db_instance", None, {"publicly_accessible": True}, ("exposed_to_world", "publicly_accessible is true")),
        ("aws_instance", {"metadata_options": [{"http_tokens": "required"}]},
         {"metadata_options": [{"http_tokens": "optional"}]},
         ("auth_weakened", "metadata_options.http_tokens went from required to optional")),
        ("google_sql_database_instance", {"deletion_protection": True}, {"deletion_protection": False},
         ("protection_removed", "deletion_protection went from true to false")),
        ("aws_iam_role", {"permissions_boundary": "arn:x"}, {"permissions_boundary": None},
         ("iam_widened", "permissions_boundary was taken away")),
    ],
)  # fmt: skip
def test_a_setting_that_the_table_knows(kind, before, after, expected):
    assert found(kind, before, after, UPDATE if before else CREATE) == [expected]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("aws_iam_role_policy_attachment", None, {"policy_arn": READ}),
        ("aws_iam_role_policy_attachment", {"policy_arn": ADMIN}, {"policy_arn": READ}),
        ("aws_iam_role_policy_attachment", {"policy_arn": ADMIN, "role": "a"}, {"policy_arn": ADMIN, "role": "b"}),
        ("aws_iam_role_policy_attachment", None, {}),  # known after apply
        ("aws_s3_bucket_public_access_block", None, {"block_public_acls": False}),
        ("aws_s3_bucket_public_access_block", {"block_public_acls": False}, {"block_public_acls": True}),
        ("aws_db_instance", {"publicly_accessible": True}, {"publicly_accessible": True}),
        ("aws_db_instance", {"publicly_accessible": True}, {"publicly_accessible": False}),
        ("aws_instance", None, {"metadata_options": [{"http_tokens": "optional"}]}),
        ("azurerm_key_vault", None, {"public_network_access_enabled": True}),  # so it is by default
        ("aws_db_instance", None, {"deletion_protection": False}),
        ("google_project_iam_member", None, {"role": "roles/viewer"}),
        ("aws_s3_bucket", {"acl": "public-read"}, {"acl": "private"}),
    ],
)
def test_a_setting_that_is_no_weaker(kind, before, after):
    assert found(kind, before, after) == []


# -- capacity --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"desired_capacity": 3}, {"desired_capacity": 1}, "desired_capacity lowered from 3 to 1"),
        ({"scaling_config": [{"min_size": 2}]}, {"scaling_config": [{"min_size": 0}]},
         "scaling_config[0].min_size lowered from 2 to 0"),
        ({"spec": [{"replicas": "3"}]}, {"spec": [{"replicas": "2"}]}, "spec[0].replicas lowered from 3 to 2"),
        ({"instance_count": 1}, {"instance_count": 2}, None),
        ({"desired_capacity": 3}, {"desired_capacity": "many"}, None),
        ({"port": 90}, {"port": 80}, None),
        ({"replicas": True}, {"replicas": False}, None),
        ({"pool": [{"min_size": 3}, {"min_size": 1}]}, {"pool": [{"min_size": 1}]}, None),  # the first one went
    ],
)  # fmt: skip
def test_capacity(before, after, words):
    assert found("x_group", before, after) == ([("capacity_reduced", words)] if words else [])


def test_a_value_that_is_known_only_after_the_apply_signals_nothing():
    assert found("aws_db_instance", {"publicly_accessible": False}, {}, unknown={"publicly_accessible": True}) == []
