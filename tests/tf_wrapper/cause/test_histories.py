"""What the shape of a history and the state of a clone make of a cause: never a wrong commit."""

from __future__ import annotations

import os
import shutil

import pytest

from change_events.cause.bases import GONE, LACKS, NO_REPOSITORY, NO_RUN, SHALLOW, SLOW
from change_events.model import CauseKind, Confidence, Inputs
from change_events.settings import Settings
from tests.support import git_history
from tests.support.git_history import Commit, git
from tests.tf_wrapper.cause.small import BASE, MAIN, attribute, make, sized, update
from tf_wrapper.cause.find import find_causes
from tf_wrapper.cause.origins import Given
from tf_wrapper.record.events_adapter import TerraformAdapter

EDIT = [("edited_line", "terraform.tfvars:1", ["edit"])]


@pytest.fixture
def small(tmp_path):
    return make(
        tmp_path / "one", Commit("noise", {"readme.md": "x\n"}), sized("edit", "s1"), Commit("later", {"z": "z"})
    )


def test_the_commit_that_made_the_edit(small):
    [cause] = small.causes()
    assert small.rows() == EDIT
    assert (cause.text, cause.attributes, cause.confidence) == ("var.size", ("size",), Confidence.EXACT)
    assert (cause.commits[0].author, cause.commits[0].authored_at.year) == ("Ada", 2025)


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Smaller nodes (#41)", "#41"),
        ("Smaller nodes (!41)", "!41"),
        ("Merged in smaller (pull request #41)", "#41"),
        ("Merge pull request #41 from ada/smaller", "#41"),
        ("Smaller nodes, see #41", None),
    ],
)
def test_the_pull_request_is_the_number_that_a_squash_merge_leaves(tmp_path, subject, number):
    small = make(tmp_path / "one", sized(subject, "s1"))
    assert small.causes()[0].commits[0].pull_request == number


@pytest.mark.parametrize("depth", [1, 2, 20])
def test_a_shallow_clone_without_the_last_runs_commit_names_no_commit(tmp_path, depth):
    noise = [Commit(f"n{at}", {"readme.md": str(at)}) for at in range(25)]
    small = make(tmp_path / "one", sized("edit", "s1"), *noise)
    git(tmp_path, "clone", "-q", f"--depth={depth}", f"file://{small.folder}", "clone")
    assert small.rows(folder=tmp_path / "clone") == [("unknown", SHALLOW, [])]


def test_doctor_warns_of_a_shallow_clone(small, tmp_path, monkeypatch):
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{small.folder}", "clone")
    for folder, warned in ((small.folder, False), (tmp_path / "clone", True)):
        monkeypatch.chdir(folder)
        found = [one for one in TerraformAdapter().checks(Settings()) if one.name == "history"]
        assert bool(found) is warned
    assert (found[0].verdict, "fetch-depth: 0" in found[0].remedy) == ("warning", True)
    assert not [one for one in TerraformAdapter().checks(Settings(causes=False)) if one.name == "history"]


def test_a_shallow_clone_with_it_names_the_commit(tmp_path):
    small = make(tmp_path / "one", Commit("older", {"a": "a"}), Commit("last", {"b": "b"}), sized("edit", "s1"))
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{small.folder}", "clone")
    assert small.rows(folder=tmp_path / "clone", runs=[small.run("last")]) == EDIT


def test_a_boundary_of_a_shallow_clone_is_credited_with_nothing(tmp_path):
    """A side branch is cut off: its oldest commit looks as if it had written every file."""
    small = make(
        tmp_path / "one",
        Commit("last", {"b": "b"}),
        sized("edit", "s1", branch="side", start="base"),
        Commit("side noise", {"c": "c"}, branch="side"),
        Commit("merge", {"terraform.tfvars": 'size = "s1"\n', "c": "c"}, merges="side noise"),
    )
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{small.folder}", "clone")
    assert small.rows(folder=tmp_path / "clone", runs=[small.run("last")]) == [
        ("edited_line", "terraform.tfvars:1", [])
    ]


def test_a_partial_clone_fetches_nothing(small, tmp_path):
    git(small.folder, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{small.folder}", "clone")
    before = sorted(os.listdir(tmp_path / "clone/.git/objects/pack"))
    assert small.rows(folder=tmp_path / "clone") == [("unknown", LACKS, [])]
    assert sorted(os.listdir(tmp_path / "clone/.git/objects/pack")) == before


def test_a_merged_branch_names_its_own_commit(tmp_path):
    small = make(
        tmp_path / "one",
        Commit("main goes on", {"b": "b"}),
        sized("edit", "s1", branch="side", start="base"),
        Commit("merge", {"terraform.tfvars": 'size = "s1"\n'}, merges="edit"),
    )
    assert small.rows() == EDIT


def test_the_pull_request_of_a_branch_is_that_of_its_merge(tmp_path):
    small = make(
        tmp_path / "one",
        Commit("main goes on", {"b": "b"}),
        sized("edit", "s1", branch="side", start="base"),
        Commit("more", {"c": "c"}, branch="side"),
        Commit("Merge pull request #41 from ada/side", {"terraform.tfvars": 'size = "s1"\n', "c": "c"}, merges="more"),
        Commit("later", {"d": "d"}),
    )
    assert small.rows() == EDIT
    assert small.causes()[0].commits[0].pull_request == "#41"


def test_a_merge_that_edits_by_itself_is_named(tmp_path):
    small = make(
        tmp_path / "one",
        Commit("main goes on", {"b": "b"}),
        sized("side", "s9", branch="side", start="base"),
        sized("edit", "s1", merges="side"),
    )
    assert small.rows() == EDIT


def test_a_commit_that_is_gone_from_the_clone(small):
    assert small.rows(runs=[small.run("0" * 40)]) == [("unknown", GONE, [])]


def test_applied_from_a_branch_that_was_squashed_since(tmp_path):
    small = make(
        tmp_path / "one",
        Commit("on the branch", {"b": "b"}, branch="side", start="base"),
        sized("edit", "s1", start="base"),
    )
    assert small.rows(runs=[small.run("on the branch")]) == EDIT


def test_an_older_checkout_than_the_last_run_names_the_line_and_no_commit(small):
    git(small.folder, "checkout", "-q", small.ids["noise"])
    assert small.rows(runs=[small.run("edit")]) == [("edited_line", "terraform.tfvars:1", [])]


def test_an_edit_that_was_applied_already_is_no_cause(small):
    [(kind, reason, _)] = small.rows(runs=[small.run("edit")])
    assert (kind, reason) == ("unknown", "no edit of what it refers to was found")


# -- without a run, and after runs that failed -----------------------------------------------------------------------


def test_without_a_run_a_branch_is_compared_with_where_it_began(tmp_path):
    small = make(
        tmp_path / "one",
        sized("on main before", "s0b"),
        sized("edit", "s1", branch="feature", start="on main before"),
        branch="feature",
    )
    assert small.rows(runs=[]) == EDIT
    assert small.causes(runs=[])[0].confidence is Confidence.LIKELY


def test_without_a_run_on_the_default_branch_nothing_is_claimed(small):
    assert small.rows(runs=[]) == [("unknown", NO_RUN, [])]


def test_a_failed_run_counts_only_for_what_it_reached(tmp_path):
    small = make(tmp_path / "one", sized("first edit", "s1"), sized("edit", "s2"))
    reached = small.run("first edit", whole=False, applied=frozenset({"x_thing.a"}))
    stopped = small.run("first edit", applied=frozenset({"x_thing.b"}), open=frozenset({"x_thing.a"}))
    assert small.rows(runs=[reached, small.run()]) == EDIT
    assert small.rows(runs=[stopped, small.run()]) == [("edited_line", "terraform.tfvars:1", ["edit", "first edit"])]


def test_a_moved_resource_is_known_by_its_old_name(small):
    run = small.run("edit", whole=False, applied=frozenset({"x_thing.old"}))
    moved = update(previous_address="x_thing.old")
    assert small.rows(moved, runs=[run])[0][1] == "no edit of what it refers to was found"


# -- what no commit holds ---------------------------------------------------------------------------------------------


def test_an_uncommitted_edit_is_called_one(small):
    (small.folder / "terraform.tfvars").write_text('size = "s2"\n')
    assert small.rows(runs=[small.run("edit")]) == [("uncommitted_edit", "terraform.tfvars:1", [])]
    assert small.rows() == [
        ("uncommitted_edit", "terraform.tfvars:1", []),
        ("edited_line", "terraform.tfvars:1", ["edit"]),
    ]


def test_a_new_file_that_is_not_added_yet_is_an_uncommitted_edit(small):
    (small.folder / "z.auto.tfvars").write_text('\nsize = "s3"\n')
    assert small.rows(runs=[small.run("edit")])[0] == ("uncommitted_edit", "z.auto.tfvars:2", [])


def test_layout_comments_and_line_ends_are_no_edits(small):
    (small.folder / "main.tf").write_bytes(
        ("# above\n" + MAIN.replace('  kind = "k0"', '\n  kind   =   "k0" # beside')).replace("\n", "\r\n").encode()
    )
    (small.folder / "terraform.tfvars").write_bytes(b'size="s1" // same\r\n')
    change = update("x_thing.a", attribute("size"), attribute("kind"))
    [(kind, reason, _)] = small.rows(change, runs=[small.run("edit")])
    assert (kind, reason) == ("unknown", "no edit of what it refers to was found")


def test_after_a_dirty_run_only_the_newest_commit_is_sure_not_to_be_in_it(tmp_path):
    small = make(tmp_path / "one", sized("was applied dirty", "s1"), sized("edit", "s2"))
    for inputs in (None, Inputs(uncommitted=("terraform.tfvars",))):
        run = small.run(dirty=True, inputs=inputs)
        assert small.rows(runs=[run]) == EDIT
        assert small.causes(runs=[run])[0].confidence is Confidence.LIKELY
    elsewhere = small.run(dirty=True, inputs=Inputs(uncommitted=("readme.md",)))
    assert small.causes(runs=[elsewhere])[0].confidence is Confidence.EXACT


def test_a_file_that_is_too_large_to_be_read_is_not_compared(tmp_path):
    """Half of a file beside the whole of it would look edited."""
    large = BASE | {"terraform.tfvars": "# " + "x" * (1 << 20) + '\nsize = "s0"\n'}
    small = make(tmp_path / "one", Commit("elsewhere", {"z": "z"}), base=large)
    assert small.rows()[0][0] == "unknown"


def test_a_link_has_no_history_that_is_known(tmp_path):
    small = make(tmp_path / "one", Commit("elsewhere", {"z": "z"}))
    (small.folder / "terraform.tfvars").rename(small.folder / "real.txt")
    (small.folder / "terraform.tfvars").symlink_to("real.txt")
    git(small.folder, "add", "-A")
    git(small.folder, "commit", "-qm", "link")
    small.ids["link"] = git(small.folder, "rev-parse", "HEAD")
    (small.folder / "real.txt").write_text('size = "s1"\n')
    git(small.folder, "commit", "-qam", "edit")
    assert small.rows(runs=[small.run("link")]) == [("unknown", "git has no history of terraform.tfvars", [])]


def test_the_files_that_no_commit_holds_are_kept_for_the_next_run(small):
    (small.folder / "main.tf").write_text(MAIN + "\n# more\n")
    (small.folder / "untracked.tf").write_text("locals {}\n")
    assert find_causes(small.search()).inputs.uncommitted == ("main.tf", "untracked.tf")


# -- the surroundings -------------------------------------------------------------------------------------------------

HOSTILE = """
[core]
  quotePath = true
  fsmonitor = "touch {mark}; false"
  autocrlf = true
[diff]
  noprefix = true
  mnemonicPrefix = true
  external = "touch {mark}; false"
  renames = false
  orderFile = /nowhere
  ignoreSubmodules = all
[diff "x"]
  textconv = "touch {mark}; cat"
[log]
  follow = true
  showSignature = true
  date = relative
  showRoot = false
  diffMerges = off
[color]
  ui = always
[format]
  pretty = oneline
[i18n]
  logOutputEncoding = latin1
[alias]
  log = "!touch {mark}"
"""


def test_users_settings_of_git_do_not_matter(tmp_path):
    small = make(
        tmp_path / "one",
        Commit("edit", {"näme.auto.tfvars": 'size = "s1"\n'}, author="Zoë"),
        base={**BASE, ".gitattributes": "*.tf diff=x\n*.tfvars diff=x\n", "näme.auto.tfvars": 'size = "s0"\n'},
    )
    settings, mark = tmp_path / "gitconfig", tmp_path / "mark"
    settings.write_text(HOSTILE.format(mark=mark))
    environ = {**git_history.clean(), "GIT_CONFIG_GLOBAL": str(settings)}
    assert small.rows(environ=environ) == [("edited_line", "näme.auto.tfvars:1", ["edit"])]
    assert small.causes(environ=environ)[0].commits[0].author == "Zoë"
    assert not mark.exists()


def test_outside_of_a_repository_nothing_is_claimed(small, tmp_path):
    shutil.copytree(small.folder, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    assert small.rows(folder=tmp_path / "copy") == [("unknown", NO_REPOSITORY, [])]


def test_when_the_time_is_over_nothing_is_claimed(small):
    from change_events.process.deadline import Deadline

    assert small.rows(deadline=Deadline(0)) == [("unknown", SLOW, [])]
    computed = update("x_thing.a", attribute("etag"))
    assert small.rows(computed, deadline=Deadline(0))[0][0] == "unknown"


def test_a_module_in_a_submodule_that_moved(tmp_path):
    inner = make(
        tmp_path / "module",
        Commit("new", {"main.tf": 'variable "v" { default = 2 }\nresource "x_thing" "b" {\n  v = var.v\n}\n'}),
        base={"main.tf": 'variable "v" { default = 1 }\nresource "x_thing" "b" {\n  v = var.v\n}\n'},
    )
    small = make(tmp_path / "one", base={"main.tf": 'module "m" {\n  source = "./sub"\n}\n'})
    git(small.folder, "submodule", "add", "-q", str(inner.folder), "sub")
    git(small.folder / "sub", "checkout", "-q", inner.ids["base"])
    git(small.folder, "add", "-A")
    git(small.folder, "commit", "-qm", "with submodule")
    small.ids["with submodule"] = git(small.folder, "rev-parse", "HEAD")
    git(small.folder / "sub", "checkout", "-q", inner.ids["new"])
    git(small.folder, "add", "-A")
    git(small.folder, "commit", "-qm", "edit")
    small.ids["edit"] = git(small.folder, "rev-parse", "HEAD")
    modules = small.folder / ".terraform" / "modules"
    modules.mkdir(parents=True)
    (modules / "modules.json").write_text('{"Modules":[{"Key":"m","Source":"./sub","Dir":"sub"}]}')
    change = update("module.m.x_thing.b", attribute("v"), module="module.m")
    assert small.rows(change, runs=[small.run("with submodule")]) == [
        ("module_version", "module.m (submodule sub)", ["edit"])
    ]


def test_a_given_variable_of_unknown_past_is_said_to_be_one(small):
    given = Given([("var", "size=s1")], {})
    [(kind, reason, _)] = small.rows(given=given)
    assert kind == "unknown"
    assert reason == "var.size is given by the command line, and its value in the last run is not known"


def test_destroying_everything_needs_no_other_cause(small):
    from change_events.model import Action

    [cause] = small.causes(update(action=Action.DESTROY), destroys=True)
    assert (cause.kind, cause.text) == (CauseKind.UNKNOWN, "the destroy command asks for it")


# -- moved resources and modules, modules beside the root, links ------------------------------------------------------

CALL = 'module "NAME" {\n  source = "../shared"\n  size   = "SIZE"\n}\n'
SHARED = 'variable "size" {}\nresource "x_thing" "b" {\n  size = var.size\n}\n'


def moved_to(text, name, size="s0"):
    return text.replace("NAME", name).replace("SIZE", size)


def test_a_renamed_resource_has_the_cause_of_its_attribute_and_not_of_its_name(tmp_path):
    renamed = MAIN.replace('"a"', '"new"') + "moved {\n  from = x_thing.a\n  to = x_thing.new\n}\n"
    small = make(tmp_path / "one", Commit("rename", {"main.tf": renamed}), sized("edit", "s1"))
    change = update("x_thing.new", previous_address="x_thing.a")
    assert small.rows(change) == EDIT
    small = make(
        tmp_path / "two",
        Commit("rename", {"main.tf": renamed}),
        Commit("edit", {"main.tf": renamed.replace("k0", "k1")}),
    )
    change = update("x_thing.new", attribute("kind"), previous_address="x_thing.a")
    assert small.rows(change) == [("edited_line", "main.tf:4", ["edit"])]


@pytest.fixture
def beside(tmp_path):
    """A root module in ``prod/`` with a module in ``shared/``, renamed, then edited."""
    small = make(
        tmp_path / "one",
        Commit("rename", {"prod/main.tf": moved_to(CALL, "new")}),
        Commit("edit", {"prod/main.tf": moved_to(CALL, "new", "s1")}),
        Commit("edit of the module", {"shared/main.tf": SHARED.replace("var.size", "upper(var.size)")}),
        base={"prod/main.tf": moved_to(CALL, "old"), "shared/main.tf": SHARED},
    )
    modules = small.folder / "prod" / ".terraform" / "modules"
    modules.mkdir(parents=True)
    (modules / "modules.json").write_text('{"Modules":[{"Key":"new","Source":"../shared","Dir":"../shared"}]}')
    return small


def test_a_renamed_module_call_and_a_module_beside_the_root(beside):
    change = update("module.new.x_thing.b", previous_address="module.old.x_thing.b", module="module.new")
    assert beside.rows(change, folder=beside.folder / "prod") == [
        ("edited_line", "../shared/main.tf:3", ["edit of the module"]),
        ("edited_line", "main.tf:3", ["edit"]),
    ]


def test_a_root_module_that_is_reached_through_a_link(beside, tmp_path):
    (tmp_path / "link").symlink_to(beside.folder / "prod")
    change = update("module.new.x_thing.b", previous_address="module.old.x_thing.b", module="module.new")
    found = beside.rows(change, folder=tmp_path / "link")
    assert [commits for _, _, commits in found] == [["edit of the module"], ["edit"]]


def test_what_a_data_source_is_asked_for_is_followed(tmp_path):
    text = 'data "x_image" "d" {\n  owner = "o"\n  name  = "NAME"\n}\n'
    text += 'resource "x_thing" "a" {\n  size = data.x_image.d.id\n}\n'
    small = make(
        tmp_path / "one",
        Commit("edit", {"main.tf": text.replace("NAME", "n1")}),
        base={"main.tf": text.replace("NAME", "n0")},
    )
    assert small.rows() == [("edited_line", "main.tf:3", ["edit"])]
