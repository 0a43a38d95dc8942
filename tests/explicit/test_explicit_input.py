"""What a sender says is read and checked: everything that is wrong at once, and never with the value."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from change_events.explicit import choices
from change_events.explicit.explicit_input import LARGEST_DATA, LARGEST_MESSAGE, read
from change_events.model import Kind, Link, Outcome, Severity

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ID = "019ab0f1-5e00-7aaa-8bbb-000000000001"


def parsed(**options):
    """The event of the options, which must be right."""
    found, mistakes = read(options, known_destinations=["hook"], now=NOW)
    assert mistakes == []
    return found


def wrong(**options):
    """What is said against the options, a line each."""
    _, mistakes = read(options, known_destinations=["hook"], now=NOW)
    assert mistakes, options
    return mistakes


def test_the_options_take_the_words_of_the_model():
    assert sorted(choices.KINDS) == sorted(Kind)
    assert sorted(choices.OUTCOMES) == sorted(Outcome)
    assert list(choices.SEVERITIES) == list(Severity)


def test_everything_can_be_said():
    found = parsed(
        kind="deployment", title="Out", message="It is", severity="warning", outcome="partial", environment="prod",
        service="shop", version="1.4.2", tag=["team=core", "region = eu "],
        started_at="10m", ended_at="2026-11-25T11:59:00Z",
        link=["run=https://ci.example.com/1?a=b", "https://wiki.example.com/x"], commit="v2", previous_commit="v1",
        data='{"ticket": "OPS-7"}', destination=["hook", "hook"], dedup_key="build-7", dedup_window="2h",
    )  # fmt: skip
    assert (found.kind, found.severity, found.outcome) == (Kind.DEPLOYMENT, Severity.WARNING, Outcome.PARTIAL)
    assert found.tags == {"team": "core", "region": "eu"}
    assert (found.started_at, found.ended_at) == (NOW - timedelta(minutes=10), NOW - timedelta(minutes=1))
    assert found.links == (
        Link(title="run", url="https://ci.example.com/1?a=b"),
        Link(title="wiki.example.com", url="https://wiki.example.com/x"),
    )
    assert (found.commit, found.previous, found.data) == ("v2", "v1", {"ticket": "OPS-7"})
    assert (found.destinations, found.dedup_key, found.dedup_window) == (("hook",), "build-7", 7200.0)


def test_a_variable_that_is_not_set_counts_as_not_given():
    names = ("kind", "title", "message", "severity", "outcome", "environment", "service", "version",
             "started_at", "ended_at",
             "commit", "previous_commit", "data", "dedup_key", "dedup_window", "state", "id")  # fmt: skip
    assert parsed(**dict.fromkeys(names, ""), destination=[""]) == parsed()
    assert parsed(tag=["team="]).tags == {}


def test_every_mistake_is_reported_at_once_and_the_rest_is_used():
    options = {
        "kind": "deploy", "severity": "loud", "outcome": "ok", "tag": ["fine=1", "bad"],
        "started_at": "soon", "ended_at": "x",
        "link": ["ftp://x.example.com"], "commit": "-rf", "data": "[1]", "destination": ["hook", "gone"],
        "dedup_window": "0s", "title": "kept",
    }  # fmt: skip
    found, mistakes = read(options, known_destinations=["hook"], now=NOW)
    assert [line.split(":")[0] for line in mistakes] == [
        "--kind", "--severity", "--outcome", "--tag", "--started-at", "--ended-at", "--link", "--commit", "--data",
        "--destination", "--dedup-window",
    ]  # fmt: skip
    assert (found.title, found.tags, found.destinations) == ("kept", {"fine": "1"}, ("hook",))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"started_at": "1h", "ended_at": "2h"}, "--ended-at: is before the start: expected a time from"),
        ({"started_at": "2026-11-25T12:06Z"}, "--started-at: is in the future"),
        ({"started_at": "1h", "ended_at": "2026-11-26T12:00Z"}, "--ended-at: is in the future"),
        ({"dedup_window": "1h"}, "--dedup-window: requires --dedup-key"),
        ({"state": "done"}, "--state: expected one of started, finished"),
        ({"state": "finished"}, "--id: missing"),
        ({"id": ID}, "--id: requires --state finished"),
        ({"state": "finished", "id": "7"}, "--id: not an event ID"),
        ({"state": "started", "outcome": "failed"}, "--outcome: not allowed with --state started"),
        ({"destination": ["hok"]}, "--destination: no destination is named hok; expected hook"),
        ({"message": "@/nowhere/at/all"}, "--message: cannot read /nowhere/at/all (No such file or directory)"),
        ({"data": "{"}, "--data: the value is not valid JSON"),
        ({"data": '"x"'}, "--data: expected a JSON object"),
        ({"data": "[" * 50_000}, "--data: the value is not valid JSON"),
        ({"commit": "a b"}, "--commit: expected a commit's id, a tag or a branch"),
        ({"commit": "--output=/etc/passwd"}, "--commit: expected"),
    ],
)
def test_what_does_not_fit_is_reported_with_its_remedy(options, text):
    assert wrong(**options)[0].startswith(text)


def test_a_previous_commit_alone_means_up_to_what_is_checked_out():
    assert parsed(previous_commit="v1").commit == "HEAD"


def test_the_zeros_of_a_ci_system_are_no_commit():
    assert parsed(previous_commit="0" * 40) == parsed()


def test_a_key_holds_for_a_day_unless_said_otherwise():
    assert parsed(dedup_key="k").dedup_window == 86_400.0


def test_a_message_comes_from_text_a_file_or_standard_input(tmp_path, monkeypatch):
    path = tmp_path / "notes.md"
    path.write_bytes("größer\n".encode() + b"\xff")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    assert parsed(message="plain").message == "plain"
    assert parsed(message=f"@{path}").message == "größer\n\ufffd"
    assert parsed(message="@@channel now").message == "@channel now"
    assert parsed(message="-").message == "typed"


def test_standard_input_is_read_once_and_never_where_it_is_the_commands(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    assert wrong(message="-", data="-") == ["--data: standard input can be read only once: expected a file"]
    _, mistakes = read({"data": "-"}, known_destinations=[], now=NOW, stdin=False)
    assert mistakes == ["--data: standard input belongs to the command: expected a file"]


def test_what_is_too_long_is_refused_not_cut(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(b"x" * (LARGEST_MESSAGE + 1))
    assert "longer than 1,000,000 bytes" in wrong(message=f"@{path}")[0]
    assert "longer than 64,000 bytes" in wrong(data='{"a": "' + "x" * LARGEST_DATA + '"}')[0]


@any_of(st.text(min_size=1).filter(lambda text: text.strip()))
def test_no_mistake_quotes_a_value(text):
    secret = f"hunter2{text}hunter2"
    lines = wrong(
        kind=secret, severity=secret, outcome=secret, tag=[secret.replace("=", "")], started_at=secret, ended_at=secret,
        link=[secret], data=secret, dedup_window=secret, state=secret, id=secret, commit=f"- {secret}",
    )  # fmt: skip
    assert len(lines) >= 11
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize("text", ["@1764072000", "2026-11-25T13:00:00+01:00", "0s"])
def test_moments_may_be_ages_times_or_seconds(text):
    moment = parsed(started_at=text).started_at
    assert moment == (datetime(2025, 11, 25, 12, tzinfo=UTC) if text.startswith("@") else NOW)
