"""The list: filters that live in the address, pages both ways, and why it is empty where it is."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.model import Severity, Signal
from change_events.server import urls
from change_events.server.filters import NAMES, Filters, read_filters
from tests.history.past import change, run, settle
from tests.server.team import EVENTS, NOW, SHOP, html, ids, many, page, recorded
from tests.support.parsed_html import Parsed


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    with recorded(tmp_path_factory.mktemp("team")) as journal:
        yield journal


@pytest.fixture(scope="module")
def long_journal(tmp_path_factory):
    with recorded(tmp_path_factory.mktemp("long"), list(many(250))) as journal:
        yield journal


def shown(text):
    return re.findall(r'class="ev-title" href="/event/([0-9a-f-]+)"', text)


def heading(text):
    (found,) = Parsed(text).headings
    return found


def follow(source, href):
    return html(source, "listing", **dict(parse_qsl(urlsplit(unescape(href)).query)))


def link(text, rel):
    return re.search(rf'href="([^"]+)" rel="{rel}"', text)[1]


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({}, "10 events: 3 partial, 1 unknown, 1 running"),
        ({"environment": "prod"}, "8 events in prod: 3 partial, 1 running"),
        ({"environment": "prod", "since": "1h"}, "5 events in prod since 02:21: 2 partial, 1 running"),
        ({"since": "2026-11-24", "until": "2026-11-24T03:00"}, "4 events since 24 November until 03:00: 2 partial"),
        ({"outcome": "partial"}, "3 partial events"),
        ({"outcome": "running"}, "1 running event"),
        ({"service": "network", "kind": "infrastructure"}, "1 event of network of kind infrastructure"),
        ({"signal": "exposed_to_world"}, "1 event with signal exposed to world"),
        ({"actor": "bob"}, "3 events by bob"),
        ({"address": 'module.web.aws_instance.node["a"]'}, '3 events of module.web.aws_instance.node["a"]: 1 partial'),
        ({"tag": "team=web"}, "1 event tagged team=web: 1 partial"),
        ({"text": "rollback"}, "1 event mentioning “rollback”: 1 running"),
        ({"phase": "planned"}, "1 planned event"),
        ({"tool": "ansible"}, "2 events with ansible: 1 partial, 1 running"),
    ],
    ids=str,
)
def test_the_heading_says_what_was_found(journal, filters, sentence):
    text = html(journal, "listing", **filters)
    assert heading(text) == sentence
    number = re.match(r"\d+", sentence)[0]
    assert len(shown(text)) == int(number)


def test_events_come_newest_first_by_the_readers_days(journal):
    text = html(journal, "listing")
    assert shown(text) == ids()
    assert re.findall(r'<p class="day">(.*?) <span>(.*?)</span>', text) == [
        ("Tuesday 24 November", "6 events, 2 partial, 1 running, 2 with signals"),
        ("Monday 23 November", "1 event, 1 unknown"),
        ("Sunday 22 November", "2 events, 1 partial, 1 with signals"),
        ("Friday 25 September", "1 event"),
    ]


def row_of(text, event):
    return next(row for row in re.findall(r'<li class="ev .*?</li>', text, re.DOTALL) if event.id in row)


def test_a_row_has_the_cause_with_the_pages_of_its_commit_and_review(journal):
    row = row_of(html(journal, "listing"), EVENTS[1])
    assert 'href="https://github.com/acme/infra/commit/c0ffee1' in row
    assert 'href="https://github.com/acme/infra/pull/41"' in row
    words = " ".join("".join(Parsed(row).text).split())
    assert "3 changes because var.size in prod.tfvars:4, c0ffee1 Smaller nodes by ada, #41" in words


def test_a_row_has_its_failure_and_the_gravest_signals_first(journal):
    row = row_of(html(journal, "listing"), SHOP)
    badges = re.findall(r'class="sig (\w+)" href="/list\?signal=(\w+)"', row)
    assert badges == [("danger", "capacity_reduced"), ("caution", "downtime_likely"), ("fact", "reverted")]
    assert "aws_lb_listener.https: ModifyListener, CertificateNotFound" in row


def test_each_filter_in_force_can_be_dropped_and_each_choice_taken(journal):
    text = html(journal, "listing", environment="prod", actor="bob")
    assert re.search(r'href="(/list\?actor=bob)" aria-label="Drop environment"', text)
    assert re.search(r'href="(/list\?environment=prod)" aria-label="Drop actor"', text)
    narrowed = re.search(r'href="(/list\?[^"]*outcome=partial)"', html(journal, "listing", environment="prod"))[1]
    assert heading(follow(journal, narrowed)) == "3 partial events in prod"


def test_the_figures_beside_a_choice_are_those_of_the_list_behind_it(journal):
    for href, number in re.findall(
        r'<li><a href="([^"]+)">(?:<svg.*?</svg>)?<span><bdi>.*?</bdi></span><span>([\d,]+)</span>',
        html(journal, "listing"),
    ):
        assert len(shown(follow(journal, href))) == int(number)


def test_typed_filters_are_added_to_those_in_force(journal):
    text = html(journal, "listing", environment="prod", f='service:shop signal:"downtime_likely" c0ffee1')
    assert shown(text) == [SHOP.id]
    assert 'href="/list?environment=prod&amp;service=shop&amp;text=c0ffee1" aria-label="Drop signal"' in text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"search": "shop"}, "`search` is not a parameter"),
        ({"q": "web1"}, "`q` is not a parameter"),
        ({"limit": "-1"}, "`limit` is not a parameter"),
        ({"enviroment": "prod"}, "did you mean `environment`?"),
        ({"undelivered": "maybe"}, "is a flag"),
        ({"environment": "\0"}, "NUL character"),
        ({"since": "1h", "until": "2h"}, "is not before until"),
        ({"since": "9999-12-31T23:59:59Z"}, "is not a time"),
    ],
)
def test_an_address_that_has_no_meaning_is_refused(journal, query, said):
    found = page(journal, "listing", **query)
    assert found.status == 400
    assert said in found.context["text"]


@pytest.mark.parametrize("typed", ["foo:bar", "signal:", "id:abc"])
def test_a_word_that_is_no_filter_is_named(journal, typed):
    text = " ".join("".join(Parsed(html(journal, "listing", f=f"environment:prod {typed}")).text).split())
    assert f"{typed} is not a filter with a value: searched as text. Filters: environment, service" in text


@pytest.mark.parametrize("typed", ["shop", "https://x.example", "host:web1", '"a b"'])
def test_other_words_are_no_mistakes(journal, typed):
    assert "is not a filter" not in html(journal, "listing", f=typed)


# -- pages


def test_pages_lead_to_the_oldest_event_and_back(long_journal):
    first = html(long_journal, "listing")
    second = follow(long_journal, link(first, "next"))
    third = follow(long_journal, link(second, "next"))
    assert [len(shown(text)) for text in (first, second, third)] == [100, 100, 50]
    everything = shown(first) + shown(second) + shown(third)
    assert len(set(everything)) == 250
    assert everything == sorted(everything, key=lambda one: int(one[4:8], 16))
    assert 'rel="next"' not in third
    assert 'rel="prev"' not in first
    assert shown(follow(long_journal, link(third, "prev"))) == shown(second)
    assert shown(follow(long_journal, link(second, "prev"))) == shown(first)


def test_a_page_keeps_its_filters(long_journal):
    first = html(long_journal, "listing", environment="prod")
    assert heading(first) == "125 events in prod"
    assert len(shown(follow(long_journal, link(first, "next")))) == 25


def test_a_day_that_goes_on_beyond_the_page_has_the_figures_of_the_day(long_journal):
    text = html(long_journal, "listing", now=NOW)
    (day, words) = re.findall(r'<p class="day">(.*?) <span>(.*?)</span>', text)[-1]
    assert (day, words) == ("Tuesday 24 November", "202 events, 20 failed")


def test_a_page_whose_event_is_gone_leads_to_the_newest(journal):
    text = html(journal, "listing", before="019a0000-0000-7000-8000-000000000000")
    assert "not in this journal" in text
    assert "it was removed, or never there" in text
    assert '<a href="/list">Show the newest</a>' in text


def test_a_page_behind_the_oldest_event_says_so(journal):
    assert "nothing older than the event" in html(journal, "listing", before=ids()[-1])


def test_very_many_events_are_not_all_counted(long_journal, monkeypatch):
    monkeypatch.setattr("change_events.server.pages.listing.COUNTED", 200)
    monkeypatch.setattr("change_events.server.pages.listing._COUNTED_OF_DAY", 150)
    text = html(long_journal, "listing")
    assert "more than 150 events; of the newest 150: 15 failed" in text
    assert "Numbers are of the newest 200." in text
    assert heading(text) == "More than 200 events; of the newest 200: 20 failed"


# -- nothing


def test_an_empty_journal_says_what_fills_it(tmp_path):
    with recorded(tmp_path, []) as journal:
        text = html(journal, "listing")
    assert heading(text) == "No events yet"
    assert "tfevent apply" in text


def test_no_match_names_the_filter_that_emptied_the_list_and_near_names(journal):
    text = html(journal, "listing", environment="prod", signal="exposed_to_wold")
    assert heading(text) == "No event in prod with signal exposed to wold"
    words = " ".join("".join(Parsed(text).text).split())
    assert "Without signal, 8 match. Drop signal. Near names: exposed_to_world" in words
    assert "Without environment" not in words
    (near,) = re.findall(r'href="([^"]+)"><bdi>exposed_to_world', text)
    assert len(shown(follow(journal, near))) == 1


@pytest.mark.parametrize(
    ("name", "wanted", "near"),
    [("environment", "prd", "prod"), ("service", "shopp", "shop"), ("outcome", "partialy", "partial"),
     ("address", "aws_lb_listener.http", "aws_lb_listener.https"), ("tool", "terrform", "terraform")],
)  # fmt: skip
def test_near_names(journal, name, wanted, near):
    assert f"<bdi>{near}</bdi></a>" in html(journal, "listing", **{name: wanted})


def test_filters_that_only_together_leave_nothing(journal):
    text = html(journal, "listing", environment="staging", service="network", actor="eve")
    assert "several of them together" in text


def test_a_time_that_is_none_is_explained(journal):
    found = page(journal, "listing", since="yesterdayish")
    assert found.status == 400
    assert "expected an age" in found.context["text"]


def test_times_are_read_in_the_readers_zone(journal):
    after_midnight = shown(html(journal, "listing", since="2026-11-24"))
    assert len(after_midnight) == 6
    assert EVENTS[2].started_at < NOW - timedelta(hours=4)


# -- the address


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40).map(str.strip)
filters = st.builds(
    Filters, **{name: texts for name in NAMES if name != "undelivered"}, undelivered=st.sampled_from(["", "yes"])
)


@given(filters)
def test_filters_come_back_from_their_address(wanted):
    query = dict(parse_qsl(urlsplit(urls.events(wanted)).query, keep_blank_values=True))
    assert read_filters(query) == wanted


@given(filters)
def test_every_filter_can_be_asked_for(journal, wanted):
    found = page(journal, "listing", **{**dict(wanted.given()), "since": "", "until": ""})
    assert found.status == 200


# -- size


def test_a_page_reads_the_bodies_of_its_rows_and_asks_for_little_else(tmp_path):
    with recorded(tmp_path, list(many(600))) as journal:
        statements = []
        journal._connection.set_trace_callback(statements.append)
        html(journal, "listing", environment="prod", outcome="succeeded")
        journal._connection.set_trace_callback(None)
    bodies = [one for one in statements if one.startswith("SELECT body FROM bodies")]
    assert len(bodies) == 100
    assert len(statements) - len(bodies) < 30


def test_a_page_of_a_hundred_rows_is_small(tmp_path, long_journal):
    assert len(html(long_journal, "listing").encode()) < 100_000
    with recorded(tmp_path, []) as journal:
        for place in range(130):
            settle(
                journal,
                *many(
                    1,
                    id=f"019a{place:04x}-0000-7000-8000-{place:012x}",
                    title=SHOP.title,
                    causes=SHOP.causes,
                    failures=SHOP.failures,
                    signals=SHOP.signals,
                    vcs=SHOP.vcs,
                ),
            )
        text = html(journal, "listing")
    assert len(shown(text)) == 100
    assert len(text.encode()) < 250_000, "where each row has a failure, a cause and three signals"


def test_of_a_list_that_is_at_hand_as_a_whole_no_body_is_looked_at_again(journal):
    asked = []
    journal._connection.set_trace_callback(lambda text: "instr(b.body" in text and asked.append(text))
    try:
        titles = [page(journal, "listing", **{name: value}).context["title"] for name, value in
                  (("actor", "bob"), ("signal", "capacity_reduced"))]  # fmt: skip
    finally:
        journal._connection.set_trace_callback(None)
    assert titles == ["3 events by bob", "1 event with signal capacity reduced: 1 partial"]
    assert len(asked) == 2


def test_the_figures_of_a_whole_page_are_those_of_the_source(journal):
    from change_events.journal import Query
    from change_events.server.figures import figures_of

    assert figures_of(list(journal.list())) == journal.figures(Query(), most=1_000)


def test_seconds_of_a_time_are_said_where_it_has_any(journal):
    sentence = page(journal, "listing", since="2026-11-24T01:20:05Z", until="2026-11-24T01:20:55Z").context["title"]
    assert sentence == "No event since 02:20:05 until 02:20:55"


def test_a_signal_beside_a_list_has_its_gravest_shape(tmp_path):
    other = Signal(name="y", reason="r", severity=Severity.INFO)
    events = [run(place + 1, change("a.b"), now=NOW, signals=(Signal(name="x", reason="r", severity=severity), other))
              for place, severity in enumerate((Severity.INFO, Severity.ERROR, Severity.WARNING))]  # fmt: skip
    with recorded(tmp_path, events) as journal:
        facets = page(journal, "listing").context["facets"]
    [signals] = [one for one in facets if one.title.startswith("Signals")]
    assert [(one.words, one.icon) for one in signals.choices] == [("x", "danger"), ("y", "fact")]
