"""Approval, variables, and what is read from stdin."""

from __future__ import annotations

from tests.e2e.scenario import END, EVERY, PIPES, Scenario, main, run
from tests.e2e.scenarios_actions import APPLY, CHAIN, EMPTY, ONE
from tests.support.pty import Hidden

_VARIABLE = 'variable "v" {\n}\nresource "terraform_data" "a" {\n  input = var.v\n}\n'
_DESCRIBED = """\
variable "region" {
  type        = string
  description = "Where it lives.\\nA region's name."
}
variable "size" {
  type = number
}
resource "terraform_data" "a" {
  input = "${var.region} ${var.size}"
}
"""
_SECRET = """\
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "a" {
  input = var.password
}
output "password" {
  value     = var.password
  sensitive = true
}
output "length" {
  value = nonsensitive(length(var.password))
}
"""
_EPHEMERAL = """\
variable "token" {
  type      = string
  ephemeral = true
}
variable "plain" {
  default = "p"
}
resource "terraform_data" "a" {
  input = var.plain
  provisioner "local-exec" {
    command = "test -n \\"$T\\" && echo given"
    environment = { T = var.token }
  }
}
"""
_VALIDATED = """\
variable "v" {
  type = string
  validation {
    condition     = length(var.v) > 3
    error_message = "Too short."
  }
}
output "v" {
  value = var.v
}
"""

SCENARIOS = (
    *(
        Scenario(f"answer-{name}", main(ONE), (run("apply", answer),), stdio=EVERY, core=core)
        for name, answer, core in (
            ("no", "no\n", True),
            ("empty", "\n", True),
            ("end", END, True),
            ("spaces", " yes \n", False),
            ("upper-case", "YES\n", False),
            ("y", "y\n", False),
            ("yes-without-newline", "yes" + END + END, False),
            ("yes-and-more", "yes\nno\n", False),
        )
    ),
    Scenario("answer-end-of-destroy", main(ONE), (run("destroy", END),), before=(APPLY,)),
    Scenario("answer-no-then-yes", main(ONE), (run("apply", "no\n"), run("apply", "yes\n"))),
    Scenario("variable-prompt", main(_VARIABLE), (run("apply", "typed\n", "yes\n"),), stdio=EVERY, core=True),
    Scenario("variable-prompt-plan", main(_VARIABLE), (run("plan", "typed\n"),), core=True),
    Scenario("variable-prompt-auto-approve", main(_VARIABLE), (run("apply -auto-approve", "typed\n"),)),
    Scenario("variable-prompts", main(_DESCRIBED), (run("apply", "eu\n", "3\n", "yes\n"),), stdio=EVERY),
    Scenario("variable-prompt-wrong-type", main(_DESCRIBED), (run("apply", "eu\n", "many\n"),)),
    Scenario("variable-prompt-end", main(_VARIABLE), (run("apply", END), run("plan", END))),
    Scenario("variable-prompt-empty", main(_VARIABLE), (run("apply", "\n", "no\n"),)),
    Scenario(
        "variable-prompt-destroy",
        main(_VARIABLE),
        (run("destroy", "x\n", "yes\n"),),
        before=(run("apply -auto-approve -var v=1"),),
    ),
    Scenario("variable-prompt-sensitive", main(_SECRET), (run("apply", Hidden("hunter2\n"), "yes\n"),), stdio=EVERY),
    Scenario("variable-missing", main(_VARIABLE), (run("plan -input=false"), run("apply -input=false -auto-approve"))),
    Scenario("variable-missing-json", main(_VARIABLE), (run("plan -json"), run("apply -json -auto-approve"))),
    Scenario(
        "variable-var",
        main(_VARIABLE),
        (run("apply -var v=1", "yes\n"), run("apply -var=v=2 -auto-approve"), run("plan --var v=3")),
        core=True,
    ),
    Scenario(
        "variable-file",
        main(_VARIABLE, my_tfvars='v = "f"\n'),
        (run("apply -var-file=my.tfvars", "yes\n"), run("apply -var-file my.tfvars -auto-approve")),
        core=True,
    ),
    Scenario(
        "variable-file-missing",
        main(_VARIABLE),
        (run("apply -var-file=none.tfvars"), run("apply -var nonsense"), run("plan -var-file=none.tfvars")),
    ),
    Scenario("variable-automatic-file", main(_VARIABLE, terraform_tfvars='v = "f"\n'), (run("apply", "yes\n"),)),
    Scenario("variable-environment", main(_VARIABLE), (run("apply", "yes\n"),), env={"TF_VAR_v": "e"}),
    Scenario("variable-undeclared", main(ONE), (run("apply -var nope=1"), run("plan -var nope=1"))),
    Scenario("variable-invalid", main(_VALIDATED), (run("plan -var v=ab"), run("apply -auto-approve -var v=ab"))),
    Scenario(
        "variable-with-saved-plan",
        main(_VARIABLE),
        (run("apply -var v=2 p"), run("apply -var v=1 p")),
        before=(run("plan -var v=1 -out=p"),),
    ),
    Scenario(
        "sensitive",
        main(_SECRET),
        (
            run("apply -var password=hunter2", "yes\n"),
            run("apply -auto-approve -var password=changed"),
            run("output"),
            run("output -json"),
        ),
        stdio=EVERY,
        core=True,
    ),
    Scenario("ephemeral-var", main(_EPHEMERAL), (run("apply -var token=t", "yes\n"),), since=(1, 10), core=True),
    Scenario("ephemeral-var-auto-approve", main(_EPHEMERAL), (run("apply -auto-approve -var token=t"),), since=(1, 10)),
    Scenario(
        "ephemeral-environment", main(_EPHEMERAL), (run("apply", "yes\n"),), env={"TF_VAR_token": "t"}, since=(1, 10)
    ),
    Scenario(
        "ephemeral-automatic-file",
        main(_EPHEMERAL, terraform_tfvars='token = "t"\n'),
        (run("apply", "yes\n"),),
        since=(1, 10),
    ),
    Scenario(
        "ephemeral-file",
        main(_EPHEMERAL, my_tfvars='token = "t"\n'),
        (run("apply -var-file=my.tfvars", "yes\n"),),
        since=(1, 10),
    ),
    Scenario("ephemeral-prompt", main(_EPHEMERAL), (run("apply", "typed\n", "yes\n"),), since=(1, 10), core=True),
    Scenario(
        "ephemeral-prompt-auto-approve", main(_EPHEMERAL), (run("apply -auto-approve", "typed\n"),), since=(1, 10)
    ),
    Scenario(
        "ephemeral-saved-plan",
        main(_EPHEMERAL),
        (run("plan -var token=t -out=p"), run("apply p"), run("apply -var token=t p")),
        since=(1, 10),
    ),
    Scenario(
        "ephemeral-cli-args",
        main(_EPHEMERAL),
        (run("apply", "yes\n"),),
        env={"TF_CLI_ARGS_apply": "-var token=t"},
        since=(1, 10),
    ),
    Scenario(
        "console-piped",
        main(CHAIN),
        (run("console", "terraform_data.a.output\n"),),
        before=(APPLY,),
        stdio=(PIPES,),
        core=True,
    ),
    Scenario("fmt-stdin", main(EMPTY), (run("fmt -", "a=1\n"),), stdio=(PIPES,), core=True),
    Scenario("unlock", main(EMPTY), (run("force-unlock nonsense", "no\n"),), stdio=(PIPES,)),
)
