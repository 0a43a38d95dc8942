"""A configuration and its edits, a commit for each, with the cause that each change is to have.

All of it is one root module (``infra/`` of the repository), so that two runs of terraform plan every case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.git_history import Commit

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES: dict[str, str] = {
    ".gitignore": ".terraform\n*.tfstate*\nlocal.auto.tfvars\nsaved.plan\n.terraform.lock.hcl\n",
    "infra/terraform.tfvars": 'plain = "one"\noverridden = "never seen"\ndropped = "given"\nchained = "c1"\n',
    "infra/z.auto.tfvars": 'overridden = "one"\n',
    "infra/more.auto.tfvars.json": '{\n  "from_json": "one",\n  "other": 1\n}\n',
    "infra/prod.tfvars": (
        'from_file = "one"\ncfg = {\n  size  = "s"\n  count = 1\n}\nnodes = {\n  a = { size = 1 }\n'
        '  b = { size = 1 }\n}\nlist = ["x", "y"]\nnames = ["n1", "n2"]\n'
    ),
    "infra/local.auto.tfvars": None,  # type: ignore[dict-item] # ignored by git: written beside the history
    "infra/variables.tf": "\n".join(
        f'variable "{name}" {{}}'
        for name in (
            "plain",
            "overridden",
            "chained",
            "from_json",
            "other",
            "from_file",
            "cfg",
            "nodes",
            "list",
            "names",
            "by_flag",
            "by_environment",
            "ignored",
        )
    )
    + '\nvariable "dropped" { default = "fallback" }\nvariable "defaulted" {\n  type    = string\n'
    '  default = "one"\n}\nvariable "noisy" { default = "n" }\n',
    "infra/text/greeting.txt": "hello\n",
    "infra/text/page.tftpl": "size ${size}\n",
    "infra/modules/leaf/main.tf": (
        'variable "value" {}\nvariable "extra" {\n  default = "e1"\n}\n'
        'resource "terraform_data" "leaf" {\n  input = var.value\n}\n'
        'resource "terraform_data" "extra" {\n  input = var.extra\n}\n'
        'output "out" {\n  value = "v1"\n}\n'
    ),
    "infra/modules/outer/main.tf": (
        'variable "value" {}\nmodule "inner" {\n  source = "../leaf"\n  value  = var.value\n}\n'
        'output "deep" {\n  value = module.inner.out\n}\n'
    ),
    "infra/net.tf": 'resource "terraform_data" "renamed" {\n  input = "before"\n}\n' + "# a comment\n" * 12,
    "infra/extra.tf.json": (
        '{\n  "locals": {\n    "json_local": "one"\n  },\n  "resource": {\n    "terraform_data": {\n'
        '      "json": {\n        "input": "${local.json_local}"\n      },\n      "json_literal": {\n'
        '        "input": "one"\n      }\n    }\n  }\n}\n'
    ),
    "infra/z_override.tf": 'resource "terraform_data" "overriding" {\n  input = "one"\n}\n',
    "infra/main.tf": """\
locals {
  one    = "1"
  bottom = "b1"
  middle = "m-${local.bottom}"
  top    = [local.middle]
  base   = { team = "red", cost = "low" }
  tags   = merge(local.base, {
    Name = "first"
  })
  yes    = "yes-1"
  no     = "no-1"
  flag   = true
  sizes  = {
    small = 1
    large = 2
  }
  servers = {
    x = {
      size = 1
    }
    y = {
      size = 1
    }
  }
}
resource "terraform_data" "literal" {
  input = "a"
}
resource "terraform_data" "by_local" {
  input = local.one
}
resource "terraform_data" "by_chain" {
  input = local.top[0]
}
resource "terraform_data" "by_tfvars" {
  input = var.plain
}
resource "terraform_data" "by_auto" {
  input = var.overridden
}
resource "terraform_data" "by_default" {
  input = var.defaulted
}
resource "terraform_data" "by_json_vars" {
  input = var.from_json
}
resource "terraform_data" "by_var_file" {
  input = var.from_file
}
resource "terraform_data" "by_flag" {
  input = var.by_flag
}
resource "terraform_data" "by_environment" {
  input = var.by_environment
}
resource "terraform_data" "by_ignored" {
  input = var.ignored
}
resource "terraform_data" "by_dropped" {
  input = var.dropped
}
resource "terraform_data" "by_object" {
  input = var.cfg.size
}
resource "terraform_data" "each_var" {
  for_each = var.nodes
  input    = each.value.size
}
resource "terraform_data" "each_local" {
  for_each = local.servers
  input    = { n = each.value.size, k = each.key }
}
resource "terraform_data" "each_literal" {
  for_each = {
    p = "1"
    q = "1"
  }
  input = each.value
}
resource "terraform_data" "each_name" {
  for_each = toset(var.names)
  input    = each.key
}
resource "terraform_data" "counted" {
  count = 2
  input = var.list[count.index]
}
resource "terraform_data" "grown" {
  count = 1
  input = "g"
}
module "outer" {
  source = "./modules/outer"
  value  = var.chained
}
module "many" {
  source   = "./modules/leaf"
  for_each = { l = { v = "1" }, m = { v = "1" } }
  value    = each.value.v
}
resource "terraform_data" "by_output" {
  input = module.outer.deep
}
resource "terraform_data" "by_read" {
  input = file("${path.module}/text/greeting.txt")
}
resource "terraform_data" "by_template" {
  input = templatefile("${path.module}/text/page.tftpl", { size = 3 })
}
resource "terraform_data" "by_condition" {
  input = local.flag ? local.yes : local.no
}
resource "terraform_data" "by_tags" {
  input = local.tags
}
resource "terraform_data" "by_text" {
  input = "x-${local.sizes["large"]}-${lookup(local.sizes, "small", 0)}"
}
resource "terraform_data" "by_heredoc" {
  input = <<-EOT
    first line
    second line
  EOT
}
resource "terraform_data" "loses" {
  input            = "kept"
  triggers_replace = "gone soon"
}
resource "terraform_data" "overriding" {
  input = "overridden"
}
resource "terraform_data" "removed" {
  input = "r"
}
module "dropped" {
  source = "./modules/leaf"
  value  = "d"
}
resource "terraform_data" "triggered" {
  triggers_replace = "t1"
}
resource "terraform_data" "follows" {
  input = "f"
  lifecycle {
    replace_triggered_by = [terraform_data.triggered]
  }
}
resource "terraform_data" "downstream" {
  input = terraform_data.literal.output
}
resource "terraform_data" "old_name" {
  input = "moves"
}
resource "terraform_data" "twice" {
  input = "t0"
}
resource "terraform_data" "back_and_forth" {
  input = "f0"
}
resource "terraform_data" "merged" {
  input = "m0"
}
""",
}


@dataclass(frozen=True)
class Edit:
    """One commit: texts of a file replaced; ``path`` of a new file with ``old`` empty, ``new`` None removes it."""

    subject: str
    path: str
    old: str
    new: str | None
    rename: str | None = None


EDITS: Sequence[Edit] = (
    Edit("literal (#7)", "infra/main.tf", 'input = "a"', 'input = "b"'),
    Edit("local", "infra/main.tf", 'one    = "1"', 'one    = "2"'),
    Edit("chain", "infra/main.tf", 'bottom = "b1"', 'bottom = "b2"'),
    Edit("noise above", "infra/main.tf", "locals {\n", "# nothing\n\nlocals {\n"),
    Edit("tfvars", "infra/terraform.tfvars", 'plain = "one"', 'plain = "two"'),
    Edit("overridden tfvars", "infra/terraform.tfvars", "never seen", "never seen either"),
    Edit("auto tfvars", "infra/z.auto.tfvars", '"one"', '"two"'),
    Edit("default", "infra/variables.tf", '  default = "one"', '  default = "two"'),
    Edit("json tfvars", "infra/more.auto.tfvars.json", '"from_json": "one"', '"from_json": "two"'),
    Edit("var-file", "infra/prod.tfvars", 'from_file = "one"', 'from_file = "two"'),
    Edit("object", "infra/prod.tfvars", '  size  = "s"', '  size  = "l"'),
    Edit("object's other key", "infra/prod.tfvars", "  count = 1", "  count = 2"),
    Edit("dropped", "infra/terraform.tfvars", 'dropped = "given"\n', ""),
    Edit("node b", "infra/prod.tfvars", "  b = { size = 1 }", "  b = { size = 2 }"),
    Edit("server y", "infra/main.tf", "    y = {\n      size = 1", "    y = {\n      size = 2"),
    Edit("literal q", "infra/main.tf", '    q = "1"', '    q = "2"'),
    Edit("names", "infra/prod.tfvars", '["n1", "n2"]', '["n2", "n3"]'),
    Edit("list", "infra/prod.tfvars", '["x", "y"]', '["x", "z"]'),
    Edit("grown", "infra/main.tf", "  count = 1\n", "  count = 2\n"),
    Edit("nested module", "infra/terraform.tfvars", 'chained = "c1"', 'chained = "c2"'),
    Edit("module each", "infra/main.tf", 'm = { v = "1" }', 'm = { v = "2" }'),
    Edit("module default", "infra/modules/leaf/main.tf", 'default = "e1"', 'default = "e2"'),
    Edit("output", "infra/modules/leaf/main.tf", 'value = "v1"', 'value = "v2"'),
    Edit("read file", "infra/text/greeting.txt", "hello", "good evening"),
    Edit("template", "infra/text/page.tftpl", "size", "sized"),
    Edit("condition", "infra/main.tf", '"yes-1"', '"yes-2"'),
    Edit("tags", "infra/main.tf", 'Name = "first"', 'Name = "second"'),
    Edit("text", "infra/main.tf", "large = 2", "large = 3"),
    Edit("heredoc", "infra/main.tf", "    second line", "    another line"),
    Edit("attribute removed", "infra/main.tf", '  triggers_replace = "gone soon"\n', ""),
    Edit("override", "infra/z_override.tf", '"one"', '"two"'),
    Edit("block removed", "infra/main.tf", 'resource "terraform_data" "removed" {\n  input = "r"\n}\n', ""),
    Edit(
        "module removed", "infra/main.tf",
        'module "dropped" {\n  source = "./modules/leaf"\n  value  = "d"\n}\n', "",
    ),
    Edit("trigger", "infra/main.tf", '"t1"', '"t2"'),
    Edit("json local", "infra/extra.tf.json", '"json_local": "one"', '"json_local": "two"'),
    Edit("json literal", "infra/extra.tf.json", '"input": "one"', '"input": "two"'),
    Edit("renamed", "infra/net.tf", '"before"', '"after"', rename="infra/network.tf"),
    Edit(
        "moved", "infra/main.tf", 'resource "terraform_data" "old_name" {\n  input = "moves"',
        "moved {\n  from = terraform_data.old_name\n  to   = terraform_data.new_name\n}\n"
        'resource "terraform_data" "new_name" {\n  input = "moved"',
    ),
    Edit("first of two", "infra/main.tf", '"t0"', '"t1st"'),
    Edit("second of two (#8)", "infra/main.tf", '"t1st"', '"t2nd"'),
    Edit("there", "infra/main.tf", '"f0"', '"f1"'),
    Edit("and back", "infra/main.tf", '"f1"', '"f0"'),
    Edit("and elsewhere", "infra/main.tf", '"f0"', '"f2"'),
    Edit(
        "new file", "infra/new.tf", "",
        'resource "terraform_data" "added" {\n  input = "n"\n}\n'
        'module "added" {\n  source = "./modules/leaf"\n  value  = "n"\n}\n',
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What a change's cause is to be: ``line`` is a text that stands on it, ``subjects`` those of its commits."""

    address: str
    kind: str
    file: str | None
    line: str | None
    subjects: tuple[str, ...] = ()


def edited(address: str, file: str, line: str | None, *subjects: str) -> Expected:
    """A committed edit."""
    return Expected(address, "edited_line", file, line, subjects)


EXPECTED: Sequence[Expected] = (
    edited("terraform_data.literal", "main.tf", 'input = "b"', "literal (#7)"),
    edited("terraform_data.by_local", "main.tf", 'one    = "2"', "local"),
    edited("terraform_data.by_chain", "main.tf", 'bottom = "b2"', "chain"),
    edited("terraform_data.by_tfvars", "terraform.tfvars", "plain", "tfvars"),
    edited("terraform_data.by_auto", "z.auto.tfvars", "overridden", "auto tfvars"),
    edited("terraform_data.by_default", "variables.tf", '  default = "two"', "default"),
    edited("terraform_data.by_json_vars", "more.auto.tfvars.json", '"from_json"', "json tfvars"),
    edited("terraform_data.by_var_file", "prod.tfvars", "from_file", "var-file"),
    edited("terraform_data.by_object", "prod.tfvars", '  size  = "l"', "object"),
    edited("terraform_data.by_dropped", "terraform.tfvars", None, "dropped"),
    edited('terraform_data.each_var["b"]', "prod.tfvars", "  b = { size", "node b"),
    edited('terraform_data.each_local["y"]', "main.tf", "      size = 2", "server y"),
    edited('terraform_data.each_literal["q"]', "main.tf", '    q = "2"', "literal q"),
    edited('terraform_data.each_name["n3"]', "prod.tfvars", "names", "names"),
    edited('terraform_data.each_name["n1"]', "prod.tfvars", None, "names"),
    edited("terraform_data.counted[1]", "prod.tfvars", "list", "list"),
    edited("terraform_data.grown[1]", "main.tf", '  count = 2\n  input = "g"', "grown"),
    edited("module.outer.module.inner.terraform_data.leaf", "terraform.tfvars", "chained", "nested module"),
    edited('module.many["m"].terraform_data.leaf', "main.tf", "  for_each = { l =", "module each"),
    edited('module.many["l"].terraform_data.extra', "modules/leaf/main.tf", '  default = "e2"', "module default"),
    edited(
        "module.outer.module.inner.terraform_data.extra", "modules/leaf/main.tf", '  default = "e2"',
        "module default",
    ),
    edited("terraform_data.by_output", "modules/leaf/main.tf", '  value = "v2"', "output"),
    edited("terraform_data.by_read", "text/greeting.txt", "good evening", "read file"),
    edited("terraform_data.by_template", "text/page.tftpl", "sized", "template"),
    edited("terraform_data.by_condition", "main.tf", "yes-2", "condition"),
    edited("terraform_data.by_tags", "main.tf", 'Name = "second"', "tags"),
    edited("terraform_data.by_text", "main.tf", "large = 3", "text"),
    edited("terraform_data.by_heredoc", "main.tf", "  input = <<-EOT", "heredoc"),
    edited("terraform_data.loses", "main.tf", 'resource "terraform_data" "loses"', "attribute removed"),
    edited("terraform_data.overriding", "z_override.tf", '"two"', "override"),
    edited("terraform_data.removed", "main.tf", None, "block removed"),
    edited("module.dropped.terraform_data.leaf", "main.tf", None, "module removed"),
    edited("terraform_data.triggered", "main.tf", '"t2"', "trigger"),
    edited("terraform_data.json", "extra.tf.json", '"json_local"', "json local"),
    edited("terraform_data.json_literal", "extra.tf.json", '"input": "two"', "json literal"),
    edited("terraform_data.renamed", "network.tf", '"after"', "renamed"),
    edited("terraform_data.new_name", "main.tf", '"moved"', "moved"),
    edited("terraform_data.twice", "main.tf", '"t2nd"', "second of two (#8)", "first of two"),
    edited("terraform_data.back_and_forth", "main.tf", '"f2"', "and elsewhere"),
    edited("terraform_data.added", "new.tf", 'resource "terraform_data" "added"', "new file"),
    edited("module.added.terraform_data.leaf", "new.tf", 'module "added"', "new file"),
    Expected("terraform_data.by_flag", "variable_given", None, None),
    Expected("terraform_data.by_environment", "variable_given", None, None),
    Expected("terraform_data.by_ignored", "variable_given", "local.auto.tfvars", "ignored"),
    Expected("terraform_data.follows", "upstream_change", None, None),
    Expected("terraform_data.downstream", "upstream_change", None, None),
)  # fmt: skip


def commits() -> list[Commit]:
    """The history: all files, then one commit for each edit."""
    files = {path: text for path, text in FILES.items() if text is not None}
    found = [Commit("first", dict(files))]
    for edit in EDITS:
        before = files.get(edit.path, "")
        assert edit.old in before, edit.subject
        after = before.replace(edit.old, edit.new or "", 1)
        path = edit.rename or edit.path
        if edit.rename:
            del files[edit.path]
        files[path] = after
        renames = {edit.path: edit.rename} if edit.rename else {}
        found.append(Commit(edit.subject, {path: after}, renames=renames))
    return found
