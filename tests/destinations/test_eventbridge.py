"""What is particular to EventBridge: boto3's chain, the signature, and moto's server."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime

import boto3
import pytest
from moto.server import ThreadedMotoServer

from change_events.delivery import probe
from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import eventbridge, get
from change_events.destinations.base import DestinationSettings, OptionError, Response, Result
from change_events.destinations.shared.responses import words
from change_events.model import Action, Change, Kind
from tests.destinations.backends.eventbridge import SECRET_KEY, TOKEN
from tests.destinations.kit.backend import backend
from tests.destinations.kit.events import event
from tests.support.sealed import sealed

AWS = get("eventbridge")
BUS = {"bus": "changes", "region": "eu-central-1"}


@pytest.fixture(autouse=True)
def _found_anew():
    """What boto3 found once is kept; here it is asked again."""
    eventbridge.signer_of.cache_clear()
    yield
    eventbridge.signer_of.cache_clear()


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_rules_of_a_real_bus_match_on_the_event(moto):
    clients = {name: boto3.client(name, "eu-central-1", endpoint_url=moto) for name in ("events", "sqs")}
    queue = clients["sqs"].create_queue(QueueName="failures")["QueueUrl"]
    arn = clients["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients["events"].create_event_bus(Name="changes")
    pattern = {"source": ["tfevent"], "detail-type": ["Infrastructure Change"], "detail": {"outcome": ["failed"]}}
    rule = {"Name": "failed", "EventBusName": "changes"}
    clients["events"].put_rule(**rule, EventPattern=json.dumps(pattern))
    clients["events"].put_targets(Rule="failed", EventBusName="changes", Targets=[{"Id": "1", "Arn": arn}])

    settings = DestinationSettings("aws", "eventbridge", BUS | {"endpoint": moto})
    with open_transport(settings) as transport:
        for name in ("updated", "failed", "deployment"):
            assert (
                send_event(settings, transport, event(name), Effort(time.monotonic() + 60)).result is Result.DELIVERED
            )

    received = clients["sqs"].receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    (message,) = [json.loads(message["Body"]) for message in received]
    assert message["detail"] == json.loads(event("failed").body)
    assert message["time"] == "2026-11-23T12:34:56Z"


def test_without_boto3_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(OptionError, match=r"^kind: eventbridge needs boto3: pip install 'tfevent\[aws\]'$"):
        AWS.render(sealed(), BUS)
    settings = DestinationSettings("aws", "eventbridge", BUS)
    verdict = probe(settings, budget=20)
    assert (verdict.ok, verdict.text) == (
        False,
        "its settings cannot be used (kind: eventbridge needs boto3: pip install 'tfevent[aws]')",
    )


@pytest.mark.parametrize(
    ("options", "environ", "said"),
    [
        ({"region": None}, {}, "region: missing; boto3 finds none in AWS_DEFAULT_REGION or the AWS configuration"),
        ({"profile": "nobody"}, {}, "profile: there is no such profile in the AWS configuration"),
        ({}, {"AWS_ACCESS_KEY_ID": None}, "profile: boto3 finds no AWS credentials"),
        (
            {},
            {"AWS_SECRET_ACCESS_KEY": None},
            "profile: boto3 cannot use the AWS configuration (PartialCredentialsError)",
        ),
        ({"source": "aws.tf"}, {}, "source: expected one that does not begin with `aws.`"),
        ({"bus": None}, {}, "bus: missing"),
    ],
)
def test_what_is_missing_is_named(options, environ, said, monkeypatch):
    for name, value in environ.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    with pytest.raises(OptionError) as caught:
        AWS.render(sealed(), BUS | options)
    assert str(caught.value).startswith(said)


def test_output_of_a_credential_process_is_not_reported(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile ci]\ncredential_process = sh -c 'echo s3cr3t >&2; exit 1'\n")
    with pytest.raises(OptionError) as caught:
        AWS.render(sealed(), BUS | {"profile": "ci"})
    assert str(caught.value).startswith("profile: boto3 cannot ")
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_a_profile_and_its_region_are_used(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile ci]\nregion = ap-south-1\n")
    (tmp_path / "credentials").write_text("[ci]\naws_access_key_id = AKIDOFPROFILE\naws_secret_access_key = k\n")
    request = AWS.render(sealed(), {"bus": "changes", "profile": "ci"})
    assert request.host == "events.ap-south-1.amazonaws.com"
    assert "AKIDOFPROFILE/" in request.headers["Authorization"]
    assert "X-Amz-Security-Token" not in request.headers


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"bus": "changes", "region": "us-west-2"}, "events.us-west-2.amazonaws.com"),
        ({"bus": "changes", "region": "cn-north-1"}, "events.cn-north-1.amazonaws.com.cn"),
        ({"bus": "arn:aws:events:eu-north-1:123456789012:event-bus/changes"}, "events.eu-north-1.amazonaws.com"),
        (
            {"bus": "arn:aws:events:eu-north-1:123456789012:event-bus/changes", "region": "eu-west-1"},
            "events.eu-west-1.amazonaws.com",
        ),
        ({"bus": "changes", "region": "eu-west-1", "endpoint": "https://vpce-1.example"}, "vpce-1.example"),
    ],
)
def test_addresses(options, host):
    assert AWS.origin(options) == f"https://{host}"
    assert AWS.render(sealed(), options).url == f"https://{host}/"


def test_nothing_that_botocore_signs_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    with backend("eventbridge").serve() as server:
        settings = DestinationSettings("aws", "eventbridge", BUS | {"endpoint": server.url})
        with open_transport(settings) as transport:
            assert (
                send_event(settings, transport, event("tiny"), Effort(time.monotonic() + 60)).result is Result.DELIVERED
            )
    assert TOKEN not in caplog.text
    assert SECRET_KEY not in caplog.text
    logging.getLogger("botocore.auth").debug("of others")
    assert "of others" in caplog.text


def test_each_request_is_signed_when_it_is_made(monkeypatch):
    first = AWS.render(event("tiny"), BUS)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime(2026, 11, 25, 1, 2, 3, tzinfo=UTC))
    second = AWS.render(event("tiny"), BUS)
    assert first.body == second.body
    assert second.headers["X-Amz-Date"] == "20261125T010203Z"
    assert first.headers["Authorization"] != second.headers["Authorization"]


def test_the_secret_key_is_no_part_of_a_request():
    request = AWS.render(event("tiny"), BUS)
    assert SECRET_KEY not in f"{request.url} {request.headers} {request.body} {request.secrets}"


def test_what_aws_says_of_a_refusal_is_read():
    entries = [{"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}]
    body = json.dumps({"FailedEntryCount": 1, "Entries": entries}).encode()
    assert words(Response(200, {"content-type": "application/x-amz-json-1.1"}, body)) == "Detail is malformed."


@pytest.mark.parametrize(
    ("kind", "detail_type"),
    [(Kind.INFRASTRUCTURE, "Infrastructure Change"), (Kind.DEPLOYMENT, "Deployment Event"), (Kind.BOOT, "Boot Event")],
)
def test_detail_types(kind, detail_type):
    (entry,) = json.loads(AWS.render(sealed(1, kind=kind), BUS).body)["Entries"]
    assert entry["DetailType"] == detail_type
    assert "Resources" not in entry


def test_arns_of_what_changed_are_the_resources():
    changes = [Change(address=f"aws_lb.l[{n}]", action=Action.UPDATE, id=f"arn:aws:lb:::{n % 150}") for n in range(300)]
    changes.append(Change(address="aws_instance.web", action=Action.UPDATE, id="i-1"))
    (entry,) = json.loads(AWS.render(sealed(1, changes=tuple(changes)), BUS).body)["Entries"]
    assert entry["Resources"] == [f"arn:aws:lb:::{n}" for n in range(100)]
