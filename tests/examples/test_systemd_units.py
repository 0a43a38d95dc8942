"""The units of examples/systemd: systemd finds nothing wrong with them, and what they call does what they say."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import trustme

from tests.examples import pages
from tests.support.receiver import refused_url
from tests.support.scene import Scene
from tests.support.speed import HANG

UNITS = Path(__file__).parents[2] / "examples" / "systemd"
FILES = sorted(path for path in UNITS.rglob("*") if path.suffix in {".service", ".timer", ".conf"})
HOST = os.uname().nodename


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def settings(path):
    """Pairs of key and value of all sections, in order."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith("#")]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_them(scene, tmp_path):
    copied = tmp_path / "units"
    shutil.copytree(UNITS, copied)
    for path in copied.rglob("*"):
        if path.is_file():  # the program must be there
            path.write_text(path.read_text().replace("/usr/bin/tfevent", str(tmp_path / "bin" / "tfevent")))
    units = sorted(path.name for path in copied.iterdir() if path.suffix in {".service", ".timer"})
    assert units == [
        "shop.service", "tfevent-boot.service", "tfevent-collector.service", "tfevent-flush.service",
        "tfevent-flush.timer",
    ]  # fmt: skip
    command = ["systemd-analyze", "--man=no", "verify", *(f"./{name}" for name in units)]
    done = subprocess.run(command, cwd=copied, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_call_is_one_that_cannot_fail_its_unit():
    calls = [value for path in FILES for key, value in settings(path) if key.startswith("Exec") and "tfevent" in value]
    assert len(calls) == 6
    for call in calls:
        assert call.startswith("-") or call.endswith("flush --timeout 30") or "serve --collect" in call, call
    assert ("SuccessExitStatus", "1") in settings(UNITS / "tfevent-flush.service")


def call(scene, path, key, **environ):
    """Run a unit's command as systemd would: without a shell, in its environment, with its state below ours."""
    found = dict(settings(path))
    line = found[key].lstrip("-+").replace("%p", "shop")
    line = line.replace("${CREDENTIALS_DIRECTORY}", environ.get("CREDENTIALS_DIRECTORY", ""))
    line = line.replace("/var/lib/tfevent", str(scene.state)).replace("/usr/bin/tfevent", "tfevent")
    own = {"PATH": scene.environ["PATH"], "PYTHONPATH": scene.environ["PYTHONPATH"], "TZ": "UTC"}
    own |= dict(value.split("=", 1) for name, value in settings(path) if name == "Environment")
    own = {name: value.replace("/var/lib/tfevent", str(scene.state)) for name, value in own.items()}
    return subprocess.run(
        shlex.split(line), cwd="/", env={**own, **environ}, capture_output=True, check=False, timeout=HANG
    )


def test_boot_and_shutdown_are_reported(scene):
    boot = UNITS / "tfevent-boot.service"
    for key in ("ExecStart", "ExecStop"):
        assert call(scene, boot, key).returncode == 0
    assert [(event["kind"], event["title"]) for event in scene.recorded()][1] == ("stop", f"{HOST} goes down")
    assert {event["kind"] for event in scene.recorded()} == {"boot", "stop"}


def test_a_service_is_reported_by_the_drop_in_and_looks_as_the_page_says(scene, request):
    drop_in = UNITS / "shop.service.d" / "tfevent.conf"
    result = {"SERVICE_RESULT": "oom-kill", "EXIT_CODE": "killed", "EXIT_STATUS": "KILL", "INVOCATION_ID": "0" * 32}
    assert call(scene, drop_in, "ExecStartPost").returncode == 0
    assert call(scene, drop_in, "ExecStopPost", **result).returncode == 0
    assert [event["title"] for event in scene.recorded()] == [
        f"shop started on {HOST}", f"shop failed on {HOST}, killed by SIGKILL: the system was out of memory",
    ]  # fmt: skip
    pages.check(UNITS / "README.md", scene, update=request.config.getoption("--update-golden"))


def test_the_timer_delivers_what_waits(scene):
    assert call(scene, UNITS / "tfevent-flush.service", "ExecStart").returncode == 0
    timer = dict(settings(UNITS / "tfevent-flush.timer"))
    assert timer["OnUnitActiveSec"] == "5min"


def test_the_collector_is_one_that_its_options_start(scene, tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "web.key")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "web.pem")
    unit = UNITS / "tfevent-collector.service"
    line = dict(settings(unit))["ExecStart"]
    assert dict(settings(unit))["StandardOutput"] == "null", "a link that lets somebody in would be in a log"
    assert "TFEVENT_LEDGER" not in line
    nowhere = refused_url().replace("http://", "postgresql://u:geheim@") + "/events"
    done = call(scene, unit, "ExecStart", CREDENTIALS_DIRECTORY=str(tmp_path), TFEVENT_LEDGER=nowhere)
    assert done.returncode == 69  # all options were accepted, and no database answers: systemd starts it again
    assert b"check host and port" in done.stderr
    assert b"geheim" not in done.stderr + done.stdout
    assert {("Restart", "on-failure"), ("StartLimitIntervalSec", "0")} <= set(settings(unit))


def test_settings_are_those_of_etc_for_all_of_them():
    for path in FILES:
        if "tfevent events" in path.read_text():
            assert "XDG_CONFIG_HOME=/etc" in path.read_text(), path.name
            assert "TFEVENT_STATE_DIR=/var/lib/tfevent" in path.read_text(), path.name


def test_the_page_names_every_file():
    page = (UNITS / "README.md").read_text()
    linked = {link for link in re.findall(r"\]\(([^)]+)\)", page) if not link.startswith(("#", "../"))}
    assert {str(path.relative_to(UNITS)) for path in FILES} == linked
