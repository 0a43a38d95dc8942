"""Context: real git repositories, the user."""

import os
import subprocess

import pytest

from change_events.context import detect, git
from change_events.redact import Redactor
from tests.support.speed import at_most

ENVIRON = {
    "PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "a@x", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "a@x",
}  # fmt: skip


def run(folder, *words):
    done = subprocess.run(["git", *words], cwd=folder, env=ENVIRON, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    run(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "main.tf").write_text("")
    return tmp_path


def commit(repository):
    run(repository, "add", ".")
    run(repository, "commit", "-q", "-m", "Widen the subnet")


def test_a_repository_is_reported_without_credentials(repository):
    commit(repository)
    run(repository, "remote", "add", "origin", "https://ada:hunter2@example.com/infra.git")
    (repository / "sub" / "main.tf").write_text("x")
    got = git.detect(repository / "sub", ENVIRON)
    assert (got.repository, got.remote, got.url) == (
        "infra",
        "https://example.com/infra.git",
        "https://example.com/infra",
    )
    assert (got.branch, got.dirty) == ("main", True)
    assert (got.author, got.subject, got.path) == ("Ada", "Widen the subnet", "sub")
    assert got.commit == run(repository, "rev-parse", "HEAD")


def test_a_repository_without_commits_and_a_detached_head(repository):
    assert git.detect(repository, ENVIRON).commit is None
    commit(repository)
    run(repository, "checkout", "-q", "--detach")
    assert git.detect(repository, ENVIRON).branch is None
    found = detect(repository, ENVIRON | {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "release"}, redactor=Redactor())
    assert found.vcs.branch == "release"


def test_no_repository_and_no_git(tmp_path):
    assert git.detect(tmp_path, ENVIRON) is None
    assert git.detect(tmp_path / "gone", ENVIRON) is None


def test_a_repository_cannot_make_us_run_its_programs(repository):
    commit(repository)
    run(repository, "config", "core.fsmonitor", f"touch {repository}/ran")
    git.detect(repository, ENVIRON)
    assert not (repository / "ran").exists()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("git@github.com:acme/infra.git", "github.com:acme/infra.git"),
        ("ssh://git@host:22/x.git", "ssh://host:22/x.git"),
        ("https://token@host/x?private_token=1", "https://host/x"),
    ],
)
def test_addresses_lose_users_and_tokens(url, expected):
    assert git.without_credentials(url) == expected


def test_untracked_files_are_dirty_and_a_clean_tree_is_not(repository):
    commit(repository)
    assert git.detect(repository, ENVIRON).dirty is False
    (repository / "new.tf").write_text("")
    assert git.detect(repository, ENVIRON).dirty is True


def test_what_a_run_writes_beside_its_code_is_not_dirt(repository):
    commit(repository)
    stack = repository / "stack"
    (stack / ".terraform" / "providers").mkdir(parents=True)
    names = ("terraform.tfstate", "terraform.tfstate.backup", ".terraform.tfstate.lock.info", ".terraform/providers/x")
    for name in names:
        (stack / name).write_text("")
    assert git.detect(stack, ENVIRON).dirty is False
    (repository / "elsewhere.txt").write_text("")
    assert git.detect(stack, ENVIRON).dirty is True


@pytest.mark.parametrize("key", ["clean", "process"])
def test_a_repositorys_filter_is_not_run(repository, key):
    (repository / ".gitattributes").write_text("*.tf filter=evil\n")
    commit(repository)
    run(repository, "config", f"filter.evil.{key}", f"touch {repository}/ran; cat")
    run(repository, "config", "filter.evil.required", "true")
    (repository / "sub" / "main.tf").write_text("changed")
    assert git.detect(repository, ENVIRON).dirty is True
    assert not (repository / "ran").exists()


def test_origin_comes_before_other_remotes_and_aliases_are_resolved(repository):
    run(repository, "remote", "add", "backup", "/srv/git/infra.git")
    assert git.detect(repository, ENVIRON).remote == "/srv/git/infra.git"
    run(repository, "remote", "add", "origin", "gh:acme/infra")
    run(repository, "config", "url.https://token@github.com/.insteadOf", "gh:")
    assert git.detect(repository, ENVIRON).remote == "https://github.com/acme/infra"


def test_a_hooks_variables_do_not_lead_to_another_repository(repository, tmp_path_factory):
    commit(repository)
    other = tmp_path_factory.mktemp("other")
    run(other, "init", "-q", "-b", "elsewhere")
    got = git.detect(repository, ENVIRON | {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)})
    assert got.branch == "main"


def test_a_worktree_has_its_own_branch(repository, tmp_path_factory):
    commit(repository)
    tree = tmp_path_factory.mktemp("trees") / "hotfix"
    run(repository, "worktree", "add", "-q", "-b", "hotfix", str(tree))
    assert git.detect(tree, ENVIRON).branch == "hotfix"


def test_a_slow_git_costs_two_seconds_at_most_and_leaves_nothing_running(tmp_path, monkeypatch):
    monkeypatch.setattr(git, "SECONDS", 2.0)
    slow = tmp_path / "git"
    slow.write_text(f"#!/bin/sh\n/bin/sleep 941.{os.getpid()}\n")
    slow.chmod(0o755)
    with at_most(3):
        assert git.detect(tmp_path, {"PATH": str(tmp_path)}) is None
    assert subprocess.run(["pgrep", "-f", f"sleep 941.{os.getpid()}"], capture_output=True, check=False).returncode == 1


def test_control_characters_of_a_subject_do_not_reach_a_terminal(repository):
    run(repository, "commit", "-q", "--allow-empty", "-m", "Widen \x1b[31mthe subnet")
    assert detect(repository, ENVIRON, redactor=Redactor()).vcs.subject == "Widen  [31mthe subnet"


@pytest.mark.parametrize(
    ("environ", "user"),
    [
        ({"SUDO_USER": "ada", "LOGNAME": "root"}, "ada"),
        ({"SUDO_USER": "", "LOGNAME": "", "USER": "grace"}, "grace"),
    ],
)
def test_the_user_is_the_person_behind_sudo(tmp_path, environ, user):
    assert detect(tmp_path, ENVIRON | environ, redactor=Redactor()).actor.user == user


def test_whether_a_commit_is_on_a_branch_of_a_remote(repository, tmp_path_factory):
    commit(repository)
    assert git.detect(repository, ENVIRON).published is None, "there is no remote"
    clone = tmp_path_factory.mktemp("clone")
    run(clone, "clone", "-q", f"file://{repository}", ".")
    assert git.detect(clone / "sub", ENVIRON).published is True
    assert git.detect(clone / "sub", ENVIRON).path == "sub"
    (clone / "sub" / "main.tf").write_text("x")
    commit(clone)
    assert git.detect(clone, ENVIRON).published is False
    shallow = tmp_path_factory.mktemp("shallow")
    run(shallow, "clone", "-q", "--depth=1", f"file://{repository}", ".")
    assert git.detect(shallow, ENVIRON).published is True
    (shallow / "sub" / "main.tf").write_text("x")
    commit(shallow)
    assert git.detect(shallow, ENVIRON).published is None, "its history is cut off"
    run(clone, "checkout", "-q", "--detach")
    ci = ENVIRON | {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "release"}
    assert detect(clone, ci, redactor=Redactor()).vcs.published is None, "a CI system fetches commits without branches"
