"""Ephemeral variables: a saved plan does not keep their values, whichever way they were given."""

from __future__ import annotations

from tests.e2e.scenario import TERMINAL, Scenario, main, run

_RESOURCE = """\
variable "token_ttl" {
  default = 1
}
resource "terraform_data" "a" {
  input = var.token_ttl
  provisioner "local-exec" {
    command     = "test -n \\"$T\\" && echo given"
    environment = { T = var.token }
  }
}
"""
_TOKEN = 'variable "token" {\n  type      = string\n  ephemeral = true\n}\n' + _RESOURCE
_ODD = """\
variable "token" {
  description = "a brace } and ephemeral = false"
  type        = string
  validation {
    condition     = length(var.token) > 0
    error_message = "Not {empty}."
  }
  ephemeral /* always */ = "true" # not false
}
variable "notes" {
  default = <<-EOT
    variable "token" { default = 1 }
    }
  EOT
}
"""
_OPTIONAL = 'variable "token" {\n  ephemeral = true\n  default   = "fallback"\n}\n' + _RESOURCE
_SPLIT = 'variable "token" {\n  default = "fallback"\n}\n' + _RESOURCE
_OBJECT = """\
variable "token" {
  type      = object({ a = string, b = optional(number) })
  ephemeral = true
}
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command     = "test \\"$T\\" = 'x y' && echo given"
    environment = { T = var.token.a }
  }
}
"""
_JSON = """\
{"//": "as CDK for Terraform writes it",
 "variable": {"region": {"type": "string", "default": "eu"},
              "token": {"type": "string", "ephemeral": true, "description": "}"}},
 "resource": {"terraform_data": {"a": {"input": "${var.region}",
   "provisioner": [{"local-exec": {"command": "test -n \\"$T\\" && echo given",
                                   "environment": {"T": "${var.token}"}}}]}}}}
"""
_JSON_LISTS = """\
{"variable": [{"region": [{"default": "eu"}]}, {"token": [{"ephemeral": "${true}"}]}],
 "resource": [{"terraform_data": [{"a": {"input": "${var.region}",
   "provisioner": [{"local-exec": {"command": "test -n \\"$T\\" && echo given",
                                   "environment": {"T": "${var.token}"}}}]}}]}]}
"""
_MODULE = """\
variable "token" {
  ephemeral = true
}
module "m" {
  source = "./m"
  token  = var.token
}
"""
_SINCE = (1, 10)
_GO = "apply -auto-approve"


def _scenario(name: str, files: dict[str, str], *steps: object, **more: object) -> Scenario:
    return Scenario(f"ephemeral-{name}", files, steps, since=_SINCE, **{"stdio": (TERMINAL,), **more})


SCENARIOS = (
    _scenario(
        "prompt-beside-a-longer-name",
        main(_TOKEN, terraform_tfvars="token_ttl = 5\n"),
        run("apply", "typed\n", "yes\n"),
        core=True,
    ),
    _scenario(
        "prompt-beside-a-mention",
        main(_TOKEN, terraform_tfvars='# token = "x"\ntoken_ttl = "token"\n'),
        run("apply", "typed\n", "yes\n"),
    ),
    _scenario("second-variable-of-json", {"cdk.tf.json": _JSON}, run(f"{_GO} -var token=abc123xyz"), core=True),
    _scenario("json-prompt", {"cdk.tf.json": _JSON}, run("apply", "typed\n", "yes\n")),
    _scenario("json-lists", {"cdk.tf.json": _JSON_LISTS}, run("apply -var token=abc123xyz", "yes\n")),
    _scenario("json-values", {"cdk.tf.json": _JSON, "a.auto.tfvars.json": '{"token": "t"}'}, run("apply", "yes\n")),
    _scenario("odd-hcl", main(_ODD + _RESOURCE), run(f"{_GO} -var token=x"), core=True),
    _scenario("odd-hcl-prompt", main(_ODD + _RESOURCE), run("apply", "typed\n", "yes\n")),
    _scenario("default", main(_OPTIONAL), run("apply", "yes\n"), run("destroy", "yes\n")),
    _scenario("default-and-value", main(_OPTIONAL), run(f"{_GO} -var token=x")),
    _scenario("default-and-environment", main(_OPTIONAL), run("apply", "yes\n", TF_VAR_token="x")),
    _scenario(
        "made-by-an-override",
        {"main.tf": _SPLIT, "x_override.tf": 'variable "token" {\n  ephemeral = true\n}\n'},
        run(f"{_GO} -var token=x"),
    ),
    _scenario("object", main(_OBJECT), run("apply -var 'token={a = \"x y\"}'", "yes\n")),
    _scenario(
        "object-file", main(_OBJECT, my_tfvars='token = {\n  a = "x y" # }\n}\n'), run(f"{_GO} -var-file my.tfvars")
    ),
    _scenario("json-file", main(_TOKEN, my_json='{"token": "x"}'), run(f"{_GO} -var-file=my.json")),
    _scenario(
        "module",
        {"main.tf": _MODULE, "m/main.tf": _TOKEN},
        run(f"{_GO} -var token=x"),
        run("destroy -var token=x", "yes\n"),
        before=(run("init"),),
    ),
    _scenario("missing", main(_TOKEN), run("apply -input=false"), run(_GO, TF_INPUT="0")),
)
