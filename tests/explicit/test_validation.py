"""Explicit events that contradict themselves are refused, by whatever way they come, and nothing is recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

SECRET = "ghp_" + "Zq8Lw3Rt5Yv7Bn1Mk4Jh6Gf2Ds9Ap0Xc3Ve5"  # nothing real: the shape of a token


def later():
    return (datetime.now(UTC) + timedelta(days=400)).isoformat()


def earlier():
    return (datetime.now(UTC) - timedelta(hours=3)).isoformat()


def document(scene, *, state=None, **event):
    found = {"api": 1, "event": {"kind": "deployment", "title": "shop", "explicit": True, **event}}
    return scene.events("record", stdin=json.dumps({**found, **({"state": state} if state else {})}).encode())


def said(done):
    return done.stderr.decode()


@pytest.mark.parametrize("name", ["started_at", "ended_at"])
def test_a_time_in_the_future_is_refused_with_what_is_accepted(scene, name):
    option = f"--{name.replace('_', '-')}"
    done = scene.events("send", "--title", "x", option, later())
    assert done.returncode == 2
    assert f"{option}: is in the future: expected a time up to 20" in said(done)
    refused = document(scene, **{name: later()})
    assert refused.returncode == 65
    assert f"tfevent: {name}: is in the future: expected a time up to 20" in said(refused)
    assert scene.recorded() == []


def test_an_end_before_its_start_is_refused(scene):
    done = scene.events("send", "--title", "x", "--started-at", "1h", "--ended-at", "2h")
    assert done.returncode == 2
    assert "--ended-at: is before the start: expected a time from 20" in said(done)
    refused = document(scene, started_at=datetime.now(UTC).isoformat(), ended_at=earlier())
    assert (refused.returncode, scene.recorded()) == (65, [])
    assert "ended_at: is before the start: expected a time from" in said(refused)


def test_what_begins_has_no_end_yet(scene):
    done = scene.events("send", "--title", "x", "--state", "started", "--ended-at", "1m")
    assert done.returncode == 2
    assert "--ended-at: not allowed at the start" in said(done)
    assert document(scene, state="started", ended_at=earlier()).returncode == 65
    assert scene.recorded() == []


def test_the_second_step_cannot_end_before_the_first_began(scene):
    one = scene.events("send", "--title", "x", "--state", "started").stdout.decode().strip()
    done = scene.events("send", "--state", "finished", "--id", one, "--ended-at", "1h")
    assert done.returncode == 2
    assert "--ended-at: is before the start: the event began at 20" in said(done)
    assert document(scene, state="finished", id=one, ended_at=earlier()).returncode == 65
    assert "outcome" not in scene.only(), "still under way"
    assert scene.events("send", "--state", "finished", "--id", one).returncode == 0
    assert scene.only()["outcome"] == "succeeded"


def test_only_an_end_is_when_it_began_too(scene):
    assert document(scene, ended_at=earlier()).returncode == 0
    event = scene.only()
    assert event["started_at"] == event["ended_at"]


def test_a_key_that_would_be_hidden_is_refused(scene):
    done = scene.events("send", "--title", "x", "--dedup-key", SECRET)
    assert (done.returncode, SECRET in said(done)) == (2, False)
    assert "--dedup-key: looks like a secret" in said(done)
    refused = document(scene, dedup_key=SECRET)
    assert (refused.returncode, SECRET in said(refused)) == (65, False)
    assert "key: looks like a secret" in said(refused)
    assert scene.recorded() == []


def test_a_failed_end_fails_the_hosts_of_the_start(scene):
    hosts = [{"name": "web1", "status": "changed"}, {"name": "web2", "status": "changed"}]
    one = json.loads(document(scene, state="started", hosts=hosts).stdout)["id"]
    assert document(scene, state="finished", id=one, outcome="failed").returncode == 0
    assert {host["status"] for host in scene.only()["hosts"]} == {"failed"}


def test_what_the_end_says_of_its_hosts_counts(scene):
    one = json.loads(document(scene, state="started", hosts=[{"name": "web1", "status": "changed"}]).stdout)["id"]
    hosts = [{"name": "web1", "status": "changed"}, {"name": "web2", "status": "failed"}]
    assert document(scene, state="finished", id=one, outcome="failed", hosts=hosts).returncode == 0
    assert [host["status"] for host in scene.only()["hosts"]] == ["changed", "failed"]


@pytest.mark.parametrize("option", ["--message", "--data"])
def test_a_closed_standard_input_is_a_mistake_and_no_bug(scene, option):
    command = f"exec tfevent events send --title x {option} - <&-"
    done = scene.shell(command)
    assert done.returncode == 2
    assert f"{option}: standard input is closed: expected text or @FILE" in said(done)
    assert scene.recorded() == []


def test_quiet_leaves_out_the_line_and_no_mistake(scene):
    done = scene.events("run", "--kind", "deploy", "--", "true", TFEVENT_QUIET="1")
    assert done.returncode == 0
    assert said(done).startswith("tfevent: --kind: expected one of infrastructure, deployment")
    assert said(done).count("\n") == 1


def test_paths_say_nothing_without_a_range(scene):
    done = scene.events("send", "--title", "x", "--path", "shop")
    assert (done.returncode, "--path: requires --previous-commit" in said(done)) == (2, True)


def test_a_previous_commit_that_is_not_known_is_shown_everywhere(scene):
    scene.commit("one")
    done = scene.events("send", "--title", "x", "--previous-commit", "b" * 40)
    assert done.returncode == 0
    needle = "bbbbbbbbbb"
    for words in (("show", "last"), ("show", "last", "--markdown")):
        shown = scene.events(*words).stdout.decode()
        assert needle in shown
        assert "it was never fetched, or was amended" in shown


def test_a_name_that_git_does_not_know_is_no_commit(scene):
    done = scene.events("send", "--title", "x", "--commit", "v1.4.2")
    assert done.returncode == 0
    assert "the commit cannot be looked up: there is no git repository here" in said(done)
    assert "commit" not in scene.only().get("vcs", {})
    scene.events("send", "--title", "y", "--commit", "c0ffee1")
    assert scene.recorded()[1]["vcs"]["commit"] == "c0ffee1", "an id is the same everywhere"
