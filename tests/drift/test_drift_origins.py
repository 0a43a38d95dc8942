"""Who may have made a drift: CloudTrail by its documented API on loopback, then the journal; bounded, and no guess."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from change_events.drift import cloudtrail
from change_events.drift.cloudtrail import Subject, look_up
from tests.cli.drifting import Fleet, resized, stack
from tests.cli.sample import succeeded
from tests.support.receiver import Receiver, hang, status
from tests.support.speed import HANG

CLEAN_AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
CALLED_AT = datetime(2026, 11, 30, 10, 2, tzinfo=UTC)
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "s" * 40, "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


def entry(name="ModifyInstanceAttribute", user="alice", **detail):
    """An event as LookupEvents lists it."""
    return {
        "EventId": f"e-{name}", "EventName": name, "Username": user, "ReadOnly": "false",
        "EventTime": CALLED_AT.timestamp(), "CloudTrailEvent": json.dumps(detail),
    }  # fmt: skip


def answer(*entries):
    return status(200, json.dumps({"Events": entries}).encode(), content_type="application/x-amz-json-1.1")


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    monkeypatch.setattr(cloudtrail, "SECONDS", HANG)


@pytest.fixture
def ask(monkeypatch):
    def asked(receiver, *subjects):
        for name, value in {**AWS, "AWS_ENDPOINT_URL_CLOUDTRAIL": receiver.url}.items():
            monkeypatch.setenv(name, value)
        return look_up(subjects)

    return asked


def subject(key="a", kind="aws_instance", names=("i-1",), since=CLEAN_AT):
    return Subject(key, kind, names, since)


def test_the_resource_is_looked_up_since_the_last_clean_check(ask):
    since = datetime.now(UTC) - timedelta(hours=2)
    with Receiver([answer(entry())]) as receiver:
        found = ask(receiver, subject(since=since))
    [request] = receiver.received
    assert request.headers["x-amz-target"].endswith("LookupEvents")
    asked = request.json()
    assert asked["LookupAttributes"] == [{"AttributeKey": "ResourceName", "AttributeValue": "i-1"}]
    assert asked["StartTime"] == pytest.approx(since.timestamp(), abs=2)
    [origin] = found.origins["a"]
    assert (origin.source, origin.actor, origin.action) == ("cloudtrail", "alice", "ModifyInstanceAttribute")
    assert origin.at == CALLED_AT
    assert found.trouble == ""


def test_calls_that_failed_or_cannot_have_caused_it_are_none(ask):
    failed, reads, other = (
        entry(errorCode="Client.UnauthorizedOperation"),
        entry("DescribeInstances"),
        entry("PutObject"),
    )
    with Receiver([answer(failed, reads, other)]) as receiver:
        assert ask(receiver, subject()).origins == {}


def test_without_a_name_of_its_own_the_identitys_arn_is_the_actor(ask):
    one = entry(user="", userIdentity={"arn": "arn:aws:sts::1:assumed-role/ops/bob"})
    with Receiver([answer(one)]) as receiver:
        assert ask(receiver, subject()).origins["a"][0].actor == "arn:aws:sts::1:assumed-role/ops/bob"


def test_the_next_name_is_tried_and_types_without_known_calls_are_not_asked_for(ask):
    with Receiver([answer(), answer(entry())]) as receiver:
        found = ask(
            receiver, subject(names=("i-1", "arn:aws:ec2:us-east-2:1:instance/i-1", "web")), subject("b", "x_y")
        )
    assert [one.json()["LookupAttributes"][0]["AttributeValue"] for one in receiver.received] == ["i-1", "web"]
    assert "/us-east-2/cloudtrail/" in receiver.received[0].headers["authorization"]
    assert list(found.origins) == ["a"]


def test_a_check_asks_at_most_twenty_times_and_says_so(ask):
    with Receiver(always=answer()) as receiver:
        found = ask(receiver, *(subject(str(number)) for number in range(25)))
    assert len(receiver.received) == 20, found.trouble
    assert "only 20 times" in found.trouble


def test_a_service_that_does_not_answer_holds_nothing_up(ask, monkeypatch):
    monkeypatch.setattr(cloudtrail, "SECONDS", 0.5)
    with Receiver(always=hang()) as receiver:
        assert "within 0.5 s" in ask(receiver, subject()).trouble


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (status(400, b'{"__type": "AccessDeniedException", "message": "no"}'), "refuses: AccessDeniedException"),
        (status(200, b"not json"), "cannot be asked"),
    ],
)
def test_a_refusal_is_one_sentence(ask, step, text):
    with Receiver(always=step) as receiver:
        found = ask(receiver, subject())
    assert text in found.trouble
    assert found.origins == {}


# -- the command


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


def who(fleet, receiver):
    return fleet.here("drift", "a", "--who", env={**AWS, "AWS_ENDPOINT_URL_CLOUDTRAIL": receiver.url})


def recorded(fleet):
    with fleet.journal() as journal:
        return json.loads(next(iter(journal.list())).body)


def test_the_event_groups_by_who_did_it(fleet):
    stack(fleet, "a", resized())
    with Receiver([answer(entry())]) as receiver:
        assert who(fleet, receiver).returncode == 2
    event = recorded(fleet)
    assert event["drift"][0]["origins"][0]["actor"] == "alice"
    assert "CloudTrail: ModifyInstanceAttribute by alice at" in event["message"]


def test_what_nobody_has_a_record_of_is_said_to_have_none(fleet):
    stack(fleet, "a", resized())
    with Receiver(always=answer()) as receiver:
        who(fleet, receiver)
    assert "No record of who made these changes was found." in recorded(fleet)["message"]


def test_the_journal_is_searched_where_cloudtrail_has_nothing(fleet):
    one = resized()
    one["change"]["before"] |= {"name": "bastion-77"}
    one["change"]["after"] |= {"name": "bastion-77"}
    stack(fleet, "a", one)
    event, now = succeeded(), datetime.now(UTC)
    fleet.fill(msgspec.structs.replace(event, started_at=now, ended_at=now, service="bastion-77"))
    with Receiver(always=answer()) as receiver:
        who(fleet, receiver)
    [origin] = recorded(fleet)["drift"][0]["origins"]
    assert (origin["source"], origin["event"]) == ("journal", event.id)


def test_a_name_of_an_account_in_an_answer_is_redacted_like_everything(fleet):
    stack(fleet, "a", resized())
    secret = "AKIA" + "Z" * 16
    with Receiver([answer(entry(user=f"key {secret}"))]) as receiver:
        done = who(fleet, receiver)
    assert secret not in done.stdout + done.stderr + json.dumps(recorded(fleet))
