"""Where no test event can be reported, `doctor --send-test` tries the credentials by reading something."""

from __future__ import annotations

import dataclasses
import json
import subprocess

import pytest

from change_events.delivery import probe
from change_events.destinations.base import DestinationSettings
from tests.cli.home import Home
from tests.destinations.backends.github import GitHub
from tests.destinations.backends.gitlab import GitLab
from tests.destinations.kit.backend import SECRET, backend
from tests.destinations.kit.events import event

HERE = event("updated").event
NOT_SECRET = "other-9876543210"
# kind, variant or options, whether the repository is known, and what is read
READ = [
    ("github", {}, True, "/repos/acme/infra"),
    ("github", {}, False, "/rate_limit"),
    ("gitlab", {}, True, "/api/v4/projects/acme%2Finfra"),
    ("gitlab", {}, False, "/api/v4/personal_access_tokens/self"),
    ("gitlab", {"token_type": "job"}, True, "/api/v4/job"),
    ("jira", {}, True, "/rest/api/3/myself"),
    ("jira", {"user": None}, False, "/rest/api/2/myself"),
    ("jira", "deployment", True, "/oauth/token"),
]


def tried(kind, more, here, *, secret=SECRET, **replaced):
    fake = dataclasses.replace(backend(kind), **replaced)
    with fake.serve() as server:
        given = fake.options(server.url)
        if kind == "gitlab":
            given |= {"url": "https://github.com", "api": f"{server.url}/api/v4"}  # where the event's repository is
        chosen = fake.variants[more] if isinstance(more, str) else more
        given |= chosen(server.url) if callable(chosen) else chosen
        options = {name: secret if text == SECRET else text for name, text in given.items() if text is not None}
        settings = DestinationSettings("main", kind, options)
        result = probe(settings, budget=60, send_test=True, here=HERE if here else None)
        return result, server.received


@pytest.mark.parametrize(("kind", "more", "here", "path"), READ)
def test_one_request_reads_something_and_changes_nothing(kind, more, here, path):
    result, (asked,) = tried(kind, more, here)
    assert result.ok, result.text
    assert result.text.startswith("its credentials are accepted (")
    assert "it was sent nothing" in result.text
    assert not here or "repository is not known" not in result.text
    assert asked.path == path
    assert asked.method == ("POST" if path == "/oauth/token" else "GET")


@pytest.mark.parametrize(("kind", "more", "here", "path"), READ)
def test_a_token_that_is_not_accepted(kind, more, here, path):
    result, (asked,) = tried(kind, more, here, secret=NOT_SECRET)
    assert not result.ok
    assert "not accepted (401)" in result.text
    assert NOT_SECRET not in result.text
    assert asked.path == path


@pytest.mark.parametrize(
    ("kind", "host", "needs"),
    [("github", GitHub(hidden=True), "`metadata: read`"), ("gitlab", GitLab(hidden=True), "the scope `api`")],
)
def test_what_the_token_lacks_is_named(kind, host, needs):
    result, _ = tried(kind, {}, here=True, accept=host.accept)
    assert not result.ok
    assert "(404)" in result.text
    assert needs in result.text


@pytest.mark.parametrize("kind", ["github", "gitlab", "jira"])
def test_an_answer_of_somebody_else(kind):
    result, _ = tried(kind, {}, here=True, accept=lambda _: backend("webhook").answers[0].answer)
    assert not result.ok


def test_doctor_reads_the_repository_that_it_runs_in(tmp_path):
    home = Home(tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", "git@github.com:acme/infra.git"], check=True)
    with backend("github").serve() as server:
        options = {"kind": "github", "api": server.url, "web": "https://github.com", "token": SECRET}
        (tmp_path / "tfevent.yaml").write_text(json.dumps({"destinations": {"pr": options}}))
        (tmp_path / "tfevent.yaml").chmod(0o600)
        done = home.run("doctor", "--send-test", "pr")
        assert [one.path for one in server.received] == ["/repos/acme/infra"], done.stdout
    assert b"its credentials are accepted (read the repository)" in done.stdout
