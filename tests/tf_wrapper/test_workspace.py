"""What the working directory says before terraform is asked."""

import pytest

from tf_wrapper.arguments import parse
from tf_wrapper.workspace import Workspace


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_selected_workspace(here):
    assert Workspace(None, {}).name == "default"
    (here / ".terraform").mkdir()
    (here / ".terraform" / "environment").write_text("stage\n")
    assert Workspace(None, {}).name == "stage"
    assert Workspace(None, {"TF_WORKSPACE": "prod"}).name == "prod"
    assert Workspace(None, {"TF_DATA_DIR": "elsewhere"}).name == "default"


@pytest.mark.parametrize(("kind", "expected"), [("remote", True), ("cloud", True), ("s3", False), ("local", False)])
def test_backends_that_plan_elsewhere(here, kind, expected):
    (here / ".terraform").mkdir()
    (here / ".terraform" / "terraform.tfstate").write_text(f'{{"version": 3, "backend": {{\n    "type": "{kind}"}}}}')
    assert Workspace(None, {}).runs_remotely is expected


EPHEMERAL = """
variable "plain" { default = "ephemeral = true" }
variable "token" {
  type = string
  validation {
    condition     = length(var.token) > 3
    error_message = "too {short}"
  }
  ephemeral = true
}
variable "optional" {
  ephemeral = true
  default   = null
}
"""


def test_ephemeral_variables_are_found(here):
    (here / "main.tf").write_text(EPHEMERAL)
    assert Workspace(None, {}).ephemeral_variables() == {"token": False, "optional": True}


@pytest.mark.parametrize(
    ("argv", "environ", "file", "asks"),
    [
        ([], {}, None, True),
        (["-var", "token=abc"], {}, None, False),
        (["-var=token=abc"], {}, None, False),
        ([], {"TF_VAR_token": "abc"}, None, False),
        ([], {}, "x.auto.tfvars", False),
        (["-var-file=mine.txt"], {}, "mine.txt", False),
    ],
)
def test_whether_terraform_would_ask_for_one(here, argv, environ, file, asks):
    (here / "main.tf").write_text(EPHEMERAL)
    if file:
        (here / file).write_text('token = "abc"\n')
    workspace = Workspace(None, environ)
    assert workspace.would_ask_for(workspace.ephemeral_variables(), parse(["apply", *argv], {})) is asks
