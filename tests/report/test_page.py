"""The page of a report: it needs nothing but itself, no text of an event acts on it, and it stays small and fast."""

from __future__ import annotations

import base64
import hashlib
import html
import re

import msgspec
import pytest

from benchmarks import report as benchmark
from change_events.model import Action, Drift, DriftStatus
from change_events.report import page as page_module
from change_events.report.page import page
from change_events.report.sizes import WHOLE
from change_events.summary.document import document
from tests.cli.sample import partial, succeeded
from tests.summary.test_document import SENT, SEVERAL, composed, utc  # noqa: F401 - a fixture
from tests.summary.typical_events import EVENTS
from tests.support.hostile import ATTACKS, LARGE, hostile
from tests.support.parsed_html import Parsed
from tests.support.selection import slow_except

_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "footer", "section", "article", "header", "aside"),
    *("svg", "symbol", "path", "circle", "rect", "use", "h1", "h2", "h3", "p", "ol", "ul", "li", "a", "span", "b"),
    *("dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "div", "del", "ins", "mark"),
    *("bdi", "time"),
}


def normalised(text):
    text = re.sub(r"<style>.*?</style>", "<style>…</style>", text, flags=re.DOTALL)
    text = re.sub(r"sha256-[\w+/=]+", "sha256-…", text)
    return re.sub(r"tfevent \d+\.\d+\.\d+\S*;", "tfevent 1.2.3;", text)


@pytest.mark.parametrize("name", ["replaced_and_failed", "playbook", "drift", "partial_plan"])
def test_a_typical_event_looks_as_the_golden_says(name, golden):
    golden(f"reports/{name}.html")(normalised(page([composed(name)])))


def test_several_events_look_as_the_golden_says(golden):
    golden("reports/several.html")(normalised(page([*SEVERAL, SENT])))


def test_the_first_heading_answers_and_what_went_wrong_comes_first():
    text = page(SEVERAL)
    assert re.search(r"<h1><bdi>(.*?)</bdi>", text)[1].startswith("3 events: 1 resource destroyed")
    places = [text.index(part) for part in (
        'aria-label="Read these first"', "<h3>Events", "<h2><bdi>prod/network", "<h3>Failures", "<h3>Risk signals",
        "<h3>Planned and result", "<h3>Changes", "<h3>Drift", "<h2><bdi>staging/app",
    )]  # fmt: skip
    assert places == sorted(places)
    assert "<h1><bdi>prod/network: 1 replaced, 1 updated" in page([partial()])


def test_before_and_after_differ_by_character():
    text = page([partial()])
    assert "&#34;<del>14.9</del>&#34;" in text
    assert "sensitive, rotated" in text
    assert '<span class="hid">(none)</span>' in text


def test_planned_and_result_count_each_action():
    rows = re.findall(r'<th scope="row">(\w+)</th>.*?</td>(.*?)</tr>', page([partial()]))
    figures = {action: [int(n) for n in re.findall(r">(\d+)</td>", cells)] for action, cells in rows}
    assert figures == {
        "destroy": [1, 1, 0, 0, 0], "replace": [1, 0, 1, 0, 0], "update": [1, 1, 0, 0, 0], "create": [1, 0, 0, 1, 0],
    }  # fmt: skip


def test_that_there_are_more_events_is_said():
    assert "only the newest 3 events" in page(SEVERAL, more=True)
    assert "newest 3" not in page(SEVERAL)


# -- it needs nothing else, and nothing of an event acts


def test_the_policy_allows_its_own_style_and_nothing_else():
    text = page(SEVERAL)
    policy = html.unescape(re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1])
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert text.index("Content-Security-Policy") < text.index("<style>")
    assert not re.search(r"url\(|@import|http", style)


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_stays_text(attack):
    events = [hostile(event, ATTACKS[attack]) for event in (*map(composed, EVENTS), partial(), SENT)]
    for text in (page(events), page(events[:1])):
        found = Parsed(text)
        assert found.tags - _TAGS == set()
        assert [name for name, _ in found.attributes if name.startswith("on") or name == "style"] == []
        assert [one for one in found.targets if not re.match(r"#[\w-]+\Z|https://(?!evil)[\w.-]+/", one)] == []
        shown = "".join(found.text)
        assert [c for c in shown if not c.isprintable() and c != "\n"] == []


def test_what_a_browser_would_reorder_or_hide_is_written_by_its_code():
    text = page([hostile(partial(), "a\u202eb\x00c")])
    assert "a<mark>U+202E</mark>b<mark>U+0000</mark>c" in text


def test_templates_in_texts_are_not_rendered():
    assert "{{ 7 * 7 }}" in html.unescape(page([hostile(partial(), "{{ 7 * 7 }}")]))


def test_a_link_of_another_scheme_is_text():
    link = msgspec.structs.replace(partial().links[0], url="javascript:alert(1)")
    assert "javascript:" not in page([msgspec.structs.replace(partial(), links=(link,))])
    assert 'href="https://wiki.example.com/network"' in page([partial()])


def test_every_variable_of_the_template_is_given():
    with pytest.raises(Exception, match="undefined"):
        page_module._template().render(sentence="only this")


# -- size and speed


@pytest.mark.parametrize("attack", [*slow_except(ATTACKS, "bidi"), "large"])
def test_no_event_makes_the_page_large(attack):
    text = LARGE[:200_000] if attack == "large" else ATTACKS[attack] * 5
    many = msgspec.structs.replace(partial(), changes=partial().changes * 250, failures=partial().failures * 500)
    events = [hostile(many, text), *(hostile(composed(name), text) for name in ("playbook", "drift"))] * 3
    assert len(page(events).encode()) <= 1_000_000


def test_what_there_is_no_room_for_is_counted():
    many = msgspec.structs.replace(partial(), changes=partial().changes * 2_000)
    text = page([many, succeeded(), succeeded()])
    left = int(re.search(r"… and (\d+) more: <code>tfevent events show", text)[1])
    assert text.count('<article class="change"><header>') - text.count("changed outside") + left == 8_000
    assert "The details of 2 quieter events are left out." in text


def test_a_thousand_changes_are_quick_and_small():
    figures = benchmark.measured()
    assert {name: figure for name, figure in figures.items() if figure > benchmark.LIMITS[name]} == {}
    assert len(document([benchmark.event()], WHOLE).encode()) <= 1_000_000


def test_drift_that_is_gone_is_not_said_to_have_changed_and_has_its_directory():
    drift = (
        Drift(address="a.new", action=Action.UPDATE, directory="prod/net", status=DriftStatus.APPEARED),
        Drift(address="a.old", action=Action.UPDATE, directory="prod/app", status=DriftStatus.GONE),
        Drift(address="a.lost", action=Action.DESTROY),
    )
    text = page([msgspec.structs.replace(composed("drift"), drift=drift)])
    found = re.findall(r"<(?:b|span)>([a-z ]+)</(?:b|span)></span><span class=\"mono\"><bdi>(a\..*?)</bdi>", text)
    assert found == [
        ("changed", "a.new in prod/net"),
        ("no longer drifted", "a.old in prod/app"),
        ("deleted", "a.lost"),
    ]
