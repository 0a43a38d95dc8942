"""Inputs that can be read once are terraform's: nothing of ours opens them, waits for them or empties them."""

import os
import shlex
import subprocess
import sys
import threading

import pytest

from tests.support.live import Stack, changes
from tests.support.selection import slow
from tests.support.terraform import binaries

EPHEMERAL = """
variable "v" { ephemeral = true }
resource "terraform_data" "a" {
  input = 1
  provisioner "local-exec" {
    command     = "test \\"$V\\" = x"
    environment = { V = var.v }
  }
}
"""
PLAIN = """
variable "v" {}
resource "terraform_data" "a" { input = var.v }
output "v" { value = var.v }
"""
SENSITIVE = """
variable "v" { sensitive = true }
data "terraform_remote_state" "r" {
  backend = "http"
  config  = { address = "http://127.0.0.1:9/state/${var.v}", retry_max = 0 }
}
"""
TFEVENT = f"{shlex.quote(sys.executable)} -m tf_wrapper"


def bash(stack, script, **env):
    """Run it in bash, which knows process substitution; a hang ends with exit code 137, and its writer with it."""
    out, err = stack.home / "out", stack.home / "err"
    with out.open("w") as stdout, err.open("w") as stderr:  # files: a writer left behind would keep a pipe open
        done = subprocess.run(
            [
                "timeout",
                "-s",
                "KILL",
                "300",
                "bash",
                "-c",
                f"trap 'kill $(jobs -p) 2>&-' EXIT; {script.replace('tfevent', TFEVENT)}",
            ],
            cwd=stack.code,
            env={**stack.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            check=False,
        )
    return subprocess.CompletedProcess(done.args, done.returncode, out.read_text(), err.read_text())


def _binaries():
    """Those that know ephemeral variables; `make test` takes the first."""
    found = [binary for binary in binaries() if binary.version >= (1, 10)]
    return [*found[:1], *map(slow, found[1:])]


@pytest.fixture(params=_binaries(), ids=str)
def stack(request, tmp_path):
    found = Stack(tmp_path, env={"TFEVENT_TF_BINARY": str(request.param.path)})
    os.mkfifo(found.code / "fifo")
    return found


ALL_WAYS = [
    "tfevent apply -auto-approve -var-file=<(echo 'v = \"x\"')",
    "echo 'v = \"x\"' > fifo & tfevent apply -auto-approve -var-file=fifo",
    "echo 'v = \"x\"' > fifo & ln -s fifo link; tfevent apply -auto-approve -var-file link",
    "echo 'v = \"x\"' | tfevent apply -auto-approve -input=false -var-file=/dev/stdin",
    "ln -s fifo terraform.tfvars; echo 'v = \"x\"' > fifo & tfevent apply -auto-approve",
    "ln -s fifo x.auto.tfvars; echo 'v = \"x\"' > fifo & tfevent apply -auto-approve",
]


@pytest.mark.parametrize("script", ALL_WAYS)
@pytest.mark.parametrize("code", [EPHEMERAL, slow(PLAIN)], ids=["ephemeral", "plain"])
def test_a_variable_file_that_is_a_pipe(stack, script, code):
    stack.write(code)
    done = bash(stack, script)
    assert done.returncode == 0, done.stdout + done.stderr
    event = stack.event()
    assert event["outcome"] in {"succeeded", "unknown"}
    assert event["outcome"] == "unknown" or list(changes(event)) == ["terraform_data.a"]


def test_a_plan_and_a_saved_plan(stack):
    stack.write(EPHEMERAL)
    done = bash(stack, "echo 'v = \"x\"' > fifo & tfevent plan -out=p -var-file=fifo")
    assert done.returncode == 0, done.stderr
    done = bash(stack, "echo 'v = \"x\"' > fifo & tfevent apply -var-file=fifo p")
    assert done.returncode == 0, done.stderr
    assert list(changes(stack.event())) == ["terraform_data.a"]


def test_what_a_pipe_gave_is_hidden_when_the_plan_fails(stack):
    stack.write(SENSITIVE)
    done = bash(stack, "tfevent apply -auto-approve -var-file=<(echo 'v = \"zebra-mountain-77\"')")
    assert done.returncode == 1
    assert "zebra-mountain-77" in done.stderr
    event = stack.event()
    assert event["failures"]
    assert "zebra-mountain-77" not in str(event) + str(stack.recorded())


def test_settings_of_terraform_that_are_a_pipe(stack):
    stack.write('resource "terraform_data" "b" {}\n')
    (stack.home / ".terraformrc").symlink_to(stack.code / "fifo")
    # terraform opens the file twice, and waits for ever where the one writer was quicker: write for each reader
    writer = "(while echo 'disable_checkpoint = true' > fifo; do :; done)"
    done = bash(stack, f"{writer} & tfevent apply -auto-approve")
    assert done.returncode == 0, done.stdout + done.stderr
    (stack.home / ".terraformrc").unlink()
    assert stack.event()["outcome"] == "unknown"  # nobody could look at the states


def test_a_pipe_in_place_of_terraforms_settings(stack):
    stack.write(PLAIN)
    done = bash(stack, "TF_CLI_CONFIG_FILE=<(echo 'disable_checkpoint = true') tfevent apply -auto-approve -var v=x")
    assert done.returncode == 0, done.stderr
    assert "configuration" not in done.stderr


@pytest.mark.parametrize("word", ["apply", "plan"])
def test_a_plan_file_that_is_a_pipe_is_terraforms_to_refuse(stack, word):
    stack.write(PLAIN)
    bare = bash(stack, f"{stack.env['TFEVENT_TF_BINARY']} {word} <(echo no plan)")
    done = bash(stack, f"tfevent {word} <(echo no plan)")
    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)


def test_a_report_of_a_piped_plan(stack):
    stack.write(PLAIN)
    binary = stack.env["TFEVENT_TF_BINARY"]
    done = bash(stack, f"{binary} plan -var v=x -out=p >&2 && tfevent events summarize <({binary} show -json p)")
    assert done.returncode == 0, done.stderr
    assert "terraform_data.a" in done.stdout


def test_nothing_is_left_open_or_waiting(stack):
    """The writer of a pipe that terraform does not read keeps waiting, as with bare terraform."""
    stack.write('resource "terraform_data" "b" {}\n')
    written = threading.Event()

    def write():
        (stack.code / "fifo").write_text("x")
        written.set()

    threading.Thread(target=write, daemon=True).start()
    (stack.code / "README.tf.md").symlink_to("fifo")
    (stack.code / ".hidden.tf").symlink_to("fifo")
    assert stack.apply().code == 0
    assert not written.is_set()
    assert (stack.code / "fifo").read_text() == "x"
