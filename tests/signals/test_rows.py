"""Forms of the table beyond one case a row: what they see among several blocks, and what they leave alone."""

import pytest

from change_events.model import Action
from change_events.signals import NAMES, Subject, is_labels_only, risks
from change_events.signals.protectors import protectors

UPDATE, CREATE, DESTROY, REPLACE = Action.UPDATE, Action.CREATE, Action.DESTROY, Action.REPLACE


def found(kind, before, after, action=UPDATE, **masks):
    more = {"unprotects": masks.pop("unprotects", False)}
    return [(risk.name, risk.reason) for risk in risks(Subject(kind, action, before, after, **masks), **more)]


def names(*given, **more):
    return [name for name, _ in found(*given, **more)]


def containers(*blocks):
    return {"spec": [{"template": [{"spec": [{"container": list(blocks)}]}]}]}


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("kubernetes_stateful_set_v1", containers({"name": "a", "liveness_probe": [{}]}, {"name": "b"}),
         containers({"name": "b"}, {"name": "a", "liveness_probe": []}), ["protection_removed"]),
        ("azurerm_storage_account", {"blob_properties": [{"delete_retention_policy": [{"days": 7}]}]},
         {"blob_properties": []}, ["backup_reduced"]),
        ("aws_cloudwatch_log_group", {"retention_in_days": 0}, {"retention_in_days": 3653}, ["retention_reduced"]),
        ("google_compute_security_policy",
         {"rule": [{"priority": 1, "action": "deny(403)"}, {"priority": 2, "action": "allow"}]},
         {"rule": [{"priority": 2, "action": "allow"}, {"priority": 1, "action": "allow"}]}, ["protection_removed"]),
        ("google_compute_region_security_policy",
         {"rules": [{"priority": 1, "action": "deny(403)"}, {"priority": 2, "action": "allow"}]},
         {"rules": [{"priority": 2, "action": "allow"}, {"priority": 1, "action": "allow"}]}, ["protection_removed"]),
        ("aws_eks_cluster", {"enabled_cluster_log_types": ["api", "audit"]},
         {"enabled_cluster_log_types": ["api", "scheduler"]}, ["audit_silenced"]),
        ("kubernetes_namespace", {"metadata": [{"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}]},
         {"metadata": [{"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}]}, ["protection_removed"]),
        ("azurerm_storage_account", {"account_replication_type": "GRS"}, {"account_replication_type": "LRS"},
         ["redundancy_reduced"]),
        ("aws_eks_cluster", {"vpc_config": [{"public_access_cidrs": ["10.0.0.0/8"], "endpoint_public_access": True}]},
         {"vpc_config": [{"public_access_cidrs": [], "endpoint_public_access": True}]}, ["exposed_to_world"]),
        ("azurerm_cosmosdb_account", {"ip_range_filter": "10.0.0.0/8"}, {"ip_range_filter": "10.0.0.0/8,0.0.0.0/0"},
         ["exposed_to_world"]),
        ("helm_release", {"values": ["web:\n  image:\n    tag: '1.4.0'\n"]},
         {"values": ["web:\n  image:\n    tag: '1.3.9'\n"]}, ["version_lowered"]),
        ("helm_release", {"values": ["resources:\n  limits:\n    memory: 1Gi\n"]},
         {"values": ["resources:\n  limits:\n    memory: 512Mi\n"]}, ["capacity_reduced"]),
        ("kubernetes_deployment", containers({"name": "a", "image": "r.io:5000/web:v2.1.0"}),
         containers({"name": "a", "image": "r.io:5000/web:v2.0.9"}), ["version_lowered"]),
        ("kubernetes_deployment", containers({"name": "a", "image": "web@sha256:aa"}),
         containers({"name": "a", "image": "web@sha256:bb"}), ["version_changed"]),
    ],
)  # fmt: skip
def test_what_signals(kind, before, after, expected):
    assert names(kind, before, after) == expected


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("kubernetes_deployment", containers({"name": "a", "liveness_probe": [{}]}, {"name": "b"}),
         containers({"name": "b"})),  # the container is gone, not its probe
        ("aws_lb", {"subnets": ["a", "b"]}, {"subnets": ["c", "a"]}),
        ("aws_cloudwatch_log_group", {"retention_in_days": 7}, {"retention_in_days": 0}),
        ("aws_lambda_permission", {"principal": "sns.amazonaws.com"}, {"principal": "*", "source_arn": "arn:x"}),
        ("aws_eks_cluster", {"vpc_config": [{"public_access_cidrs": ["0.0.0.0/0"]}]},
         {"vpc_config": [{"public_access_cidrs": []}]}),
        ("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": False, "public_access_cidrs": ["10.0.0.0/8"]}]},
         {"vpc_config": [{"endpoint_public_access": False, "public_access_cidrs": ["0.0.0.0/0"]}]}),
        ("kubernetes_service", {"spec": [{"type": "ClusterIP"}]},
         {"spec": [{"type": "LoadBalancer"}],
          "metadata": [{"annotations": {"networking.gke.io/load-balancer-type": "Internal"}}]}),
        ("azurerm_redis_cache", {"sku_name": "Standard", "family": "C", "capacity": 6},
         {"sku_name": "Premium", "family": "P", "capacity": 1}),
        ("azurerm_storage_account", {"public_network_access_enabled": False},
         {"public_network_access_enabled": True, "network_rules": [{"default_action": "Deny"}]}),
        ("azurerm_storage_account", {"account_replication_type": "RAGRS"}, {"account_replication_type": "GZRS"}),
        ("google_kms_crypto_key", {"rotation_period": "7776000s"}, {"rotation_period": "86400s"}),
        ("kubernetes_pod_disruption_budget", {"spec": [{"max_unavailable": "1"}]},
         {"spec": [{"max_unavailable": "50%"}]}),
        ("aws_route53_record", {"records": ["a", "b"]}, {"records": ["b", "a"]}),
        ("helm_release", {"values": ["replicaCount: &n 3\nother: *n\n"]}, {"values": ["replicaCount: &n 1\n"]}),
        ("helm_release", {"values": [": no: yaml"]}, {"values": ["replicaCount: 1"]}),
        ("kubernetes_deployment", containers({"name": "a", "image": "web:1.0"}),
         containers({"name": "a", "image": "web:1.0"}, {"name": "b", "image": "side:1.0"})),
    ],
)  # fmt: skip
def test_what_does_not(kind, before, after):
    assert found(kind, before, after) == []


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("aws_s3_bucket", {"force_destroy": True}),
        ("aws_db_instance", {"skip_final_snapshot": True}),
        ("aws_subnet", {"map_public_ip_on_launch": True}),
        ("google_compute_instance", {"network_interface": [{"access_config": [{}]}]}),
        ("aws_wafv2_web_acl", {"default_action": [{"allow": [{}]}]}),
        ("helm_release", {"version": "1.0.0", "chart": "web", "values": ["replicaCount: 1"]}),
        ("azurerm_role_assignment", {"scope": "/subscriptions/1", "role_definition_name": "Reader"}),
    ],
)
def test_a_new_resource_weakens_nothing(kind, after):
    assert found(kind, None, after, CREATE) == []


@pytest.mark.parametrize(
    ("old", "new", "lower"),
    [
        ("1.2.3", "1.2.2", True), ("v1.10", "v1.9", True), ("1.2.3-alpine", "1.2.2-alpine", True),
        ("1.2.3", "1.2.4", False), ("1.2.3", "1.2.2-rc1", False), ("1.2", "1.1.9", False),
        ("20240102", "20240101", False),
        ("latest", "1.0.0", False), ("1.2.3", "main", False),
    ],
)  # fmt: skip
def test_a_version_is_lower_only_where_that_can_be_reported(old, new, lower):
    expected = "version_lowered" if lower else "version_changed"
    assert names("helm_release", {"version": old}, {"version": new}) == [expected]
    assert names("kubernetes_deployment", containers({"name": "a", "image": f"r/web:{old}"}),
                 containers({"name": "a", "image": f"r/web:{new}"})) == [expected]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "before", "action", "expected"),
    [
        ("aws_db_instance", {"skip_final_snapshot": True}, DESTROY, True),
        ("aws_db_instance", {"skip_final_snapshot": True}, REPLACE, True),
        ("aws_db_instance", {"skip_final_snapshot": False}, DESTROY, False),
        ("aws_s3_bucket", {"force_destroy": True}, DESTROY, True),
        ("aws_iam_user", {"force_destroy": True}, DESTROY, False),
        ("google_sql_database_instance", {"force_destroy": True, "deletion_policy": "ABANDON"}, DESTROY, False),
    ],
)
def test_destroyed_without_a_last_copy(kind, before, action, expected):
    assert ("destroyed_without_snapshot" in names(kind, before, None, action)) == expected


@pytest.mark.parametrize(
    ("kind", "before", "action", "expected"),
    [
        ("google_sql_database", {"deletion_policy": "ABANDON"}, DESTROY, ["left_management"]),
        ("google_sql_database", {"deletion_policy": "ABANDON"}, REPLACE, ["left_management"]),
        ("google_firestore_database", {"deletion_policy": "ABANDON"}, DESTROY, ["left_management"]),
        ("google_firestore_database", {"deletion_policy": "DELETE"}, DESTROY, []),
        ("google_alloydb_cluster", {"deletion_policy": "FORCE"}, DESTROY, []),
        ("x_volume", {"skip_destroy": True}, DESTROY, ["left_management"]),
        ("x_volume", {"skip_destroy": False}, DESTROY, []),
        ("x_volume", {"skip_destroy": None}, DESTROY, []),
        ("google_sql_user", {"deletion_policy": "ABANDON"}, DESTROY, []),
        ("google_sql_database", {"deletion_policy": "ABANDON"}, UPDATE, []),
    ],
)
def test_what_is_set_to_stay_is_left_and_not_destroyed(kind, before, action, expected):
    assert names(kind, before, {} if action is UPDATE else None, action) == expected


def protecting(kind):
    """An object that protects a target, as the data has it."""
    found = protectors()[kind]
    before = {}
    for path, wanted in found.given:
        put(before, path, min(wanted))
    for path in found.targets:
        put(before, path, "target")
    return found, before


def put(value, path, word):
    *names, last = path.split(".")
    for name in names:
        value = value.setdefault(name, [{}])[0]
    value[last] = {"true": True, "false": False}.get(word, word)


@pytest.mark.parametrize("kind", sorted(protectors()))
def test_each_protector_signals_once_it_is_destroyed_and_not_where_it_was_switched_off(kind):
    protector, before = protecting(kind)
    assert protector.signal in NAMES
    assert names(kind, before, None, DESTROY, unprotects=True) == [protector.signal]
    assert names(kind, before, None, DESTROY) == []
    assert names(kind, before, before, Action.NO_OP, unprotects=True) == []
    for path, _ in protector.given:
        put(before, path, "another word")
    assert bool(names(kind, before, None, DESTROY, unprotects=True)) is not bool(protector.given)


SWITCHED_OFF = [
    ("aws_s3_bucket_public_access_block", "skip_destroy", "true"),
    ("google_monitoring_alert_policy", "deletion_policy", "ABANDON"),
    *((kind, path, word) for kind, found in sorted(protectors().items())
      for path, unwanted in found.unless for word in sorted(unwanted)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "word"), SWITCHED_OFF)
def test_what_makes_a_protector_protect_nothing_or_stay_signals_nothing(kind, path, word):
    _, before = protecting(kind)
    put(before, path, word)
    assert names(kind, before, None, DESTROY, unprotects=True) == []
    put(before, path, None)
    assert names(kind, before, None, DESTROY, unprotects=True) != []


def test_a_destroyed_protector():
    given = ("azurerm_management_lock", {"lock_level": "CanNotDelete", "scope": "/x"}, None, DESTROY)
    assert found(*given, unprotects=True) == [
        ("protection_removed", "a management lock is destroyed, and what it covers stays")
    ]
    assert found(*given) == []


@pytest.mark.parametrize(
    ("kind", "before", "after", "unknown", "expected"),
    [
        ("aws_instance", {"tags": {"a": "1"}, "size": 1}, {"tags": {"a": "2"}, "size": 1}, {}, True),
        ("aws_instance", {"tags": None, "tags_all": {}}, {"tags": {"a": "2"}}, {"tags_all": True}, True),
        ("google_compute_instance", {"labels": {"a": "1"}, "label_fingerprint": "x"}, {"labels": {"a": "2"}},
         {"label_fingerprint": True}, True),
        ("kubernetes_deployment", {"metadata": [{"labels": {"a": "1"}, "name": "x"}]},
         {"metadata": [{"labels": {"a": "2"}, "name": "x"}]}, {}, True),
        ("kubernetes_deployment", {"metadata": [{"labels": {"a": "1"}, "name": "x"}]},
         {"metadata": [{"labels": {"a": "2"}, "name": "y"}]}, {}, False),
        ("google_compute_instance", {"tags": ["web"]}, {"tags": ["db"]}, {}, False),  # what a firewall goes by
        ("aws_instance", {"tags": {"a": "1"}, "ami": "1"}, {"tags": {"a": "2"}, "ami": "2"}, {}, False),
        ("aws_instance", {"tags": {"a": "1"}}, {"tags": {"a": "2"}}, {"public_ip": True}, False),
        ("aws_instance", {"tags": {"a": "1"}}, {"tags": {"a": "1"}}, {}, False),
    ],
)  # fmt: skip
def test_only_labels_differ(kind, before, after, unknown, expected):
    assert is_labels_only(Subject(kind, UPDATE, before, after, unknown=unknown)) == expected
    assert not is_labels_only(Subject(kind, REPLACE, before, after, unknown=unknown))
