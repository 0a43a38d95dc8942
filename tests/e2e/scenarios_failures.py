"""What goes wrong: in code, in conditions, in provisioners, on the command line."""

from __future__ import annotations

from tests.e2e.scenario import EVERY, Edit, Scenario, main, run
from tests.e2e.scenarios_actions import APPLY, CHAIN, EMPTY, ONE, TWO, YES
from tests.support.pty import NARROWEST, UNSIZED, WIDEST

_CHECK = """\
resource "terraform_data" "a" {
  input = "%s"
}
check "size" {
  assert {
    condition     = terraform_data.a.output == "good"
    error_message = "It is not good."
  }
}
"""
_PRECONDITION = """\
resource "terraform_data" "first" {
  input = "%s"
}
resource "terraform_data" "a" {
  lifecycle {
    precondition {
      condition     = terraform_data.first.%s == "good"
      error_message = "The first is not good: ${terraform_data.first.output}."
    }
  }
}
"""
_POSTCONDITION = """\
resource "terraform_data" "a" {
  input = "bad"
  lifecycle {
    postcondition {
      condition     = self.output == "good"
      error_message = "What came out is not good."
    }
  }
}
resource "terraform_data" "after" {
  input = terraform_data.a.output
}
"""
_PROVISIONER = """\
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "echo one; echo '  two <&> \\t three'; printf 'no newline'"
  }
  provisioner "local-exec" {
    command = "echo quiet"
    quiet   = true
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo gone"
  }
}
"""
_BLANK = """\
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "echo one; echo; echo two"
  }
}
"""
_ESCAPES = r"""
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = <<-EOT
      printf '\033[31mred\033[0m\n│ a box\n'
      echo '{"@level":"info","type":"apply_complete"}'
    EOT
  }
}
"""
_SECRET_PROVISIONER = """\
variable "password" {
  default   = "hunter2"
  sensitive = true
}
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "echo ${var.password}"
  }
}
"""
_HALF_WAY = """\
resource "terraform_data" "ok" {
  count = 3
  input = count.index
}
resource "terraform_data" "bad" {
  input = terraform_data.ok[0].id
  provisioner "local-exec" {
    command = "echo about to fail; echo to stderr >&2; exit 7"
  }
}
resource "terraform_data" "never" {
  input = terraform_data.bad.output
}
output "ok" {
  value = terraform_data.ok[*].output
}
output "never" {
  value = terraform_data.never.output
}
"""
_TWO_FAIL = "".join(
    f'resource "terraform_data" "bad{n}" {{\n  provisioner "local-exec" {{\n    command = "exit {n}"\n  }}\n}}\n'
    for n in (1, 2, 3)
)
_CONTINUES = _TWO_FAIL.replace('exit 1"', 'exit 1"\n    on_failure = continue')
_DESTROY_FAILS = """\
resource "terraform_data" "a" {
  provisioner "local-exec" {
    when = destroy
    command = "exit 3"
  }
}
"""
_PROVIDER = """\
terraform {
  required_providers {
    nope = {
      source = "example.invalid/x/nope"
    }
  }
}
resource "nope_thing" "a" {
}
"""
_VERSION = 'terraform {\n  required_version = ">= 99.0"\n}\n' + ONE
_MODULE = 'module "m" {\n  source = "./m"\n}\n'
_BACKEND = 'terraform {\n  backend "local" {\n    path = "elsewhere.tfstate"\n  }\n}\n'
_CLOUD = 'terraform {\n  cloud {\n    organization = "o"\n    workspaces {\n      name = "w"\n    }\n  }\n}\n'
_PREVENTED = (
    'resource "terraform_data" "a" {\n  triggers_replace = "%s"\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n'
)
_CYCLE = """\
resource "terraform_data" "a" {
  input = terraform_data.b.id
}
resource "terraform_data" "b" {
  input = terraform_data.a.id
}
"""
_LONG = """\
resource "terraform_data" "a" {
  lifecycle {
    precondition {
      condition     = self_evident
      error_message = "%s"
    }
  }
}
""" % ("long " * 60)
_WARNING_AND_ERROR = _CHECK % "bad" + _DESTROY_FAILS.replace('"a"', '"f"').replace("when = destroy\n", "")
_UNKNOWN_CHECK = (_CHECK % "bad").replace("terraform_data.a.output", "terraform_data.a.id")

_LONG_COMMAND = """\
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "echo one two three four five six seven eight nine ten eleven twelve thirteen fourteen; exit 3"
  }
}
"""

SCENARIOS = (
    *(
        Scenario(
            f"odd-terminal-{stdio.name}",
            main(_LONG_COMMAND),
            (run("plan"), run("apply", "no\n"), run("apply -auto-approve")),
            stdio=(stdio,),
            core=stdio is UNSIZED,
        )
        for stdio in (UNSIZED, NARROWEST, WIDEST)
    ),
    Scenario(
        "odd-terminal-type",
        main(_LONG_COMMAND),
        (run("plan"), run("apply -auto-approve")),
        env={"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "33"},
        stdio=EVERY,
    ),
    Scenario("check-fails", main(_CHECK % "bad"), (YES,), since=(1, 5), stdio=EVERY, core=True),
    Scenario("check-fails-auto-approve", main(_CHECK % "bad"), (APPLY,), since=(1, 5), stdio=EVERY, core=True),
    Scenario("check-fails-declined", main(_CHECK % "bad"), (run("apply", "no\n"),), since=(1, 5)),
    Scenario("check-fails-at-apply", main(_UNKNOWN_CHECK), (YES, APPLY), since=(1, 5)),
    Scenario("check-fails-saved-plan", main(_CHECK % "bad"), (run("plan -out=p"), run("apply p")), since=(1, 5)),
    Scenario("check-recovers", main(_CHECK % "bad"), (Edit(main(_CHECK % "good")), YES), before=(APPLY,), since=(1, 5)),
    Scenario("check-fails-nothing-to-do", main(_CHECK % "bad"), (run("apply"), APPLY), before=(APPLY,), since=(1, 5)),
    Scenario(
        "precondition-at-plan",
        main(_PRECONDITION % ("bad", "input")),
        (run("plan"), YES, APPLY),
        since=(1, 2),
        core=True,
    ),
    Scenario(
        "precondition-at-apply", main(_PRECONDITION % ("bad", "output")), (YES,), since=(1, 2), stdio=EVERY, core=True
    ),
    Scenario(
        "precondition-json", main(_PRECONDITION % ("bad", "output")), (run("apply -json -auto-approve"),), since=(1, 2)
    ),
    Scenario("postcondition", main(_POSTCONDITION), (YES, APPLY), since=(1, 2)),
    Scenario("provisioner", main(_PROVISIONER), (YES, run("destroy -auto-approve")), stdio=EVERY, core=True),
    Scenario(
        "provisioner-blank-line",
        main(_BLANK),
        (APPLY,),
        deviation="terraform's stream leaves out the empty lines of a provisioner's output",
    ),
    Scenario("provisioner-escapes", main(_ESCAPES), (APPLY,), stdio=EVERY),
    Scenario("provisioner-json", main(_PROVISIONER), (run("apply -json -auto-approve"),)),
    Scenario("provisioner-secret", main(_SECRET_PROVISIONER), (APPLY,)),
    Scenario("provisioner-fails", main(_HALF_WAY), (YES, APPLY), stdio=EVERY, concurrent=True, core=True),
    Scenario("provisioner-fails-json", main(_HALF_WAY), (run("apply -json -auto-approve"),), concurrent=True),
    Scenario("provisioner-fails-saved-plan", main(_HALF_WAY), (run("plan -out=p"), run("apply p")), concurrent=True),
    Scenario(
        "provisioner-fails-no-color",
        main(_HALF_WAY),
        (run("apply -no-color -auto-approve"),),
        stdio=EVERY,
        concurrent=True,
    ),
    Scenario("several-fail", main(_TWO_FAIL), (run("apply -auto-approve -parallelism=1"),), concurrent=True),
    Scenario("one-fails-and-goes-on", main(_CONTINUES), (run("apply -auto-approve"),), concurrent=True),
    Scenario(
        "destroy-fails", main(_DESTROY_FAILS), (run("destroy -auto-approve"), run("destroy", "yes\n")), before=(APPLY,)
    ),
    Scenario(
        "replace-fails", main(_DESTROY_FAILS), (run("apply -replace=terraform_data.a -auto-approve"),), before=(APPLY,)
    ),
    Scenario("warning-and-error", main(_WARNING_AND_ERROR), (YES, APPLY), since=(1, 5), stdio=EVERY, concurrent=True),
    Scenario(
        "prevent-destroy",
        main(_PREVENTED % 1),
        (Edit(main(_PREVENTED % 2)), run("plan"), YES, run("destroy -auto-approve")),
        before=(APPLY,),
    ),
    Scenario(
        "syntax-error",
        main("resource {"),
        (run("plan"), APPLY, run("destroy"), run("plan -json"), run("apply -json -auto-approve")),
        stdio=EVERY,
        core=True,
    ),
    Scenario("reference-error", main('output "o" {\n  value = var.nope\n}\n'), (run("plan"), run("apply"))),
    Scenario("long-error", main(_LONG), (run("plan"), run("apply")), stdio=EVERY),
    Scenario("cycle", main(_CYCLE), (run("plan"), run("apply")), masks=((r"_data\.[ab]\b", "_data._"),)),
    Scenario("no-code", {"readme.txt": ""}, (run("plan"), run("apply"), run("destroy")), core=True),
    Scenario("module-not-installed", {**main(_MODULE), "m/main.tf": EMPTY}, (run("plan"), run("apply"))),
    Scenario(
        "provider-missing", main(_PROVIDER), (run("plan"), run("apply"), run("apply -json -auto-approve")), core=True
    ),
    Scenario(
        "backend-not-initialised",
        main(_BACKEND + ONE),
        (run("plan"), run("apply"), run("destroy -auto-approve")),
        core=True,
    ),
    Scenario("cloud-not-initialised", main(_CLOUD + ONE), (run("plan"), run("apply"), run("plan -json"))),
    Scenario("version-too-old", main(_VERSION), (run("plan"), run("apply"))),
    Scenario("state-broken", main(ONE, terraform_tfstate="{"), (run("plan"), run("apply"))),
    Scenario("state-of-the-future", main(ONE, terraform_tfstate='{"version":99}'), (run("plan"), run("apply"))),
    Scenario(
        "invalid-flag",
        main(ONE),
        (
            run("plan -nonsense"),
            run("apply -nonsense"),
            run("destroy -nonsense"),
            run("apply -json -nonsense"),
            run("apply -detailed-exitcode"),
        ),
        core=True,
    ),
    Scenario(
        "invalid-flag-value",
        main(ONE),
        (
            run("apply -parallelism=x"),
            run("apply -lock-timeout=x"),
            run("plan -target=a"),
            run("plan -replace=a..b"),
            run("apply -target="),
        ),
    ),
    Scenario(
        "flags-that-clash",
        main(ONE),
        (
            run("plan -destroy -refresh-only"),
            run("apply -refresh-only -refresh=false"),
            run("destroy -destroy"),
            run("plan -destroy -replace=terraform_data.a"),
        ),
    ),
    Scenario(
        "too-many-arguments", main(ONE), (run("plan a b"), run("apply a b"), run("destroy a"), run("plan a")), core=True
    ),
    Scenario("plan-file-is-none", main(ONE), (run("apply main.tf"), run("apply -json main.tf")), core=True),
    Scenario("plan-file-missing", main(ONE), (run("apply nope"), run("apply nope/nope"), run("apply -json nope"))),
    Scenario(
        "plan-file-is-a-directory", {**main(ONE), "d/main.tf": ONE}, (run("apply d"), run("apply ."), run("destroy ."))
    ),
    Scenario(
        "plan-file-errored", main(_PRECONDITION % ("bad", "input")), (run("plan -out=p"), run("apply p")), since=(1, 4)
    ),
    Scenario("plan-out-unwritable", main(ONE), (run("plan -out=nowhere/p"),)),
    Scenario(
        "saved-plan-with-mode",
        main(ONE),
        (run("apply -destroy p"), run("apply -target=terraform_data.a p"), run("destroy p")),
        before=(run("plan -out=p"),),
    ),
    Scenario("state-unwritable", {**main(TWO), "terraform.tfstate/x": ""}, (run("plan"), run("apply -auto-approve"))),
    Scenario("unknown-subcommand", main(EMPTY), (run("aply"), run("Plan"), run("event")), core=True),
    Scenario("no-arguments", main(EMPTY), (run(""), run("-nonsense"), run("-chdir=.")), core=True),
    Scenario(
        "other-commands",
        main(CHAIN),
        (
            run("output -json"),
            run("workspace list"),
            run("state list"),
            run("show"),
            run("show -json"),
            run("validate"),
            run("version -json"),
            run("graph"),
            run("output nope"),
        ),
        before=(APPLY,),
        core=True,
    ),
)
