"""What terraform does to resources: every action, every mode, saved plans."""

from __future__ import annotations

from tests.e2e.scenario import BOTH, EVERY, Edit, Scenario, main, run

ONE = 'resource "terraform_data" "a" {\n  input = "one"\n}\n'
TWO = ONE.replace("one", "two")
REPLACED = 'resource "terraform_data" "a" {\n  input = "one"\n  triggers_replace = "2"\n}\n'
EMPTY = "# nothing\n"
CHAIN = """\
resource "terraform_data" "a" {
  input = "one"
}
resource "terraform_data" "b" {
  input = terraform_data.a.output
}
output "b" {
  value = terraform_data.b.output
}
"""
APPLY = run("apply -auto-approve")
YES = run("apply", "yes\n")
_BY_TYPE = """\
locals {
  nothing = null
}
output "string" {
  value = "plain"
}
output "long" {
  value = "first line\\nsecond line\\n"
}
output "number" {
  value = 12345678901234567890
}
output "bool" {
  value = true
}
output "null" {
  value = local.nothing
}
output "list" {
  value = ["a", 1, null, ["b", []], {}]
}
output "set" {
  value = toset(["b", "a"])
}
output "map" {
  value = { "with space" = 1, "ключ" = "значение", nested = { list = [{ a = 1 }, { b = [true] }] } }
}
output "escapes" {
  value = "tab\\t quote\\" back\\\\ $${lit} %%{x} <html> & é \\u0007"
}
output "secret" {
  value     = { password = "hunter2" }
  sensitive = true
}
output "id" {
  value = terraform_data.a.id
}
resource "terraform_data" "a" {
  input = { list = [1, { x = "y" }], text = "a\\nb\\n", empty = {} }
}
"""
_MOVED = ONE.replace('"a"', '"z"') + "moved {\n  from = terraform_data.a\n  to   = terraform_data.z\n}\n"
_IMPORT = ONE + 'import {\n  to = terraform_data.a\n  id = "given-id"\n}\n'
_REMOVED = "removed {\n  from = terraform_data.a\n  lifecycle {\n    destroy = false\n  }\n}\n"
_DRIFTING = ONE + 'output "o" {\n  value = terraform_data.a.output\n}\n'
_COUNT = 'resource "terraform_data" "n" {\n  count = %d\n  input = count.index\n}\n'
_CBD = (
    'resource "terraform_data" "a" {\n  input = "one"\n  triggers_replace = "%s"\n'
    "  lifecycle {\n    create_before_destroy = true\n  }\n}\n"
)
_TRIGGER = """\
resource "terraform_data" "a" {
  input = "%s"
}
resource "terraform_data" "b" {
  lifecycle {
    replace_triggered_by = [terraform_data.a]
  }
}
"""
_MODULE = {
    "main.tf": 'module "m" {\n  source = "./m"\n  for_each = toset(["eu", "us"])\n  size = each.key\n}\n',
    "m/main.tf": 'variable "size" {\n}\nresource "terraform_data" "x" {\n  input = var.size\n}\n',
}
_DATA = """\
resource "terraform_data" "a" {
  input = "%s"
}
data "terraform_remote_state" "other" {
  backend    = "local"
  config     = { path = "other.tfstate" }
  depends_on = [terraform_data.a]
}
output "from_there" {
  value = data.terraform_remote_state.other.outputs
}
"""
_OTHER = """\
{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x",\
"outputs":{"o":{"value":"v","type":"string"}},"resources":[]}"""


def _change(name, files, after, *steps, **more):
    """A scenario in which ``files`` are applied first, then replaced by ``after``."""
    return Scenario(
        name,
        files,
        steps or (YES,),
        before=(APPLY, Edit({**dict.fromkeys(files.keys() - after.keys()), **after})),
        **more,
    )


SCENARIOS = (
    Scenario("create", main(ONE), (YES,), stdio=EVERY, core=True),
    Scenario("create-auto-approve", main(CHAIN), (APPLY, run("output -json")), stdio=EVERY, core=True),
    _change("update", main(ONE), main(TWO), core=True),
    _change("update-auto-approve", main(CHAIN), main(CHAIN.replace("one", "two")), APPLY, stdio=EVERY),
    _change("replace", main(ONE), main(REPLACED), stdio=EVERY, core=True),
    _change(
        "replace-create-first",
        main(_CBD % 1),
        main(_CBD % 2),
        core=True,
        deviation="terraform's stream does not name the random key of a deposed object, its text does",
    ),
    _change("replace-triggered-by", main(_TRIGGER % 1), main(_TRIGGER % 2), since=(1, 2)),
    _change("destroy", main(CHAIN), main(CHAIN), run("destroy", "yes\n"), stdio=EVERY, core=True),
    _change("destroy-auto-approve", main(CHAIN), main(CHAIN), run("destroy -auto-approve")),
    _change("destroy-nothing", main(ONE), main(ONE), run("destroy -auto-approve"), run("destroy")),
    _change("apply-destroy", main(ONE), main(ONE), run("apply -destroy", "yes\n"), core=True),
    _change("apply-destroy-declined", main(ONE), main(ONE), run("apply -destroy", "no\n")),
    _change("destroy-by-deletion", main(CHAIN), main(EMPTY), concurrent=True),
    _change("nothing-to-do", main(CHAIN), main(CHAIN), run("apply"), run("plan"), stdio=EVERY, core=True),
    _change("nothing-to-do-auto-approve", main(ONE), main(ONE), APPLY),
    Scenario("nothing-at-all", main(EMPTY), (run("plan"), run("apply"), run("destroy"))),
    _change("outputs-only", main(ONE), main(ONE + 'output "o" {\n  value = "v"\n}\n'), stdio=EVERY, core=True),
    _change("output-removed", main(CHAIN), main(CHAIN.partition("output")[0])),
    Scenario("outputs-of-every-type", main(_BY_TYPE), (APPLY, run("output"), APPLY), stdio=EVERY, core=True),
    _change("moved", main(ONE), main(_MOVED), core=True),
    _change("moved-and-updated", main(ONE), main(_MOVED.replace("one", "two")), stdio=EVERY),
    Scenario("import-block", main(_IMPORT), (YES,), since=(1, 5), core=True),
    Scenario("import-block-auto-approve", main(_IMPORT), (APPLY,), since=(1, 5)),
    Scenario(
        "import-generating-code",
        main(_IMPORT.replace(ONE, "")),
        (run("plan -generate-config-out=generated.tf"), APPLY),
        since=(1, 5),
    ),
    _change("removed-block", main(ONE), main(_REMOVED), since=(1, 7), core=True),
    _change("removed-block-auto-approve", main(ONE), main(_REMOVED), APPLY, since=(1, 7)),
    _change("count-grows", main(_COUNT % 1), main(_COUNT % 3), concurrent=True),
    _change("count-shrinks", main(_COUNT % 3), main(_COUNT % 1), concurrent=True),
    Scenario("two-hundred", main(_COUNT % 200), (YES, APPLY), concurrent=True, stdio=EVERY),
    Scenario("two-hundred-in-turn", main(_COUNT % 200), (run("apply -auto-approve -parallelism=1"),), concurrent=True),
    Scenario("modules", _MODULE, (YES,), before=(run("init"),), concurrent=True),
    _change("data-source-at-apply", main(_DATA % 1, other_tfstate=_OTHER), main(_DATA % 2, other_tfstate=_OTHER)),
    _change(
        "target",
        main(CHAIN),
        main(CHAIN.replace("one", "two")),
        run("apply -target=terraform_data.a", "yes\n"),
        core=True,
    ),
    _change(
        "target-auto-approve",
        main(CHAIN),
        main(CHAIN.replace("one", "two")),
        run("apply -target terraform_data.a -auto-approve"),
    ),
    _change("replace-by-request", main(CHAIN), main(CHAIN), run("apply -replace=terraform_data.a", "yes\n"), core=True),
    _change("refresh-only", main(ONE), main(_DRIFTING), run("apply -refresh-only", "yes\n"), core=True),
    _change("refresh-only-declined", main(ONE), main(_DRIFTING), run("apply -refresh-only", "no\n")),
    _change("refresh-only-nothing", main(ONE), main(ONE), run("apply -refresh-only"), run("plan -refresh-only")),
    _change("refresh-only-auto-approve", main(ONE), main(_DRIFTING), run("apply -refresh-only -auto-approve")),
    _change("without-refresh", main(ONE), main(TWO), run("apply -refresh=false", "yes\n"), core=True),
    _change("tainted", main(ONE), main(ONE), run("taint terraform_data.a"), YES),
    Scenario("saved-plan", main(CHAIN), (run("plan -out=p"), run("apply p")), stdio=EVERY, core=True),
    Scenario("saved-plan-auto-approve", main(ONE), (run("plan -out p"), run("apply -auto-approve p"))),
    Scenario("saved-plan-in-folder", main(ONE, sub_tf=EMPTY), (run("plan -out=p"), run("apply ./p"))),
    Scenario("saved-destroy-plan", main(ONE), (run("plan -destroy -out=p"), run("apply p")), before=(APPLY,)),
    Scenario("saved-plan-of-nothing", main(ONE), (run("plan -out=p"), run("apply p")), before=(APPLY,)),
    Scenario(
        "saved-plan-stale",
        main(ONE),
        (run("apply p"), run("apply -json p")),
        before=(run("plan -out=p"), APPLY),
        core=True,
    ),
    Scenario(
        "saved-plan-of-another-state",
        main(ONE),
        (run("apply p"),),
        before=(APPLY, Edit(main(TWO)), run("plan -out=p"), Edit({"terraform.tfstate": None}), APPLY),
    ),
    Scenario("plan", main(CHAIN), (run("plan"), run("plan -no-color")), stdio=EVERY, core=True),
    Scenario("plan-out", main(ONE), (run("plan -out=p"), run("plan -out p"), run("show -no-color p")), core=True),
    Scenario("plan-destroy", main(ONE), (run("plan -destroy"),), before=(APPLY,)),
    Scenario("plan-json", main(CHAIN), (run("plan -json"), run("plan -json -out=p")), stdio=BOTH, core=True),
    Scenario(
        "plan-detailed-exitcode",
        main(ONE),
        (
            run("plan -detailed-exitcode"),
            APPLY,
            run("plan -detailed-exitcode"),
            Edit(main("broken {")),
            run("plan -detailed-exitcode"),
        ),
        core=True,
    ),
)
