"""A change's declaration is found by a parser, and its commit in git: never a wrong one."""

import json
import os
import subprocess

import pytest

from change_events.model import Action, Change
from tf_wrapper.configuration.positions import block_rows
from tf_wrapper.source import with_sources

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
action "a" "tricky" {
}
"""
JSON = """
{"//": "a \\/ comment \\b",
 "resource": {"a": {"one": {"x": "${1}"},
   "tricky": [{
     "y": 1
   }]}},
 "data": [{"a": {"tricky": {}}}]
}
"""


@pytest.mark.parametrize(
    ("kind", "labels", "lines"),
    [
        ("resource", ("a", "tricky"), (4, 11)),
        ("data", ("a", "tricky"), (19, 21)),
        ("action", ("a", "tricky"), (22, 23)),
        ("resource", ("a", "bare"), (13, 13)),
        ("resource", ("a", "commented"), None),
        ("resource", ("a", "starred"), None),
        ("resource", ("a", "inside"), None),
        ("resource", ("a", "text"), None),
        ("resource", ("b", "tricky"), None),
    ],
)
def test_blocks_are_found_and_lookalikes_are_not(kind, labels, lines):
    assert block_rows(TEXT.encode(), is_json=False).get((kind, *labels)) == lines


def test_blocks_of_json():
    rows = block_rows(JSON.encode(), is_json=True)
    assert rows == {
        ("resource", "a", "one"): (3, 3),
        ("resource", "a", "tricky"): (4, 6),
        ("data", "a", "tricky"): (7, 7),
    }


def test_quotes_within_an_interpolation_of_json():
    text = '{"resource": {"a": {\n"one": {"x": "${var.y == \\"b\\" ? 1 : 2}"},\n"two": {}}}}\n'
    rows = block_rows(text.encode(), is_json=True)
    assert rows == {("resource", "a", "one"): (2, 2), ("resource", "a", "two"): (3, 3)}


def test_a_syntax_error_costs_only_its_own_place():
    text = 'resource "a" "good" {\n}\nresource "a" "bad" {\n  x = "\n'
    assert block_rows(text.encode(), is_json=False)[("resource", "a", "good")] == (1, 2)


def git(folder, *words, date="2026-01-01T00:00:00Z"):
    identity = ["-c", "user.name=Somebody", "-c", "user.email=s@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *words],
        cwd=folder,
        env={**os.environ, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(folder, text=None, *, day=1, name="main.tf"):
    """Write a file, commit everything, and give the commit."""
    if text is not None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", f"day {day}", date=f"2026-01-{day:02}T00:00:00Z")
    return git(folder, "rev-parse", "HEAD")


def change(address, **fields):
    return Change(address=address, action=Action.UPDATE, type="a", name="tricky", **fields)


def source(folder):
    [found] = with_sources([change("a.tricky")], str(folder), str(folder / ".terraform"))
    return found.source


def test_an_action_has_a_place_as_what_it_is(tmp_path):
    (tmp_path / "main.tf").write_text('resource "a" "tricky" {}\naction "a" "tricky" {}\n')
    invoked = Change(address="action.a.tricky", action=Action.INVOKE, mode="action", type="a", name="tricky")
    [found] = with_sources([invoked], str(tmp_path), str(tmp_path / ".terraform"))
    assert (found.source.file, found.source.line) == ("main.tf", 2)


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def test_file_line_and_the_commit_that_last_touched_the_block(repository):
    data = repository / ".terraform"
    (data / "modules").mkdir(parents=True)
    (data / "modules" / "modules.json").write_text(
        json.dumps({"Modules": [{"Key": "", "Dir": "."}, {"Key": "one.two", "Dir": "mod"}]})
    )
    commit(repository, TEXT)
    first = commit(repository, 'resource "a" "tricky" {\n}\n', name="mod/x.tf", day=2)
    second = commit(repository, TEXT.replace("d = 1", "d = 2"), day=3)

    root, inner, gone = with_sources(
        [
            change("a.tricky"),
            change('module.one["x.y"].module.two.a.tricky', module='module.one["x.y"].module.two'),
            change("module.no.a.tricky", module="module.no"),
        ],
        str(repository),
        str(data),
    )
    assert (root.source.file, root.source.line, root.source.commit) == ("main.tf", 4, second)
    assert (inner.source.file, inner.source.line, inner.source.commit) == ("mod/x.tf", 1, first)
    assert gone.source is None


def test_json_has_a_place_and_a_commit(repository):
    commit(repository, JSON, name="cdk.tf.json")
    second = commit(repository, JSON.replace('"y": 1', '"y": 2'), name="cdk.tf.json", day=2)
    commit(repository, "\n" + JSON.replace('"y": 1', '"y": 2'), name="cdk.tf.json", day=3)
    found = source(repository)
    assert (found.file, found.line, found.commit) == ("cdk.tf.json", 5, second)


def test_a_removed_line_is_a_change_of_the_block(repository):
    commit(repository, TEXT)
    second = commit(repository, TEXT.replace("  nested { d = 1 } // }\n", ""), day=2)
    commit(repository, "# moved\n" + TEXT.replace("  nested { d = 1 } // }\n", ""), day=3)
    assert source(repository).commit == second


@pytest.mark.parametrize("edit", [("d = 1", "d = 2"), ("  nested { d = 1 } // }\n", "")], ids=["changed", "removed"])
def test_an_uncommitted_edit_is_credited_to_no_commit(repository, edit):
    first = commit(repository, TEXT)
    (repository / "main.tf").write_text(TEXT.replace(*edit))
    assert (source(repository).commit, source(repository).commit_unknown) == (None, "unknown: uncommitted change")
    (repository / "main.tf").write_text("# another\n" + TEXT)  # elsewhere in the file
    assert (source(repository).commit, source(repository).line) == (first, 5)


def test_a_file_that_is_not_committed(repository):
    commit(repository, "", name="other.tf")
    (repository / "main.tf").write_text(TEXT)
    assert source(repository).commit_unknown == "unknown: uncommitted change"


def test_no_repository_and_no_commit(tmp_path, repository):
    (tmp_path / "main.tf").write_text(TEXT)
    assert (source(tmp_path).line, source(tmp_path).commit, source(tmp_path).commit_unknown) == (4, None, None)
    (repository / "main.tf").write_text(TEXT)
    assert source(repository).commit is None


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_credits_only_what_it_has_seen(repository, tmp_path, depth):
    commit(repository, TEXT)
    commit(repository, "x", name="README", day=2)
    last = commit(repository, 'resource "a" "other" {\n}\n', name="other.tf", day=3)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", f"--depth={depth}", f"file://{repository}", str(clone))
    assert (source(clone).commit, source(clone).commit_unknown) == (None, "unknown: shallow clone")
    changed = commit(clone, TEXT.replace("d = 1", "d = 2"), day=4)
    assert (source(clone).commit, source(clone).commit_unknown) == (changed, None)
    assert last != changed


def test_a_shallow_clone_with_a_merge(repository, tmp_path):
    commit(repository, TEXT)
    git(repository, "checkout", "-qb", "side")
    commit(repository, TEXT.replace("d = 1", "d = 2"), day=2)
    git(repository, "checkout", "-q", "main")
    commit(repository, "x", name="README", day=3)
    git(repository, "merge", "-q", "--no-ff", "side", "-m", "merge")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{repository}", str(clone))
    assert source(clone).commit is None
    assert source(clone).commit_unknown == "unknown: shallow clone"


def test_a_partial_clone_is_never_fetched_into(repository, tmp_path):
    git(repository, "config", "uploadpack.allowFilter", "true")
    commit(repository, TEXT)
    commit(repository, TEXT.replace("d = 1", "d = 2"), day=2)
    commit(repository, TEXT.replace("d = 1", "d = 3"), day=3)
    commit(repository, "x", name="README", day=4)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{repository}", str(clone))
    before = git(clone, "rev-list", "--objects", "--all", "--missing=print").count("?")
    found = source(clone)
    assert found.line == 4
    assert found.commit is None
    assert found.commit_unknown
    assert git(clone, "rev-list", "--objects", "--all", "--missing=print").count("?") == before > 0


def test_worktrees_and_submodules(repository, tmp_path):
    first = commit(repository, TEXT)
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    assert source(tmp_path / "tree").commit == first
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", f"file://{repository}", "sub")
    commit(outer)
    assert source(outer / "sub").commit == first


def test_a_module_of_another_repository_is_not_credited(repository):
    commit(repository, "# nothing\n")
    other = repository / ".terraform" / "modules" / "m"
    other.mkdir(parents=True)
    git(other, "init", "-q")
    commit(other, TEXT)
    (repository / ".terraform" / "modules" / "modules.json").write_text(
        json.dumps({"Modules": [{"Key": "m", "Dir": ".terraform/modules/m"}]})
    )
    [found] = with_sources(
        [change("module.m.a.tricky", module="module.m")], str(repository), f"{repository}/.terraform"
    )
    assert (found.source.line, found.source.commit) == (4, None)
    assert found.source.commit_unknown == "unknown: another repository"


USERS = {
    "blame.ignoreRevsFile": "/nowhere",
    "blame.markIgnoredLines": "true",
    "diff.external": "false",
    "diff.noprefix": "true",
    "diff.mnemonicPrefix": "true",
    "core.quotePath": "true",
    "core.fsmonitor": "true",
    "log.follow": "true",
    "log.showSignature": "true",
    "format.pretty": "oneline",
    "log.decorate": "full",
    "color.ui": "always",
    "core.pager": "false",
    "diff.renames": "copies",
    "core.autocrlf": "input",
}


@pytest.mark.parametrize("setting", USERS)
def test_users_settings_change_nothing(repository, setting):
    commit(repository, TEXT, name="sub dir/naïve.tf")
    second = commit(repository, TEXT.replace("d = 1", "d = 2"), name="sub dir/naïve.tf", day=2)
    git(repository, "config", setting, USERS[setting])
    assert source(repository / "sub dir").commit == second
