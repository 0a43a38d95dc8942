"""`tfevent events send`: real processes, real repositories, receivers that misbehave."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.receiver import Receiver, hang, refused_url, status
from tests.support.secrets import PASSWORD, TOKENS, assert_nowhere
from tests.support.speed import at_most

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n")
PLAIN = "correct-horse" + "-battery-staple"  # nothing but where it stands says that it is a secret
DEPLOYED = ("send", "--kind", "deployment", "--service", "shop", "--version", "1.4.2", "--environment", "prod")


def sent(done) -> str:
    """The id of an event that was recorded: the only thing on standard output."""
    assert done.returncode == 0, done.stderr.decode()
    assert ID.fullmatch(done.stdout.decode()), done.stdout
    return done.stdout.decode().strip()


def test_a_deployment_is_recorded_and_its_id_is_all_that_is_printed(scene):
    one = sent(scene.events(*DEPLOYED, "--tag", "team=core", "--link", "notes=https://wiki.example.com/1"))
    event = scene.only()
    assert event["id"] == one
    assert event["title"] == "shop 1.4.2 deployed to prod"
    assert (event["kind"], event["phase"], event["outcome"]) == ("deployment", "applied", "succeeded")
    assert (event["service"], event["version"], event["environment"]) == ("shop", "1.4.2", "prod")
    assert event["tags"] == {"team": "core"}
    assert event["links"] == [{"title": "notes", "url": "https://wiki.example.com/1"}]
    assert event["actor"]["user"] == "ann"
    assert event["trace"]["run_id"] == one


def test_the_line_on_standard_error_says_where_it_went(scene):
    with Receiver() as receiver:
        done = scene.events(*DEPLOYED, TFEVENT_WEBHOOK_URL=receiver.url)
        one = sent(done)
        assert done.stderr.decode() == f"tfevent: shop 1.4.2 deployed to prod [{one}] → webhook delivered\n"
        assert receiver.accepted[0].json()["id"] == one
        assert scene.events(*DEPLOYED, TFEVENT_WEBHOOK_URL=receiver.url, TFEVENT_QUIET="1").stderr == b""


def test_the_commits_of_a_deployment_are_listed(scene):
    old = scene.commit("Old")
    scene.commit("Fix the cart", author="Bo")
    new = scene.commit("Faster search")
    sent(scene.events(*DEPLOYED, "--commit", new[:9], "--previous-commit", old))
    vcs = scene.only()["vcs"]
    assert (vcs["commit"], vcs["previous"], vcs["subject"], vcs["branch"]) == (new, old, "Faster search", "main")
    assert [(c["subject"], c["author"]) for c in vcs["commits"]] == [("Faster search", "Ann"), ("Fix the cart", "Bo")]
    assert "**2 commits since" in scene.only()["message"]


def test_going_back_is_reported_as_a_rollback(scene):
    old = scene.commit("Old")
    new = scene.commit("Bad idea")
    sent(scene.events(*DEPLOYED, "--commit", old, "--previous-commit", new))
    event = scene.only()
    reason = f"goes back 1 commit, from {new[:12]} to {old[:12]}"
    assert event["signals"] == [{"name": "rollback", "reason": reason}]
    assert reason in event["message"]
    assert "branch" not in event["vcs"], "the branch that is checked out is not what is deployed"


def test_commits_that_this_clone_lacks_are_kept_as_given_and_it_is_said(scene):
    scene.commit("Only one")
    done = scene.events(*DEPLOYED, "--commit", "a" * 40, "--previous-commit", "b" * 40)
    sent(done)
    assert b"tfevent: the commits between cannot be listed: the commit is not in this clone" in done.stderr
    vcs = scene.only()["vcs"]
    assert (vcs["commit"], vcs["previous"]) == ("a" * 40, "b" * 40)
    assert "subject" not in vcs


def test_ci_and_trace_are_detected(scene):
    sent(
        scene.events(
            *DEPLOYED,
            GITLAB_CI="true",
            CI_JOB_URL="https://gitlab.example.com/x/-/jobs/7",
            CI_JOB_NAME="deploy",
            GITLAB_USER_LOGIN="bo",
            TRACEPARENT="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            TFEVENT_RUN_ID="the-pipeline",
        )
    )
    event = scene.only()
    assert event["actor"]["ci"]["system"] == "GitLab CI"
    assert event["links"] == [{"title": "GitLab CI run", "url": "https://gitlab.example.com/x/-/jobs/7"}]
    assert event["trace"]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert event["trace"]["parent_run_id"] == "the-pipeline"


def test_a_message_may_be_piped_in(scene):
    sent(scene.events(*DEPLOYED, "--message", "-", stdin=b"* fixed the cart\n"))
    assert scene.only()["message"].startswith("* fixed the cart\n\nBy ann on ")


def test_mistakes_are_all_reported_nothing_is_recorded_and_nothing_is_printed(scene):
    done = scene.events("send", "--kind", "deploy", "--tag", "x", "--started-at", "soon", "--data", "nope")
    assert (done.returncode, done.stdout) == (2, b"")
    lines = done.stderr.decode().splitlines()
    assert [line.split(": ")[1] for line in lines] == ["--kind", "--tag", "--started-at", "--data"]
    assert scene.recorded() == []


@pytest.mark.parametrize("kind", ["custom", "infrastructure"])
def test_what_says_nothing_by_itself_needs_a_title(scene, kind):
    done = scene.events("send", "--kind", kind)
    assert done.returncode == 2
    assert done.stderr.decode() == f"tfevent: --title is required for events of kind {kind}\n"
    sent(scene.events("send", "--kind", kind, "--title", "Failover"))
    assert scene.only()["title"] == "Failover"


@pytest.mark.parametrize(
    ("outcome", "title", "severity"),
    [
        ("failed", "deployment of shop 1.4.2 to prod — failed", "error"),
        ("cancelled", "deployment of shop 1.4.2 to prod — cancelled", "warning"),
        ("unknown", "deployment of shop 1.4.2 to prod — outcome unknown", "error"),
    ],
)
def test_an_outcome_shows_in_title_and_severity(scene, outcome, title, severity):
    sent(scene.events(*DEPLOYED, "--outcome", outcome))
    event = scene.only()
    assert (event["outcome"], event["title"], event["severity"]) == (outcome, title, severity)


def test_severity_and_times_are_the_senders(scene):
    sent(
        scene.events(
            *DEPLOYED, "--severity", "warning", "--started-at", "2026-11-25T10:00Z", "--ended-at", "2026-11-25T10:05Z"
        )
    )
    event = scene.only()
    assert event["severity"] == "warning"
    assert (event["started_at"], event["ended_at"]) == ("2026-11-25T10:00:00Z", "2026-11-25T10:05:00Z")


def test_a_start_alone_means_that_it_ends_now_and_nothing_means_now(scene):
    sent(scene.events(*DEPLOYED, "--started-at", "@1764072000"))
    sent(scene.events(*DEPLOYED))
    long, short = scene.recorded()
    assert (long["started_at"], long["ended_at"][:4]) == ("2025-11-25T12:00:00Z", "2026")
    assert short["started_at"] == short["ended_at"]


def test_a_key_records_once_and_gives_the_same_id_again(scene):
    with Receiver() as receiver:
        words = (*DEPLOYED, "--dedup-key", "pipeline-7", "--dedup-window", "1h")
        first = sent(scene.events(*words, TFEVENT_WEBHOOK_URL=receiver.url))
        again = scene.events(*words, TFEVENT_WEBHOOK_URL=receiver.url)
        assert sent(again) == first
        assert again.stderr.decode() == f"tfevent: not recorded again: {first} has the same key\n"
        assert sent(scene.events(*DEPLOYED, "--dedup-key", "pipeline-8")) != first
        assert len(receiver.received) == 1
    assert len(scene.recorded()) == 2


def test_a_key_that_looks_like_a_secret_is_refused_since_two_of_them_would_look_the_same(scene):
    done = scene.events(*DEPLOYED, "--dedup-key", TOKENS["github"])
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--dedup-key: looks like a secret" in done.stderr
    assert_nowhere([TOKENS["github"]], done.stderr, scene.state)


def test_a_destination_may_be_named(scene):
    with Receiver() as wanted, Receiver() as other:
        (scene.work / "tfevent.yaml").write_text(
            "destinations:\n"
            f"  audit: {{kind: webhook, url: {wanted.url}}}\n"
            f"  chat: {{kind: webhook, url: {other.url}}}\n"
        )
        sent(scene.events(*DEPLOYED, "--destination", "audit"))
        assert (len(wanted.received), len(other.received)) == (1, 0)
        done = scene.events(*DEPLOYED, "--destination", "pager")
        assert done.returncode == 2
        assert b"--destination: no destination is named pager; expected audit or chat" in done.stderr


def test_a_named_destination_gets_it_whatever_its_conditions(scene):
    with Receiver() as wanted:
        (scene.work / "tfevent.yaml").write_text(
            f"destinations:\n  audit: {{kind: webhook, url: {wanted.url}, when: {{kind: build}}}}\n"
        )
        sent(scene.events(*DEPLOYED))
        assert wanted.received == []
        sent(scene.events(*DEPLOYED, "--destination", "audit"))
        assert len(wanted.received) == 1


def test_no_secret_gets_anywhere(scene):
    scene.commit(f"Use {TOKENS['slack']} for now")
    with Receiver() as receiver:
        done = scene.events(
            *DEPLOYED,
            "--title", f"Login with {TOKENS['github']} or {PLAIN}",
            "--message", f"password={PASSWORD} and then {TOKENS['jwt']} " + "x" * 9_000 + f" token: {TOKENS['vault']}",
            "--tag", f"db_password={PASSWORD}",
            "--link", f"run=https://ann:{TOKENS['npm']}@ci.example.com/1",
            "--data", f'{{"db": {{"password": "{PLAIN}"}}, "note": "{TOKENS["stripe"]}", "again": "{PLAIN} it was"}}',
            "--dedup-key", "k",
            "--commit", "HEAD", "--previous-commit", "HEAD",
            TFEVENT_WEBHOOK_URL=receiver.url, DEPLOY_TOKEN=PASSWORD,
        )  # fmt: skip
        sent(done)
        planted = [PASSWORD, PLAIN, *(TOKENS[name] for name in ("slack", "github", "jwt", "vault", "npm", "stripe"))]
        assert_nowhere(planted, done.stderr, done.stdout, scene.state, receiver.received[0].body)
    assert scene.only()["data"]["note"] == "(sensitive)"


def test_a_secret_at_the_place_of_a_cut_is_gone_before_the_cut(scene):
    secret = TOKENS["gitlab"]
    sent(scene.events("send", "--title", "x" * 105 + " " + secret))
    title = scene.only()["title"]
    assert len(title) <= 120
    assert secret[:5] not in title


@pytest.mark.parametrize("failure", [status(401, b"bad token"), status(503), hang()], ids=["401", "503", "hang"])
def test_a_backend_that_fails_costs_a_clause_and_the_budget(scene, failure):
    with Receiver(always=failure) as receiver:
        hook = {"TFEVENT_WEBHOOK_URL": receiver.url + "/s3cr3t-path-token", "TFEVENT_BUDGET": "0.5"}
        with at_most(4):
            done = scene.events(*DEPLOYED, **hook)
        sent(done)
        assert b"webhook " in done.stderr
        assert b"s3cr3t" not in done.stderr
    states = {row["state"] for row in scene.only()["deliveries"]}
    assert states <= {"parked", "waiting"}


def test_without_a_usable_journal_it_is_sent_directly_and_that_is_said(scene):
    scene.state.write_text("in the way: a file where the folder should be")
    with Receiver() as receiver:
        done = scene.events(*DEPLOYED, TFEVENT_WEBHOOK_URL=receiver.url)
        sent(done)
        assert len(receiver.accepted) == 1
    assert done.stderr.decode().splitlines()[-1].endswith("→ sent to 1 of 1")
    assert f"journal {scene.state}/journal.db" in done.stderr.decode()


def test_what_is_neither_recorded_nor_sent_is_no_success(scene):
    scene.state.write_text("in the way")
    done = scene.events(*DEPLOYED, TFEVENT_WEBHOOK_URL=refused_url(), TFEVENT_BUDGET="0.5")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the event is lost there" in done.stderr
    done = scene.events(*DEPLOYED)
    assert (done.returncode, done.stdout) == (1, b"")


def test_a_damaged_journal_is_moved_aside(scene):
    scene.state.mkdir()
    (scene.state / "journal.db").write_bytes(b"no database at all" * 500)
    done = scene.events(*DEPLOYED)
    sent(done)
    assert b"the journal was damaged: moved to " in done.stderr
    assert scene.only()["title"] == "shop 1.4.2 deployed to prod"


def test_it_works_in_a_directory_that_is_gone(scene):
    line = f"mkdir gone && cd gone && rmdir ../gone && exec {sys.executable} -m tf_wrapper events send --title here"
    done = subprocess.run(["sh", "-c", line], cwd=scene.work, env=scene.environ, capture_output=True, check=False)
    sent(done)
    assert scene.only()["title"] == "here"


# -- two steps


def test_an_event_may_be_reported_in_two_steps(scene):
    with Receiver() as receiver:
        one = sent(scene.events(*DEPLOYED, "--state", "started", "--message", "Here it goes."))
        running = scene.only()
        assert (running["title"], running.get("outcome")) == ("deployment of shop 1.4.2 to prod", None)
        done = scene.events(
            "send", "--state", "finished", "--id", one, "--outcome", "failed", "--message", "No answer.",
            "--tag", "team=core", TFEVENT_WEBHOOK_URL=receiver.url,
        )  # fmt: skip
        assert sent(done) == one
        assert receiver.accepted[0].json()["outcome"] == "failed"
    event = scene.only()
    assert event["title"] == "deployment of shop 1.4.2 to prod — failed"
    assert (event["severity"], event["tags"]) == ("error", {"team": "core"})
    assert event["message"].startswith("Here it goes.\n\nNo answer.\n\nBy ann on ")
    assert event["ended_at"] > event["started_at"]


def test_who_wants_to_know_of_starts_is_notified_of_the_first_step(scene):
    with Receiver() as receiver:
        (scene.work / "tfevent.yaml").write_text(
            f"destinations:\n  audit: {{kind: webhook, url: {receiver.url}, include_started: true}}\n"
        )
        one = sent(scene.events(*DEPLOYED, "--state", "started"))
        assert [event.json().get("outcome") for event in receiver.accepted] == [None]
        sent(scene.events("send", "--state", "finished", "--id", one))
        assert [(e.json()["id"], e.json().get("outcome")) for e in receiver.accepted] == [
            (one, None),
            (one, "succeeded"),
        ]


def test_the_second_step_counts_once(scene):
    one = sent(scene.events(*DEPLOYED, "--state", "started"))
    finish = ("send", "--state", "finished", "--id", one)
    assert sent(scene.events(*finish)) == one
    again = scene.events(*finish, "--outcome", "failed")
    assert sent(again) == one
    assert b"is already finished" in again.stderr
    assert scene.only()["outcome"] == "succeeded"


def test_a_second_step_without_a_first_needs_a_title(scene):
    finish = ("send", "--state", "finished", "--id", "019ab0f1-5e00-7aaa-8bbb-000000000001")
    done = scene.events(*finish)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"no started event with this ID in this journal" in done.stderr
    assert sent(scene.events(*finish, "--title", "Out of the blue")) == finish[-1]


def test_the_first_step_needs_a_journal(scene):
    scene.state.write_text("in the way")
    done = scene.events(*DEPLOYED, "--state", "started")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"journal" in done.stderr
