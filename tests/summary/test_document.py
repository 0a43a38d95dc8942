"""The Markdown document of a report: within any size, the gravest first, and what an event says stays text."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from change_events.destinations.shared.clip import units
from change_events.model import Kind, Outcome, Phase, Severity, Signal
from change_events.report.sizes import WHOLE, characters, sizes
from change_events.settings import Settings
from change_events.summary import answer
from change_events.summary.composing import compose
from change_events.summary.document import LEAST, document
from tests.cli.sample import partial, running, succeeded
from tests.summary.typical_events import EVENTS
from tests.support.hostile import ATTACKS, LARGE, hostile
from tests.support.selection import examples, slow, slow_except

SEVERAL = (running(), partial(), succeeded())
SENT = msgspec.structs.replace(
    succeeded(), explicit=True, kind=Kind.DEPLOYMENT, title="shop 1.5.0", message="Rolled out.\n\nBy hand."
)


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@cache
def composed(name):
    return compose(EVENTS[name], Settings(message_bytes=8000))


@pytest.mark.parametrize("name", EVENTS)
def test_a_typical_event_reads_as_the_golden_says(name, golden):
    golden(f"reports/{name}.md")(document([composed(name)], characters(3_000) if name == "huge" else WHOLE))


def test_several_events_read_as_the_golden_says(golden):
    golden("reports/several.md")(document([*SEVERAL, SENT], WHOLE))


# -- the sentence


def test_the_sentence_says_what_was_changed_and_what_went_wrong():
    assert answer.sentence([partial()]) == partial().title
    assert answer.sentence(SEVERAL) == (
        "3 events: 1 resource destroyed, 1 updated, 2 created; 1 partially failed, 1 running, 1 with risk signals"
    )


def test_what_was_only_planned_or_checked_is_no_change():
    planned = msgspec.structs.replace(succeeded(), phase=Phase.PLANNED)
    assert answer.sentence([planned, planned]) == "2 events: none failed"
    declined = msgspec.structs.replace(succeeded(), outcome=Outcome.DECLINED, changes=())
    assert answer.sentence([declined, succeeded()]) == "2 events: 2 resources created; none failed"


def test_explicit_events_are_counted_by_kind():
    assert answer.sentence([SENT, SENT, succeeded()]) == "3 events: 2 resources created; 2 deployments; none failed"


def test_figures_of_a_playbook_are_tasks():
    assert "; 4 tasks changed hosts; " in answer.sentence([EVENTS["playbook"], succeeded()])


# -- sizes


@pytest.mark.parametrize("limit", [LEAST, slow(1_500), 4_000, slow(65_536)])
@pytest.mark.parametrize("attack", [*slow_except(ATTACKS, "mentions"), "large"])
def test_no_event_makes_it_longer_than_its_limit(limit, attack):
    names = ["replaced_and_failed", "playbook", "drift"] if attack == "large" else EVENTS
    events = [hostile(composed(name), LARGE if attack == "large" else ATTACKS[attack]) for name in names]
    size = characters(limit)
    assert units(document(events, size)) <= limit
    assert all(units(document([one], size)) <= limit for one in events)


@examples(30)
@given(st.integers(LEAST, 20_000), st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=8))
def test_any_limit_holds_for_any_events(limit, names):
    assert units(document([EVENTS[name] for name in names], characters(limit))) <= limit


def test_characters_are_counted_as_github_counts_them():
    smiling = hostile(partial(), "\U0001f600" * 100)
    text = document([smiling], characters(3_000))
    assert len(text.encode("utf-16-le")) // 2 <= 3_000
    assert len(text) > 1_000


def test_what_is_left_out_is_counted():
    many = msgspec.structs.replace(partial(), changes=partial().changes * 200)
    text = document([many], characters(4_000))
    shown = len(re.findall(r"^- (?:create|update|destroy|replace) ", text, re.MULTILINE))
    left = sum(int(number) for number in re.findall(r"… and (\d+) (?:more )?(?:incomplete|upd|creat|destroys)", text))
    assert shown > 1
    assert shown + left == 800


def test_failures_are_kept_longest_and_details_of_the_gravest_event_come_first():
    text = document([*[succeeded()] * 50, partial(), *[succeeded()] * 50], characters(4_000))
    assert "**failed**; it cannot be updated in place" in text
    assert text.index("### prod/network") < text.index("### staging/app")
    left = int(re.search(r"The details of (\d+) of 101 events are left out", text)[1])
    assert left + text.count("### ") == 101


def test_one_large_event_leaves_room_for_the_next_one():
    many = msgspec.structs.replace(partial(), changes=partial().changes * 500)
    assert document([many, partial()], characters(20_000)).count("### prod/network") == 2


def test_that_there_are_more_events_is_said():
    assert "only the newest 3 events" in document(SEVERAL, WHOLE, more=True)
    assert "newest 3" not in document(SEVERAL, WHOLE)


def test_events_with_grave_signals_come_before_quiet_ones():
    risky = msgspec.structs.replace(
        succeeded(), severity=Severity.ERROR, signals=(Signal(name="exposed_to_world", reason="port 22"),)
    )
    assert answer.gravest_first([succeeded(), running(), risky, partial()]) == [
        partial(),
        risky,
        running(),
        succeeded(),
    ]


# -- what an event says stays text

_REFERENCES = re.compile(
    r"[@~%^$](?=\w)|[#!](?=\d)|\bGH-\d|\w://|(?<![\w.])www\.\w|^[ \t]*/\w", re.IGNORECASE | re.MULTILINE
)


def parsed(markdown):
    """Tokens as CommonMark reads them; raw HTML would be seen, since it is switched on."""
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_stays_text(attack):
    events = [hostile(event, ATTACKS[attack]) for event in (*map(composed, EVENTS), partial(), SENT)]
    for text in [document(events, WHOLE), document(events, sizes()["slack"])]:
        tokens = list(parsed(text))
        assert {token.type for token in tokens} & {
            "image",
            "html_inline",
            "html_block",
            "hr",
            "blockquote_open",
        } == set()
        assert [token.attrs for token in tokens if token.type == "link_open" and "evil" in token.attrs["href"]] == []
        assert {token.tag for token in tokens if token.type == "heading_open"} <= {"h2", "h3"}
        prose = [token.content for token in tokens if token.type == "text"]
        assert [part for part in prose if _REFERENCES.search(part)] == []
        assert [c for c in text if not c.isprintable() and c not in "\n\u200b"] == []


def test_links_of_the_event_are_links_and_lead_where_it_says():
    targets = [dict(token.attrs)["href"] for token in parsed(document([partial()], WHOLE)) if token.type == "link_open"]
    assert targets == ["https://wiki.example.com/network"]


def test_in_code_for_slack_nothing_is_a_mention():
    channel = hostile(partial(), "<!channel>")
    assert "<!channel>" in document([channel], WHOLE)
    assert "<!channel>" not in document([channel], sizes()["slack"])


def test_the_latest_start_gives_the_window():
    late = msgspec.structs.replace(partial(), started_at=partial().started_at + timedelta(days=2))
    assert answer.window([late, partial()]) == "2026-11-23 12:00 to 2026-11-25 12:00 +0000"
