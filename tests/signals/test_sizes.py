"""Sizes and amounts are compared only where one order has both of them."""

import pytest

from change_events.model import Action
from change_events.signals import Subject, risks
from change_events.signals.amounts import amount
from change_events.signals.sizes import is_smaller

SMALLER = [
    ("", "t3.large", "t3.micro"), ("", "m5.2xlarge", "m5.xlarge"), ("", "m5.24xlarge", "m5.12xlarge"),
    ("", "m5.xlarge", "m5.large"), ("", "db.r6g.2xlarge", "db.r6g.large"), ("", "cache.t4g.small", "cache.t4g.micro"),
    ("", "m5.large.search", "m5.small.search"), ("", "kafka.m5.4xlarge", "kafka.m5.2xlarge"),
    ("", "ra3.4xlarge", "ra3.xlplus"), ("", "ml.m5.xlarge", "ml.m5.large"), ("", "u-6tb1.112xlarge", "u-6tb1.56xlarge"),
    ("", "Standard_D8s_v5", "Standard_D4s_v5"), ("", "Standard_B2ms", "Standard_B1ms"),
    ("", "Standard_B1ms", "Standard_B1ls"), ("", "Standard_D3_v2", "Standard_D2_v2"),
    ("", "Standard_D14_v2", "Standard_D11_v2"), ("", "Standard_E8-4s_v5", "Standard_E8-2s_v5"),
    ("", "e2-medium", "e2-micro"), ("", "n2-standard-8", "n2-standard-4"), ("", "custom-4-8192", "custom-2-8192"),
    ("", "n2-custom-4-8192", "n2-custom-4-4096"), ("", "a2-highgpu-2g", "a2-highgpu-1g"),
    ("", "db-custom-2-7680", "db-f1-micro"), ("", "db-g1-small", "db-f1-micro"), ("", "db-n1-standard-4",
     "db-n1-standard-2"), ("", "s-2vcpu-4gb", "s-1vcpu-1gb"), ("", "s-1vcpu-1gb", "s-1vcpu-512mb"),
    ("", "cx42", "cx22"), ("", "g6-standard-4", "g6-standard-2"), ("", "M30", "M10"),
    ("app_service", "P2v3", "P1v3"), ("app_service", "P1v3", "S1"), ("app_service", "S2", "S1"),
    ("app_service", "S1", "B1"), ("app_service", "B1", "F1"), ("app_service", "P1mv3", "P1v3"),
    ("sql", "S3", "S0"), ("sql", "P1", "S3"), ("sql", "S0", "Basic"), ("sql", "GP_Gen5_8", "GP_Gen5_4"),
    ("sql", "BC_Gen5_4", "GP_Gen5_4"), ("gateway", "VpnGw3AZ", "VpnGw1"), ("gateway", "VpnGw1", "Basic"),
    ("flexible_server", "GP_Standard_D4s_v3", "GP_Standard_D2s_v3"),
    ("flexible_server", "MO_Standard_E4s_v3", "B_Standard_B2s"),
]  # fmt: skip
UNORDERED = [
    ("", "m5.large", "t3.micro"), ("", "m5.large", "m6g.medium"), ("", "m5.metal", "m5.large"),
    ("", "db.t3.large", "cache.t3.micro"), ("", "m5.large", "m5.large.search"), ("", "t3.large", "large"),
    ("", "Standard_D8s_v5", "Standard_D4s_v4"), ("", "Standard_D8s_v5", "Standard_D4_v5"),
    ("", "Standard_D5_v2", "Standard_D11_v2"), ("", "Standard_D11_v2", "Standard_D5_v2"),
    ("", "Standard_D4s_v5", "Basic_A1"), ("", "Standard_A7", "Standard_A4"), ("", "Standard_B4ms", "Standard_B2ts_v2"),
    ("", "e2-standard-2", "e2-micro"), ("", "n2-standard-8", "n2-highmem-4"), ("", "n2-standard-8", "n1-standard-4"),
    ("", "custom-2-8192", "custom-4-4096"), ("", "db-custom-2-7680", "db-n1-standard-1"), ("", "cx42", "cpx11"),
    ("", "cx21", "cx22"), ("", "s-4vcpu-8gb", "c-2vcpu-4gb"), ("", "big", "small"), ("", "", "t3.micro"),
    ("app_service", "S1", "B3"), ("app_service", "P0v3", "S3"), ("app_service", "Y1", "B1"),
    ("app_service", "EP2", "EP1"), ("sql", "P1", "S12"), ("sql", "S3", "GP_Gen5_2"), ("sql", "GP_Gen5_8", "HS_Gen5_4"),
    ("sql", "ElasticPool", "S0"), ("gateway", "ErGw2AZ", "VpnGw1AZ"),
    ("flexible_server", "GP_Standard_D4s_v3", "MO_Standard_E2s_v3"),
]  # fmt: skip


@pytest.mark.parametrize(("order", "larger", "smaller"), SMALLER)
def test_smaller_within_one_order(order, larger, smaller):
    assert is_smaller(larger, smaller, order)
    assert not is_smaller(smaller, larger, order)
    assert not is_smaller(smaller, smaller, order)


@pytest.mark.parametrize(("order", "one", "other"), UNORDERED)
def test_outside_of_one_order_nothing_is_lowered(order, one, other):
    assert not is_smaller(one, other, order)


@pytest.mark.parametrize(
    ("unit", "more", "less"),
    [
        ("", 3, "2"), ("", "1.5", "1.25"), ("", "50%", "25%"), ("", 1e3, 999),
        ("duration", "7d", "604799s"), ("duration", "1h30m", "1h"), ("duration", "P7D", "PT1H"), ("duration", 60, 59),
        ("quantity", "1", "999m"), ("quantity", "1Gi", "1G"), ("quantity", "0.1", "99m"), ("quantity", "1Ei", "1E"),
        ("tls", "TLS1_2", "TLS1_1"), ("tls", "TLSv1.2_2021", "TLSv1.2_2019"), ("tls", "TLSv1.1_2016", "TLSv1_2016"),
        ("tls", "TLSv1", "SSLv3"), ("tls", "1.2", "1.0"), ("tls", "TLS_1_2", "TLS_1_0"),
        ("tls", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS-1-1-2017-01"),
        ("tls", "ELBSecurityPolicy-FS-1-2-Res-2020-10", "ELBSecurityPolicy-FS-2018-06"),
        ("tls", "ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
    ],
)  # fmt: skip
def test_amounts_are_exact(unit, more, less):
    (kind, figures), (other, lower) = amount(more, unit), amount(less, unit)
    assert kind == other
    assert figures > lower


@pytest.mark.parametrize(("unit", "value"), [
    ("", None), ("", True), ("", "many"), ("", ["1"]), ("", "7d"), ("quantity", "1h"), ("duration", "soon"),
    ("tls", "COMPATIBLE"), ("", "1e99999"), ("quantity", "9" * 50)])  # fmt: skip
def test_what_is_no_amount(unit, value):
    assert amount(value, unit) is None


def test_a_percentage_is_not_compared_with_a_number():
    assert amount("50%")[0] != amount("50")[0]


def found(kind, before, after, action=Action.UPDATE, **masks):
    return [(risk.name, risk.reason) for risk in risks(Subject(kind, action, before, after, **masks))]


@pytest.mark.parametrize(
    ("kind", "before", "after", "reason"),
    [
        ("aws_instance", {"instance_type": "t3.large"}, {"instance_type": "t3.micro"},
         "instance_type lowered from t3.large to t3.micro"),
        ("alicloud_instance", {"instance_type": "ecs.g6.xlarge"}, {"instance_type": "ecs.g6.large"},
         "instance_type lowered from ecs.g6.xlarge to ecs.g6.large"),
        ("digitalocean_droplet", {"size": "s-2vcpu-4gb"}, {"size": "s-1vcpu-1gb"},
         "size lowered from s-2vcpu-4gb to s-1vcpu-1gb"),
        ("aws_eks_node_group", {"instance_types": ["m5.large"]}, {"instance_types": ["m5.small"]},
         "instance_types lowered from m5.large to m5.small"),
        ("aws_autoscaling_group", {"min_size": 3, "max_size": 3, "desired_capacity": 3},
         {"min_size": 1, "max_size": 1, "desired_capacity": 1},
         "desired_capacity, max_size, min_size lowered from 3 to 1"),
        ("aws_lambda_function", {"reserved_concurrent_executions": -1}, {"reserved_concurrent_executions": 5},
         "reserved_concurrent_executions lowered from no limit to 5"),
    ],
)  # fmt: skip
def test_lowered_capacity_is_reported_once_with_its_values(kind, before, after, reason):
    got = found(kind, before, after)
    assert got == [("capacity_reduced", reason)]


def test_containers_are_paired_by_name():
    def sides(*containers):
        blocks = [{"name": name, "resources": [{"limits": {"cpu": cpu}}]} for name, cpu in containers]
        return {"spec": [{"template": [{"spec": [{"container": blocks}]}]}]}

    before, after = sides(("a", "1"), ("b", "2")), sides(("b", "1500m"), ("a", "1"))
    assert found("kubernetes_deployment", before, after) == [
        ("capacity_reduced", "spec[0].template[0].spec[0].container[0].resources[0].limits.cpu lowered from 2 to 1500m")
    ]
    assert found("kubernetes_deployment", before, sides(("b", "2"), ("a", "1"))) == []
