"""A bucket with 300 versions of a state is backfilled in less than a minute and 200 MB."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.cli.home import Home
from tests.cli.state_versions import resource, state
from tests.support.speed import at_most

VERSIONS, RESOURCES = 300, 400
SECONDS, MEBIBYTES = 60, 200
AWS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}


def version(serial):
    """About 300 kB, of which one resource in twenty changes."""
    return state(
        serial,
        *(resource(f"r{n}", size=serial if n % 20 == serial % 20 else 0, note="x" * 300) for n in range(RESOURCES)),
    )


def peak_of(pid):
    """In MiB; ``ru_maxrss`` has the parent's, which holds the bucket. None of what has ended."""
    try:
        found = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return None
    return int(found[1]) / 1024 if found else None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_300_versions_are_read_in_less_than_a_minute_and_200_mb(tmp_path):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("s3", "us-east-1", endpoint_url=endpoint, **keys)
    client.create_bucket(Bucket="many-states")
    client.put_bucket_versioning(Bucket="many-states", VersioningConfiguration={"Status": "Enabled"})
    for serial in range(1, VERSIONS + 1):
        client.put_object(Bucket="many-states", Key="a.tfstate", Body=version(serial))
    home = Home(tmp_path)
    command = [sys.executable, "-m", "tf_wrapper", "events", "backfill", "s3://many-states/a.tfstate", "--last", "0"]
    environ = home.environ | AWS | {"AWS_ENDPOINT_URL_S3": endpoint}
    with at_most(SECONDS), subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE) as process:
        peak = 0
        while process.poll() is None:
            peak = peak_of(process.pid) or peak
            time.sleep(0.02)
        text = process.stdout.read().decode()
    server.stop()
    assert (process.returncode, text) == (0, f"{VERSIONS - 1} events recorded\n")
    assert 20 < peak < MEBIBYTES
