"""Signals: each rule with what it must see and what it must leave alone."""

import ast
import json
import re
from pathlib import Path

import pytest

from change_events import summary
from change_events.model import Action, ChangeOutcome, Drift, Failure, Outcome, Phase
from change_events.settings import Settings
from change_events.signals import MOST_OF_A_KIND, NAMES, signals, stateful_kind
from tests.summary.typical_events import ABSENT, UNKNOWN, attribute, change, event, secret, value

ROOT = Path(__file__).parents[2]
DESTROY, REPLACE, UPDATE, CREATE = Action.DESTROY, Action.REPLACE, Action.UPDATE, Action.CREATE


def names(*changes, **more):
    return [signal.name for signal in signals(event(*changes, **more))]


def updated(address, path, before, after, action=UPDATE, **more):
    return change(address, action, attributes=(attribute(path, before, after), *more.pop("also", ())), **more)


def policy(effect="Allow", **statement):
    return value(json.dumps(json.dumps({"Statement": [{"Effect": effect, **statement}]})))


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        *[(type_, "database") for type_ in (
            "aws_db_instance", "aws_rds_cluster", "aws_dynamodb_table", "aws_elasticache_replication_group",
            "google_sql_database_instance", "google_bigquery_dataset", "azurerm_postgresql_flexible_server",
            "azurerm_cosmosdb_account", "aws_opensearch_domain", "azurerm_mssql_database", "aws_redshift_cluster")],
        *[(type_, "volume") for type_ in (
            "aws_ebs_volume", "google_compute_disk", "azurerm_managed_disk", "aws_efs_file_system", "docker_volume",
            "kubernetes_persistent_volume_claim", "kubernetes_persistent_volume_claim_v1")],
        *[(type_, "bucket") for type_ in ("aws_s3_bucket", "google_storage_bucket", "azurerm_storage_account")],
        *[(type_, "cluster") for type_ in (
            "aws_eks_cluster", "google_container_cluster", "azurerm_kubernetes_cluster", "aws_msk_cluster")],
        *[(type_, "queue") for type_ in ("aws_sqs_queue", "google_pubsub_topic", "aws_kinesis_stream")],
        *[(type_, "secret or key") for type_ in ("aws_kms_key", "azurerm_key_vault")],
        *[(type_, None) for type_ in (
            "aws_instance", "aws_db_subnet_group", "aws_s3_bucket_policy", "aws_s3_bucket_versioning",
            "aws_sqs_queue_policy",
            "aws_volume_attachment", "aws_kms_alias", "google_sql_user", "aws_iam_policy", "terraform_data", "",
            "aws_db_parameter_group", "aws_elasticache_subnet_group", "azurerm_storage_account_network_rules",
            "aws_s3_bucket_server_side_encryption_configuration", "aws_rds_cluster_parameter_group")],
    ],
)  # fmt: skip
def test_what_is_stateful(type_, kind):
    assert stateful_kind(type_) == kind


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (change("aws_db_instance.a", DESTROY), ["stateful_destroyed"]),
        (change("aws_s3_bucket.a", REPLACE), ["stateful_replaced"]),
        (change("aws_s3_bucket.a", UPDATE), []),
        (change("aws_s3_bucket.a", CREATE), []),
        (change("aws_s3_bucket.a", Action.FORGET), []),
        (change("aws_s3_bucket.a", DESTROY, ChangeOutcome.NOT_ATTEMPTED), []),
        (change("aws_s3_bucket.a", DESTROY, mode="data"), []),
        (change("aws_db_instance.a", DESTROY, deposed="0011"), []),
    ],
)
def test_stateful_resources(given, expected):
    assert names(given) == expected


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (ChangeOutcome.PLANNED, "a bucket is to be destroyed;"),
        (ChangeOutcome.APPLIED, "a bucket was destroyed;"),
        (ChangeOutcome.FAILED, "a bucket was to be destroyed, and that failed;"),
        (ChangeOutcome.UNKNOWN, "a bucket may have been destroyed;"),
    ],
)
def test_the_reason_tells_planned_from_done(outcome, words):
    (signal,) = signals(event(change("aws_s3_bucket.a", DESTROY, outcome), phase=Phase.PLANNED))
    assert signal.reason.startswith(words)
    assert signal.address == "aws_s3_bucket.a"


OPEN, SHUT = value('["0.0.0.0/0"]'), value('["10.0.0.0/8"]')
RULE = '{"cidr_blocks":["0.0.0.0/0"],"from_port":22}'


@pytest.mark.parametrize(
    ("address", "path", "before", "after"),
    [
        ("aws_security_group.a", "ingress[0].cidr_blocks", SHUT, OPEN),
        ("aws_security_group.a", "ingress[1]", ABSENT, value(RULE)),
        ("aws_security_group.a", "ingress[0].cidr_blocks[0]", ABSENT, value('"0.0.0.0/0"')),
        ("aws_security_group.a", "ingress[0].ipv6_cidr_blocks[0]", ABSENT, value('"::/0"')),
        ("aws_vpc_security_group_ingress_rule.a", "cidr_ipv4", SHUT, value('"0.0.0.0/0"')),
        ("google_compute_firewall.a", "source_ranges", SHUT, OPEN),
        ("aws_eks_cluster.a", "vpc_config[0].public_access_cidrs", SHUT, OPEN),
        ("azurerm_network_security_rule.a", "source_address_prefix", value('"10.0.0.0/8"'), value('"*"')),
        ("azurerm_network_security_group.a", "security_rule[0]", ABSENT,
         value('{"access":"Allow","direction":"Inbound","source_address_prefix":"Internet"}')),
    ],
)  # fmt: skip
def test_open_to_the_world(address, path, before, after):
    assert names(updated(address, path, before, after)) == ["exposed_to_world"]


@pytest.mark.parametrize(
    ("address", "path", "before", "after"),
    [
        ("aws_security_group.a", "ingress[0].cidr_blocks", OPEN, SHUT),
        ("aws_security_group.a", "ingress[0].cidr_blocks", OPEN, value('["0.0.0.0/0","10.0.0.0/8"]')),
        ("aws_security_group.a", "ingress[0].cidr_blocks", SHUT, UNKNOWN),
        ("aws_security_group.a", "egress[0].cidr_blocks", SHUT, OPEN),
        ("aws_security_group.a", "egress[1]", ABSENT, value(RULE)),
        ("aws_security_group.a", "description", ABSENT, value('"not 0.0.0.0/0"')),
        ("aws_vpc_security_group_egress_rule.a", "cidr_ipv4", SHUT, value('"0.0.0.0/0"')),
        ("aws_route.a", "destination_cidr_block", ABSENT, value('"0.0.0.0/0"')),
        ("aws_route_table.a", "route[0]", ABSENT, value('{"cidr_block":"0.0.0.0/0"}')),
        ("google_compute_firewall.a", "destination_ranges", SHUT, OPEN),
        ("azurerm_network_security_group.a", "security_rule[0]", ABSENT,
         value('{"access":"Deny","direction":"Inbound","source_address_prefix":"*"}')),
        ("azurerm_network_security_rule.a", "source_port_range", value('"1"'), value('"*"')),
    ],
)  # fmt: skip
def test_not_open_to_the_world(address, path, before, after):
    assert names(updated(address, path, before, after)) == []


@pytest.mark.parametrize(("direction", "expected"), [("egress", []), ("ingress", ["exposed_to_world"])])
def test_a_rule_that_says_its_direction(direction, expected):
    type_ = attribute("type", ABSENT, value(f'"{direction}"'))
    rule = updated("aws_security_group_rule.a", "cidr_blocks", ABSENT, OPEN, CREATE, also=(type_,))
    assert names(rule) == expected


@pytest.mark.parametrize(
    ("path", "before", "after", "words"),
    [
        ("policy", ABSENT, policy(Action="*", Resource="arn:x"), "every action"),
        ("policy", ABSENT, policy(Action=["s3:Get", "s3:*"], Resource="arn"), "every action of s3"),
        ("policy", policy(Action="a:B", Resource="arn"), policy(Action="a:B", Resource="*"), "every resource"),
        ("policy", ABSENT, policy(Principal={"AWS": "*"}, Action="a:B"), "every principal"),
        ("policy.Statement[1]", ABSENT, value('{"Effect":"Allow","Action":"*","Resource":"a"}'), "every action"),
        ("member", value('"user:ada"'), value('"allUsers"'), "every principal"),
        ("members[2]", ABSENT, value('"allAuthenticatedUsers"'), "every principal"),
    ],
)
def test_a_policy_widened(path, before, after, words):
    (signal,) = signals(event(updated("x_iam_policy.a", path, before, after)))
    assert signal.name == "iam_widened"
    assert signal.reason.endswith(words)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("policy", ABSENT, policy(Action="s3:Get*", Resource="arn:aws:s3:::b/*")),
        ("policy", ABSENT, policy("Deny", Action="*", Resource="*")),
        ("policy", ABSENT, policy(NotAction="*", Resource="arn")),
        ("policy", policy(Action="*", Resource="a"), policy(Action="*", Resource="b")),
        ("policy", policy(Action="*", Resource="*"), ABSENT),
        ("policy.Statement[0].Action", value('"a:B"'), value('"*"')),  # the statement may deny
        ("policy", secret("a"), secret("b")),
        ("policy", ABSENT, value('"{ * no json"')),
        ("name", ABSENT, value('"*"')),
        ("member", ABSENT, value('"user:all"')),
    ],
)
def test_a_policy_not_provably_widened(path, before, after):
    assert names(updated("x_iam_policy.a", path, before, after)) == []


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("desired_capacity", "3", "1", True),
        ("scaling_config[0].min_size", "2", "0", True),
        ("spec[0].replicas", '"3"', '"2"', True),
        ("instance_count", "1", "2", False),
        ("desired_capacity", "3", '"many"', False),
        ("port", "90", "80", False),
        ("replicas", "true", "false", False),
    ],
)
def test_capacity(path, before, after, expected):
    got = signals(event(updated("x_group.a", path, value(before), value(after))))
    assert [signal.name for signal in got] == (["capacity_reduced"] if expected else [])
    assert all("lowered from" in signal.reason for signal in got)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (change("aws_instance.a", REPLACE), ["downtime_likely"]),
        (change("aws_lb.a", REPLACE), ["downtime_likely"]),
        (change("kubernetes_deployment.a", REPLACE), ["downtime_likely"]),
        (change("aws_instance.a", REPLACE, create_before_destroy=True), []),
        (change("aws_instance.a", DESTROY), []),
        (change("aws_iam_role.a", REPLACE), []),
        (change("aws_db_instance.a", REPLACE), ["stateful_replaced", "downtime_likely"]),
    ],
)
def test_downtime(given, expected):
    assert names(given) == expected


@pytest.mark.parametrize(
    ("action", "set_anew", "expected"), [(UPDATE, ("size",), True), (UPDATE, (), False), (DESTROY, (), True)]
)
def test_drift_overwritten(action, set_anew, expected):
    drift = Drift(address="x_y.a", action=action, set_anew=set_anew)
    got = names(updated("x_y.a", "size", value("2"), value("1")), drift=(drift,))
    assert got == (["drift_overwritten"] if expected else [])


def test_drift_of_another_resource_is_not_overwritten():
    drift = Drift(address="x_y.b", action=DESTROY)
    assert names(change("x_y.a", UPDATE), drift=(drift,)) == []


def test_a_state_that_could_not_be_saved_comes_first():
    failure = Failure(summary="Failed to persist state to backend")
    assert names(change("aws_s3_bucket.a", DESTROY), failures=(failure,))[0] == "state_emergency"
    assert names(failures=(Failure(summary="Failed to read state"),)) == []


def test_many_of_a_kind_are_counted():
    got = signals(event(*(change(f"aws_s3_bucket.a[{n}]", DESTROY) for n in range(MOST_OF_A_KIND + 7))))
    assert len(got) == MOST_OF_A_KIND + 1
    assert got[-1].reason == "and 7 more of this kind"


def test_compose_puts_them_into_the_event_and_its_message():
    told = summary.compose(event(change("aws_s3_bucket.a", DESTROY)), Settings())
    assert [signal.name for signal in told.signals] == ["stateful_destroyed"]
    assert "a bucket was destroyed; what it holds may be lost: `aws_s3_bucket.a`" in told.message


def test_a_declined_run_signals_nothing():
    declined = event(change("aws_s3_bucket.a", DESTROY, ChangeOutcome.NOT_ATTEMPTED), outcome=Outcome.DECLINED)
    assert summary.compose(declined, Settings()).signals == ()


def given_names():
    """The texts that the sources give a signal as its name."""
    for package in ("change_events", "tf_wrapper"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Signal":
                    (name,) = [given.value for given in node.keywords if given.arg == "name"]
                    assert not isinstance(name, ast.JoinedStr), f"{path}:{node.lineno}: whole names can be looked for"
                    yield from (part.value for part in ast.walk(name) if isinstance(part, ast.Constant))


def test_settings_and_pages_know_every_signal_that_there_is():
    assert set(given_names()) == set(NAMES)
    page = (ROOT / "docs" / "event.md").read_text().partition("## Signals\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(NAMES)
