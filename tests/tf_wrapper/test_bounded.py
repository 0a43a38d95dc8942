"""Nothing of ours ignores a signal for long: while something is asked, after terraform's end, while nobody reads us."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.support.terraform import clean_env

KNOWN = 'case "$1" in version) echo Terraform v1.11.4; exit;; fmt) echo "a = 1" > "$3"; exit;; esac\n'
SECONDS = 300  # until a hang is one; without the mend these waited for ever, or for the time that is in the script


def start(tmp_path, script, *words, **options):
    binary = tmp_path / "terraform"
    binary.write_text("#!/bin/sh\n" + script)
    binary.chmod(0o755)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "main.tf").touch()
    return subprocess.Popen(
        [sys.executable, "-m", "tf_wrapper", *words],
        cwd=tmp_path / "work",
        env={**clean_env(tmp_path / "home"), "TFEVENT_TF_BINARY": str(binary)},
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options},
    )


def wait_for(path):
    while not path.exists():
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_while_the_state_is_asked_for_before_a_native_run(tmp_path, number):
    asked, applied = tmp_path / "asked", tmp_path / "applied"
    script = KNOWN + f'case "$1" in state) touch {asked}; exec sleep 15;; apply) touch {applied};; esac\n'
    process = start(tmp_path, script, "apply", "-auto-approve", "-future")
    wait_for(asked)
    process.send_signal(number)
    assert process.wait(SECONDS) == -number
    assert not applied.exists()


def test_while_a_plan_is_read_after_it_was_made(tmp_path):
    """The answer to `show` never comes; terraform has ended, and so does tfevent, with its exit code."""
    asked = tmp_path / "asked"
    plan = r"printf 'PK\003\004' > "
    script = KNOWN + (
        f'case "$1" in show) echo $$ > {asked}.new; mv {asked}.new {asked}; exec sleep 1000;;\n'
        f'plan) for word do case "$word" in -out=*) {plan}"${{word#-out=}}";; esac; done; exit 2;; esac\n'
    )
    process = start(tmp_path, script, "plan")
    wait_for(asked)
    helper = int(asked.read_text())
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    while os.path.exists(f"/proc/{helper}"):
        time.sleep(0.05)


@pytest.mark.parametrize("lives_on", ["", 'trap "" TERM; sleep 1;'], ids=["it ends at once", "it ends while we write"])
def test_while_nobody_reads_our_output(tmp_path, lives_on):
    """A pipe that is full and stays open, as `less` or a stopped terminal leaves it."""
    printed = tmp_path / "printed"
    script = KNOWN + f'case "$1" in plan) head -c 300000 /dev/zero; touch {printed}; {lives_on} exit 1;; esac\n'
    reader, writer = os.pipe()
    process = start(tmp_path, script, "apply", "-auto-approve", stdout=writer)
    os.close(writer)
    wait_for(printed)
    time.sleep(0.5)
    assert process.poll() is None
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:  # the first may reach it while terraform lives
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
    assert process.wait(SECONDS) != 0
    os.close(reader)
