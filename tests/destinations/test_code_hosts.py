"""What is particular to GitHub and GitLab: one comment, found again; statuses; deployments; texts; permissions."""

from __future__ import annotations

import dataclasses
import time
from contextlib import contextmanager
from datetime import timedelta

import msgspec
import pytest
from markdown_it import MarkdownIt

from change_events import routing
from change_events.cli.render.deliveries import delivery_lines
from change_events.delivery import deliver
from change_events.delivery.probe import probe
from change_events.delivery.sender import MOST_REQUESTS, Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Result
from change_events.destinations.shared import code_hosts, review_comment
from change_events.journal import DeliveryState, DeliveryStatus, Journal
from change_events.model import (
    Action,
    Actor,
    Change,
    ChangeOutcome,
    Ci,
    Failure,
    Kind,
    Link,
    Outcome,
    Phase,
    Tool,
    Vcs,
)
from change_events.settings import Settings
from tests.destinations.backends import github, gitlab
from tests.destinations.kit.backend import SECRET, answer
from tests.destinations.kit.events import event
from tests.support import receiver as steps
from tests.support.receiver import Receiver
from tests.support.sealed import EPOCH, sealed

COMMIT, HEAD, BASE = "9d59409acf479dfa0df1aa568182e43e43df8bbe", "a" * 40, "b" * 40
WEB = {"github": "https://github.com", "gitlab": "https://gitlab.example.com"}
PULL = {"github": "/pull/17", "gitlab": "/-/merge_requests/17"}
HOSTS = {"github": github.GitHub, "gitlab": gitlab.GitLab}
BACKENDS = {"github": github.BACKEND, "gitlab": gitlab.BACKEND}
every_host = pytest.mark.parametrize("kind", HOSTS)


def run(kind, number=1, /, *, pull=True, service="network", **fields):
    """A run from a pull request, or without one from its merge."""
    page = f"{WEB[kind]}/acme/infra"
    ci = Ci(
        system="GitHub Actions" if kind == "github" else "GitLab CI",
        run_url=f"{page}/runs/42",
        run_id="42",
        pull_request="17" if pull else None,
        pull_request_url=page + PULL[kind] if pull else None,
    )
    vcs = {"repository": "acme/infra", "url": page, "branch": "main", "commit": COMMIT, "path": service}
    return sealed(
        number,
        **{
            "environment": "prod",
            "service": service,
            "tool": Tool(name="terraform", workspace="default"),
            "actor": Actor(user="ci", ci=ci),
            "vcs": Vcs(**vcs, **fields.pop("vcs", {})),
            **fields,
        },
    )


def deployment(kind, number=1, /, **fields):
    given = {"kind": Kind.DEPLOYMENT, "explicit": True, "tool": None, "title": "checkout 2 deployed", **fields}
    return run(kind, number, **given)


def started(made):
    event = msgspec.structs.replace(made.event, outcome=None, ended_at=None)
    return sealed(1, **msgspec.structs.asdict(event))


@contextmanager
def serving(kind, host, **options):
    backend = dataclasses.replace(BACKENDS[kind], accept=host.accept)
    with backend.serve() as receiver:
        given = backend.options(receiver.url) | ({"url": WEB[kind]} if kind == "gitlab" else {}) | options
        yield DestinationSettings(kind, kind, given), receiver


def send(kind, host, *events, handle=None, **options):
    """The verdicts, and what was asked for: method and path of each request."""
    with serving(kind, host, **options) as (settings, receiver), open_transport(settings) as transport:
        found = [send_event(settings, transport, made, Effort(time.monotonic() + 60), handle) for made in events]
    return found, [(one.method, one.path) for one in receiver.received]


def texts(host):
    return [text for _, text in (host.comments if isinstance(host, github.GitHub) else host.notes).values()]


def add(host, text, number=17, *, foreign=False):
    kept = host.comments if isinstance(host, github.GitHub) else host.notes
    kept[max(kept, default=0) + 1] = (number, text)
    if foreign:
        host.foreign.add(max(kept))


# -- comments


@every_host
def test_the_same_event_again_makes_no_second_comment(kind):
    host = HOSTS[kind]()
    verdicts, asked = send(kind, host, run(kind), run(kind), run(kind, 2, title="later"))
    assert [one.result for one in verdicts] == [Result.DELIVERED] * 3
    assert [method for method, _ in asked] == ["GET", "POST", "GET", asked[3][0], "GET", asked[3][0]]
    assert len(texts(host)) == 1
    assert "later" in texts(host)[0]
    assert len({one.handle for one in verdicts}) == 1


@every_host
def test_each_stack_has_a_comment_of_its_own(kind):
    host = HOSTS[kind]()
    send(kind, host, run(kind), run(kind, 2, service="dns"), run(kind, 3))
    assert len(texts(host)) == 2


@every_host
def test_the_end_of_a_run_edits_the_comment_of_its_start_without_looking_for_it(kind):
    host = HOSTS[kind]()
    made = run(kind)
    (begun,), _ = send(kind, host, started(made))
    (ended,), asked = send(kind, host, made, handle=begun.handle)
    assert (ended.result, len(asked), len(texts(host))) == (Result.DELIVERED, 1, 1)
    assert "**Succeeded" in texts(host)[0]
    host.foreign.add(1)  # another one has to be made, say because the token is another one's now
    (again,), _ = send(kind, host, made, handle=begun.handle)
    assert (again.result, len(texts(host))) == (Result.DELIVERED, 2)


@every_host
def test_an_earlier_run_does_not_overwrite_a_later_one(kind):
    host = HOSTS[kind]()
    verdicts, _ = send(kind, host, run(kind, 9, title="newest"), run(kind, 8, title="older"))
    assert (verdicts[1].result, verdicts[1].reason) == (Result.SKIPPED, "the comment shows a later run")
    assert len(texts(host)) == 1
    assert "newest" in texts(host)[0]


@every_host
def test_a_comment_that_quotes_ours_or_belongs_to_somebody_else_is_left_alone(kind):
    host = HOSTS[kind]()
    ours = review_comment.body(run(kind).event, review_comment.marker_of(run(kind).event))
    quoted, forged = "> " + ours.replace("\n", "\n> "), ours + "\nforged"
    add(host, quoted)
    add(host, forged, foreign=True)
    add(host, ours, number=18)
    verdicts, _ = send(kind, host, run(kind, 2), run(kind, 3))
    assert [one.result for one in verdicts] == [Result.DELIVERED] * 2
    assert texts(host)[:2] == [quoted, forged]
    assert len(texts(host)) == 4  # one of ours beside the other


@every_host
@pytest.mark.parametrize("before", [0, 50, 260, 899])
def test_ours_is_found_among_many_comments(kind, before):
    """899: more than are looked through; the newest are, and so are the first."""
    host = HOSTS[kind]()
    for _ in range(before):
        add(host, "LGTM")
    send(kind, host, run(kind))
    for _ in range(120):
        add(host, "thanks")
    (verdict,), asked = send(kind, host, run(kind, 2))
    assert (verdict.result, len(texts(host))) == (Result.DELIVERED, before + 121)
    assert len(asked) <= MOST_REQUESTS


@every_host
def test_the_pull_request_is_found_by_the_commit(kind):
    number = "number" if kind == "github" else "iid"
    exact = {number: 17, "merge_commit_sha": COMMIT}
    for found, result in (
        ([], Result.SKIPPED),
        ([{number: 3}], Result.DELIVERED),
        ([{number: 3}, {number: 4}], Result.SKIPPED),
        ([{number: 3}, exact], Result.DELIVERED),
    ):
        pulls = {COMMIT: found}
        host = HOSTS[kind](**{"pulls" if kind == "github" else "merge_requests": pulls})
        (verdict,), asked = send(kind, host, run(kind, pull=False))
        assert verdict.result is result, verdict
        assert len(texts(host)) == (result is Result.DELIVERED)
        if exact in found:
            assert "/17/" in asked[-1][1]


@every_host
def test_the_comment_of_a_fork_goes_to_the_repository_of_its_pull_request(kind):
    upstream = f"{WEB[kind]}/upstream/infra{PULL[kind]}"
    actor = Actor(ci=Ci(system="Atlantis", pull_request=upstream))
    _, asked = send(kind, HOSTS[kind](), run(kind, actor=actor))
    assert all("upstream" in path for _, path in asked)


def within(text):
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("sign", ["x", "\u65e5", "\U0001f680", '"'])
def test_a_comment_is_cut_by_importance_to_the_characters_that_github_takes(sign):
    changes = tuple(
        Change(address=f"aws_x.n{n}{sign * 150}", action=Action.UPDATE, outcome=ChangeOutcome.APPLIED)
        for n in range(900)
    )
    made = run("github", changes=changes, failures=(Failure(summary="the worst"),), outcome=Outcome.PARTIAL)
    host = github.GitHub()
    (verdict,), _ = send("github", host, made)
    assert verdict.result is Result.DELIVERED
    assert 60_000 < within(texts(host)[0]) <= 65_536
    assert "failed: the worst" in texts(host)[0]
    assert "the journal has the whole event" in texts(host)[0]
    assert review_comment.read_marker(texts(host)[0]) == review_comment.marker_of(made.event)


# -- hostile texts

HOSTILE = (
    "@acme/everyone fixes #12 GH-13 acme/infra#14 !15 &16 ~label %milestone $18 :tada: "
    "<b>x</b> <img src=https://evil.example/x.png> ![i](https://evil.example/i.png) [out](https://evil.example) "
    "https://evil.example/bare www.evil.example `code` ``two`` ```three``` </details> <!-- x --> [[_TOC_]] a|b"
)
PLANTED = f"{HOSTILE}\n/close\n  /label ~x\n/merge\n```\n/approve\n~~~\n@acme/all\n\n# heading\n- [ ] task"


def hostile(kind):
    return run(
        kind,
        explicit=True,
        title=HOSTILE,
        message=PLANTED,
        service=HOSTILE,
        environment=HOSTILE,
        version=HOSTILE,
        changes=(Change(address=HOSTILE, action=Action.UPDATE, outcome=ChangeOutcome.FAILED, error=PLANTED),),
        failures=(Failure(summary=f"/close {PLANTED}"),),
        links=(Link(title=f"](https://evil.example) {HOSTILE}", url="https://e.example/a(b)@c<d>`e`?x=[y]"),),
        actor=Actor(user=HOSTILE, host=HOSTILE, ci=Ci(system="x", pull_request=WEB[kind] + "/acme/infra" + PULL[kind])),
        vcs={"author": HOSTILE},
    )


@every_host
def test_what_an_event_says_is_neither_markup_nor_a_mention_nor_a_command(kind):
    host = HOSTS[kind]()
    (verdict,), _ = send(kind, host, hostile(kind))
    assert verdict.result is Result.DELIVERED, verdict.reason
    (text,) = texts(host)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    prose = " ".join(child.content for child in inline if child.type == "text")
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert not set("@#!&~%$:<>[`|/") & set(prose), prose
    assert "evil" not in prose
    assert "www" not in prose
    assert all(one.startswith(("<!-- tfevent stack=", "<details><summary>", "</details>")) for one in blocks)
    assert {child.type for child in inline} <= {"text", "code_inline", "link_open", "link_close", *BOLD, "softbreak"}
    assert all(child.attrs["href"].startswith("https://e.example/") or "/acme/" in child.attrs["href"]
               for child in inline if child.type == "link_open")  # fmt: skip
    assert not any(line.lstrip().startswith("/") for line in text.splitlines())
    assert HOSTILE.split("`", maxsplit=1)[0] in text  # it can be read as it was written


BOLD = {"strong_open", "strong_close"}


@every_host
def test_a_pull_request_of_another_host_or_a_strange_address_is_none(kind):
    for address in ("https://evil.example/acme/infra/pull/1", "https://[", "x" * 400, f"{WEB[kind]}/pull/1", "-1"):
        made = run(kind, actor=Actor(ci=Ci(system="x", pull_request=address)))
        found = code_hosts.place(made.event, WEB[kind])
        assert found.change in {None, code_hosts.Change("acme/infra", "1")}, address
        assert found.repository == "acme/infra"


# -- statuses


def test_the_status_is_set_on_the_head_that_githubs_merge_for_the_test_is_made_of():
    subject = f"Merge {HEAD} into {BASE}"
    merge = {"sha": COMMIT, "message": subject, "parents": [{"sha": BASE}, {"sha": HEAD}]}
    forged = merge | {"parents": [{"sha": BASE}]}
    for commit, on in ((merge, HEAD), (forged, COMMIT)):
        host = github.GitHub(commits={COMMIT: commit})
        (verdict,), _ = send("github", host, run("github", vcs={"subject": subject}), publish=["status"])
        assert (verdict.result, host.statuses[0][0]) == (Result.DELIVERED, on)


@every_host
def test_a_status_says_how_the_run_stands(kind):
    words = {
        "github": ("pending", "success", "failure", "error"),
        "gitlab": ("running", "success", "failed", "canceled"),
    }
    running, good, bad, other = words[kind]
    for outcome, state in (
        (None, running),
        (Outcome.SUCCEEDED, good),
        (Outcome.NO_CHANGE, good),
        (Outcome.FAILED, bad),
        (Outcome.PARTIAL, bad),
        (Outcome.CANCELLED, other),
        (Outcome.DECLINED, other),
        (Outcome.UNKNOWN, other),
    ):
        host = HOSTS[kind]()
        send(kind, host, run(kind, outcome=outcome, ended_at=None), publish=["status"])
        assert host.statuses[0][1]["state"] == state


def test_a_status_is_named_by_its_stack_and_what_was_done():
    def name(**fields):
        return code_hosts.status_name(run("github", **fields).event)

    assert name() == "tfevent/apply: network"
    assert name(phase=Phase.PLANNED) == "tfevent/plan: network"
    assert name(tool=Tool(name="tofu", workspace="eu")) == "tfevent/apply: network workspace eu"
    assert name(kind=Kind.BUILD, explicit=True) == "tfevent/build: prod/network"
    long, other = name(service="x" * 300), name(service="x" * 301)
    assert len(long) < 130
    assert long != other


def test_a_status_that_is_set_already_is_no_failure_at_gitlab():
    host = gitlab.GitLab()
    verdicts, _ = send("gitlab", host, *[started(run("gitlab"))] * 2, run("gitlab"), publish=["status"])
    assert [(one.result, one.reason) for one in verdicts] == [(Result.DELIVERED, "")] * 3
    assert [one["state"] for _, one in host.statuses] == ["running", "success"]
    assert {one.get("pipeline_id") for _, one in host.statuses} == {42}


# -- deployments


@every_host
def test_a_deployment_is_made_once_and_brought_up_to_date(kind):
    host = HOSTS[kind](now=(EPOCH + timedelta(seconds=2)).isoformat())
    made = deployment(kind)
    send(kind, host, *[started(made)] * 2, made, made, publish=["deployment"])
    assert len(host.deployments) == 1
    if kind == "github":
        states = [one["state"] for _, one in host.deployment_statuses]
        assert states == ["in_progress", "in_progress", "success", "success"]
    else:
        assert host.deployments[1]["status"] == "success"


@every_host
def test_the_end_of_a_deployment_needs_no_search(kind):
    host = HOSTS[kind]()
    (begun,), _ = send(kind, host, started(deployment(kind)), publish=["deployment"])
    (ended,), asked = send(kind, host, deployment(kind), handle=begun.handle, publish=["deployment"])
    assert (ended.result, len(asked), len(host.deployments)) == (Result.DELIVERED, 1, 1)


def test_deployments_of_gitlabs_own_jobs_and_of_earlier_runs_are_not_ours():
    others = {"sha": COMMIT, "environment": {"name": "prod"}, "deployable": None, "status": "success", "ref": "main"}
    now = EPOCH + timedelta(seconds=5)
    for different in (
        {"created_at": (EPOCH - timedelta(seconds=60)).isoformat()},
        {"deployable": {"id": 7}},
        {"sha": HEAD},
        {"status": "failed"},
        {"created_at": "yesterday"},
        {"created_at": None},
    ):
        host = gitlab.GitLab(deployments={1: others | {"created_at": now.isoformat()} | different})
        send("gitlab", host, deployment("gitlab"), publish=["deployment"])
        assert len(host.deployments) == 2, different


def test_a_deployment_ends_none_of_the_repositorys_other_services():
    host = github.GitHub()
    send("github", host, deployment("github", service="infra"), deployment("github", 2), publish=["deployment"])
    assert [one["auto_inactive"] for _, one in host.deployment_statuses] == [True, False]


def test_an_answer_that_was_lost_makes_no_second_deployment():
    host, lost = github.GitHub(), iter([True])

    def accept(received):
        made = host.accept(received)
        return answer(502) if received.path.endswith("/deployments") and next(lost, False) else made

    dropped = dataclasses.replace(github.BACKEND, accept=accept)
    with dropped.serve() as receiver:
        options = github.BACKEND.options(receiver.url) | {"publish": ["deployment"]}
        settings = DestinationSettings("github", "github", options)
        with open_transport(settings) as transport:
            for attempt in range(2):
                verdict = send_event(settings, transport, deployment("github"), Effort(time.monotonic() + 60, 1))
                assert (verdict.result is Result.DELIVERED) == (attempt == 1)
    assert len(host.deployments) == 1


# -- several at once, permissions, limits


def test_what_one_is_refused_keeps_none_of_the_others_from_being_made():
    host, made = github.GitHub(forbidden={"statuses"}), deployment("github")
    everything = ["comment", "status", "deployment"]
    (verdict,), _ = send("github", host, made, publish=everything)
    assert verdict.result is Result.PARK
    assert "status: the token lacks the permission `statuses: write`" in verdict.reason
    assert (len(host.comments), len(host.deployments)) == (1, 1)
    host.forbidden = set()
    (verdict,), _ = send("github", host, made, publish=everything)
    assert (verdict.result, verdict.reason) == (Result.DELIVERED, "")
    assert (len(host.comments), len(host.deployments), len(host.statuses)) == (1, 1, 1)
    (verdict,), _ = send("github", github.GitHub(), run("github"), publish=everything)
    assert (verdict.result, verdict.reason) == (Result.DELIVERED, "")


@pytest.mark.parametrize(
    ("publish", "path", "permission"),
    [
        ("comment", "comments", "pull-requests: read"),
        ("comment", "pulls", "pull-requests: read"),
        ("status", "statuses", "statuses: write"),
        ("deployment", "deployments", "deployments: read"),
    ],
)
def test_the_permission_that_a_token_lacks_is_named(publish, path, permission):
    made = deployment("github", pull=path != "pulls")
    (verdict,), _ = send("github", github.GitHub(forbidden={path}), made, publish=[publish])
    assert verdict.result is Result.PARK
    assert f"`{permission}`" in verdict.reason


def test_what_a_job_token_may_not_do_is_named():
    job = {"token_type": "job"}
    for publish, says in (("comment", "may not write notes"), ("status", "may not set statuses")):
        (verdict,), _ = send("gitlab", gitlab.GitLab(), run("gitlab"), publish=[publish], **job)
        assert verdict.result is Result.PARK
        assert says in verdict.reason
    host = gitlab.GitLab()
    (verdict,), _ = send("gitlab", host, deployment("gitlab"), publish=["deployment"], **job)
    assert (verdict.result, len(host.deployments), host.projects) == (Result.DELIVERED, 1, {"acme/infra"})


@every_host
@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    ("fault", "result"),
    [
        (steps.status(503, connection="close"), Result.RETRY),
        (steps.status(429, retry_after="90", connection="close"), Result.RETRY),
        (lambda handler: steps.broken(handler, 200, b'[{"id": 1}]', {}), Result.RETRY),
        (steps.status(302, location="/x", connection="close"), Result.PARK),
    ],
)
def test_a_fault_in_any_of_the_requests_decides(kind, at, fault, result):
    host = HOSTS[kind]()
    backend = dataclasses.replace(BACKENDS[kind], accept=host.accept)

    def plainly(handler):
        given = backend.answer_to(handler)
        handler.answer(given.status, given.body, {**given.headers, "connection": "close"})

    with Receiver([*[plainly] * at, fault], always=plainly) as receiver:
        options = backend.options(receiver.url) | ({"url": WEB[kind]} if kind == "gitlab" else {})
        settings = DestinationSettings(kind, kind, options)
        with open_transport(settings) as transport:
            first = send_event(settings, transport, run(kind), Effort(time.monotonic() + 60, 1))
            second = send_event(settings, transport, run(kind), Effort(time.monotonic() + 60, 1))
    assert first.result is result
    assert second.result is Result.DELIVERED
    assert len(texts(host)) == 1


def test_a_comment_that_github_finds_too_long_is_sent_smaller_once():
    sizes = []

    def accept(received):
        if received.method == "POST":
            sizes.append(len(received.body))
            return answer(422, github.VALIDATION)
        return answer(200, [])

    with dataclasses.replace(github.BACKEND, accept=accept).serve() as receiver:
        settings = DestinationSettings("github", "github", github.BACKEND.options(receiver.url))
        with open_transport(settings) as transport:
            verdict = send_event(settings, transport, event("huge"), Effort(time.monotonic() + 60))
    assert verdict.result is Result.PARK
    assert len(sizes) == 2
    assert sizes[1] <= sizes[0] // 2


def test_requests_are_bounded():
    """A server whose list of comments never ends."""
    endless = answer(200, [], link='<https://x/?page=999999>; rel="last"', x_next_page="999999")
    for kind in HOSTS:
        given = dataclasses.replace(
            BACKENDS[kind], accept=lambda received: endless if received.method == "GET" else answer(201, {"id": 1})
        )
        with given.serve() as receiver:
            options = given.options(receiver.url) | ({"url": WEB[kind]} if kind == "gitlab" else {})
            settings = DestinationSettings(kind, kind, options)
            with open_transport(settings) as transport:
                verdict = send_event(settings, transport, run(kind), Effort(time.monotonic() + 60))
        assert verdict.result is Result.DELIVERED
        assert len(receiver.received) < MOST_REQUESTS


# -- where an event belongs


@pytest.mark.parametrize(
    ("api", "web"),
    [
        (None, "https://github.com"),
        ("https://api.github.com", "https://github.com"),
        ("https://github.corp.example/api/v3", "https://github.corp.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("https://api.corp.example", "https://api.corp.example"),
    ],
)
def test_the_pages_of_an_api(api, web):
    from change_events.destinations.github import web_of

    assert web_of({"api": api}) == web
    own = run("github", vcs={}).event
    ci = Ci(system="x", pull_request="17")
    there = msgspec.structs.replace(own, vcs=Vcs(repository="a/b", url=f"{web}/a/b", commit=COMMIT), actor=Actor(ci=ci))
    assert get("github").inapplicable(there, {"api": api}) is None
    assert "not on" in get("github").inapplicable(
        msgspec.structs.replace(there, vcs=Vcs(repository="a/b", remote="git@bitbucket.org:a/b.git", commit=COMMIT)),
        {"api": api},
    )


def test_github_enterprise_is_asked_below_its_own_path():
    made = run("github", vcs={})
    vcs = Vcs(repository="acme/infra", url="https://github.corp.example/acme/infra", commit=COMMIT)
    made = sealed(1, **msgspec.structs.asdict(msgspec.structs.replace(made.event, vcs=vcs)))
    options = {"api": "https://github.corp.example/api/v3", "token": SECRET, "publish": ["status"]}
    assert get("github").render(made, options).url == (
        f"https://github.corp.example/api/v3/repos/acme/infra/statuses/{COMMIT}"
    )


def test_gitlab_below_a_path_of_its_server():
    page = "https://host.example/gitlab/group/sub/app"
    vcs = Vcs(repository="gitlab/group/sub/app", url=page, commit=COMMIT)
    made = sealed(1, vcs=vcs, actor=Actor(ci=Ci(system="x", pull_request=f"{page}/-/merge_requests/5")))
    request = get("gitlab").render(made, {"url": "https://host.example/gitlab", "token": SECRET})
    path = "/gitlab/api/v4/projects/group%2Fsub%2Fapp/merge_requests/5/notes"
    assert request.url == f"https://host.example{path}"


def test_an_event_of_another_host_goes_nowhere_and_preview_says_why():
    settings = DestinationSettings("gh", "github", {"token": SECRET})
    every = Settings(destinations=(settings,))
    there = run("gitlab").event
    assert routing.destinations(there, every) == []
    assert routing.refusal(there, settings, every) == "its repository is on gitlab.example.com, not on github.com"
    assert routing.destinations(run("github").event, every) == ["gh"]
    with pytest.raises(OptionError, match="nothing is sent there"):
        get("github").render(run("gitlab"), settings.options)


def test_what_is_skipped_is_recorded_as_such_and_reported_as_nothing(tmp_path):
    host, made = github.GitHub(), run("github", pull=False)
    with serving("github", host) as (settings, _), Journal.open(tmp_path / "journal.db") as journal:
        journal.start(started(made), [settings.name])
        journal.settle(made, [settings.name])
        report = deliver(journal, [settings], budget=60)
        record = journal.get(made.event.id)
    assert (report.sent, report.problems, report.parked) == (0, (), 0)
    assert [(str(one.state), one.reason) for one in record.deliveries] == [
        ("delivered", "its commit belongs to no pull or merge request, or to several")
    ]


def test_the_journal_keeps_the_comment_of_a_start_for_its_end(tmp_path):
    host, made = github.GitHub(), run("github")
    with serving("github", host) as (settings, receiver), Journal.open(tmp_path / "journal.db") as journal:
        journal.start(started(made), [settings.name])
        assert deliver(journal, [settings], budget=60).sent == 1
        journal.settle(made, [settings.name])
        assert deliver(journal, [settings], budget=60).sent == 1
        assert [one.method for one in receiver.received] == ["GET", "POST", "PATCH"]
    assert len(host.comments) == 1


def test_a_skipped_delivery_is_shown_with_its_reason(monkeypatch):
    monkeypatch.setattr("change_events.cli.render.deliveries.paint", lambda text, _colour: text)
    status = DeliveryStatus("github", DeliveryState.DELIVERED, 1, "its commit is not known")
    sent = DeliveryStatus("slack", DeliveryState.DELIVERED, 1)
    lines = [line.split() for line in delivery_lines([status, sent], "")]
    assert [" ".join(line) for line in lines] == ["github skipped: its commit is not known", "slack sent"]


def test_a_test_event_is_not_sent_and_doctor_says_why():
    host = github.GitHub()
    with serving("github", host) as (settings, receiver):
        found = probe(settings, budget=60, send_test=True)
    assert found.ok
    assert [(one.method, one.path) for one in receiver.received] == [("GET", "/rate_limit")], "the token is tried"
    assert "it was sent nothing" in found.text
    assert "its repository is not known" in found.text
