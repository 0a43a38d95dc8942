"""Causes that are no edit of an expression: drift, versions, upstream resources, data sources, providers' own doing."""

from __future__ import annotations

import pytest

from change_events.model import Action, Change, Confidence, Drift, Inputs, ValueKind
from change_events.redact import MARK
from tests.support.git_history import Commit
from tests.tf_wrapper.cause.small import BASE, attribute, make, update
from tf_wrapper.cause.find import find_causes

LOCK = """\
provider "registry.terraform.io/hashicorp/x" {
  version = "VERSION"
  hashes  = ["h1:VERSION"]
}
provider "registry.terraform.io/hashicorp/y" {
  version = "OTHER"
}
"""
X = "registry.terraform.io/hashicorp/x"
MODULE = 'module "m" {\n  source  = "acme/m/x"\n  version = "VERSION"\n}\n'


def lock(version, other="1.0.0"):
    return LOCK.replace("VERSION", version).replace("OTHER", other)


def installed(small, version):
    """A module from a registry, as `terraform init` leaves it: outside of git."""
    modules = small.folder / ".terraform" / "modules"
    (modules / "m").mkdir(parents=True)
    row = '{"Key":"m","Source":"registry.terraform.io/acme/m/x","Version":"%s","Dir":".terraform/modules/m"}'
    (modules / "modules.json").write_text('{"Modules":[%s]}' % (row % version))
    (modules / "m" / "main.tf").write_text('resource "x_thing" "b" {\n  size = "s1"\n}\n')
    (small.folder / ".gitignore").write_text(".terraform\n")


def test_drift_that_is_put_back_is_proven_by_its_values(tmp_path):
    small = make(tmp_path / "one", Commit("edit elsewhere", {"terraform.tfvars": 'size = "s1" # edited\n'}))
    drift = Drift(address="x_thing.a", action=Action.UPDATE, attributes=(attribute("size", "s1", "s9"),))
    change = update("x_thing.a", attribute("size", "s9", "s1"))
    [cause] = small.causes(change, drift=(drift,))
    assert (cause.kind, cause.text, cause.confidence) == ("drift", "x_thing.a", Confidence.EXACT)


def test_drift_and_an_edit_of_the_same_attribute_name_the_edit(tmp_path):
    small = make(tmp_path / "one", Commit("edit", {"terraform.tfvars": 'size = "s1"\n'}))
    drift = Drift(
        address="x_thing.a", action=Action.UPDATE, attributes=(attribute("size", "s0", "s9"),), set_anew=("size",)
    )
    change = update("x_thing.a", attribute("size", "s9", "s1"))
    assert small.rows(change, drift=(drift,)) == [("edited_line", "terraform.tfvars:1", ["edit"])]


def test_what_was_deleted_outside_is_created_again_because_of_that(tmp_path):
    small = make(tmp_path / "one")
    drift = Drift(address="x_thing.a", action=Action.DESTROY)
    assert small.rows(update(action=Action.CREATE), drift=(drift,)) == [("drift", "x_thing.a", [])]


def test_drift_of_an_instance_whose_key_is_hidden_explains_no_other_instance(tmp_path):
    small = make(tmp_path / "one")
    hidden = f'x_thing.a["{MARK}"]'
    drift = Drift(address=hidden, action=Action.DESTROY)
    assert not [row for row in small.rows(update(hidden, action=Action.CREATE), drift=(drift,)) if row[0] == "drift"]


def test_a_provider_of_another_version_in_the_lock_file(tmp_path):
    base = {"main.tf": 'resource "x_thing" "a" {\n  size = "s"\n}\n', ".terraform.lock.hcl": lock("1.0.0")}
    small = make(tmp_path / "one", Commit("upgrade", {".terraform.lock.hcl": lock("1.1.0")}), base=base)
    change = update("x_thing.a", attribute("computed"), provider=X)
    inputs = Inputs(providers={X: "1.0.0"})
    [cause] = small.causes(change, runs=[small.run(inputs=inputs)])
    assert (cause.kind, cause.text) == ("provider_version", "hashicorp/x 1.0.0 → 1.1.0")
    assert (cause.file, cause.line, cause.commits[0].subject) == (".terraform.lock.hcl", 2, "upgrade")
    assert small.rows(change) == [("provider_version", ".terraform.lock.hcl:2", ["upgrade"])]


def test_another_providers_version_is_no_cause(tmp_path):
    base = {"main.tf": 'resource "x_thing" "a" {\n  size = "s"\n}\n', ".terraform.lock.hcl": lock("1.0.0")}
    small = make(tmp_path / "one", Commit("upgrade", {".terraform.lock.hcl": lock("1.0.0", "2.0.0")}), base=base)
    change = update("x_thing.a", attribute("computed"), provider=X)
    assert [kind for kind, _, _ in small.rows(change)] == ["provider_computed"]


def test_a_module_of_another_version_by_an_edit(tmp_path):
    small = make(
        tmp_path / "one",
        Commit("upgrade", {"main.tf": MODULE.replace("VERSION", "1.1.0")}),
        base={"main.tf": MODULE.replace("VERSION", "1.0.0"), ".gitignore": ".terraform\n"},
    )
    installed(small, "1.1.0")
    change = update("module.m.x_thing.b", attribute("size"), module="module.m")
    assert small.rows(change) == [("module_version", "main.tf:3", ["upgrade"])]


def test_a_module_of_another_version_within_its_range(tmp_path):
    base = {"main.tf": MODULE.replace("VERSION", "~> 1.0"), ".gitignore": ".terraform\n"}
    small = make(tmp_path / "one", base=base)
    installed(small, "1.1.0")
    change = update("module.m.x_thing.b", attribute("size"), module="module.m")
    run = small.run(inputs=Inputs(modules={"m": "1.0.0"}))
    assert small.rows(change, runs=[run]) == [("module_version", "module.m 1.0.0 → 1.1.0", [])]
    same = small.run(inputs=Inputs(modules={"m": "1.1.0"}))
    assert small.rows(change, runs=[same]) == [("unknown", "git has no history of .terraform/modules/m/main.tf", [])]


def test_default_tags_of_the_provider(tmp_path):
    text = 'provider "x" {\n  tags = { team = "TEAM" }\n}\nresource "x_thing" "a" {\n  size = "s"\n}\n'
    small = make(
        tmp_path / "one",
        Commit("edit", {"main.tf": text.replace("TEAM", "blue")}),
        base={"main.tf": text.replace("TEAM", "red")},
    )
    change = update("x_thing.a", attribute("tags_all.team", "red", "blue"))
    assert small.rows(change) == [("edited_line", "main.tf:2", ["edit"])]


UPSTREAM = """\
resource "x_thing" "up" {
  size = "SIZE"
}
resource "x_thing" "many" {
  for_each = toset(["p", "q"])
}
resource "x_thing" "a" {
  size = x_thing.up.arn
  kind = x_thing.many["p"].arn
}
data "x_image" "d" {}
resource "x_thing" "c" {
  size = data.x_image.d.id
}
"""


def test_an_upstream_resource_and_the_edit_behind_it(tmp_path):
    small = make(
        tmp_path / "one",
        Commit("edit", {"main.tf": UPSTREAM.replace("SIZE", "s1")}),
        base={"main.tf": UPSTREAM.replace("SIZE", "s0")},
    )
    change = update("x_thing.a", attribute("size", kind=ValueKind.UNKNOWN))
    up = update("x_thing.up", attribute("size"), action=Action.REPLACE)
    assert small.rows(change, up) == [("upstream_change", "x_thing.up", []), ("edited_line", "main.tf:2", ["edit"])]


def test_of_several_instances_upstream_only_the_one_that_is_named(tmp_path):
    small = make(tmp_path / "one", base={"main.tf": UPSTREAM})
    change = update("x_thing.a", attribute("kind"))
    other = update('x_thing.many["q"]', attribute("size"))
    this = update('x_thing.many["p"]', attribute("size"))
    assert small.rows(change, other, this) == [("upstream_change", 'x_thing.many["p"]', [])]


def test_a_data_source_that_is_read_anew(tmp_path):
    small = make(tmp_path / "one", base={"main.tf": UPSTREAM})
    change = update("x_thing.c", attribute("size"))
    read = Change(address="data.x_image.d", action=Action.READ, type="x_image", name="d", mode="data")
    assert small.rows(change, read) == [("data_source", "data.x_image.d", [])]
    assert small.rows(change) == [("data_source", "data.x_image.d", [])]


def test_what_no_configuration_mentions_is_the_providers(tmp_path):
    small = make(tmp_path / "one")
    change = update("x_thing.a", attribute("etag", kind=ValueKind.UNKNOWN))
    assert small.rows(change) == [("provider_computed", "etag (known after apply)", [])]


def test_a_computed_attribute_is_not_reported_beside_an_edit(tmp_path):
    small = make(tmp_path / "one", Commit("edit", {"terraform.tfvars": 'size = "s1"\n'}))
    change = update("x_thing.a", attribute("etag"), attribute("size"))
    assert small.rows(change) == [("edited_line", "terraform.tfvars:1", ["edit"])]


@pytest.mark.parametrize(
    ("reason", "words"),
    [("replace_because_tainted", "it was tainted"), ("replace_by_request", "-replace asks for it")],
)
def test_replacements_that_terraform_explains(tmp_path, reason, words):
    small = make(tmp_path / "one")
    change = update("x_thing.a", attribute("id", kind=ValueKind.UNKNOWN), action=Action.REPLACE, reason=reason)
    assert small.rows(change) == [("unknown", words, [])]


BLOCKS = """\
locals {
  ports = [80, 443]
}
resource "x_thing" "a" {
  rule {
    port = 22
    from = "office"
  }
  rule {
    port = 80
    from = "LATER"
  }
  dynamic "extra" {
    for_each = local.ports
    content {
      port = extra.value
      name = "NAME"
    }
  }
  limits = {
    cpu = "CPU"
    ram = "r0"
  }
}
"""


@pytest.mark.parametrize(
    ("path", "old", "new", "line"),
    [
        ("rule[1].from", "LATER", "world", 11),
        ("rule", "LATER", "world", 9),
        ("extra[0].port", "[80, 443]", "[80, 8443]", 2),
        ("extra[1].name", "NAME", "other", 17),
        ("limits.cpu", "CPU", "c1", 21),
        ("limits", "CPU", "c1", 20),
    ],
)
def test_nested_blocks_dynamic_blocks_and_elements_of_objects(tmp_path, path, old, new, line):
    small = make(tmp_path / "one", Commit("edit", {"main.tf": BLOCKS.replace(old, new)}), base={"main.tf": BLOCKS})
    change = update("x_thing.a", attribute(path))
    assert small.rows(change) == [("edited_line", f"main.tf:{line}", ["edit"])]


def test_a_neighbour_in_the_same_object_is_no_cause(tmp_path):
    small = make(tmp_path / "one", Commit("edit", {"main.tf": BLOCKS.replace("r0", "r1")}), base={"main.tf": BLOCKS})
    assert small.rows(update("x_thing.a", attribute("limits.cpu")))[0][0] == "unknown"


def test_inputs_hold_no_value(tmp_path):
    small = make(tmp_path / "one", base={**BASE, ".terraform.lock.hcl": lock("1.0.0")})
    found = find_causes(small.search(variables={"size": "0123456789ab"})).inputs
    assert found == Inputs(variables={"size": "0123456789ab"}, providers={X: "1.0.0", X[:-1] + "y": "1.0.0"})
