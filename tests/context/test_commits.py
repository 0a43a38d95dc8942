"""The commits between two revisions, in real repositories."""

import os
import time

import pytest

from change_events.context import git, git_command
from change_events.context.commits import MOST, between, is_revision
from tests.support.scene import Scene
from tests.support.speed import at_most, limit


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def ask(scene, commit, previous=None, cwd=None):
    return between(cwd or scene.work, scene.environ, commit=commit, previous=previous)


def test_the_new_ones_are_listed_newest_first_with_their_authors(scene):
    first = scene.commit("one")
    second = scene.commit("two\n\nwith a body", author="Bo")
    third = scene.commit("three")
    found = ask(scene, "HEAD", first[:10])
    assert [(c.id, c.subject, c.author) for c in found.commits] == [(third, "three", "Ann"), (second, "two", "Bo")]
    assert (found.commit.id, found.previous, found.omitted, found.gone, found.problem) == (third, first, 0, 0, None)


def test_tags_and_branches_are_revisions_and_merges_count_once(scene):
    scene.commit("base")
    scene.git("tag", "v1")
    scene.git("checkout", "-q", "-b", "side")
    scene.commit("on the side")
    scene.git("checkout", "-q", "main")
    scene.commit("on main")
    scene.git("merge", "-q", "--no-ff", "-m", "merge it", "side")
    scene.git("tag", "-a", "v2", "-m", "annotated")
    found = ask(scene, "v2", "v1")
    assert {c.subject for c in found.commits} == {"on the side", "on main", "merge it"}


def test_many_are_capped_and_counted(scene):
    first = scene.commit("first")
    for number in range(MOST + 7):
        scene.commit(f"number {number}")
    found = ask(scene, "HEAD", first)
    assert (len(found.commits), found.omitted) == (MOST, 7)
    assert found.commits[0].subject == f"number {MOST + 6}"


def test_going_back_brings_nothing_and_says_how_far(scene):
    old = scene.commit("old")
    scene.commit("bad idea")
    new = scene.commit("worse")
    found = ask(scene, old, new)
    assert (found.commits, found.gone) == ((), 2)


def test_another_line_of_history_is_distinguished_from_both_sides(scene):
    scene.commit("base")
    scene.git("checkout", "-q", "-b", "hotfix")
    hotfix = scene.commit("hotfix")
    scene.git("checkout", "-q", "main")
    scene.commit("feature")
    found = ask(scene, "HEAD", hotfix)
    assert ([c.subject for c in found.commits], found.gone) == (["feature"], 1)


def test_a_shallow_clone_says_what_it_lacks(scene, tmp_path):
    first = scene.commit("one")
    head = scene.commit("two")
    scene.git("clone", "-q", "--depth", "1", f"file://{scene.work}", str(tmp_path / "shallow"))
    found = ask(scene, "HEAD", first, cwd=tmp_path / "shallow")
    assert (found.commit.id, found.previous, found.commits) == (head, None, ())
    assert found.problem.startswith(
        "the commits between cannot be listed: the previous commit is not in this shallow clone"
    )


def test_a_whole_clone_says_that_the_commit_has_gone(scene):
    head = scene.commit("one")
    found = ask(scene, "HEAD", "b" * 40)
    assert found.commit.id == head
    assert found.problem.endswith("it was never fetched, or was amended, squashed or force-pushed away")


def test_outside_of_a_repository_nothing_is_known(scene):
    found = ask(scene, "a" * 40, "b" * 40)
    assert (found.commit, found.commits) == (None, ())
    assert found.problem == "the commits between cannot be listed: there is no git repository here"
    assert ask(scene, "HEAD").problem == "the commit cannot be looked up: there is no git repository here"


def test_without_git_that_is_the_reason(scene, tmp_path):
    scene.commit("one")
    found = between(scene.work, {**scene.environ, "PATH": str(tmp_path)}, commit="HEAD", previous="HEAD")
    assert found.problem == "the commits between cannot be listed: git is not installed"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a repository away")
def test_a_repository_that_git_refuses_is_named(scene):
    scene.commit("one")
    for path in (scene.work, scene.work / ".git"):
        os.chown(path, 65534, 65534)
    found = ask(scene, "HEAD", "HEAD")
    assert found.commit is None
    assert f"git refuses the repository {scene.work}" in found.problem
    assert "safe.directory" in found.problem


def test_only_commits_that_touch_a_path_are_listed(scene):
    old = scene.commit("one")
    for name in ("shop/a", "blog/b"):
        (scene.work / name).parent.mkdir()
        (scene.work / name).write_text("x")
        scene.git("add", name)
        scene.git("commit", "-q", "-m", f"change {name}")
    found = between(scene.work, scene.environ, commit="HEAD", previous=old, paths=["shop"])
    assert ([commit.subject for commit in found.commits], found.omitted) == (["change shop/a"], 0)
    assert between(scene.work, scene.environ, commit="HEAD", previous=old, paths=["nowhere"]).commits == ()


@pytest.mark.parametrize("text", ["-x", "--output=x", "", "a b", "a\nb", "a\0b", "x" * 300])
def test_what_git_could_take_for_an_option_is_no_revision(text):
    assert not is_revision(text)


@pytest.mark.parametrize(
    "text", ["HEAD", "HEAD~3", "v1.4.2", "origin/main", "abc123", "release/2026-11", "HEAD^{commit}"]
)
def test_what_people_write_is_a_revision(text):
    assert is_revision(text)


def test_a_slow_git_costs_two_seconds_at_most(scene, tmp_path, monkeypatch):
    monkeypatch.setattr(git, "SECONDS", 2.0)
    slow = tmp_path / "slow"
    slow.mkdir()
    scene.script(slow / "git", "sleep 900")
    scene.commit("one")
    with at_most(4):
        found = between(scene.work, {**scene.environ, "PATH": f"{slow}:/bin:/usr/bin"}, commit="HEAD", previous="v1")
    assert found.problem == "the commits between cannot be listed: git was too slow"


def test_a_git_that_hangs_is_not_waited_for_again(scene, tmp_path, monkeypatch):
    slow = tmp_path / "slow"
    slow.mkdir()
    scene.script(slow / "git", "echo . >>$HOME/asked; sleep 900")
    scene.commit("one")
    environ = {**scene.environ, "HOME": str(tmp_path), "PATH": f"{slow}:/bin:/usr/bin"}
    monkeypatch.setattr(git_command, "_HUNG_AFTER", 0.05)
    for words in (("rev-parse", "HEAD"), ("rev-parse", "--show-toplevel"), ("log", "-1")):
        assert git_command.ask({"": words}, scene.work, environ, time.monotonic() + limit(0.5)) == {"": None}
    assert (tmp_path / "asked").read_text() == ".\n"
    monkeypatch.setattr(git_command._Hung, "until", time.monotonic() - 1)
    assert git_command.ask({"": ("rev-parse", "HEAD")}, scene.work, scene.environ, time.monotonic() + 60)[""]
