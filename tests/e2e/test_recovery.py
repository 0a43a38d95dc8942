"""A run that was killed is settled from all that its folder holds, its saved plan included."""

import ast
import json
import signal
import sys

import pytest

from tests.support.live import Stack, attributes, changes, counts, outcomes
from tests.support.pty import TERMINAL
from tests.support.terraform import binaries

pytestmark = pytest.mark.e2e

SECRET = "zebra-mountain-77"
CODE = """
variable "key" {
  sensitive = true
}
resource "terraform_data" "web" {
  input = %s
}
resource "terraform_data" "key" {
  input = var.key
}
output "size" {
  value = 3
}
"""
# a terraform that shows no plan while the file `slow` is there: what is killed meanwhile has not read its plan
SLOW = """#!{python}
import os, sys, time
while "show" in sys.argv[1:] and os.path.exists({flag!r}):
    time.sleep(0.05)
os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
"""


@pytest.fixture
def stack(tmp_path):
    flag, script = tmp_path / "slow", tmp_path / "terraform"
    script.write_text(SLOW.format(python=sys.executable, flag=str(flag), binary=str(binaries()[0].path)))
    script.chmod(0o755)
    stack = Stack(tmp_path, CODE % 1, env={"TFEVENT_TF_BINARY": str(script), "TF_VAR_key": SECRET})
    assert stack.apply().code == 0
    stack.write(CODE % 2)
    flag.touch()
    yield stack
    flag.unlink(missing_ok=True)


def kill_at_the_question(stack):
    with stack.start("apply", TERMINAL) as session:
        session.expect("Enter a value:")
        session.signal(signal.SIGKILL)
        session.process.wait()
        (stack.code.parent / "slow").unlink()


def test_a_run_killed_before_the_answer_says_what_was_planned(stack):
    kill_at_the_question(stack)
    event = stack.event()
    assert event["outcome"] == "cancelled"
    assert outcomes(event) == {"terraform_data.web": "not_attempted"}
    assert counts(event) == {"update": 1, "no_op": 1}
    assert attributes(changes(event)["terraform_data.web"])["input"] == ("1", "2")
    assert SECRET not in json.dumps(event)
    assert not stack.runs


def test_a_plan_that_cannot_be_read_is_no_obstacle(stack):
    kill_at_the_question(stack)
    [run] = stack.runs
    (run / "plan").write_bytes(b"PK\x03\x04 half of it")
    event = stack.event()
    assert event["outcome"] == "cancelled"
    assert "changes" not in event
    assert not stack.runs


def test_a_native_run_killed_before_its_end_says_what_was_planned(stack):
    kill_at_the_question(stack)
    [run] = stack.runs
    facts = ast.literal_eval((run / "facts").read_text())
    (run / "facts").write_text(repr({**facts, "stage": "native", "saved": str(run / "plan")}))
    event = stack.event()
    assert event["outcome"] == "unknown"
    assert outcomes(event) == {"terraform_data.web": "unknown"}
    assert counts(event) == {"update": 1, "no_op": 1}


PROVISIONED = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch ready; sleep 0.5"
  }
}
"""


@pytest.mark.parametrize("replaced", [False, True], ids=["as it was", "another in its place"])
def test_a_plan_of_the_users_own_is_read_if_it_is_still_the_same(stack, replaced):
    stack.write(CODE % 2 + PROVISIONED)
    assert stack.terraform("plan -out=own.plan", TF_VAR_key=SECRET).code == 0
    with stack.start("apply own.plan") as session:
        session.expect_file(stack.code / "ready")
        session.signal(signal.SIGKILL)
        session.expect_that(lambda: "terraform" not in session.left(), "the end of terraform")
    if replaced:
        stack.write(CODE % 3 + PROVISIONED)
        assert stack.terraform("plan -out=own.plan", TF_VAR_key=SECRET).code == 0
    (stack.code.parent / "slow").unlink()
    event = stack.event()
    assert event["outcome"] == "succeeded"
    assert outcomes(event) == {"terraform_data.slow": "applied", "terraform_data.web": "applied"}
    recorded = attributes(changes(event)["terraform_data.web"])
    assert recorded == ({} if replaced else {"input": ("1", "2"), "output": ("1", "unknown")})
