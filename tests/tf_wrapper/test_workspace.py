"""What the working directory says before terraform is asked."""

import os

import pytest

from tf_wrapper.launch.arguments import parse
from tf_wrapper.launch.workspace import Workspace


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
variable "token_ttl" { default = 1 }
variable "token" {
  description = "with a brace }"
  type        = string
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


@pytest.mark.parametrize(
    ("text", "may"),
    [
        (EPHEMERAL, True),
        ('variable "a" { ephemeral = false }', False),
        ('variable "a" { ephemeral = "true" }', True),
        ('variable "a" { ephemeral = !false }', True),
        ('variable "a" { ephemeral = 1 == 1 }', True),  # not evaluated: in doubt
        ("variable a { ephemeral = true }", True),
        ('variable "a" { ephemeral /* x */ = # y\n true }', True),  # no HCL, so in doubt
        ('variable "a" {\n description = <<-E\n }\n ephemeral = false\n E\n ephemeral = true\n}', True),
        ('variable "a" {\n description = <<E\n ephemeral = true\nE\n}', False),
        ('# variable "a" { ephemeral = true }', False),
        ('ephemeral "random_password" "x" {}', False),
        ('variable "a" {', False),  # terraform will not go on with it, and the word is not in it
        ('variable "ephemeral" {', True),
    ],
)
def test_whether_a_plan_may_lack_a_value(here, text, may):
    (here / "main.tf").write_text(text)
    assert Workspace(None, {}).may_have_ephemeral() is may


@pytest.mark.parametrize(
    "text",
    [
        '{"variable": {"region": {"default": "eu"}, "token": {"ephemeral": true}}}',
        '{"variable": [{"region": {}}, {"token": [{"ephemeral": true}]}]}',
        '[{"variable": {"region": {}}}, {"variable": {"token": {"ephemeral": "${true}"}}}]',
        '{"variable": {"token": {"description": "}"}}, "variable": {"other": {"\\u0065phemeral": true}}}',
    ],
)
def test_json_has_any_number_of_variables_in_any_of_its_forms(here, text):
    (here / "cdk.tf.json").write_text(text)
    workspace = Workspace(None, {})
    assert workspace.may_have_ephemeral()
    assert workspace.may_ask_for_ephemeral(parse(["apply"], {}))
    assert not workspace.may_ask_for_ephemeral(parse(["apply", "-var", "token=x", "-var=other=x"], {}))


def test_override_files_and_shadowed_files(here):
    (here / "main.tf").write_text('variable "token" { ephemeral = true }')
    (here / "override.tf").write_text('variable "token" {\n  ephemeral = false\n}')
    assert not Workspace(None, {}).may_have_ephemeral()
    (here / "override.tf").write_text("")
    (here / "main.tofu").write_text('variable "token" {}')
    assert Workspace(None, {}, tofu=False).may_have_ephemeral()
    assert not Workspace(None, {}, tofu=True).may_have_ephemeral()
    assert Workspace(None, {}).may_have_ephemeral()


@pytest.mark.parametrize(
    ("argv", "environ", "files", "asks"),
    [
        ([], {}, {}, True),
        (["-var", "token=abc"], {}, {}, False),
        (["-var=token=abc"], {}, {}, False),
        (["-var=token_ttl=abc"], {}, {}, True),
        ([], {"TF_VAR_token": "abc"}, {}, False),
        ([], {"TF_VAR_token_ttl": "abc"}, {}, True),
        ([], {}, {"x.auto.tfvars": 'token = "abc"\n'}, False),
        ([], {}, {"terraform.tfvars": "token_ttl = 5\n"}, True),
        ([], {}, {"terraform.tfvars": '# token = "abc"\nplain = "token"\n'}, True),
        ([], {}, {"terraform.tfvars": "plain = <<E\ntoken = 1\nE\n"}, True),
        ([], {}, {"terraform.tfvars": 'plain = { token = "abc" }\n'}, True),
        ([], {}, {"terraform.tfvars.json": '{"token": "abc"}'}, False),
        ([], {}, {"terraform.tfvars.json": '{"plain": {"token": "abc"}}'}, True),
        ([], {}, {"x.auto.tfvars.json": '{"plain": "x", "token": "abc"}'}, False),
        ([], {}, {"other.tfvars": 'token = "abc"\n'}, True),
        ([], {}, {"broken.auto.tfvars": 'plain = "\ntoken = "abc"\n'}, True),
        (["-var-file=mine.txt"], {}, {"mine.txt": 'token = "abc"\n'}, False),
        (["-var-file=mine.json"], {}, {"mine.json": '{"token": "abc"}'}, False),
        (["-var-file=mine.txt"], {}, {"mine.txt": '{"token": "abc"}'}, True),  # no HCL
    ],
)
def test_whether_terraform_would_ask_for_one(here, argv, environ, files, asks):
    (here / "main.tf").write_text(EPHEMERAL)
    for name, text in files.items():
        (here / name).write_text(text)
    assert Workspace(None, environ).may_ask_for_ephemeral(parse(["apply", *argv], {})) is asks


@pytest.mark.parametrize("name", ["main.tf", "x.tf.json", "terraform.tfvars", "x.auto.tfvars", "y.auto.tfvars.json"])
def test_pipes_that_terraform_reads_by_itself(here, name):
    (here / "other.tf").write_text(EPHEMERAL)
    assert not Workspace(None, {}).has_piped_inputs
    os.mkfifo(here / "pipe")
    (here / name).symlink_to("pipe")
    assert Workspace(None, {}).has_piped_inputs
    assert Workspace(None, {}).may_ask_for_ephemeral(parse(["apply"], {}))  # and nothing waits for a writer


@pytest.mark.parametrize("name", ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"])
def test_settings_of_terraform_that_are_a_pipe(here, name):
    os.mkfifo(here / "pipe")
    assert Workspace(None, {name: str(here / "pipe")}).has_piped_inputs
    assert not Workspace(None, {name: os.devnull}).has_piped_inputs
    (here / ".terraformrc").symlink_to("pipe")
    assert Workspace(None, {"HOME": str(here)}).has_piped_inputs
