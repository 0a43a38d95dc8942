"""``backfill`` from a bucket with versioning: moto's server, and a scripted one for what moto does not do."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import boto3
import pytest
from moto.server import ThreadedMotoServer

from change_events.model import Actor, Change, ChangeEvent, Kind, Outcome, Phase, Tool
from change_events.model.enums import Action, ChangeOutcome
from tests.cli.state_versions import DB, ENCRYPTED, LINEAGE, SECRET, resource, sized, state
from tests.support.speed import HANG

KEY = "prod/network.tfstate"
ADDRESS = f"s3://states/{KEY}"
AWS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "planted-aws-secret", "AWS_REGION": "eu-central-1"}


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Bucket:
    def __init__(self, endpoint, *, versioned=True):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.client = boto3.client("s3", "eu-central-1", endpoint_url=endpoint, **keys)
        self.environ = AWS | {"AWS_ENDPOINT_URL_S3": endpoint}
        self._empty()
        self.client.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        if versioned:
            self.client.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled"})

    def _empty(self):
        if any(one["Name"] == "states" for one in self.client.list_buckets()["Buckets"]):
            for page in self.client.get_paginator("list_object_versions").paginate(Bucket="states"):
                for one in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                    self.client.delete_object(Bucket="states", Key=one["Key"], VersionId=one["VersionId"])
            self.client.delete_bucket(Bucket="states")

    def put(self, *states, key=KEY):
        return [self.client.put_object(Bucket="states", Key=key, Body=one).get("VersionId") for one in states]


@pytest.fixture
def bucket(moto):
    return Bucket(moto)


def backfill(home, bucket, *words, env=None):
    text = home.events("backfill", ADDRESS, "--json", *words, env=bucket.environ | (env or {}))
    return json.loads(text)


def recorded(home):
    return [json.loads(line) for line in home.events("list", "--json", "--limit", "0").splitlines()][::-1]


def serials(home):
    return [(one["state"]["previous_serial"], one["state"]["serial"]) for one in recorded(home)]


def test_each_pair_of_versions_is_an_event_with_time_serial_and_owner(home, bucket):
    ids = bucket.put(sized(1, "small"), sized(2, "large"), sized(3, "small"))
    bucket.put(sized(1, "x"), sized(2, "y"), key=f"{KEY}.backup")  # another object
    found = backfill(home, bucket)
    assert (found["recorded"], found["not_used"]) == (2, 0)
    first, second = recorded(home)
    assert serials(home) == [(1, 2), (2, 3)]
    assert first["backfilled"]["source"] == ADDRESS
    assert [one["backfilled"]["version"] for one in (first, second)] == ids[1:]
    assert first["backfilled"]["time_from"] == "object"
    assert first["backfilled"]["owner"]
    assert "actor" not in first
    times = [datetime.fromisoformat(one["started_at"]) for one in (first, second)]
    assert times == sorted(times)
    assert abs(datetime.now(UTC) - times[0]) < timedelta(days=1)
    assert "state changed: 1 changed (backfilled)" in first["title"]
    again = backfill(home, bucket)
    assert (again["recorded"], again["known"]) == (0, 2)
    bucket.put(sized(4, "xl"))
    assert backfill(home, bucket)["recorded"] == 1
    assert f"(reverts {first['id']})" in home.events("why", DB)


@pytest.mark.slow
def test_what_cannot_be_read_is_spanned_and_named(home, bucket):
    bucket.put(sized(1, "a"), ENCRYPTED, b"<html>", sized(4, "b"))
    found = backfill(home, bucket)
    assert (found["recorded"], found["not_used"]) == (1, 2)
    assert serials(home) == [(1, 4)]
    (spanning,) = recorded(home)
    assert spanning["backfilled"]["skipped"] == 2
    assert "encrypted by OpenTofu" in spanning["state"]["note"]
    assert "not a state" in spanning["state"]["note"]
    assert backfill(home, bucket)["recorded"] == 0


@pytest.mark.slow
def test_versions_that_go_back_and_states_that_are_replaced_are_in_the_order_of_the_bucket(home, bucket):
    other = "00000000-0000-0000-0000-00000000000b"
    bucket.put(sized(4, "a"), sized(5, "b"), sized(4, "a"), sized(4, "c"), sized(1, "d", lineage=other))
    order = backfill(home, bucket)["events"]  # moto wrote them all in one second, which listing goes by
    states = {event["id"]: event["state"] for event in recorded(home)}
    pairs = [(states[one]["previous_serial"], states[one]["serial"]) for one in order]
    assert pairs == [(4, 5), (5, 4), (4, 4), (4, 1)]
    last = states[order[-1]]
    assert (last["previous_lineage"], last["lineage"]) == (LINEAGE, other)
    assert not any(one.get("signals") for one in recorded(home))


@pytest.mark.slow
def test_only_the_newest_are_read_and_older_ones_follow(home, bucket):
    bucket.put(*(sized(serial, f"s{serial}") for serial in range(1, 8)))
    assert backfill(home, bucket, "--last", "2")["recorded"] == 2
    assert serials(home) == [(5, 6), (6, 7)]
    assert backfill(home, bucket, "--last", "0")["recorded"] == 4
    assert serials(home) == [(number, number + 1) for number in range(1, 7)]


def test_what_tfevent_recorded_itself_is_not_doubled(home, bucket):
    bucket.put(sized(1, "a"), sized(2, "b"))
    (home.path / "net").mkdir()
    now = datetime.now(UTC)
    run = ChangeEvent(
        id="019ab0f1-5e00-7aaa-8bbb-000000000009",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        outcome=Outcome.SUCCEEDED,
        started_at=now - timedelta(minutes=1),
        ended_at=now,
        title="net: 1 updated",
        tool=Tool(name="terraform", directory=str(home.path / "net")),
        actor=Actor(host=socket.gethostname()),
        changes=(Change(address=DB, action=Action.UPDATE, outcome=ChangeOutcome.APPLIED),),
    )
    home.fill(run)
    found = backfill(home, bucket, "--directory", "net")
    assert (found["recorded"], found["recorded_by_runs"]) == (0, 1)


@pytest.mark.slow
def test_the_backend_of_the_directory_joins_the_history_with_its_runs(home, bucket):
    bucket.put(sized(1, "a"), sized(2, "b"), key=f"env:/prod/{KEY}")
    settings = {"backend": {"type": "s3", "config": {"bucket": "states", "key": KEY}}}
    (home.path / ".terraform").mkdir()
    (home.path / ".terraform" / "terraform.tfstate").write_text(json.dumps(settings))
    done = home.run("backfill", f"s3://states/env:/prod/{KEY}", env=bucket.environ)
    assert done.stderr == b""
    (event,) = recorded(home)
    assert (event["tool"]["workspace"], event["tool"]["directory"]) == ("prod", str(home.path))
    assert "backend" not in event["tool"]


@pytest.mark.slow
def test_secrets_are_nowhere(home, bucket):
    bucket.put(state(1, resource(size="a", note=SECRET)), state(2, resource(size="b", password="Zq82", note=SECRET)))
    done = home.run("backfill", ADDRESS, env=bucket.environ)
    kept = b"".join(path.read_bytes() for path in home.state.iterdir() if path.is_file())
    for secret in (SECRET, "Zq82", "planted-aws-secret"):
        assert secret.encode() not in done.stdout + done.stderr + kept


@pytest.mark.parametrize(
    ("address", "env", "error"),
    [
        ("s3://absent/key", {}, "s3://absent/key: there is no such bucket"),
        ("s3://states/absent", {}, "there is no such object in the bucket"),
        (ADDRESS, {"AWS_PROFILE": "absent"}, "the AWS configuration cannot be used (ProfileNotFound)"),
        (
            ADDRESS,
            {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true"},
            "there are no usable AWS credentials",
        ),
        (ADDRESS, {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}, "cannot be reached"),
    ],
)
@pytest.mark.slow
def test_errors_name_the_remedy(home, bucket, address, env, error):
    done = home.run("backfill", address, env=bucket.environ | env)
    assert done.returncode == 1
    assert error in done.stderr.decode()
    assert len(done.stderr.decode().splitlines()) == 1


@pytest.mark.slow
def test_a_bucket_without_versioning_is_an_error(home, moto):
    bucket = Bucket(moto, versioned=False)
    bucket.put(sized(1, "a"), sized(2, "b"))
    done = home.run("backfill", ADDRESS, env=bucket.environ)
    assert done.returncode == 1
    assert "versioning of the bucket is off" in done.stderr.decode()


@pytest.mark.slow
def test_without_boto3_the_error_names_what_to_install(home):
    (home.path / "boto3.py").write_text("raise ImportError('no boto3')")
    env = {"PYTHONPATH": f"{home.path}:{home.environ['PYTHONPATH']}"}
    done = home.run("backfill", ADDRESS, env=env)
    assert done.stderr.decode() == f"tfevent: {ADDRESS}: boto3 is not installed: pip install 'tfevent[aws]'\n"


class Scripted(http.server.BaseHTTPRequestHandler):
    """Three versions, of which the second answers as the script says; the third waits where it shall."""

    answers: ClassVar = {}
    started = threading.Event()
    release = threading.Event()

    def do_GET(self):
        version = self.path.partition("versionId=")[2]
        status, body = self.answers["list" if "versions" in self.path else version.partition("&")[0]]
        if body == b"wait":
            self.started.set()
            self.release.wait(HANG)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def error(code, message=""):
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def listing(*names):
    kinds = {"v": "Version", "d": "DeleteMarker"}
    rows = "".join(
        f"<{kinds[name[0]]}><Key>{KEY}</Key><VersionId>{name}</VersionId>"
        f"<LastModified>2026-01-02T03:04:0{name[1]}.000Z</LastModified></{kinds[name[0]]}>"
        for name in names
    )
    return f'<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{rows}</ListVersionsResult>'.encode()


@pytest.fixture
def scripted():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Scripted.started.clear()
    Scripted.release.clear()
    yield AWS | {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.server_port}", "AWS_MAX_ATTEMPTS": "1"}
    Scripted.release.set()
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_refused_version_is_spanned_until_it_may_be_read(home, scripted):
    Scripted.answers = {
        "list": (200, listing("v3", "v2", "v1")),
        "v1": (200, sized(1, "a")),
        "v2": (403, error("AccessDenied", "planted-in-an-error")),
        "v3": (200, sized(3, "c")),
    }
    text = home.run("backfill", ADDRESS, env=scripted).stderr.decode()
    assert f"not used: {ADDRESS} v2: access is denied" in text
    assert "planted-in-an-error" not in text
    assert serials(home) == [(1, 3)]
    for code, reason in (("InvalidRequest", "SSE-C"), ("KMS.DisabledException", "KMS key is disabled")):
        Scripted.answers["v2"] = (400, error(code))
        assert reason in home.run("backfill", ADDRESS, env=scripted).stderr.decode()
    Scripted.answers["v2"] = (200, sized(2, "b"))
    assert json.loads(home.events("backfill", ADDRESS, "--json", env=scripted))["recorded"] == 2
    assert serials(home) == [(1, 2), (2, 3)]


@pytest.mark.slow
def test_a_deletion_of_the_object_is_no_removal_of_its_entries(home, scripted):
    Scripted.answers = {
        "list": (200, listing("v3", "d2", "v1")),
        "v1": (200, sized(1, "a")),
        "v3": (200, sized(2, "b")),
    }
    assert b"the object was deleted (a delete marker)" in home.run("backfill", ADDRESS, env=scripted).stderr
    (event,) = recorded(home)
    assert event["summary"]["state"] == {"changed": 1}
    assert "a delete marker" in event["state"]["note"]


@pytest.mark.slow
def test_a_list_that_is_refused_names_the_permissions(home, scripted):
    Scripted.answers = {"list": (403, error("AccessDenied"))}
    assert b"s3:ListBucketVersions and s3:GetObjectVersion" in home.run("backfill", ADDRESS, env=scripted).stderr


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_written_and_the_next_run_goes_on(home, scripted):
    Scripted.answers = {
        "list": (200, listing("v3", "v2", "v1")),
        "v1": (200, sized(1, "a")),
        "v2": (200, sized(2, "b")),
        "v3": (200, b"wait"),
    }
    command = [sys.executable, "-m", "tf_wrapper", "events", "backfill", ADDRESS]
    with subprocess.Popen(
        command, cwd=home.path, env=home.environ | scripted, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert Scripted.started.wait(HANG)
        os.kill(process.pid, signal.SIGINT)
        _, text = process.communicate(timeout=HANG)
    assert process.returncode == 130
    assert "interrupted: 1 event recorded; run the same command to continue" in text.decode()
    assert serials(home) == [(1, 2)]
    Scripted.answers["v3"] = (200, sized(3, "c"))
    assert json.loads(home.events("backfill", ADDRESS, "--json", env=scripted))["recorded"] == 1
