"""Configurations whose apply is rendered by terraform itself and by us, to be compared.

Each case is a list of steps before the one that counts, and that one: (files, arguments of plan).
"""

from __future__ import annotations

from dataclasses import dataclass

A = 'resource "terraform_data" "a" {\n  input = "%s"\n}\n'
FAIL = 'provisioner "local-exec" {\n    command = "%s"\n  }'

OUTPUTS = """
output "b" { value = true }
output "n" { value = [1, 1.5, -3, 1e30, 1/3, 18446744073709551615] }
output "s" { value = "quote \\" back \\\\ tab\\t \\u0001 \\u00a0 \\u2028 é 漢字 $${x} %%{y}" }
output "lines" { value = "one\\ntwo\\n" }
output "eot" { value = "a\\nEOT\\n  EOT_\\nb" }
output "nested" {
  value = {
    list  = tolist(["x", "y\\nz"])
    set   = toset(["b", "a"])
    map   = tomap({ "a b" = 1, "k-x" = 2, "é\\n" = 3 })
    tuple = ["a", 1, true, null, [], {}, { deep = [{ deeper = "l1\\nl2" }] }]
    empty = { list = tolist([]), set = toset([]), map = tomap({}) }
  }
}
output "nulls" {
  value = {
    any   = null
    str   = tostring(null)
    num   = tonumber(null)
    bool  = tobool(null)
    lists = [for x in [1] : tolist(null)]
    typed = var.typed
  }
}
output "secret" {
  value     = "hidden"
  sensitive = true
}
variable "typed" {
  type = object({
    l = list(object({ a = string }))
    s = set(string)
    m = map(list(number))
    o = object({ a = string })
    t = tuple([string])
  })
  default = { l = null, s = null, m = null, o = null, t = null }
}
"""

DEPRECATED = "".join(
    f'data "terraform_remote_state" "d{n}" {{\n  backend = "local"\n  config  = {{ path = "other.tfstate" }}\n'
    "  defaults = { x = 1 }\n}\n"
    for n in range(2)
)

LONG = (
    "This text is a good deal longer than a terminal is wide, so that it must be wrapped somewhere between its words. "
)

PRECONDITION = """
variable "words" { default = { a = ["x", 3], b = "é漢" } }
locals { size = length(var.words.a) }
resource "terraform_data" "a" { input = "%s" }
resource "terraform_data" "p" {
  input = terraform_data.a.id
  lifecycle {
    precondition {
      condition     = length(terraform_data.a.id) == local.size + length(var.words.b)
      error_message = "Wrong: é漢字 ${local.size}\\n\\n  %s\\n\\n%s\\n- a list\\n- of two"
    }
  }
}
"""

CHECK = """
check "%s" {
  assert {
    condition     = terraform_data.a.id == "no"
    error_message = "%s"
  }
}
"""


@dataclass(frozen=True)
class Case:
    """``steps`` are applied first, one after the other; then ``files`` are planned and the apply is compared."""

    name: str
    files: str
    steps: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    apply: tuple[str, ...] = ()
    compact: bool = False
    color: bool = True
    state_out: str | None = None
    imports: tuple[tuple[str, str], ...] = ()
    twice: bool = False  # the plan was applied before: it is stale
    exit_code: int = 0


def _local_exec(name: str, command: str) -> str:
    return (
        f'resource "terraform_data" "{name}" {{\n  provisioner "local-exec" {{\n    command = "{command}"\n  }}\n}}\n'
    )


CASES = (
    Case("create", A % 1),
    Case("update", A % 2, (A % 1,)),
    Case(
        "replace",
        'resource "terraform_data" "a" { triggers_replace = 2 }',
        ('resource "terraform_data" "a" { triggers_replace = 1 }',),
    ),
    Case(
        "replace_create_first",
        'resource "terraform_data" "a" {\n triggers_replace = 2\n lifecycle { create_before_destroy = true }\n}',
        ('resource "terraform_data" "a" {\n triggers_replace = 1\n lifecycle { create_before_destroy = true }\n}',),
    ),
    Case("destroy", A % 1, (A % 1,), plan=("-destroy",)),
    Case(
        "keys",
        'resource "terraform_data" "k" {\n  for_each = toset(["a b", "q\\"x", "a/é", "$${lit}"])\n}\nresource "terraform_data" "c" { count = 2 }\n',  # noqa: E501 - one line of HCL
    ),
    Case("forget", "removed {\n  from = terraform_data.a\n  lifecycle { destroy = false }\n}\n", (A % 1,)),
    Case(
        "import",
        'import {\n  to = terraform_data.i\n  id = "some-id"\n}\nresource "terraform_data" "i" {}\n',
        imports=(("terraform_data.i", "id=some-id"),),
    ),
    Case(
        "import_update",
        'import {\n  to = terraform_data.i\n  id = "some-id"\n}\nresource "terraform_data" "i" { input = 3 }\n',
        imports=(("terraform_data.i", "id=some-id"),),
    ),
    Case(
        "move",
        'resource "terraform_data" "b" { input = "1" }\nmoved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\n',  # noqa: E501 - one line of HCL
        (A % 1,),
    ),
    Case("outputs", OUTPUTS),
    Case("outputs_plain", OUTPUTS, apply=("-no-color",), color=False),
    Case("nothing", A % 1, (A % 1,)),
    Case("module", 'module "m" { source = "./m" }\noutput "x" { value = module.m.x }\n'),
    Case(
        "provisioner",
        _local_exec("a", "printf '\\\\033[32mgreen\\\\033[0m\\\\n  indented\\\\ntrailing   \\\\n[red]\\\\n'")
        + _local_exec("b", "echo é漢 >&2"),
    ),
    Case(
        "failure",
        _local_exec("bad", "sleep 0.3; echo no; exit 7")
        + A % 1
        + 'resource "terraform_data" "dep" { input = terraform_data.bad.id }\n',
        exit_code=1,
    ),
    Case("two_failures", _local_exec("b1", "exit 1") + _local_exec("b2", "exit 2"), exit_code=1),
    Case("precondition", PRECONDITION % (1, LONG, LONG * 3), exit_code=1),
    Case("precondition_plain", PRECONDITION % (1, LONG, LONG * 3), apply=("-no-color",), color=False, exit_code=1),
    Case(
        "checks",
        A % 1
        + CHECK % ("one", "[red]bad[reset] [unknown] " + LONG)
        + CHECK % ("two", "short")
        + CHECK % ("three", "x\\n  y"),
    ),
    Case(
        "checks_plain", A % 1 + CHECK % ("one", "[red]bad[reset] [unknown] " + LONG), apply=("-no-color",), color=False
    ),
    Case(
        "checks_compact",
        A % 1 + CHECK % ("one", LONG) + CHECK % ("two", "short"),
        apply=("-compact-warnings",),
        compact=True,
    ),
    Case("target", A % 1 + A.replace('"a"', '"b"') % 1, plan=("-target=terraform_data.a",)),
    Case(
        "target_compact",
        A % 1,
        plan=("-target=terraform_data.a",),
        apply=("-compact-warnings", "-no-color"),
        compact=True,
        color=False,
    ),
    Case(
        "read",
        A % 1
        + 'data "terraform_remote_state" "r" {\n  backend = "local"\n  config = { path = "${terraform_data.a.output == "x" ? "a" : "b"}/none" }\n}\n',  # noqa: E501 - one line of HCL
        exit_code=1,
    ),
    Case(
        "function",
        A % 1
        + 'resource "terraform_data" "f" {\n  input = tonumber(substr(terraform_data.a.id, 0, 1) == "x" ? "1" : "zz-${terraform_data.a.id}")\n}\n',  # noqa: E501 - one line of HCL
        exit_code=1,
    ),
    Case("stale", A % 1, twice=True, exit_code=1),
    Case("state_out", A % 1, apply=("-state-out=there.tfstate",), state_out="there.tfstate"),
    Case(
        "destroy_provisioner",
        'resource "terraform_data" "x" { input = 1 }\n',
        (
            'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n    when = destroy\n    command = "echo bye"\n  }\n}\n',  # noqa: E501 - one line of HCL
        ),
    ),
)
