"""OpenTofu with -json-into keeps the user's own terminal; its stream is read from the file beside it.

No OpenTofu is at hand: a script named tofu stands in for it, which runs a real terraform and, for -json-into, prints a
human line of its own while terraform's stream goes to the file. What is tested is our half: arguments, stdio, outcome.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.support.terraform import binaries, clean_env
from tf_wrapper.plan.plan_file import has_json_into

TOFU = """#!/bin/sh
for word in "$@"; do
  case "$word" in
    -json-into=*) into="${word#-json-into=}" ;;
    -no-color) colour=off ;;
  esac
done
if [ "$1" = version ]; then echo "OpenTofu v1.12.0"; exit; fi
if [ -z "$into" ]; then exec %(terraform)s "$@"; fi
echo "tofu says hello, colour ${colour:-on}"
for word in "$@"; do
  shift
  case "$word" in -json-into=*) set -- "$@" -json ;; *) set -- "$@" "$word" ;; esac
done
exec %(terraform)s "$@" > "$into"
"""
STACK = """
resource "terraform_data" "good" { input = 1 }
resource "terraform_data" "bad" {
  depends_on = [terraform_data.good]
  provisioner "local-exec" { command = "exit 3" }
}
"""


@pytest.fixture
def terraform():
    found = [binary for binary in binaries() if binary.version >= (1, 12)]
    if not found:
        pytest.skip("needs a terraform of version 1.12 or later")
    return str(found[0].path)


def test_the_terminal_is_tofus_own_and_the_outcome_comes_from_the_file(tmp_path, terraform):
    tofu = tmp_path / "tofu"
    tofu.write_text(TOFU % {"terraform": terraform})
    tofu.chmod(0o755)
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / "main.tf").write_text(STACK)
    environ = {**clean_env(tmp_path), "TFEVENT_TF_BINARY": str(tofu), "TFEVENT_STATE_DIR": str(tmp_path / "state")}

    def run(*words):
        command = [sys.executable, "-m", "tf_wrapper", *words]
        return subprocess.run(command, cwd=stack, env=environ, capture_output=True, text=True, check=False)

    assert run("init").returncode == 0
    done = run("apply", "-auto-approve", "-no-color")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "tofu says hello, colour off"
    event = json.loads(run("events", "show", "last", "--json").stdout)
    assert event["outcome"] == "partial"
    assert {change["address"]: change["outcome"] for change in event["changes"]} == {
        "terraform_data.good": "applied",
        "terraform_data.bad": "failed",
    }
    assert event["tool"]["name"] == "tofu"
    assert os.listdir(tmp_path / "state" / "runs") == []


@pytest.mark.parametrize(
    ("product", "version", "expected"),
    [
        ("OpenTofu", "1.12.0", True),
        ("OpenTofu", "1.13.0-dev", True),
        ("OpenTofu", "2.0.1", True),
        ("OpenTofu", "1.11.5", False),
        ("Terraform", "1.15.5", False),
        ("OpenTofu", None, False),
        ("OpenTofu", "unknown", False),
    ],
)
def test_who_has_it(product, version, expected):
    assert has_json_into(product, version) is expected
