"""State commands know the secrets of the configuration: an ID that is one of them is not recorded."""

from __future__ import annotations

import os
import re
import signal
import sys

import pytest

from tests.support.live import APPLY, Stack
from tests.support.pty import PIPES
from tests.support.secrets import assert_nowhere
from tests.support.speed import wait_for
from tests.support.terraform import binaries

CODE = """\
variable "tok" {
  sensitive = true
  default   = "Qx7mysterytoken99"
}
variable "db_password" {
  default = "Qx6mysterytoken98"
}
locals {
  settings = { db_password = "Jw5literalvalue44", note = "plain-note-value" }
}
resource "terraform_data" "k" {}
resource "terraform_data" "b" {}
"""
IMPORT = "import {options} terraform_data.k {value}"
# what is given beside the command line, the options, and the ID that is a secret
WAYS = {
    "default": ({}, "", "Qx7mysterytoken99"),
    "environment": ({"TF_VAR_tok": "Zk9anothersecret1"}, "", "Zk9anothersecret1"),
    "option": ({}, "-var tok=Zk9anothersecret2 -var db_password=x", "Zk9anothersecret2"),
    "file": ({}, "-var-file own.tfvars", "Zk9anothersecret3"),
    "automatic file": ({}, "", "Zk9anothersecret4"),
    "arguments in the environment": ({"TF_CLI_ARGS_import": "-var=tok=Zk9anothersecret5"}, "", "Zk9anothersecret5"),
    "default under a secret's name": ({}, "", "Qx6mysterytoken98"),
    "value under a secret's name": ({}, "", "Jw5literalvalue44"),
}


def _stack(tmp_path, *, way=""):
    stack = Stack(tmp_path, CODE)
    if way == "file":
        stack.write('tok = "Zk9anothersecret3"\n', "own.tfvars")
    if way == "automatic file":
        stack.write('tok = "Zk9anothersecret4"\n', "x.auto.tfvars")
    return stack


@pytest.mark.parametrize("way", WAYS)
def test_an_id_that_is_a_secret_of_the_configuration_is_hidden(way, tmp_path):
    env, options, value = WAYS[way]
    stack = _stack(tmp_path, way=way)
    done = stack.run(IMPORT.format(options=options, value=value), **env)
    assert done.code == 0, done.err
    event = stack.event()
    assert event["changes"][0]["address"] == "terraform_data.k"
    assert value not in done.err
    assert_nowhere([value], stack.home)


def test_what_is_no_secret_is_shown(tmp_path):
    stack = _stack(tmp_path)
    assert stack.run("import terraform_data.k plain-note-value").code == 0
    event = stack.event()
    assert event["tool"]["command"] == "terraform import terraform_data.k plain-note-value"


def test_the_configuration_that_import_is_given_is_read(tmp_path):
    stack = Stack(tmp_path)
    stack.write(CODE, "other/main.tf")
    stack.write('tok = "Zk9anothersecret4"\n', "terraform.tfvars")
    assert stack.run("import -config=other terraform_data.k Zk9anothersecret4").code == 0
    assert stack.event()["changes"][0]["address"] == "terraform_data.k"
    assert_nowhere(["Zk9anothersecret4"], stack.home)


def test_a_pipe_in_the_directory_is_left_to_terraform(tmp_path):
    stack = _stack(tmp_path)
    assert stack.terraform(APPLY).code == 0
    os.mkfifo(stack.code / "z.auto.tfvars")  # state rm does not read it
    assert stack.run("state rm terraform_data.b").code == 0
    assert stack.event()["title"] == "code: state edited: 1 removed"


# terraform that imports, and then waits to be killed
SLOW = """#!{python}
import subprocess, sys, time
code = subprocess.call([{binary!r}, *sys.argv[1:]])
if "import" in sys.argv:
    open({flag!r}, "w").close()
    time.sleep(600)
sys.exit(code)
"""


@pytest.mark.e2e
@pytest.mark.parametrize("kept", [True, False], ids=["its start is kept", "nothing is kept"])
def test_a_killed_command_of_which_no_journal_has_the_start_shows_no_secret(kept, tmp_path):
    flag, script = tmp_path / "written", tmp_path / "terraform"
    script.write_text(SLOW.format(python=sys.executable, flag=str(flag), binary=str(binaries()[0].path)))
    script.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    stack = Stack(tmp_path, CODE, env={"TFEVENT_TF_BINARY": str(script), "TMPDIR": str(tmp_path / "tmp")})
    stack.write("not a folder", "../home/.local/state/tfevent")
    value = "Zk9anothersecret1"
    with stack.start(f"import -lock=true terraform_data.k {value}", PIPES, TF_VAR_tok=value) as session:
        wait_for(flag.exists)
        [run] = (tmp_path / "tmp").glob("tfevent-*/runs/*")
        wait_for((run / "checkpoint").exists)
        writer = re.search(rb"'writer': \[(\d+)", (run / "facts").read_bytes())
        session.signal(signal.SIGKILL)
        session.process.wait()
        os.kill(int(writer[1]), signal.SIGKILL)
    if not kept:
        (run / "checkpoint").unlink()
    stack.state.unlink()
    wait_for(lambda: any("outcome" in event for event in stack.recorded()))
    event = stack.event()
    shown = "terraform_data.k" if kept else "'(sensitive)'"
    assert event["tool"]["command"] == f"terraform import -lock=true {shown} '(sensitive)'"
    assert "tfevent was ended" in event["state"]["note"]
    assert_nowhere([value], stack.home)
