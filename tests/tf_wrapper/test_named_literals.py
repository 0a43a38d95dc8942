"""Literals of the configuration by the names that they stand under."""

import json

import pytest

from tf_wrapper.configuration.named_literals import find_named_literals

HCL = r"""
resource "x" "y" {
  db_password = "plain-literal-1" # comment
  nested { token= "in a block" }
  map    = { "api_key" : "in an object", other = "z" }
  quoted = "say \"it\" \u00e9"
  made   = "a ${var.x}"
  chosen = var.flag ? var.token : "no-secret"
  same   = var.password == "compared"
  several = [
    "listed",
  ]
"""
FOUND = [
    ("db_password", "plain-literal-1"),
    ("token", "in a block"),
    ("api_key", "in an object"),
    ("other", "z"),
    ("quoted", 'say "it" é'),
]


def find(folder):
    return list(find_named_literals(str(folder), str(folder), str(folder / ".terraform")))


def test_attributes_and_objects_in_hcl_even_in_a_broken_file(tmp_path):
    (tmp_path / "main.tf").write_text(HCL)
    assert find(tmp_path) == FOUND


@pytest.mark.parametrize("indent", [None, 2])
def test_json(tmp_path, indent):
    content = {"resource": {"x": {"y": {"db_password": "literal", "made": "${var.x}"}}}}
    (tmp_path / "main.tf.json").write_text(json.dumps(content, indent=indent))
    assert find(tmp_path) == [("db_password", "literal")]


def test_called_modules(tmp_path):
    (tmp_path / "main.tf").write_text('a = "root"\n')
    (tmp_path / "child").mkdir()
    (tmp_path / "child/main.tf").write_text('b = "child"\n')
    (tmp_path / ".terraform/modules").mkdir(parents=True)
    modules = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "c", "Source": "./child", "Dir": "child"}]
    (tmp_path / ".terraform/modules/modules.json").write_text(json.dumps({"Modules": modules}))
    assert find(tmp_path) == [("a", "root"), ("b", "child")]
