"""Context: real git repositories, and a table of CI environments."""

import os
import subprocess

import pytest

from change_events.context import ci, detect, git
from change_events.redact import Redactor

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


def test_a_repository_is_told_without_credentials(repository):
    commit(repository)
    run(repository, "remote", "add", "origin", "https://ada:hunter2@example.com/infra.git")
    (repository / "sub" / "main.tf").write_text("x")
    got = git.detect(repository / "sub", ENVIRON)
    assert (got.repository, got.branch, got.dirty) == ("https://example.com/infra.git", "main", True)
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


GITHUB = {
    "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b",
    "GITHUB_RUN_ID": "7", "GITHUB_REF": "refs/pull/42/merge", "GITHUB_ACTOR": "ada",
}  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "system", "url", "pull_request"),
    [
        (GITHUB, "GitHub Actions", "https://github.com/a/b/actions/runs/7", "42"),
        (GITHUB | {"GITHUB_REF": "refs/heads/main"}, "GitHub Actions", "https://github.com/a/b/actions/runs/7", None),
        ({"GITLAB_CI": "1", "CI_JOB_URL": "https://g/1", "CI_MERGE_REQUEST_IID": "3"}, "GitLab CI", "https://g/1", "3"),
        ({"JENKINS_URL": "x", "BUILD_URL": "https://j/1"}, "Jenkins", "https://j/1", None),
        ({"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST": "false"}, "Buildkite", None, None),
    ],
)
def test_ci_systems(environ, system, url, pull_request):
    got = ci.detect(environ).ci
    assert (got.system, got.run_url, got.pull_request) == (system, url, pull_request)


def test_no_ci():
    assert ci.detect({"CI": "true"}) is None
