"""Commands that change the state and no resource: words, prompts, exit codes and files as bare terraform's."""

from __future__ import annotations

from tests.e2e.scenario import END, Scenario, main, run
from tests.support.pty import PIPES, TERMINAL

CODE = """\
variable "size" {
}
resource "terraform_data" "a" {
  input = var.size
}
resource "terraform_data" "b" {
  input      = "two"
  depends_on = [terraform_data.a] # an order, so that their lines do not interleave
}
"""
GIVEN = {"TF_VAR_size": "one"}
_READY = (run("apply -auto-approve", **GIVEN),)
_LOCAL = CODE + 'terraform {\n  backend "local" {\n    path = "sub/s.tfstate"\n  }\n}\n'
_PROVIDERS = "terraform.io/builtin/terraform registry.terraform.io/x/y"


def _scenario(name, *steps, files=None, before=_READY, **more):
    return Scenario(f"state-{name}", files or main(CODE), steps, before=before, **more)


SCENARIOS = (
    _scenario("rm", run("state rm terraform_data.b"), run("state rm terraform_data.b"), core=True),
    _scenario("rm-usage", run("state rm"), run("state rm -nothing x"), run("state rm -dry-run terraform_data.a")),
    _scenario("rm-locked", run("state rm terraform_data.b"), run("taint terraform_data.a"), locked=True),
    _scenario(
        "rm-backend",
        run("state rm terraform_data.b"),
        run("untaint terraform_data.a"),
        files=main(_LOCAL),
        before=(run("init -input=false"), *_READY),
        stdio=(PIPES,),
    ),
    _scenario(
        "mv",
        run("state mv terraform_data.a terraform_data.z"),
        run("state mv -state-out=other.tfstate terraform_data.z terraform_data.y"),
        run("state mv terraform_data.none terraform_data.y"),
    ),
    _scenario(
        "taint",
        run("taint terraform_data.a"),
        run("taint terraform_data.none"),
        run("untaint terraform_data.a"),
        run("untaint terraform_data.a"),
        run("taint -allow-missing terraform_data.none"),
    ),
    _scenario(
        "replace-provider",
        run(f"state replace-provider {_PROVIDERS}", "no\n"),
        run(f"state replace-provider {_PROVIDERS}", "yes\n"),
        files=main(CODE.partition('resource "terraform_data" "b"')[0]),  # several are listed in any order
    ),
    _scenario(
        "push",
        run("state push old.tfstate"),
        run("state push -force old.tfstate"),
        run("state push missing.tfstate"),
        before=(*_READY, run("state pull"), run("state mv -state-out=old.tfstate terraform_data.b terraform_data.c")),
    ),
    _scenario(
        "import",
        run("import terraform_data.b given", "three\n"),  # asks for the variable
        run("import terraform_data.b given", "three\n"),
        before=(*_READY, run("state rm terraform_data.b")),
        core=True,
    ),
    _scenario("import-end", run("import terraform_data.none given", END), run("import -input=false x y")),
    _scenario("refresh", run("refresh", **GIVEN), run("refresh -no-color", "three\n"), run("refresh -json", **GIVEN)),
    _scenario("unlock", run("force-unlock 0123", "no\n"), run("force-unlock -force 0123"), run("force-unlock")),
    _scenario(
        "workspaces",
        run("workspace new stage"),
        run("workspace new stage"),
        run("workspace select default"),
        run("workspace select -or-create dev"),
        run("workspace delete dev"),
        run("workspace delete stage"),
        run("env select default"),
        run("env delete dev"),
        run("workspace list"),
    ),
    _scenario("help", run("state"), run("state rm -help"), run("taint", TF_CLI_ARGS="-help"), stdio=(TERMINAL,)),
)
