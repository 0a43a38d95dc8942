"""terraform has ended and the event is on its way: who asks us to end is obeyed, and nothing is lost."""

import signal
import socket
import subprocess
import threading

import pytest

from tests.support.live import TFEVENT, Stack
from tests.support.speed import HANG, at_most


@pytest.fixture
def silent():
    """A backend that takes the request and never answers; ``asked`` is set when the first one came."""
    came = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    held = []

    def accept():
        while True:
            try:
                held.append(server.accept())
            except OSError:
                return
            came.set()

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1], came
    server.close()
    for connection, _ in held:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_recording(tmp_path, silent, number):
    port, came = silent
    stack = Stack(tmp_path, 'resource "terraform_data" "a" {}\n')
    env = {**stack.env, "TFEVENT_BUDGET": "250", "TFEVENT_WEBHOOK_URL": f"http://127.0.0.1:{port}/"}
    command = [*TFEVENT, "apply", "-auto-approve"]
    with subprocess.Popen(command, cwd=stack.code, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert came.wait(HANG)
        with at_most(30, "it waited for its budget"):
            run.send_signal(number)
            out, err = run.communicate(timeout=HANG)
    assert run.returncode == 0, err
    assert b"Apply complete!" in out
    assert b"the next tfevent command finishes it" in err
    event = stack.event()
    assert (event["outcome"], len(event["changes"])) == ("succeeded", 1)
