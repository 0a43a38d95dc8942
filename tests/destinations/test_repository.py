"""One repository, however it was cloned: with what git really says of its remote."""

from __future__ import annotations

import json
import subprocess

import pytest

from change_events.context import git
from change_events.destinations import get
from change_events.destinations.repository import repository_of
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
    """A directory whose remote is as it is told."""

    def made(remote):
        for words in (["init", "-q"], ["remote", "add", "origin", remote]):
            subprocess.run(["git", *words], cwd=tmp_path, env=ENVIRON, check=True)
        return git.detect(tmp_path, ENVIRON)

    return made


@pytest.mark.parametrize("remote", REMOTES)
def test_what_git_says_of_a_remote(clone, remote):
    found = clone(remote)
    assert repository_of(found.repository) == REMOTES[remote]
    made = json.loads(get("otlp").render(sealed(1, vcs=found), {"endpoint": "http://collector.example"}).body)
    told = {a["key"]: a["value"]["stringValue"] for a in made["resourceLogs"][0]["resource"]["attributes"]}
    names = ("vcs.repository.url.full", "vcs.repository.name", "vcs.owner.name")
    assert tuple(told.get(name) for name in names) == REMOTES[remote]


@pytest.mark.parametrize("remote", [remote for remote, told in REMOTES.items() if told == PAGE])
def test_a_repository_is_one_source_however_it_was_cloned(clone, remote):
    made = get("cloudevents").render(sealed(1, vcs=clone(remote)), {"url": "https://sink.example"})
    assert json.loads(made.body)["source"] == "https://github.com/acme/infra"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("acme/infra", (None, "infra", "acme")),
        ("infra", (None, "infra", None)),
        ("C:\\git\\infra", (None, "infra", None)),
        ("https://[broken", (None, None, None)),
        ("https://git.example", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_what_others_say(address, told):
    assert repository_of(address) == told
