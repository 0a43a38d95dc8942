"""Which of several edits explains a change: override files, keys, indices, conditions and ``for`` expressions."""

from __future__ import annotations

import pytest

from change_events.model import Action
from tests.support.git_history import Commit
from tests.tf_wrapper.cause.small import attribute, make, update

RESOURCE = 'resource "x_thing" "a" {\n  size = "s0"\n}\n'
OVERRIDE = 'resource "x_thing" "a" {\n  size = "s1"\n}\n'


def found(small, *changes, **fields):
    """Place, confidence and commits of each cause of the first change."""
    names = {commit: subject for subject, commit in small.ids.items()}
    return [
        (f"{one.file}:{one.line}", one.confidence.value if one.confidence else None, [names[c.id] for c in one.commits])
        for one in small.causes(*changes, **fields)
    ]


# -- override files ---------------------------------------------------------------------------------------------------

OVERRIDES = {
    "added, then the overridden edited": (
        {"main.tf": RESOURCE},
        [Commit("A", {"z_override.tf": OVERRIDE}), Commit("B", {"main.tf": RESOURCE.replace("s0", "s9")})],
        [("z_override.tf:2", "exact", ["A"])],
    ),
    "the overridden edited, then added": (
        {"main.tf": RESOURCE},
        [Commit("B", {"main.tf": RESOURCE.replace("s0", "s9")}), Commit("A", {"override.tf": OVERRIDE})],
        [("override.tf:2", "exact", ["A", "B"])],
    ),
    "only the overridden edited": (
        {"main.tf": RESOURCE, "z_override.tf": OVERRIDE},
        [Commit("B", {"main.tf": RESOURCE.replace("s0", "s9")})],
        [("None:None", None, [])],
    ),
    "removed": (
        {"main.tf": RESOURCE, "z_override.tf": OVERRIDE},
        [Commit("B", {"main.tf": RESOURCE.replace("s0", "s9")}), Commit("A", {"z_override.tf": None})],
        [("main.tf:2", "exact", ["A"])],
    ),
    "the last override counts": (
        {"main.tf": RESOURCE, "y_override.tf": OVERRIDE, "z_override.tf": OVERRIDE},
        [
            Commit("A", {"z_override.tf": OVERRIDE.replace("s1", "s2")}),
            Commit("B", {"y_override.tf": OVERRIDE.replace("s1", "s3"), "main.tf": RESOURCE.replace("s0", "s9")}),
        ],
        [("z_override.tf:2", "exact", ["A"])],
    ),
    "another attribute overridden": (
        {"main.tf": RESOURCE, "z_override.tf": OVERRIDE.replace("size", "kind")},
        [Commit("A", {"main.tf": RESOURCE.replace("s0", "s9")})],
        [("main.tf:2", "exact", ["A"])],
    ),
    "an override that got another name": (
        {"main.tf": RESOURCE, "y_override.tf": OVERRIDE},
        [
            Commit("B", {"y_override.tf": None, "z_override.tf": OVERRIDE}, renames={"y_override.tf": "z_override.tf"}),
            Commit("A", {"z_override.tf": OVERRIDE.replace("s1", "s2")}),
        ],
        [("z_override.tf:2", "exact", ["A"])],
    ),
    "JSON": (
        {"main.tf": RESOURCE},
        [
            Commit("A", {"z_override.tf.json": '{"resource": {"x_thing": {"a": {\n"size": "s1"}}}}'}),
            Commit("B", {"main.tf": RESOURCE.replace("s0", "s9")}),
        ],
        [("z_override.tf.json:2", "exact", ["A"])],
    ),
    "a local": (
        {"main.tf": 'locals {\n  size = "s0"\n}\n' + RESOURCE.replace('"s0"', "local.size")},
        [
            Commit("A", {"z_override.tf": 'locals {\n  size = "s1"\n}\n'}),
            Commit("B", {"main.tf": 'locals {\n  size = "s9"\n}\n' + RESOURCE.replace('"s0"', "local.size")}),
        ],
        [("z_override.tf:2", "exact", ["A"])],
    ),
}


@pytest.mark.parametrize("case", OVERRIDES)
def test_only_the_place_that_takes_effect_counts(tmp_path, case):
    base, commits, expected = OVERRIDES[case]
    assert found(make(tmp_path / "one", *commits, base=base)) == expected


def test_an_overridden_object_counts_whole(tmp_path):
    base = {"main.tf": 'resource "x_thing" "a" {\n  tags = { a = 1, b = 1 }\n}\n'}
    small = make(
        tmp_path / "one",
        Commit("A", {"z_override.tf": 'resource "x_thing" "a" {\n  tags = { a = 2 }\n}\n'}),
        Commit("B", {"main.tf": base["main.tf"].replace("b = 1", "b = 2")}),
        base=base,
    )
    assert found(small, update("x_thing.a", attribute("tags.a"))) == [("z_override.tf:2", "exact", ["A"])]
    [(_, _, commits)] = found(small, update("x_thing.a", attribute("tags.b")))
    assert commits == ["A"]


# -- keys, conditions and for expressions -----------------------------------------------------------------------------

MAIN = """\
variable "env" { default = "dev" }
locals {
  table = {
    dev  = { size = 1 }
    prod = { size = 2 }
  }
  cfg = {
    a = { on = true, n = local.table[var.env].size }
    b = { on = true, n = 7 }
  }
  rows = [{ name = "x", size = 1 }, { name = "y", size = 1 }]
  names = ["k", "l"]
  flag = true
}
module "m" {
  source = "./m"
  cfg    = local.cfg
}
resource "x_thing" "cond" {
  size = var.env == "dev" ? "LOW" : "HIGH"
}
resource "x_thing" "not" {
  size = !local.flag
}
resource "x_thing" "named" {
  size = [for row in local.rows : row.name]
}
resource "x_thing" "dep" {
  size = module.m.o["a"]
}
resource "x_thing" "many" {
  for_each = toset([for n in local.names : "n-${n}"])
}
resource "x_thing" "wrapped" {
  for_each = { for k in local.names : k => { table = local.table[k] } if local.flag }
  size     = each.value.table
}
resource "x_thing" "last" {
  size = merge({ v = 1 }, local.cfg["b"], { v = 2 })
}
"""
MODULE = """\
variable "cfg" {}
resource "x_thing" "r" {
  for_each = { for k, v in var.cfg : k => v if v.on }
  size     = merge({ base = "b0" }, each.value)
}
output "o" {
  value = { for k, r in x_thing.r : k => r.size }
}
"""
DEV, PROD = ("dev  = { size = 1", "dev  = { size = 9"), ("prod = { size = 2", "prod = { size = 22")
ENV, FLAG = ('default = "dev"', 'default = "prod"'), ("flag = true", "flag = false")
B_N, B_ON, A_ON = ("n = 7", "n = 8"), ("b = { on = true", "b = { on = false"), ("a = { on = true", "a = { on = false")
BASE = ("b0", "b1")
NAMES = ('"l"]', '"m"]')
A, B = 'module.m.x_thing.r["a"]', 'module.m.x_thing.r["b"]'
CASES = [
    # address, attribute (None: it is destroyed), edits, the causes' places with their confidence
    (A, "size.base", [PROD, B_N, BASE], ["m/main.tf:4 exact"]),
    (A, "size.n", [PROD, B_N, BASE], ["main.tf:3 likely"]),
    (A, "size.n", [DEV, B_N, B_ON], ["main.tf:3 likely"]),
    (A, "size.n", [DEV, ENV], ["main.tf:1 exact", "main.tf:3 likely"]),
    (B, "size.n", [DEV, PROD, B_N, BASE], ["main.tf:9 exact"]),
    (B, None, [B_ON, B_N, DEV], ["main.tf:9 exact"]),
    (A, None, [A_ON, B_N], ["main.tf:8 exact"]),
    ("x_thing.cond", "size", [ENV], ["main.tf:1 exact"]),
    ("x_thing.not", "size", [FLAG], ["main.tf:13 exact"]),
    ("x_thing.named", "size", [('"x", size = 1', '"x", size = 2')], ["main.tf:11 likely"]),
    ('x_thing.many["n-l"]', None, [NAMES], ["main.tf:12 likely"]),
    ('x_thing.wrapped["l"]', None, [FLAG], ["main.tf:13 exact"]),
    ('x_thing.wrapped["l"]', None, [NAMES], ["main.tf:12 exact"]),
    ("x_thing.last", "size.v", [("{ v = 1 }", "{ v = 3 }"), ("{ v = 2 }", "{ v = 4 }")], ["main.tf:39 exact"]),
    ("x_thing.last", "size.v", [B_N], ["None:None None"]),
]


@pytest.mark.parametrize(("address", "path", "edits", "expected"), CASES)
def test_an_edit_of_another_key_is_no_certain_cause(tmp_path, address, path, edits, expected):
    files = {"main.tf": MAIN, "m/main.tf": MODULE}
    commits = []
    for at, (old, new) in enumerate(edits):
        name = "main.tf" if old in files["main.tf"] else "m/main.tf"
        files[name] = files[name].replace(old, new)
        commits.append(Commit(f"c{at}", {name: files[name]}))
    small = make(tmp_path / "one", *commits, base={"main.tf": MAIN, "m/main.tf": MODULE})
    modules = small.folder / ".terraform" / "modules"
    modules.mkdir(parents=True)
    (modules / "modules.json").write_text('{"Modules":[{"Key":"m","Source":"./m","Dir":"m"}]}')
    action = Action.UPDATE if path else Action.DESTROY
    change = update(address, *([attribute(path)] if path else []), action=action)
    assert [f"{place} {confidence}" for place, confidence, _ in found(small, change)] == expected


def test_an_output_of_a_for_expression_leads_to_the_one_instance(tmp_path):
    files = {"main.tf": MAIN, "m/main.tf": MODULE}
    edited = Commit("edit", {"m/main.tf": MODULE.replace("b0", "b1")})
    small = make(tmp_path / "one", edited, base=files)
    modules = small.folder / ".terraform" / "modules"
    modules.mkdir(parents=True)
    (modules / "modules.json").write_text('{"Modules":[{"Key":"m","Source":"./m","Dir":"m"}]}')
    changes = [update("x_thing.dep", attribute("size.base")), *(update(one, attribute("size.base")) for one in (A, B))]
    upstream = [one.text for one in small.causes(*changes) if one.kind.value == "upstream_change"]
    assert upstream == [A]


# -- JSON -------------------------------------------------------------------------------------------------------------

JSON = r"""{"locals": {"q": "one", "t": {"a": 1, "b": 1}, "path": "c:\\x\/y"},
"resource": {"x_thing": {"a": {
"size": "${local.q == \"on{e\" ? 1 : 2}",
"kind": "say \"${lookup(local.t, \"a\", 0)}\"",
"name": "${jsonencode({\"k\" = \"a \\\"q\\\"\"})}"
}}}}
"""
JSON_CASES = [
    ("size", ('"q": "one"', '"q": "two"'), "main.tf.json:1 exact"),
    ("kind", ('"a": 1', '"a": 2'), "main.tf.json:1 exact"),
    ("kind", ('"b": 1', '"b": 2'), "None:None None"),
    ("name", ('\\"k', '\\"l'), "main.tf.json:5 exact"),
]


@pytest.mark.parametrize(("path", "edit", "expected"), JSON_CASES)
def test_quotes_within_an_interpolation_of_json(tmp_path, path, edit, expected):
    assert edit[0] in JSON
    commit = Commit("edit", {"main.tf.json": JSON.replace(*edit)})
    small = make(tmp_path / "one", commit, base={"main.tf.json": JSON})
    [(place, confidence, _)] = found(small, update("x_thing.a", attribute(path)))
    assert f"{place} {confidence}" == expected


# -- files, and parts of what functions give ---------------------------------------------------------------------------

READ = 'locals {\n  doc = yamldecode(file("cfg.yaml"))\n}\nresource "x_thing" "a" {\n  size = %s\n}\n'


@pytest.mark.parametrize(
    ("expression", "path", "expected"),
    [
        ('file("cfg.yaml")', "size", "cfg.yaml:2 exact"),
        ('sha1(file("cfg.yaml"))', "size", "cfg.yaml:2 exact"),
        ("local.doc", "size", "cfg.yaml:2 exact"),
        ("local.doc", "size.web", "cfg.yaml:2 likely"),
        ("local.doc.web", "size", "cfg.yaml:2 likely"),
        ('try(local.doc["web"].port, 1)', "size", "cfg.yaml:2 likely"),
        ('yamldecode(file("cfg.yaml")).web', "size", "cfg.yaml:2 likely"),
        ('(yamldecode(file("cfg.yaml"))).web', "size", "cfg.yaml:2 likely"),
        ('"${yamldecode(file("cfg.yaml"))["web"]}-a"', "size", "cfg.yaml:2 likely"),
        ('lookup(yamldecode(file("cfg.yaml")), "web")', "size", "cfg.yaml:2 likely"),
    ],
)
def test_an_edit_of_a_file_of_which_a_part_is_taken_is_likely(tmp_path, expression, path, expected):
    base = {"main.tf": READ % expression, "cfg.yaml": "web: 1\ndb: 2\n"}
    small = make(tmp_path, Commit("A", {"cfg.yaml": "web: 1\ndb: 3\n"}), base=base)
    ((place, confidence, commits),) = found(small, update("x_thing.a", attribute(path)))
    assert (f"{place} {confidence}", commits) == (expected, ["A"])


def test_the_line_of_a_file_that_only_lost_lines_is_its_last(tmp_path):
    base = {"main.tf": READ % 'file("cfg.yaml")', "cfg.yaml": "web: 1\ndb: 2\n"}
    small = make(tmp_path, Commit("A", {"cfg.yaml": "web: 1\n"}), base=base)
    assert found(small) == [("cfg.yaml:1", "exact", ["A"])]
