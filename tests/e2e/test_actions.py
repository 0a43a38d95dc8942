"""Actions (terraform 1.14+) of a real provider: tfevent behaves as terraform does, and what the event says of them."""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.runner import assert_equivalent
from tests.e2e.scenario import Scenario, main, run
from tests.support import lab
from tests.support.live import Stack
from tests.support.pty import PIPES, TERMINAL
from tests.support.terraform import binaries

SECRET = "correct-horse-battery-staple"
LITERAL = "unmarked-literal-plutonium"
CODE = f"""\
terraform {{
  required_providers {{
    lab = {{ source = "lab.test/lab/lab" }}
  }}
}}
variable "token" {{
  type      = string
  sensitive = true
  default   = "{SECRET}"
}}
resource "lab_server" "web" {{
  name = "web"
  lifecycle {{
    action_trigger {{
      events  = [before_create]
      actions = [action.lab_notify.begin]
    }}
    action_trigger {{
      events  = [after_create]
      actions = [action.lab_notify.done, action.lab_notify.begin]
    }}
  }}
}}
action "lab_notify" "begin" {{
  config {{
    message = "about to token"
    token   = var.token
  }}
}}
action "lab_notify" "done" {{
  config {{
    message = "made ${{lab_server.web.id}}"
  }}
}}
action "lab_notify" "refused" {{
  config {{
    message = "try fail"
    token   = "{LITERAL}"
  }}
}}
"""
FAILING = CODE.replace("made $", "fail $").replace(
    '  config {\n    message = "fail', '  config {\n    token   = var.token\n    message = "fail'
)
SCENARIOS = {
    "invoked": (CODE, TERMINAL, (run("apply", "yes\n"), run("apply -invoke=action.lab_notify.begin", "yes\n"))),
    "failed": (
        FAILING,
        PIPES,
        (
            run("apply -auto-approve -json"),
            run("apply -auto-approve -no-color -invoke=action.lab_notify.refused"),
            run("plan -json -invoke=action.lab_notify.begin"),
            run("apply -auto-approve -no-color -invoke=action.lab_notify.none"),  # it fails before its plan
        ),
    ),
}
WITH_ACTIONS = [binary for binary in binaries() if binary.version >= (1, 14)]

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not WITH_ACTIONS, reason="no terraform here has actions")]


@pytest.mark.parametrize("name", SCENARIOS)
def test_actions_run_as_with_terraform_and_the_event_says_what_they_did(name, tmp_path, golden):
    code, stdio, steps = SCENARIOS[name]
    servers = tmp_path / "servers"
    servers.mkdir()
    with lab.running(servers) as found:
        scenario = Scenario(name, main(code), steps, before=(run("init"),), env={"TF_REATTACH_PROVIDERS": found})
        assert_equivalent(scenario, stdio, WITH_ACTIONS[-1], tmp_path)
    notified = (servers / "notified").read_text().splitlines()
    assert notified == notified[: len(notified) // 2] * 2  # each action as often as with terraform
    events = Stack(tmp_path).recorded()
    assert len(events) == len(steps)
    text = "\n".join(map(_as_text, events))
    assert SECRET not in text
    assert LITERAL not in text
    golden(f"actions/{name}.txt")(text + "\n")


def _as_text(event):
    """What an event says, without what differs from run to run."""
    kept = ("phase", "outcome", "severity", "title", "partial", "summary", "changes", "failures")
    shown = {name: event[name] for name in kept if name in event}
    message = event["message"].split("\nBy ")[0].splitlines()
    text = json.dumps({**shown, "message": message}, indent=1, ensure_ascii=False)
    text = re.sub(r'"duration": [\d.]+', '"duration": "<any>"', text)
    return re.sub(r'("fingerprint": )"[0-9a-f]+"', r'\1"<any>"', text)
