"""A change's declaration is found in the text, and its commit in git."""

import json
import os
import subprocess

import pytest

from change_events.model import Action, Change
from tf_wrapper.source import with_sources
from tf_wrapper.source.blocks import find

TEXT = """# resource "a" "commented" {
/* resource "a" "starred" { } */
variable "v" { default = "}" }
resource "a" "tricky" {
  x = "y ${ {a = "}"} } $${not} \\" }"
  heredoc = <<-EOT
    }
    resource "a" "inside" {
  EOT
  nested { d = 1 } // }
}

resource a bare {}
locals {
  s = <<EOT
resource "a" "text" {
EOT
}
data "a" "tricky" {
  z = 1
}
"""


@pytest.mark.parametrize(
    ("kind", "labels", "lines"),
    [
        ("resource", ("a", "tricky"), (4, 11)),
        ("data", ("a", "tricky"), (19, 21)),
        ("resource", ("a", "bare"), (13, 13)),
        ("variable", ("v",), (3, 3)),
        ("resource", ("a", "commented"), None),
        ("resource", ("a", "starred"), None),
        ("resource", ("a", "inside"), None),
        ("resource", ("a", "text"), None),
        ("resource", ("b", "tricky"), None),
    ],
)
def test_blocks_are_found_and_lookalikes_are_not(kind, labels, lines):
    assert find(TEXT, kind, labels) == lines


def test_an_unfinished_block_is_no_block():
    assert find('resource "a" "b" {\n  x = "', "resource", ("a", "b")) is None


def git(folder, *words, date="2026-01-01T00:00:00Z"):
    identity = ["-c", "user.name=Somebody", "-c", "user.email=s@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *words],
        cwd=folder,
        env={**os.environ, "GIT_COMMITTER_DATE": date},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def change(address, **fields):
    return Change(address=address, action=Action.UPDATE, type="a", name="tricky", **fields)


def test_file_line_and_the_commit_that_last_touched_the_block(tmp_path):
    (tmp_path / "main.tf").write_text(TEXT)
    child = tmp_path / "mod"
    child.mkdir()
    (child / "x.tf").write_text('resource "a" "tricky" {\n}\n')
    data = tmp_path / ".terraform"
    (data / "modules").mkdir(parents=True)
    (data / "modules" / "modules.json").write_text(
        json.dumps({"Modules": [{"Key": "", "Dir": "."}, {"Key": "one.two", "Dir": "mod"}]})
    )
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    first = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "main.tf").write_text(TEXT.replace("d = 1", "d = 2"))
    git(tmp_path, "commit", "-qam", "second", date="2026-01-02T00:00:00Z")
    second = git(tmp_path, "rev-parse", "HEAD")

    root, inner, gone = with_sources(
        [
            change("a.tricky"),
            change('module.one["x.y"].module.two.a.tricky', module='module.one["x.y"].module.two'),
            change("module.no.a.tricky", module="module.no"),
        ],
        str(tmp_path),
        str(data),
    )
    assert (root.source.file, root.source.line, root.source.commit) == ("main.tf", 4, second)
    assert (inner.source.file, inner.source.line, inner.source.commit) == ("mod/x.tf", 1, first)
    assert gone.source is None
