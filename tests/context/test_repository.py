"""One repository, however it was cloned: with what git really says of its remote."""

from __future__ import annotations

import json
import subprocess

import pytest

from change_events import context
from change_events.context import git
from change_events.context.repository import change_number, repository_of
from change_events.destinations import get
from change_events.destinations.shared import mapping
from change_events.model import Tool, Vcs
from change_events.redact import Redactor
from tests.support.sealed import sealed

PAGE = ("https://github.com/acme/infra", "infra", "acme")
ENVIRON = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
REMOTES = {
    "https://github.com/acme/infra.git": PAGE,
    "https://ada:hunter2@github.com/acme/infra": PAGE,
    "git@github.com:acme/infra.git": PAGE,
    "github.com:acme/infra": PAGE,
    "ssh://git@github.com/acme/infra.git": PAGE,
    "ssh://git@GitHub.com:22/acme/infra.git/": PAGE,
    "git://github.com/acme/infra.git": PAGE,
    "https://git.example:8443/a/b/infra.git": ("https://git.example:8443/a/b/infra", "infra", "a/b"),
    "ssh://git@git.example:7999/a/b/infra.git": ("https://git.example/a/b/infra", "infra", "a/b"),
    "ssh://git@[2001:db8::1]/acme/infra": ("https://[2001:db8::1]/acme/infra", "infra", "acme"),
    "work:acme/infra.git": (None, "infra", "acme"),  # a Host of ~/.ssh/config
    "/srv/git/infra.git": (None, "infra", None),
    "../infra": (None, "infra", None),
    "file:///srv/git/infra.git": (None, "infra", None),
}


@pytest.fixture
def clone(tmp_path):
    """A directory with the given remote."""

    def made(remote):
        for words in (["init", "-q"], ["remote", "add", "origin", remote]):
            subprocess.run(["git", *words], cwd=tmp_path, env=ENVIRON, check=True)
        return git.detect(tmp_path, ENVIRON)

    return made


@pytest.mark.parametrize("remote", REMOTES)
def test_what_git_says_of_a_remote(clone, remote):
    found = clone(remote)
    url, name, owner = REMOTES[remote]
    assert (found.url, found.repository) == (url, f"{owner}/{name}" if owner else name)
    assert repository_of(found.remote)[:3] == REMOTES[remote]
    assert "ada" not in found.remote
    assert "hunter2" not in found.remote
    made = json.loads(get("otlp").render(sealed(1, vcs=found), {"endpoint": "http://collector.example"}).body)
    attributes = {a["key"]: a["value"]["stringValue"] for a in made["resourceLogs"][0]["resource"]["attributes"]}
    names = ("vcs.repository.url.full", "vcs.repository.name", "vcs.owner.name")
    assert tuple(attributes.get(name) for name in names) == REMOTES[remote]


SAME = {
    "acme/infra": [
        *(remote for remote, page in REMOTES.items() if page == PAGE),
        "ssh://git@ssh.github.com:443/acme/infra.git",
        "git@github.com:/acme/infra.git",
        "https://x-access-token:ghs_abc@github.com/acme/infra.git/",
        "git+ssh://git@github.com/acme/infra.git",
        "https://bitbucket.org/acme/infra.git",
        "ssh://git@altssh.bitbucket.org:443/acme/infra.git",
        "git@codeberg.org:acme/infra.git",
        "ssh://git@gitea.example:2222/acme/infra.git",
        "[git@git.example:2222]:acme/infra.git",
        "git@[2001:db8::1]:acme/infra",
        "https://bitbucket.example:8443/scm/acme/infra.git",
        "https://ada@bitbucket.example/context/scm/acme/infra.git",
        "ssh://git@bitbucket.example:7999/acme/infra.git",
    ],
    "group/sub/group/infra": [
        "https://gitlab.com/group/sub/group/infra.git",
        "git@gitlab.com:group/sub/group/infra.git",
        "ssh://git@altssh.gitlab.com:443/group/sub/group/infra.git",
        "https://gitlab-ci-token:glcbt-64_abc@gitlab.com/group/sub/group/infra.git",
    ],
    "acme/My Project/infra": [
        "https://dev.azure.com/acme/My%20Project/_git/infra",
        "https://acme@dev.azure.com/acme/My%20Project/_git/infra",
        "https://pat@dev.azure.com/acme/My%20Project/_git/_full/infra",
        "git@ssh.dev.azure.com:v3/acme/My%20Project/infra",
        "ssh://git@ssh.dev.azure.com/v3/acme/My%20Project/infra",
        "https://acme.visualstudio.com/My%20Project/_git/infra",
        "https://acme.visualstudio.com/DefaultCollection/My%20Project/_git/infra",
        "acme@vs-ssh.visualstudio.com:v3/acme/My%20Project/infra",
    ],
    "acme/infra/infra": ["https://dev.azure.com/acme/_git/infra", "git@ssh.dev.azure.com:v3/acme/infra/infra"],
    "tfs/DefaultCollection/net/infra": [
        "https://tfs.example/tfs/DefaultCollection/net/_git/infra",
        "ssh://tfs.example:22/tfs/DefaultCollection/net/_git/infra",
    ],
    "~ada/infra": ["https://bitbucket.example/scm/~ada/infra.git", "ssh://git@bitbucket.example:7999/~ada/infra.git"],
    "infra": [
        "https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/infra",
        "https://user-at-123456789012:secret@git-codecommit.eu-central-1.amazonaws.com/v1/repos/infra",
        "ssh://APKAEXAMPLE@git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/infra",
        "codecommit::eu-central-1://prod@infra",
        "codecommit://infra",
        "/srv/git/infra.git",
        "../infra.git/",
        "file:///srv/git/infra.git",
    ],
}


@pytest.mark.parametrize(("name", "remote"), [(name, remote) for name, some in SAME.items() for remote in some])
def test_one_repository_has_one_name(name, remote):
    raw = git.without_credentials(remote)
    assert repository_of(raw).path == name
    assert repository_of(remote).path == name
    assert repository_of(name).path == name
    for secret in ("ghs_abc", "glcbt", "secret", "pat@"):
        assert secret not in f"{raw} {repository_of(remote)}"


def test_it_is_the_same_for_all_who_are_reported(clone):
    vcs = clone("git@github.com:acme/infra.git")
    earlier = Vcs(repository="https://github.com/acme/infra.git", branch="main")  # as it was recorded before
    for one in (vcs, earlier):
        made = sealed(1, vcs=one, tool=Tool(name="terraform")).event
        assert "repo:acme/infra" in mapping.tags(made)
        assert mapping.details(made)["repository"] == "acme/infra"
        assert "acme/infra" in mapping.paragraph(made)
        assert mapping.repository(made).url == "https://github.com/acme/infra"
    assert vcs.remote == "github.com:acme/infra.git"


def test_an_alias_of_gits_settings_is_resolved(clone, tmp_path):
    clone("gh:acme/infra")
    subprocess.run(
        ["git", "config", "url.https://token@github.com/.insteadOf", "gh:"], cwd=tmp_path, env=ENVIRON, check=True
    )
    found = git.detect(tmp_path, ENVIRON)
    assert (found.repository, found.remote) == ("acme/infra", "https://github.com/acme/infra")


def test_a_partial_clone_has_a_remote(clone, tmp_path):
    clone("https://github.com/acme/infra.git")
    for name, value in (("promisor", "true"), ("partialclonefilter", "blob:none")):
        subprocess.run(["git", "config", f"remote.origin.{name}", value], cwd=tmp_path, env=ENVIRON, check=True)
    assert git.detect(tmp_path, ENVIRON).repository == "acme/infra"


@pytest.mark.parametrize("remote", [remote for remote, page in REMOTES.items() if page == PAGE])
def test_a_repository_is_one_source_however_it_was_cloned(clone, remote):
    made = get("cloudevents").render(sealed(1, vcs=clone(remote)), {"url": "https://sink.example"})
    assert json.loads(made.body)["source"] == "https://github.com/acme/infra"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("acme/infra", (None, "infra", "acme")),
        ("infra", (None, "infra", None)),
        ("C:\\git\\infra", (None, "infra", None)),
        ("https://[broken", (None, None, None)),
        ("https://git.example", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_what_others_say(address, expected):
    assert repository_of(address)[:3] == expected


COMMIT = "9d59409acf479dfa0df1aa568182e43e43df8bbe"
FORGES = [
    ("git@github.com:a/b.git", {}, "https://github.com/a/b/commit/{}", "https://github.com/a/b/pull/17"),
    ("git@gitlab.com:a/s/b.git", {}, "https://gitlab.com/a/s/b/-/commit/{}", "https://gitlab.com/a/s/b/-/merge_requests/17"),
    ("https://bitbucket.org/a/b", {}, "https://bitbucket.org/a/b/commits/{}", "https://bitbucket.org/a/b/pull-requests/17"),
    ("https://codeberg.org/a/b", {}, "https://codeberg.org/a/b/commit/{}", "https://codeberg.org/a/b/pulls/17"),
    ("git@ssh.dev.azure.com:v3/o/my%20p/b", {}, "https://dev.azure.com/o/my%20p/_git/b/commit/{}",
     "https://dev.azure.com/o/my%20p/_git/b/pullrequest/17"),
    ("git@git.example:a/b.git", {}, None, None),
    ("work:a/b.git", {}, None, None),
    ("/srv/a/b.git", {}, None, None),
    ("git@git.example:a/b.git", {"https://git.example": "gitlab"}, "https://git.example/a/b/-/commit/{}",
     "https://git.example/a/b/-/merge_requests/17"),
    ("https://git.example/lab/a/b.git", {"https://git.example/lab": "gitlab"}, "https://git.example/lab/a/b/-/commit/{}",
     "https://git.example/lab/a/b/-/merge_requests/17"),
    ("ssh://git@git.example:2222/a/b.git", {"https://git.example:8443": "github"}, "https://git.example:8443/a/b/commit/{}",
     "https://git.example:8443/a/b/pull/17"),
    ("git@other.example:a/b.git", {"https://git.example": "gitlab"}, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("remote", "servers", "commit", "change"), FORGES)
def test_pages_are_linked_where_the_forge_is_known(remote, servers, commit, change):
    found = repository_of(remote, servers)
    assert found.commit_page(COMMIT) == (commit and commit.format(COMMIT))
    assert found.change_page("17") == change
    assert found.commit_page(None) is None


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ("17", "17"),
        ("https://github.com/a/b/pull/17", "17"),
        ("https://g.example/a/b/-/merge_requests/3/", "3"),
        ("https://g.example/a/b/pull/17#note", "17"),
        ("https://g.example/a/b", None),
        ("PR", None),
    ],
)
def test_the_number_of_a_change(change, number):
    assert change_number(change) == number


def committed(folder, remote):
    words = (
        ["init", "-q"], ["remote", "add", "origin", remote],
        ["-c", "user.name=A", "-c", "user.email=a@x", "commit", "-q", "--allow-empty", "-m", "one"],
    )  # fmt: skip
    for one in words:
        subprocess.run(["git", *one], cwd=folder, env=ENVIRON, check=True)


GITHUB = {
    "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://ghe.example", "GITHUB_REPOSITORY": "acme/infra",
    "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_REF": "refs/pull/17/merge",
}  # fmt: skip


def test_a_run_in_ci_has_the_pages_of_its_commit_and_its_change(tmp_path):
    committed(tmp_path, "https://ghe.example/acme/infra")
    found = context.detect(tmp_path, ENVIRON | GITHUB, redactor=Redactor())
    page = "https://ghe.example/acme/infra"
    assert (found.vcs.url, found.vcs.commit_url) == (page, f"{page}/commit/{found.vcs.commit}")
    ci = found.actor.ci
    assert (ci.pull_request, ci.pull_request_url, ci.run_id, ci.attempt) == ("17", f"{page}/pull/17", "77", "2")
    assert ci.run_url == f"{page}/actions/runs/77/attempts/2"
    assert context.commit_page(found.vcs, ENVIRON | GITHUB, "a" * 40) == f"{page}/commit/{'a' * 40}"
    assert context.commit_page(found.vcs, ENVIRON | GITHUB, "v1.2") is None
    event = sealed(1, vcs=found.vcs, actor=found.actor, links=found.links).event
    assert [link.title for link in mapping.links(event)] == [
        "GitHub Actions run", "Pull request 17", f"Commit {found.vcs.commit[:12]}",
    ]  # fmt: skip
    assert mapping.run_url(event) == ci.run_url
    assert "pr:17" in mapping.tags(event)
    document = json.loads(
        get("otlp").render(sealed(1, vcs=found.vcs, actor=found.actor), {"endpoint": "http://c"}).body
    )
    facts = {a["key"]: a["value"] for a in document["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"]}
    assert facts["vcs.change.id"] == {"stringValue": "17"}
    assert facts["cicd.pipeline.run.id"] == {"stringValue": "77"}


def test_on_a_laptop_the_commit_is_no_run(tmp_path):
    committed(tmp_path, "git@github.com:acme/infra.git")
    found = context.detect(tmp_path, ENVIRON, redactor=Redactor())
    event = sealed(1, vcs=found.vcs, actor=found.actor, links=found.links).event
    assert [link.title for link in mapping.links(event)] == [f"Commit {found.vcs.commit[:12]}"]
    assert mapping.run_url(event) is None
