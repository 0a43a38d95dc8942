"""A plan that failed: its reason is in the event, and no secret that the reason quotes."""

import json

import pytest

from tests.support.live import Stack
from tests.support.selection import slow_except

SECRET = "zebra-mountain-77"
BROKEN = """
data "terraform_remote_state" "r" {
  backend = "http"
  config  = { address = "http://127.0.0.1:9/state/%s", retry_max = 0 }
}
output "o" {
  value     = data.terraform_remote_state.r.outputs
  sensitive = true
}
"""
BY_VARIABLE = 'variable "key" {\n  sensitive = true\n}\n' + BROKEN % "${var.key}"
HIDDEN = {
    "default": (f'variable "key" {{\n sensitive = true\n default = "{SECRET}"\n}}\n' + BROKEN % "${var.key}", {}, ""),
    "object": (
        f'variable "key" {{\n sensitive = true\n default = {{ a = {{ b = ["{SECRET}"] }} }}\n}}\n'
        + BROKEN % "${var.key.a.b[0]}",
        {},
        "",
    ),
    "local": (f'locals {{\n  key = sensitive("{SECRET}")\n}}\n' + BROKEN % "${local.key}", {}, ""),
    "composed": (
        'variable "a" {\n  default = "zebra"\n}\nlocals {\n  b = "mountain"\n'
        '  key = sensitive("${var.a}-${local.b}-77")\n}\n' + BROKEN % "${local.key}",
        {},
        "",
    ),
    "file": ('locals {\n  key = trimspace(sensitive(file("key.txt")))\n}\n' + BROKEN % "${local.key}", {}, ""),
    "odd": (
        f'variable "key" {{\n description = "}}"\n sensitive = "true"\n default = <<-E\n   {SECRET}\n E\n}}\n'
        + BROKEN % "${trimspace(var.key)}",
        {},
        "",
    ),
    "heredoc": (
        f"locals {{\n  key = sensitive(<<E\n{SECRET}\nE\n  )\n}}\n" + BROKEN % "${trimspace(local.key)}",
        {},
        "",
    ),
    "var": (BY_VARIABLE, {}, f"-var key={SECRET}"),
    "environment": (BY_VARIABLE, {"TF_VAR_key": SECRET}, ""),
    "file of variables": (BY_VARIABLE, {}, "-var-file=my.tfvars"),
    "module": (f'module "m" {{\n  source = "./m"\n  key = "{SECRET}"\n}}\n', {}, ""),
    "module's local": ('module "m" {\n  source = "./n"\n}\n', {}, ""),
}
JSON = {
    "variable": {"region": {"default": "eu"}, "key": {"sensitive": True, "description": "}"}},
    "data": {
        "terraform_remote_state": {
            "r": {"backend": "http", "config": {"address": "http://127.0.0.1:9/${var.key}", "retry_max": 0}}
        }
    },
}
TWO = """
variable "a" {
  type    = number
  default = 1
  validation {
    condition     = var.a > 3
    error_message = "A is too small."
  }
}
variable "b" {
  type    = number
  default = 1
  validation {
    condition     = var.b > 3
    error_message = "B is too small."
  }
}
output "o" {
  value = var.a + var.b
}
"""
EVERY_COMMAND = ["apply -auto-approve", "plan", "apply -json -auto-approve", "plan -json"]


@pytest.fixture
def stack(tmp_path):
    found = Stack(tmp_path)
    (found.code / "m").mkdir(parents=True)
    (found.code / "n").mkdir()
    (found.code / "m" / "main.tf").write_text(BY_VARIABLE)
    (found.code / "n" / "main.tf").write_text(HIDDEN["local"][0])
    (found.code / "key.txt").write_text(SECRET + "\n")
    (found.code / "my.tfvars").write_text(f'# {{\nkey = "{SECRET}"\n')
    return found


def fails(stack, line, **env):
    done = stack.run(line, **env)
    assert done.code == 1, done.out + done.err
    assert SECRET in done.out + done.err
    event = stack.event()
    assert event["outcome"] == "failed"
    assert event["failures"], event
    journal = json.dumps(stack.recorded()) + json.dumps(event) + "".join(done.own)
    assert SECRET not in journal
    return event


@pytest.mark.parametrize("name", slow_except(HIDDEN, "default", "composed", "environment", "module"))
def test_what_is_declared_secret_is_hidden(stack, name):
    code, env, words = HIDDEN[name]
    stack.write(code)
    assert stack.terraform("init").code == 0
    event = fails(stack, f"apply -auto-approve {words}", **env)
    assert "127.0.0.1:9" in str(event["failures"])


def test_json_configuration(stack):
    stack.write("", "main.tf")
    stack.write(json.dumps(JSON), "cdk.tf.json")
    fails(stack, "apply -auto-approve", TF_VAR_key=SECRET)
    fails(stack, "plan", TF_VAR_key=SECRET)
    stack.write("", "cdk.tf.json")
    local = {"locals": {"key": f'${{sensitive("{SECRET}")}}'}, "data": JSON["data"]}
    stack.write(json.dumps(local).replace("var.key", "local.key"), "cdk.tf.json")
    fails(stack, "apply -auto-approve")


@pytest.mark.parametrize("line", slow_except(EVERY_COMMAND, "plan", "apply -json -auto-approve"))
def test_every_command_hides_it(stack, line):
    stack.write(HIDDEN["default"][0])
    fails(stack, line)


@pytest.mark.parametrize("line", slow_except(EVERY_COMMAND, "apply -auto-approve", "plan -json"))
def test_all_reasons_are_reported(stack, line):
    stack.write(TWO)
    done = stack.run(line)
    assert done.code == 1
    event = stack.event()
    assert event["outcome"] == "failed"
    failures = sorted(event["failures"], key=lambda one: one["line"])  # terraform checks them side by side
    assert [(one["summary"], one["file"], one["line"]) for one in failures] == [
        ("Invalid value for variable", "main.tf", 2),
        ("Invalid value for variable", "main.tf", 10),
    ]
    assert "A is too small" in failures[0]["detail"]
    assert "B is too small" in failures[1]["detail"]


def test_all_reasons_of_a_failed_destroy(stack):
    kept = 'resource "terraform_data" "%s" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n'
    assert stack.apply(kept % "a" + kept % "b").code == 0
    assert stack.run("destroy -auto-approve").code == 1
    event = stack.event()
    assert event["outcome"] == "failed"
    assert [one["summary"] for one in event["failures"]] == ["Instance cannot be destroyed"] * 2


@pytest.mark.parametrize("line", ["apply -auto-approve", "plan"])
def test_code_that_is_broken(stack, line):
    stack.write('variable "key" {\n  sensitive = true\n}\nresource "terraform_data" "a" {\n  input = \n}\n')
    assert stack.run(line, TF_VAR_key=SECRET).code == 1
    (failure,) = stack.event()["failures"]
    assert (failure["summary"], failure["file"], failure["line"]) == ("Invalid expression", "main.tf", 5)
