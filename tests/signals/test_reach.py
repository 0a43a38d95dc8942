"""Exposure is judged on all that the world reached before and reaches now: by protocol, ports and addresses."""

import pytest

from change_events.model import Action
from change_events.signals import Subject, risks

WORLD, PRIVATE = ["0.0.0.0/0"], ["10.0.0.0/8"]


def names(kind, before, after):
    return [risk.name for risk in risks(Subject(kind, Action.UPDATE, before, after))]


def group(*rules):
    """A security group; a rule is its first and last port, protocol and sources."""
    return {"ingress": [
        {"from_port": first, "to_port": last, "protocol": more[0] if more else "tcp",
         "cidr_blocks": more[1] if more[1:] else WORLD} for first, last, *more in rules]}  # fmt: skip


def google(*allowed, **more):
    return {"source_ranges": WORLD, "allow": [{"protocol": name, "ports": list(ports)} for name, *ports in allowed],
            **more}  # fmt: skip


def azure(ports="443", protocol="Tcp", source="*", **more):
    return {"direction": "Inbound", "access": "Allow", "source_address_prefix": source, "protocol": protocol,
            "destination_port_range": ports, **more}  # fmt: skip


def azure_list(*ports):
    return azure(None, destination_port_ranges=list(ports))


def policy(*cidrs_and_ports):
    return {"spec": [{"ingress": [{"from": [{"ip_block": [{"cidr": cidr}]}],
                                   "ports": [{"port": port, "protocol": protocol}]}
                                  for cidr, port, protocol in cidrs_and_ports]}]}  # fmt: skip


def policy_of(ports):
    return {"spec": [{"ingress": [{"from": [{"ip_block": [{"cidr": "0.0.0.0/0"}]}], "ports": ports}]}]}


def linode(ports):
    return {"inbound": [{"action": "ACCEPT", "protocol": "TCP", "ports": ports, "ipv4": WORLD}]}


def layers(*allowed):
    return {"direction": "INGRESS", "action": "allow", "match": [{"src_ip_ranges": WORLD, "layer4_configs": [
        {"ip_protocol": name, "ports": list(ports)} for name, *ports in allowed]}]}  # fmt: skip


SG, GOOGLE, AZURE, K8S = (
    "aws_security_group", "google_compute_firewall", "azurerm_network_security_rule", "kubernetes_network_policy",
)  # fmt: skip
LAYERS = "google_compute_firewall_policy_rule"

NARROWER = [
    (SG, group((0, 65535)), group((443, 443))),
    (SG, group((440, 450)), group((443, 443))),
    (SG, group((0, 0, "-1")), group((443, 443))),
    (SG, group((0, 0, "-1")), group((443, 443), (53, 53, "udp"))),
    (SG, group((-1, -1, "icmp")), group((8, -1, "icmp"))),
    (SG, group((8, -1, "icmp")), group((8, 0, "1"))),
    (SG, group((20, 25), (24, 30)), group((22, 28))),
    (GOOGLE, google(("tcp", "1-65535")), google(("tcp", "443"))),
    (GOOGLE, google(("all",)), google(("tcp", "443"))),
    (GOOGLE, google(("tcp",)), google(("tcp", "443"))),
    (GOOGLE, google(("tcp", "80"), ("udp", "53")), google(("udp", "53"))),
    (LAYERS, layers(("all",)), layers(("tcp", "443"))),
    (AZURE, azure("*", "*"), azure("443")),
    (AZURE, azure("*", "*"), azure("53", "Udp")),
    (AZURE, azure("20-30"), azure_list("22", "25-26")),
    ("azurerm_network_security_group", {"security_rule": [azure("*")]}, {"security_rule": [azure("22"), azure("80")]}),
    (K8S, policy(("0.0.0.0/0", "80", "TCP"), ("0.0.0.0/0", "53", "UDP")), policy(("0.0.0.0/0", "53", "UDP"))),
    (K8S, policy_of([]), policy_of([{"port": "80", "protocol": "TCP"}])),
    ("linode_firewall", linode("22, 443"), linode("443")),
    ("alicloud_security_group_rule", {"type": "ingress", "cidr_ip": "0.0.0.0/0", "port_range": "1/65535"},
     {"type": "ingress", "cidr_ip": "0.0.0.0/0", "port_range": "22/22"}),
]  # fmt: skip
SAME = [
    (SG, group((443, 443)), group((443, 443, "6"))),
    (AZURE, azure(), azure(source="Internet")),
    (AZURE, azure(source="0.0.0.0/0"), azure()),
    ("aws_eks_cluster", {"vpc_config": [{"public_access_cidrs": WORLD}]},
     {"vpc_config": [{"public_access_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]}]}),
    (SG, group((80, 81)), group((80, 80), (81, 81))),
    (AZURE, azure_list("80", "81"), azure("80-81")),
    (GOOGLE, google(("tcp", "80", "81")), google(("tcp", "80-81"))),
    (AZURE, azure(), azure(source="internet")),
    (SG, group((22, 22)), group((22, 22, "tcp", ["0.0.0.0/1", "128.0.0.0/1"]))),
    (SG, group((22, 22, "tcp", ["0.0.0.0/1"]), (22, 22, "tcp", ["128.0.0.0/1"])), group((22, 22))),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "before", "after"), NARROWER)
def test_what_narrows_is_no_exposure_and_its_way_back_is_one(kind, before, after):
    assert names(kind, before, after) == []
    assert names(kind, after, before) == ["exposed_to_world"]


@pytest.mark.parametrize(("kind", "before", "after"), SAME)
def test_the_same_reach_in_other_words_is_no_exposure(kind, before, after):
    assert names(kind, before, after) == []
    assert names(kind, after, before) == []


WIDER = [
    (SG, group((443, 443)), group((0, 65535))),
    (SG, group((443, 443)), group((443, 443, "udp"))),
    (SG, group((80, 80), (82, 82)), group((80, 82))),
    (SG, group((443, 443)), group((0, 0, "-1"))),
    (SG, group((8, -1, "icmp")), group((-1, -1, "icmp"))),
    (SG, group((22, 22, "tcp", ["0.0.0.0/1"])), group((22, 22, "tcp", ["0.0.0.0/1", "128.0.0.0/1"]))),
    (SG, group((22, 22, "tcp", PRIVATE)), group((22, 22, "tcp", ["128.0.0.0/1", "64.0.0.0/2", "0.0.0.0/2"]))),
    (SG, None, {"ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "ipv6_cidr_blocks": ["0::/0"]}]}),
    (SG, None, {"ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp",
                             "ipv6_cidr_blocks": ["::/1", "8000::/1"]}]}),
    ("aws_vpc_security_group_ingress_rule", None, {"cidr_ipv6": "0:0:0:0:0:0:0:0/0", "ip_protocol": "-1"}),
    ("aws_vpc_security_group_ingress_rule", None, {"cidr_ipv4": "10.1.2.3/0", "ip_protocol": "-1"}),
    ("azurerm_cosmosdb_account", {}, {"ip_range_filter": "10.0.0.0/8,10.1.2.3/0"}),
    ("azurerm_cosmosdb_account", {}, {"ip_range_filter": "0.0.0.0/1, 128.0.0.0/1"}),
    (GOOGLE, google(("tcp", "443")), google(("tcp",))),
    (GOOGLE, google(("tcp", "443")), google(("tcp", "443"), ("udp", "53"))),
    (AZURE, azure(), azure(protocol="*")),
    (AZURE, azure(source="::/0"), azure(source="*")),
    (AZURE, None, azure(source="INTERNET")),
    (AZURE, None, azure(source="any")),
    (AZURE, None, azure(direction="inbound", access="allow")),
    (AZURE, None, azure(source=None, source_address_prefixes=["10.0.0.0/8", "internet"])),
    ("azurerm_network_security_group", {"security_rule": []}, {"security_rule": [azure("3389", source="internet")]}),
    ("azurerm_linux_web_app", {"site_config": [{"ip_restriction": [{"ip_address": "0.0.0.0/0"}]}]},
     {"site_config": [{"ip_restriction": [{"ip_address": "0.0.0.0/0"}],
                       "scm_ip_restriction": [{"source_ip": "0.0.0.0/0"}]}]}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "before", "after"), WIDER)
def test_what_is_reached_newly_is_an_exposure(kind, before, after):
    assert names(kind, before, after) == ["exposed_to_world"]


@pytest.mark.parametrize(("kind", "before", "after"), [
    (SG, None, group((22, 22, "tcp", ["0.0.0.0/1", "128.0.0.0/2"]))),
    (SG, None, group((22, 22, "tcp", ["0.0.0.0/1"]), (80, 80, "tcp", ["128.0.0.0/1"]))),
    (SG, None, group((22, 22, "tcp", ["10.0.0.0/9", "10.128.0.0/9"]))),
    (SG, None, group((22, 22, "tcp", ["not/0", "1.2.3/0", "::/x"]))),
    (AZURE, None, azure(source="VirtualNetwork")),
    (AZURE, None, azure(direction="outbound")),
])  # fmt: skip
def test_a_part_of_the_world_is_not_the_world(kind, before, after):
    assert names(kind, before, after) == []


def test_the_reason_names_the_ports_of_what_is_new():
    (risk,) = risks(Subject(SG, Action.UPDATE, group((80, 80)),
                            group((80, 80), (22, 22, "tcp", ["128.0.0.0/1", "0.0.0.0/1"]))))  # fmt: skip
    assert risk.reason == "every address of the world is let in: port 22 from 0.0.0.0/1 and 128.0.0.0/1"


CASES = [*NARROWER, *SAME, *WIDER, *((kind, after, before) for kind, before, after in [*NARROWER, *SAME])]
