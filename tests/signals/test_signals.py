"""Signals: each rule with what it must see and what it must leave alone."""

import ast
import re
from pathlib import Path

import pytest

from change_events.model import (
    Action,
    ChangeOutcome,
    Drift,
    Failure,
    Outcome,
    Phase,
    Risk,
    Signal,
    Vcs,
)
from change_events.settings import Settings
from change_events.signals import MOST_OF_A_KIND, NAMES, signals, stateful_kind
from change_events.signals.combinations import PAIRS
from change_events.signals.table import table
from change_events.summary.composing import compose
from tests.summary.typical_events import attribute, change, event, value

ROOT = Path(__file__).parents[2]
DESTROY, REPLACE, UPDATE, CREATE = Action.DESTROY, Action.REPLACE, Action.UPDATE, Action.CREATE


def names(*changes, **more):
    return [signal.name for signal in signals(event(*changes, **more))]


def updated(address, path, before, after, action=UPDATE, **more):
    return change(address, action, attributes=(attribute(path, before, after), *more.pop("also", ())), **more)


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
        (change("aws_s3_bucket.a", Action.FORGET), ["left_management"]),
        (change("aws_s3_bucket.a", Action.FORGET, ChangeOutcome.PLANNED), ["left_management"]),
        (change("aws_s3_bucket.a", Action.FORGET, ChangeOutcome.NOT_ATTEMPTED), []),
        (change("aws_s3_bucket.a", Action.FORGET, deposed="0011"), []),
        (change("aws_s3_bucket.a", Action.MOVE), []),
        (change("aws_iam_user.a", Action.FORGET), []),
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
def test_the_reason_distinguishes_planned_from_done(outcome, words):
    (signal,) = signals(event(change("aws_s3_bucket.a", DESTROY, outcome), phase=Phase.PLANNED))
    assert signal.reason.startswith(words)
    assert signal.address == "aws_s3_bucket.a"


RISK = Risk(name="exposed_to_world", reason="every address of the world is let in: port 22 from 0.0.0.0/0")


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        (ChangeOutcome.PLANNED, " (planned)"),
        (ChangeOutcome.APPLIED, ""),
        (ChangeOutcome.FAILED, " (this change failed)"),
        (ChangeOutcome.UNKNOWN, " (outcome unknown)"),
    ],
)
def test_what_values_signal_is_reported_with_what_became_of_the_change(outcome, ending):
    (signal,) = signals(event(change("aws_security_group.a", UPDATE, outcome, risks=(RISK,))))
    reason = RISK.reason + ending
    assert signal == Signal(name=RISK.name, reason=reason, address="aws_security_group.a", outcome=outcome)


def test_what_was_not_attempted_signals_nothing():
    undone = change("aws_security_group.a", UPDATE, ChangeOutcome.NOT_ATTEMPTED, risks=(RISK,))
    assert names(undone) == []


def gone(index, outcome=ChangeOutcome.APPLIED, of=3, kind="aws_instance", **identity):
    return change(f"{kind}.web[{index}]", DESTROY, outcome, instances=of, id=f"i-{index}", identity=identity)


def test_instances_by_count_that_are_gone_with_what_they_were():
    facts = {"size": "t3.micro", "private_ip": "10.6.1.7"}
    (signal,) = signals(event(gone(1, name="web-1", **facts), gone(2, **facts)))
    assert (signal.name, signal.address) == ("capacity_reduced", "aws_instance.web")
    assert signal.reason == "2 of 3 instances were destroyed: web-1 (t3.micro, 10.6.1.7), i-2 (t3.micro, 10.6.1.7)"


def test_instances_of_which_one_could_not_be_destroyed():
    got = signals(event(gone(1), gone(2, ChangeOutcome.FAILED), gone(0, ChangeOutcome.NOT_ATTEMPTED)))
    assert [signal.reason for signal in got] == [
        "1 of 3 instances was destroyed: i-1",
        "1 of 3 instances was to be destroyed, and that failed: i-2",
    ]


@pytest.mark.parametrize("changes", [[gone(0, of=0)], [gone(0, kind="aws_iam_role"), gone(1, kind="aws_iam_role")]])
def test_one_that_was_alone_and_what_serves_nobody_is_no_capacity(changes):
    assert names(*changes) == []


def test_many_instances_are_counted_and_some_named():
    (signal,) = signals(event(*(gone(n, of=9) for n in range(5))))
    assert signal.reason == "5 of 9 instances were destroyed: i-0, i-1, i-2 and 2 more"


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
    composed = compose(event(change("aws_s3_bucket.a", DESTROY)), Settings())
    assert [signal.name for signal in composed.signals] == ["stateful_destroyed"]
    assert "a bucket was destroyed; what it holds may be lost: `aws_s3_bucket.a`" in composed.message


def test_a_declined_run_signals_nothing():
    declined = event(change("aws_s3_bucket.a", DESTROY, ChangeOutcome.NOT_ATTEMPTED), outcome=Outcome.DECLINED)
    assert compose(declined, Settings()).signals == ()


OF_SIGNALS = ("change_events.signals", "change_events.model")


def given_names():
    """The texts that the sources give a signal as its name, and the names in the table of settings."""
    yield from (row.signal for rows in table().values() for row in rows)
    yield from (pair.name for pair in PAIRS)
    yield "version_lowered"  # what the form `version` makes of `version_changed`
    for package in ("change_events", "tf_wrapper"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text())
            makers = {"Signal", "Found"} & {  # others may have a class of that name
                alias.name
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OF_SIGNALS)
                for alias in node.names
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in makers:
                    (name,) = [given.value for given in node.keywords if given.arg == "name"] or node.args[:1]
                    assert not isinstance(name, ast.JoinedStr), f"{path}:{node.lineno}: whole names can be looked for"
                    yield from (part.value for part in ast.walk(name) if isinstance(part, ast.Constant))


def test_settings_and_pages_know_every_signal_that_there_is():
    assert set(given_names()) == set(NAMES)
    page = (ROOT / "docs" / "reference" / "event.md").read_text().partition("## Signals\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(NAMES)


# -- several together ------------------------------------------------------------------------------------------------


def risky(address, *found, outcome=ChangeOutcome.APPLIED, action=UPDATE):
    return change(address, action, outcome, risks=tuple(Risk(name=name, reason="r") for name in found))


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("audit_silenced", "iam_widened", "access_widened_unaudited"),
        ("exposed_to_world", "auth_weakened", "exposed_unauthenticated"),
        ("alerting_silenced", "capacity_reduced", "capacity_reduced_unalerted"),
    ],
)
def test_two_signals_of_one_run_are_worse_together(first, second, together):
    got = signals(event(risky("x_a.a", first), risky("x_b.b", second)))
    assert (got[0].name, got[0].address) == (together, "x_b.b")
    assert "x_a.a" in got[0].reason
    assert {first, second} <= {signal.name for signal in got}
    assert together not in names(risky("x_a.a", first), risky("x_b.b", second, outcome=ChangeOutcome.FAILED))
    assert together not in names(risky("x_a.a", first), risky("x_b.b", first))


def test_what_loses_its_protection_in_the_run_that_replaces_it():
    replaced = risky("aws_db_instance.a", "protection_removed", action=REPLACE)
    assert names(replaced)[0] == "unprotected_then_destroyed"
    assert "unprotected_then_destroyed" not in names(
        risky("aws_db_instance.a", "protection_removed"), change("aws_db_instance.b", DESTROY)
    )


@pytest.mark.parametrize(
    ("name", "severity"), [("traffic_moved", "info"), ("version_lowered", "warning"), ("audit_silenced", "warning")]
)
def test_an_event_is_as_severe_as_its_signals(name, severity):
    composed = compose(event(risky("x_y.a", name)), Settings())
    assert (composed.severity, composed.signals[0].severity) == (severity, severity)


def test_a_combination_is_an_error():
    composed = compose(event(risky("x_a.a", "audit_silenced", "iam_widened")), Settings())
    assert composed.severity == "error"


@pytest.mark.parametrize(
    ("vcs", "phase", "outcome", "reason"),
    [
        ({"dirty": True}, Phase.APPLIED, ChangeOutcome.APPLIED, "uncommitted changes"),
        ({"dirty": False, "published": False}, Phase.APPLIED, ChangeOutcome.APPLIED, "on no branch of the remote"),
        ({"dirty": False, "published": None}, Phase.APPLIED, ChangeOutcome.APPLIED, None),
        ({"dirty": False, "published": True}, Phase.APPLIED, ChangeOutcome.APPLIED, None),
        ({"dirty": True}, Phase.PLANNED, ChangeOutcome.PLANNED, None),
        ({"dirty": True}, Phase.APPLIED, ChangeOutcome.NOT_ATTEMPTED, None),
    ],
)
def test_what_was_applied_from_nowhere(vcs, phase, outcome, reason):
    got = signals(event(change("x_y.a", UPDATE, outcome), vcs=Vcs(**vcs), phase=phase))
    assert [signal.name for signal in got] == (["applied_unpublished"] if reason else [])
    assert all(reason in signal.reason for signal in got)


def test_a_run_of_labels_alone():
    changes = [change(f"x_y.{n}", UPDATE, labels_only=True) for n in "ab"]
    read = change("x_y.read", Action.READ)
    assert names(*changes, read, counts={"update": 2}) == ["labels_only"]
    assert names(*changes, change("x_y.c", UPDATE), counts={"update": 3}) == []
    assert names(*changes, change("x_y.c", CREATE), counts={"update": 2, "create": 1}) == []
    assert names(*changes, counts={"update": 9}) == [], "some are left out"
    assert names() == []
