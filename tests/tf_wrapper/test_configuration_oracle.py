"""Our reader of configuration beside python-hcl2, which knows nothing of it: both find the same declarations."""

from pathlib import Path

import hcl2
import pytest

from tf_wrapper.configuration.module import read_module

ROOT = Path(__file__).parents[2]
FOLDERS = sorted({path.parent for path in (ROOT / "examples").rglob("*.tf")})
VALUES = """
variable "text" { default = "x y" }
variable "number" { default = 2.5 }
variable "flag" { default = false }
variable "list" { default = [1, "b", true] }
variable "secret" {
  description = "with } and { and \\"quotes\\""
  default     = "s"
  sensitive   = true
}
variable "given" {}
locals {
  one = 1
  two = "${var.text}-2"
}
module "network" {
  source = "./network"
  cidr   = "10.0.0.0/16"
}
output "all" {
  value     = [var.text, local.one]
  sensitive = true
}
"""


def labels(blocks):
    return {name.strip('"') for block in blocks for name in block}


def plain(value):
    """hcl2's value without the quotes that it keeps around texts."""
    if isinstance(value, str):
        return value[1:-1] if value.startswith('"') else value
    return [plain(part) for part in value] if isinstance(value, list) else value


def both(folder):
    documents = [hcl2.loads(path.read_text()) for path in sorted(folder.glob("*.tf"))]
    merged = {kind: [block for document in documents for block in document.get(kind, [])] for kind in KINDS}
    return read_module(str(folder)), merged


KINDS = ("variable", "output", "locals", "module")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_examples_declare_the_same_to_both(folder):
    ours, theirs = both(folder)
    assert ours.whole
    assert set(ours.variables) == labels(theirs["variable"])
    assert set(ours.outputs) == labels(theirs["output"])
    assert set(ours.calls) == labels(theirs["module"])


def test_names_marks_and_literal_values_are_the_same_to_both(tmp_path):
    (tmp_path / "main.tf").write_text(VALUES)
    ours, theirs = both(tmp_path)
    declared = {name.strip('"'): body for block in theirs["variable"] for name, body in block.items()}
    assert set(ours.variables) == set(declared)
    for name, variable in ours.variables.items():
        assert variable.sensitive == declared[name].get("sensitive", False), name
        literal = variable.default.literal() if variable.default else None
        assert literal == plain(declared[name].get("default")), name
    assert set(ours.locals) == {name for block in theirs["locals"] for name in block if not name.startswith("__")}
    assert set(ours.calls["network"]) == {"cidr"}
    assert ours.outputs["all"].sensitive
