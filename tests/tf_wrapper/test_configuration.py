"""Configuration and variable files, read as terraform reads them: terraform itself is asked what is right."""

import json
import subprocess

import pytest

from tests.support.terraform import binaries, clean_env
from tf_wrapper.configuration.module import read_module
from tf_wrapper.configuration.secrets import find_secrets
from tf_wrapper.configuration.values import given_values, read_variable_file
from tf_wrapper.launch.arguments import parse

DEFAULTS = {
    "plain": '"a b"',
    "escapes": r'"q\" b\\ n\n t\t u\u00e9 U\U0001F600 $${x} %%{y} $ % {"',
    "empty": '""',
    "number": "5",
    "fraction": "-2.5",
    "flag": "false",
    "nothing": "null",
    "list": '["a", 1, [true, null,],]',
    "object": '{ a = "x", "b c" : { d = 1 }, (true ? "e" : "f") = 2 }',
    "simple_object": '{ a = "x", "b c" : { d = 1 } # }\n }',
    "heredoc": '<<E\n  two\n    lines "quoted" $${x} \\n\nE',
    "indented": "<<-E\n      two\n        lines\n\n      }\n    E",
    "empty_heredoc": "<<E\nE",
    "braces": '"} { } ${"x"}"',
    "parenthesis": '("x")',
    "windows": '"x" # comment\r',
}
# what only an evaluator knows is not guessed
UNKNOWN = {"object"}
JSON_DEFAULTS = {"text": "a b", "object": {"a": [1, None, {"b": True}]}, "number": 1.5, "flag": False, "nothing": None}


def asked(folder, binary):
    """What terraform says the defaults are."""
    env = clean_env(folder / "home")
    subprocess.run([binary.path, "plan", "-out=p"], cwd=folder, env=env, check=True, capture_output=True)
    shown = subprocess.run([binary.path, "show", "-json", "p"], cwd=folder, env=env, check=True, capture_output=True)
    declared = json.loads(shown.stdout)["configuration"]["root_module"]["variables"]
    return {name: variable.get("default") for name, variable in declared.items()}


@pytest.mark.parametrize("binary", binaries(), ids=str)
def test_defaults_are_those_that_terraform_sees(tmp_path, binary):
    text = "".join(f'variable "{name}" {{\n  default = {value}\n}}\n' for name, value in DEFAULTS.items())
    (tmp_path / "main.tf").write_bytes(text.encode())
    (tmp_path / "cdk.tf.json").write_text(
        json.dumps({"variable": {f"json_{name}": {"default": value} for name, value in JSON_DEFAULTS.items()}})
    )
    expected = asked(tmp_path, binary)
    module = read_module(str(tmp_path))
    assert module.whole
    found = {name: variable.default.literal() for name, variable in module.variables.items()}
    assert found.keys() == expected.keys()
    for name in UNKNOWN:
        assert found.pop(name) is None
        expected.pop(name)
    assert found == expected


def test_marks_and_places(tmp_path):
    (tmp_path / "a.tf").write_text(
        '# variable "no" {}\n\nvariable "yes" {\n  type = string\n  sensitive = "true"\n}\nvariable bare {}\n'
    )
    (tmp_path / "a_override.tf").write_text('variable "bare" {\n  default = 1\n  ephemeral = var.x\n}\n')
    (tmp_path / ".ignored.tf").write_text('variable "hidden" {}')
    (tmp_path / "backup.tf~").write_text('variable "old" {}')
    variables = read_module(str(tmp_path)).variables
    assert set(variables) == {"yes", "bare"}
    assert (variables["yes"].row, variables["yes"].sensitive, variables["yes"].default) == (3, True, None)
    assert variables["bare"].ephemeral  # a mark that cannot be read counts as set
    assert variables["bare"].default.literal() == 1


def test_a_file_with_an_error_is_not_whole_and_gives_what_it_can(tmp_path):
    (tmp_path / "a.tf").write_text('variable "a" {\n  sensitive = true\n}\nvariable "b" {\n  default = \n}\n')
    module = read_module(str(tmp_path))
    assert not module.whole
    assert module.variables["a"].sensitive
    (tmp_path / "a.tf").write_text("")
    (tmp_path / "b.tf.json").write_text("{")
    assert not read_module(str(tmp_path)).whole


def test_values_in_their_order(tmp_path):
    (tmp_path / "terraform.tfvars").write_text('a = "file"\nb = { c = ["x"] }\n')
    (tmp_path / "z.auto.tfvars.json").write_text('{"a": "automatic"}')
    (tmp_path / "mine.txt").write_text('a = "named"\n')
    line = parse(["apply", "-var", "a=first", "-var-file=mine.txt", "-var=a=last"], {})
    values = given_values(str(tmp_path), line.options, {"TF_VAR_a": "environment", "TF_VAR_e": '{ x = "y" }'})
    assert [one.literal() for one in values.given["a"]] == [
        "environment", "file", "automatic", "first", "named", "last",
    ]  # fmt: skip
    assert values.given["b"][0].literal() == {"c": ["x"]}
    assert values.given["e"][-1].literal() == {"x": "y"}
    assert values.readable
    line = parse(["apply", "-var-file=gone.tfvars"], {})
    assert not given_values(str(tmp_path), line.options, {}).readable


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.tfvars", 'a = 1\nb = "x"\n', {"a": 1, "b": "x"}),
        ("x.tfvars", "\ufeffa = 1\r\nb = 2\r\n", {"a": 1, "b": 2}),
        ("x.tfvars", '# a = 1\n/* b = 2 */ c = "a = 1"\n', {"c": "a = 1"}),
        ("x.tfvars.json", '\ufeff{"a": {"b": 1}}', {"a": {"b": 1}}),
        ("x.tfvars.json", '[{"a": 1}, {"b": 2}]', {"a": 1, "b": 2}),
        ("x.tfvars.json", "{", {}),
        ("x.tfvars", '{"a": 1}', {}),
    ],
)
def test_variable_files(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    found = read_variable_file(str(tmp_path / name))
    assert {key: value.literal() for key, value in found.items()} == expected


SECRETS = {
    'locals {\n x = sensitive("one")\n}': ["one"],
    'resource "a" "b" {\n c { d = [for x in y : sensitive("one${x}")] }\n}': ["one"],
    'variable "v" {\n default = "two"\n}\nlocals {\n x = sensitive("one-${var.v}")\n}': ["one-two"],
    "locals {\n a = local.b\n b = local.a\n x = sensitive(local.a)\n}": [],
    'locals {\n x = sensitive(file("${path.module}/key"))\n}': ["from the file"],
    'locals {\n x = sensitive(jsondecode(file("x.json"))["name"])\n}': [],
    'output "o" {\n sensitive = true\n value = { a = "one" }\n}': [{"a": "one"}],
    'output "o" {\n sensitive = true\n value = "x${a.b.c}y"\n}': [],
    'variable "v" {\n sensitive = true\n default = { a = ["one"] }\n}': [{"a": ["one"]}],
    'variable "v" {\n ephemeral = true\n default = "one"\n}': ["one"],
    'variable "v" {\n default = "sensitive(one)"\n}': [],
}


@pytest.mark.parametrize("text", SECRETS)
def test_what_is_secret(tmp_path, text):
    (tmp_path / "main.tf").write_text(text)
    (tmp_path / "key").write_text("from the file")
    found = find_secrets(str(tmp_path), str(tmp_path / ".terraform"), parse(["apply"], {}).options, {})
    assert list(found.values) == SECRETS[text]
    assert not found.kept_out


@pytest.mark.parametrize(
    ("mark", "argv", "environ", "kept_out"),
    [
        ("sensitive", [], {}, True),  # it will be asked for
        ("sensitive", ["-var", "v=x"], {}, False),
        ("sensitive", [], {"TF_VAR_v": "x"}, False),
        ("sensitive", ["-var", "v=x", "-var-file=/dev/zero"], {}, True),
        ("nullable", ["-var-file=/dev/zero"], {}, False),
    ],
)
def test_values_that_cannot_be_read(tmp_path, mark, argv, environ, kept_out):
    (tmp_path / "main.tf").write_text(f'variable "v" {{\n  {mark} = true\n}}\n')
    found = find_secrets(str(tmp_path), str(tmp_path), parse(["apply", *argv], {}).options, environ)
    assert found.kept_out is kept_out


def test_modules_that_call_themselves_end(tmp_path):
    (tmp_path / "main.tf").write_text(
        'module "m" {\n  source = "./."\n  key = "one"\n}\nvariable "key" {\n sensitive = true\n}\n'
    )
    (tmp_path / "modules").mkdir()
    rows = [{"Key": ".".join(["m"] * depth), "Dir": "."} for depth in range(1, 60)]
    (tmp_path / "modules" / "modules.json").write_text(json.dumps({"Modules": rows}))
    assert "one" in find_secrets(str(tmp_path), str(tmp_path), parse(["apply", "-var", "key=x"], {}).options, {}).values
