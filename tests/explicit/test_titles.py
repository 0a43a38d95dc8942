"""Titles and messages of explicit events: short, true, and within their sizes."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.explicit import titles
from change_events.model import (
    Actor,
    ChangeEvent,
    Commit,
    Failure,
    Kind,
    Link,
    Outcome,
    Phase,
    Severity,
    Signal,
    Tool,
    Vcs,
)
from change_events.redact import Redactor
from change_events.summary.explicit_message import message, own_part
from tests.support.selection import examples


def event(kind=Kind.DEPLOYMENT, outcome=Outcome.SUCCEEDED, **fields):
    return ChangeEvent(
        id="019ab0f1-5e00-7aaa-8bbb-000000000001", kind=kind, phase=Phase.APPLIED, title="", outcome=outcome,
        started_at=datetime(2026, 11, 25, 12, tzinfo=UTC), explicit=True, **fields,
    )  # fmt: skip


SHOP = {"service": "shop", "version": "1.4.2", "environment": "prod"}
HOST = Actor(user="ann", host="web1")
REPOSITORY = Vcs(repository="https://github.com/acme/shop.git")


@pytest.mark.parametrize(
    ("made", "title"),
    [
        (event(**SHOP), "shop 1.4.2 deployed to prod"),
        (event(outcome=Outcome.FAILED, **SHOP), "deployment of shop 1.4.2 to prod — failed"),
        (event(outcome=None, **SHOP), "deployment of shop 1.4.2 to prod"),
        (event(outcome=Outcome.NO_CHANGE, **SHOP), "deployment of shop 1.4.2 to prod — no change"),
        (event(vcs=REPOSITORY, environment="prod"), "shop deployed to prod"),
        (event(environment="prod"), "deployment to prod"),
        (event(), "deployment"),
        (event(Kind.BUILD, service="shop", version="1.4.2"), "shop 1.4.2 built"),
        (event(Kind.BUILD, Outcome.CANCELLED), "build — cancelled"),
        (event(Kind.START, service="shop", actor=HOST), "shop started on web1"),
        (event(Kind.STOP, service="shop", actor=HOST), "shop stopped on web1"),
        (event(Kind.BOOT, service="shop", actor=HOST), "web1 booted"),
        (event(Kind.CUSTOM, tool=Tool(name="move.sh"), **SHOP), "move.sh for shop 1.4.2 in prod"),
        (event(Kind.INFRASTRUCTURE, Outcome.FAILED, tool=Tool(name="move.sh")), "move.sh — failed"),
    ],
)
def test_a_title_that_nobody_gave(made, title):
    assert titles.default(made) == title


@pytest.mark.parametrize("name", ["password", "auth-token", "secret-store", "api_key"])
def test_a_failure_shows_even_where_the_name_looks_like_that_of_a_secret(name):
    made = [event(kind, Outcome.FAILED, service=name, tool=Tool(name=name)) for kind in Kind]
    for title in [titles.default(one, "exit code 3") for one in made] + [
        titles.ended(f"Rotate the {name}", made[0].outcome)
    ]:
        assert Redactor().text(title) == title


def test_the_severity_follows_the_outcome():
    loud = {outcome for outcome in Outcome if titles.severity(outcome) is Severity.ERROR}
    assert loud == {Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN}
    assert titles.severity(Outcome.CANCELLED) is Severity.WARNING
    assert titles.severity(None) is Severity.INFO


def rich(commits=3):
    listed = tuple(Commit(id=f"{n:040x}", subject=f"Change *{n}*", author=f"author {n % 5}") for n in range(commits))
    return event(
        **SHOP, actor=HOST, failures=(Failure(summary="exit code 3"),), tool=Tool(name="x", command="./x --all"),
        signals=(Signal(name="rollback", reason="goes back 2 commits"),), links=(Link(title="run", url="https://x.io/1"),),
        vcs=Vcs(commit="f" * 40, branch="main", previous="a" * 40, commits=listed, commits_omitted=4),
    )  # fmt: skip


def test_a_message_has_the_senders_words_and_then_what_was_found_out(golden):
    golden("explicit/message.md")(message(rich(), "Out for **everybody**.\n", 8_000))


def test_a_message_lists_twenty_commits_and_counts_the_rest():
    text = message(rich(commits=50), "", 8_000)
    assert "**54 commits since `aaaaaaaaaaaa`**, by author 0, author 1, author 2 and 2 more" in text
    assert text.count("Change") == 20
    assert "- … and 34 more" in text


@examples(60)
@given(st.text(max_size=600), st.integers(200, 3_000), st.integers(0, 50))
def test_a_message_keeps_its_size_and_the_beginning_of_the_senders_words(own, limit, commits):
    text = message(rich(commits), own, limit)
    assert len(text.encode()) <= limit
    assert text.startswith(own.strip().encode()[: limit // 2 - 20].decode(errors="ignore"))


def test_a_cut_is_said():
    text = message(rich(), "x" * 5_000, 2_000)
    assert "… cut\n\n" in text
    assert text.endswith("[run](https://x.io/1)")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_the_senders_words_are_found_again_in_a_message(own):
    made = rich()
    assert own_part(msgspec.structs.replace(made, message=message(made, own, 8_000))) == own.strip()
