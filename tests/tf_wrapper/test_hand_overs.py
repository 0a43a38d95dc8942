"""Which entries of a state a configuration lets go or brings in, by its `removed` and `import` blocks."""

from __future__ import annotations

import json

import pytest

from tests.support.terraform import write_files
from tf_wrapper.configuration.hand_overs import HandOvers, find_hand_overs

FORGET = "removed {{\n  from = {}\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
IMPORT = 'import {{\n  to = {}\n  id = "x"\n}}\n'
EACH = "import {\n  for_each = var.ids\n  to = a.b[each.key]\n  id = each.value\n}\n"
SIMPLE = {"removed": {"from": "a.b", "lifecycle": {"destroy": False}}, "import": [{"to": "a.c", "id": "x"}]}


def found(tmp_path, files, *, tofu=None):
    write_files(tmp_path, files)
    return find_hand_overs(str(tmp_path), str(tmp_path / ".terraform"), tofu=tofu)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (FORGET.format("a.b"), HandOvers(forgotten=frozenset({"a.b"}))),
        (FORGET.format("module.m . a.b"), HandOvers(forgotten=frozenset({"module.m.a.b"}))),
        (FORGET.format("a.b").replace("false", "true"), HandOvers()),
        (FORGET.format("a.b").replace("false", "local.no"), HandOvers()),
        ("removed {\n  from = a.b\n}\n", HandOvers()),
        (IMPORT.format("a.b"), HandOvers(imported=frozenset({"a.b"}))),
        (IMPORT.format('a.b[ "x y]" ]'), HandOvers(imported=frozenset({'a.b["x y]"]'}))),
        (IMPORT.format("a.b[0]"), HandOvers(imported=frozenset({"a.b[0]"}))),
        (IMPORT.format("a.b[local.key]"), HandOvers(maybe_imported=frozenset({"a.b"}))),
        (EACH, HandOvers(maybe_imported=frozenset({"a.b"}))),
        ("import {\n", HandOvers()),
        ('# import { to = a.b }\nvariable "removed" {}\n', HandOvers()),
    ],
)
def test_blocks_name_what_is_handed_over(tmp_path, code, expected):
    assert found(tmp_path, {"main.tf": code}) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (json.dumps(SIMPLE), HandOvers(forgotten=frozenset({"a.b"}), imported=frozenset({"a.c"}))),
        (json.dumps({"removed": [{"from": "a.b"}, {"from": 1}, 2], "import": None}), HandOvers()),
        ("import [", HandOvers()),
        ('["import"]', HandOvers()),
    ],
)
def test_json_says_the_same(tmp_path, content, expected):
    assert found(tmp_path, {"main.tf.json": content}) == expected


def test_opentofu_destroys_what_was_removed_only_where_the_block_says_so(tmp_path):
    code = "removed {\n  from = a.b\n}\n" + FORGET.format("a.c").replace("false", "true")
    assert found(tmp_path, {"main.tf": code}, tofu=True).forgotten == {"a.b"}


def test_modules_remove_what_is_theirs_and_import_nothing(tmp_path):
    rows = [{"Key": "", "Dir": "."}, {"Key": "m", "Dir": "m"}, {"Key": "m.n", "Dir": "n"}]
    manifest = json.dumps({"Modules": rows})
    files = {"m/main.tf": FORGET.format("a.b") + IMPORT.format("a.c"), "n/main.tf": FORGET.format("module.o")}
    hand_overs = found(tmp_path, {".terraform/modules/modules.json": manifest, **files})
    assert hand_overs == HandOvers(forgotten=frozenset({"module.m.a.b", "module.m.module.n.module.o"}))
    assert hand_overs.forgets('module.m["x"].a.b[0]')
    assert hand_overs.forgets("module.m.module.n.module.o.a.b")
    assert not hand_overs.forgets("module.m.a.bc")
    assert not hand_overs.forgets("a.b")
