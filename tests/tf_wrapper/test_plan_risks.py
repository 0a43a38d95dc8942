"""What a plan's values signal is found before anything is cut, hidden or limited, and what goes says what it was."""

import json

import msgspec
import pytest

from change_events.journal import Journal, Query
from change_events.model import Action, ChangeOutcome, Vcs
from change_events.redact import Redactor, RedactPolicy
from change_events.settings import Settings
from change_events.signals import signals
from change_events.signals.protectors import protectors
from change_events.summary.composing import compose
from tests.summary.typical_events import event
from tests.tf_wrapper.plan_documents import document, entry
from tests.tf_wrapper.test_state import instance, raw, resource
from tf_wrapper.plan.reader import read_plan
from tf_wrapper.state.compare import compare_states

DESCRIPTION = "Temporary access for the vendor while ticket OPS-4711 is open; to be removed by the platform team"
RULE = {"cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": ["::/0"], "from_port": 22, "to_port": 22, "protocol": "tcp",
        "description": DESCRIPTION}  # fmt: skip
OPENED = entry("aws_security_group.web", "update", before={"ingress": []}, after={"ingress": [RULE]})
MACHINE = {"id": "i-0", "instance_type": "t3.micro", "private_ip": "10.6.1.7", "tags": {"Name": "web-1"}}


def read(*changes, redactor=None, **more):
    return read_plan(document(*changes), name="", redactor=redactor or Redactor(), **more)


def applied(plan):
    done = (msgspec.structs.replace(change, outcome=ChangeOutcome.APPLIED) for change in plan.changes)
    return compose(event(*done), Settings())


def test_a_block_that_is_too_long_to_be_shown():
    plan = read(OPENED)
    assert plan.changes[0].attributes[0].after.kind.value == "large"
    result = applied(plan)
    assert [(s.name, s.reason) for s in result.signals] == [
        ("exposed_to_world", "every address of the world is let in: port 22 from 0.0.0.0/0 and ::/0")
    ]
    assert (result.severity.value, "port 22 from 0.0.0.0/0 and ::/0" in result.message.replace("\\", "")) == (
        "warning",
        True,
    )


@pytest.mark.parametrize(
    "more", [{"detailed": 0}, {"ignore": ("ingress",)}, {"redactor": Redactor(RedactPolicy(max_value=5))}]
)
def test_what_is_not_compared_ignored_or_cut_signals_all_the_same(more):
    assert [s.name for s in applied(read(OPENED, **more)).signals] == ["exposed_to_world"]


def test_what_is_sensitive_signals_and_is_not_reported():
    hidden = entry(
        "aws_security_group.web",
        "update",
        before={"ingress": []},
        after={"ingress": [RULE]},
        after_sensitive={"ingress": True},
    )
    (signal,) = applied(read(hidden)).signals
    assert signal.reason == "it can be reached by everybody now"


@pytest.mark.parametrize("values", ["names", "none"])
def test_where_values_are_hidden_the_reason_has_none(values):
    plan = read(OPENED, redactor=Redactor(RedactPolicy(values=values)))
    assert b"0.0.0.0" not in msgspec.json.encode(applied(plan))
    assert b"22" not in msgspec.json.encode(plan.changes[0].risks)


def test_a_text_of_the_configuration_in_a_reason_is_redacted():
    redactor = Redactor()
    redactor.remember("hunter2service")
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "hunter2service:*", "Resource": "a"}]})
    plan = read(entry("aws_iam_policy.a", "create", after={"policy": policy}), redactor=redactor)
    assert b"hunter2service" not in msgspec.json.encode(plan)


def web(index, *actions, **more):
    before = {**MACHINE, "id": f"i-{index}", "tags": {"Name": f"web-{index}"}, **more}
    after = before if actions == ("no-op",) else None
    return entry(f"aws_instance.web[{index}]", *actions, before=before, after=after, name="web", index=index)


def test_two_of_three_instances_are_gone():
    result = applied(read(web(0, "no-op"), web(1, "delete"), web(2, "delete")))
    (signal,) = result.signals
    assert signal.reason == ("2 of 3 instances were destroyed: web-1 (t3.micro, 10.6.1.7), web-2 (t3.micro, 10.6.1.7)")
    assert result.changes[0].identity == {"name": "web-1", "size": "t3.micro", "private_ip": "10.6.1.7"}


def test_what_an_object_was_holds_nothing_that_is_marked():
    marked = web(1, "delete", before_sensitive={"private_ip": True, "tags": {"Name": True}})
    marked["change"]["before_sensitive"] = {"private_ip": True, "tags": {"Name": True}}
    assert read(marked).changes[0].identity == {"size": "t3.micro"}


def test_an_event_is_found_by_what_its_destroyed_and_replaced_objects_were(tmp_path):
    replaced = entry("aws_db_instance.main", "delete", "create", before={"id": "db-OLD1"}, after={})
    plan = read(web(1, "delete"), replaced)
    changes = [
        msgspec.structs.replace(change, outcome=ChangeOutcome.APPLIED, previous_id=change.id, id="db-NEW2")
        if change.action is Action.REPLACE
        else change
        for change in plan.changes
    ]
    with Journal.open(tmp_path / "j.db") as journal:
        journal.settle(Redactor().seal(compose(event(*changes), Settings())), [])
        for text in ("i-1", "web-1", "10.6.1.7", "db-old1", "db-new2"):
            assert len(list(journal.list(Query(text=text)))) == 1, text


def test_two_states_report_the_same_without_a_plan():
    before = [resource("aws_instance.web", *(instance(**{**MACHINE, "id": f"i-{n}"}) for n in range(2)))]
    plan = compare_states(
        raw(*before), raw(resource("aws_instance.web", instance(**{**MACHINE, "id": "i-9"}))), redactor=Redactor()
    )
    assert all(
        change.identity["private_ip"] == "10.6.1.7" for change in plan.changes if change.action is Action.DESTROY
    )
    group = resource("aws_security_group.a", instance(id="sg", ingress=[]))
    opened = resource("aws_security_group.a", instance(id="sg", ingress=[RULE]))
    found = compare_states(raw(group), raw(opened), redactor=Redactor())
    assert [risk.name for risk in found.changes[0].risks] == ["exposed_to_world"]


def test_a_signal_of_a_change_that_failed_says_so():
    plan = read(OPENED)
    failed = msgspec.structs.replace(plan.changes[0], outcome=ChangeOutcome.FAILED)
    (signal,) = signals(event(failed))
    assert (signal.reason.endswith("(this change failed)"), signal.outcome) == (True, ChangeOutcome.FAILED)


# -- what protects others --------------------------------------------------------------------------------------------

BUCKET = {"id": "logs", "bucket": "logs", "arn": "arn:aws:s3:::logs"}
BLOCK = {"id": "logs", "bucket": "logs", "block_public_acls": True}
KEPT = entry("aws_instance.web", "no-op", before=MACHINE, after=MACHINE)


def names(*changes):
    return [signal.name for signal in applied(read(*changes)).signals]


def block(*actions, address="aws_s3_bucket_public_access_block.a", before=BLOCK, after=None, **more):
    return entry(address, *actions, before=before, after=after, **more)


def test_a_protector_that_goes_while_its_bucket_stays():
    (signal,) = applied(read(block("delete"), KEPT)).signals
    assert (signal.name, signal.reason) == (
        "protection_removed",
        "a block of public access is destroyed, and what it covers stays",
    )


@pytest.mark.parametrize(
    "changes",
    [
        [block("delete")],  # all that there is
        [block("delete"), KEPT, entry("aws_s3_bucket.a", "delete", before=BUCKET)],
        [block("delete"), KEPT, block("create", address="aws_s3_bucket_public_access_block.b", before=None,
                                      after=BLOCK)],
        [block("delete"), KEPT, block("create", address="aws_s3_bucket_public_access_block.b", before=None, after={},
                                      after_unknown={"bucket": True})],
    ],
)  # fmt: skip
def test_a_protector_that_goes_with_what_it_protects_or_is_made_anew(changes):
    assert "protection_removed" not in names(*changes)


def test_a_lock_within_a_group_that_goes():
    group = "/subscriptions/1/resourceGroups/web"
    lock = entry("azurerm_management_lock.a", "delete", before={"scope": f"{group}/providers/x/y"})
    gone = entry("azurerm_resource_group.a", "delete", before={"id": group, "name": "web"})
    assert names(lock, gone, KEPT) == []
    assert names(lock, KEPT) == ["protection_removed"]


@pytest.mark.parametrize(
    ("protector", "before", "covered", "gone"),
    [
        ("google_resource_manager_lien", {"parent": "projects/123"}, "google_project",
         {"id": "projects/shop", "number": "123"}),
        ("google_logging_folder_sink", {"folder": "77"}, "google_folder", {"id": "folders/77", "name": "folders/77"}),
        ("aws_shield_protection", {"resource_arn": "arn:aws:ec2:eu-west-1:1:eip-allocation/eipalloc-1"}, "aws_eip",
         {"id": "eipalloc-1", "arn": "arn:aws:ec2:eu-west-1:1:elastic-ip/eipalloc-1"}),
        ("aws_backup_selection", {"name": "nightly", "resources": ["arn:aws:rds:eu-west-1:1:db:web"]},
         "aws_db_instance", {"id": "db-1", "arn": "arn:aws:rds:eu-west-1:1:db:web"}),
        ("aws_flow_log", {"transit_gateway_id": "tgw-1"}, "aws_ec2_transit_gateway", {"id": "tgw-1"}),
        ("azurerm_cdn_frontdoor_security_policy",
         {"security_policies": [{"firewall": [{"association": [{"domain": [
             {"cdn_frontdoor_domain_id": "/s/1/profiles/p/customDomains/d"}]}]}]}]},
         "azurerm_cdn_frontdoor_profile", {"id": "/s/1/profiles/p"}),
    ],
)  # fmt: skip
def test_a_protector_names_what_it_covers_in_its_own_way(protector, before, covered, gone):
    going = entry(f"{protector}.a", "delete", before=before)
    expected = protectors()[protector].signal
    assert expected in names(going, KEPT)
    assert expected not in names(going, KEPT, entry(f"{covered}.a", "delete", before=gone))


def workload(kind, labels, space="shop"):
    template = [{"metadata": [{"labels": labels}]}]
    return entry(f"{kind}.web", "delete", before={"metadata": [{"name": "web", "namespace": space}],
                                                  "spec": [{"template": template}]})  # fmt: skip


@pytest.mark.parametrize(
    ("protector", "selector"),
    [("kubernetes_pod_disruption_budget_v1", "selector"), ("kubernetes_network_policy", "pod_selector")],
)
def test_what_covers_pods_goes_with_the_workload_that_they_are_of(protector, selector):
    def covering(**labels):
        before = {"metadata": [{"namespace": "shop"}], "spec": [{selector: [{"match_labels": labels}]}]}
        return entry(f"{protector}.a", "delete", before=before)

    web = workload("kubernetes_deployment_v1", {"app": "web", "tier": "front"})
    assert "protection_removed" not in names(covering(app="web"), web, KEPT)
    for others in (
        [covering(app="web")],
        [covering(app="api"), web],
        [covering(), web],  # of all pods of the namespace
        [covering(app="web"), workload("kubernetes_daemonset", {"app": "web"}, space="other")],
    ):
        assert "protection_removed" in names(*others, KEPT)


ALARM = {"alarm_name": "cpu", "actions_enabled": True, "dimensions": {"InstanceId": "i-0"}}


def alarm(*actions, address="aws_cloudwatch_metric_alarm.a", before=ALARM, after=None, **more):
    return entry(address, *actions, before=before, after=after, **more)


def test_a_destroyed_alarm_is_silenced_unless_what_it_watches_goes_or_it_is_made_anew():
    (signal,) = applied(read(alarm("delete"), KEPT)).signals
    assert (signal.name, signal.reason) == ("alerting_silenced", "an alarm is destroyed")
    other = "aws_cloudwatch_metric_alarm.b"
    quiet = [
        [alarm("delete", before={**ALARM, "actions_enabled": False}), KEPT],
        [alarm("delete"), entry("aws_instance.web", "delete", before=MACHINE), entry("x_y.z", "no-op", before={})],
        [alarm("delete"), alarm("create", address=other, before=None, after=ALARM), KEPT],
        [alarm("no-op", after=ALARM), KEPT],
    ]
    assert [names(*changes) for changes in quiet if "alerting_silenced" in names(*changes)] == []
    updated = alarm("update", address=other, before=ALARM, after={**ALARM, "threshold": 2})
    assert names(alarm("delete"), updated, KEPT) == ["alerting_silenced"]


def test_a_trail_that_goes_while_another_one_is_edited():
    trail = entry("aws_cloudtrail.a", "delete", before={"name": "a", "enable_logging": True})
    old = {"name": "b", "tags": {}}
    other = entry("aws_cloudtrail.b", "update", before=old, after={**old, "tags": {"x": "y"}})
    assert names(trail, other, KEPT) == ["audit_silenced"]
    made = entry("aws_cloudtrail.b", "create", before=None, after={"name": "b"})
    assert names(trail, made, KEPT) == []


def test_an_event_of_reads_alone_signals_nothing():
    plan = read(entry("data.aws_ami.a", "read", before=None, after={"id": "ami-1"}, mode="data"), KEPT)
    done = [msgspec.structs.replace(change, outcome=ChangeOutcome.APPLIED) for change in plan.changes]
    dirty = msgspec.structs.replace(event(*done), vcs=Vcs(commit="c1", dirty=True), drift=())
    assert [change.action for change in dirty.changes] == [Action.READ]
    assert compose(dirty, Settings()).signals == ()


def test_a_planted_secret_is_in_no_reason():
    secret = "pl4nted-Hunter2-value"
    changes = [
        entry("kubernetes_deployment.a", "update", before=_with_image(f"web:{secret}"), after=_with_image("web:1.0.0")),
        entry("aws_flow_log.a", "delete", before={"vpc_id": secret}),
        entry("helm_release.a", "update", before={"values": [f"replicaCount: 3\nimage: {{tag: {secret}}}"]},
              after={"values": ["replicaCount: 1\nimage: {tag: '1'}"]}),
        entry("azurerm_role_assignment.a", "update", before={"scope": f"/subscriptions/x/resourceGroups/{secret}"},
              after={"scope": f"/subscriptions/{secret}"}),
        KEPT,
    ]  # fmt: skip
    redactor = Redactor()
    redactor.remember(secret)
    result = applied(read(*changes, redactor=redactor))
    assert {"version_changed", "audit_silenced", "capacity_reduced", "iam_widened"} <= {s.name for s in result.signals}
    assert secret.encode() not in msgspec.json.encode(result)
    hidden = read(*changes, redactor=Redactor(RedactPolicy(names=("image", "values", "scope"))))
    assert secret.encode() not in msgspec.json.encode([change.risks for change in hidden.changes])


def _with_image(image):
    return {"spec": [{"template": [{"spec": [{"container": [{"name": "a", "image": image}]}]}]}]}


def test_an_update_of_labels_alone_is_marked():
    plan = read(entry("aws_instance.web", "update", before=MACHINE, after={**MACHINE, "tags": {"Name": "web-2"}}))
    assert plan.changes[0].labels_only
    assert names(entry("aws_instance.web", "update", before=MACHINE, after={**MACHINE, "tags": {}})) == []


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (("delete",), ["left_management"]),
        (("create", "delete"), ["stateful_replaced", "left_management"]),
    ],
)
def test_what_its_own_setting_keeps_is_not_reported_as_lost(actions, expected):
    before = {"name": "shop", "deletion_policy": "ABANDON"}
    after = {"name": "shop2"} if len(actions) > 1 else None
    result = applied(read(entry("google_sql_database.shop", *actions, before=before, after=after)))
    assert [signal.name for signal in result.signals] == expected
    assert not any("may be lost" in signal.reason for signal in result.signals)
    lost = applied(read(entry("google_sql_database.shop", *actions, before={"name": "shop"}, after=after)))
    assert [("may be lost" in signal.reason) for signal in lost.signals] == [True]
