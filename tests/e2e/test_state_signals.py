"""Signals while a command changes the state: terraform finishes its work, and what it did is recorded."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.e2e.runner import state_lock
from tests.support.live import APPLY, TFEVENT, Stack
from tests.support.pty import PIPES, TERMINAL, Session
from tests.support.speed import wait_for

pytestmark = pytest.mark.e2e

CODE = """\
resource "terraform_data" "a" {
  input = "one"
}
resource "terraform_data" "b" {
  input = "two"
}
"""
REMOVE = ("state", "rm", "-lock-timeout=100s", "terraform_data.b")
WAITS = "Acquiring state lock"
# a terraform that knows a flag more than tfevent does, which then lets it run as it is
FUTURE = """\
#!/bin/sh
for word do
  shift
  [ "$word" = -future=yes ] || set -- "$@" "$word"
done
exec "$REAL" "$@"
"""
NATIVE = "apply -auto-approve -future=yes"
# an HTTP state that does not answer: terraform cannot end before the test lets it
SLOW = """\
data "terraform_remote_state" "slow" {
  backend = "http"
  config  = { address = "http://127.0.0.1:PORT/" }
}
"""


@pytest.fixture
def stack(tmp_path):
    stack = Stack(tmp_path, CODE)
    assert stack.terraform(APPLY).code == 0
    return stack


def addresses(stack):
    state = json.loads((stack.code / "terraform.tfstate").read_bytes())
    return [f"{one['type']}.{one['name']}" for one in state["resources"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("stdio", [TERMINAL, PIPES], ids=lambda stdio: stdio.name)
def test_a_command_that_is_asked_to_stop_and_finishes_is_recorded_with_what_it_did(stack, stdio, number):
    with contextlib.ExitStack() as lock:
        lock.enter_context(state_lock(stack.code))
        with stack.start(" ".join(REMOVE), stdio) as session:
            session.expect(WAITS)
            session.signal(number)  # terraform takes no notice: it is between two tries to get the lock
            lock.close()
            assert session.finish().code == 0
    assert addresses(stack) == ["terraform_data.a"]
    event = stack.event()
    assert (event["title"], event["outcome"]) == ("code: state edited: 1 removed", "succeeded")
    assert event["state"]["serial"] == event["state"]["previous_serial"] + 1
    assert stack.runs == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("stdio", [TERMINAL, PIPES], ids=lambda stdio: stdio.name)
def test_a_command_that_ends_without_the_lock_leaves_no_record(stack, stdio, number):
    line = " ".join(REMOVE).replace("100s", "2s")
    with state_lock(stack.code), stack.start(line, stdio) as session:
        session.expect(WAITS)
        session.signal(number)
        assert session.finish().code == 1
    assert stack.recorded() == []
    assert stack.runs == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["alone", "group"])
@pytest.mark.parametrize("line", [NATIVE, "refresh"], ids=["native", "refresh"])
def test_a_signal_reaches_terraform_once_whoever_gets_it(stack, line, send, number):
    script = stack.home / "terraform"
    script.write_text(FUTURE)
    script.chmod(0o755)
    more = {"TFEVENT_TF_BINARY": str(script), "REAL": stack.env["TFEVENT_TF_BINARY"]}
    with socket.create_server(("127.0.0.1", 0)) as server:
        stack.write(SLOW.replace("PORT", str(server.getsockname()[1])))
        with stack.start(line, TERMINAL, **more) as session:
            connection = session.expect_connection(server)
            session.expect("Reading...")
            send(session.process.pid, number)
            session.expect("Interrupt received.")
            time.sleep(1.5)  # a second one would be passed on by now, at which terraform drops what it is doing
            server.close()  # or it tries again
            connection.close()
            out = session.finish().stdout
    assert b"Two interrupts" not in out
    assert stack.runs == []


@pytest.mark.parametrize("stdio", [TERMINAL, PIPES], ids=lambda stdio: stdio.name)
def test_terraform_finishes_after_kill_9_of_tfevent_and_the_next_command_records_it(stack, stdio):
    # under a shell, as the terminal of somebody is: with the first process of a terminal the kernel hangs up the others
    shell = ["sh", "-c", '"$@"; sleep 600', "sh", *TFEVENT, *REMOVE]
    with contextlib.ExitStack() as lock:
        lock.enter_context(state_lock(stack.code))
        with Session(shell, cwd=stack.code, env=stack.env, stdio=stdio) as session:
            session.expect(WAITS)
            pid = session.process.pid
            [child] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            os.kill(int(child), signal.SIGKILL)
            wait_for(lambda: child not in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            assert all("outcome" not in event for event in stack.recorded())  # terraform lives
            lock.close()
            session.expect("Successfully removed 1 resource instance(s).")
            wait_for(lambda: "terraform" not in session.left())
            assert addresses(stack) == ["terraform_data.a"]
            event = stack.event()
    assert (event["title"], event["outcome"]) == ("code: state edited: outcome unknown", "unknown")
    assert event["state"]["serial"] == event["state"]["previous_serial"] + 1
    assert len(stack.recorded()) == 1
    assert stack.runs == []
