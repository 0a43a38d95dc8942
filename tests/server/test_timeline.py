"""The timeline: the sentence, what to read first, windows, bars that do not overlap, and many events."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.model import Actor, Kind, Outcome, Severity, Signal
from change_events.server.lanes import Item, bar_lane
from change_events.server.pages import timeline
from change_events.server.rendering import render
from change_events.server.rows import Look
from change_events.server.windows import Window
from tests.history.past import change, run
from tests.server.team import EVENTS, NOW, SHOP, html, many, page, recorded, request
from tests.support.hostile import ATTACKS, LARGE, hostile
from tests.support.parsed_html import Parsed


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    with recorded(tmp_path_factory.mktemp("team")) as journal:
        yield journal


@pytest.fixture(scope="module")
def long_journal(tmp_path_factory):
    with recorded(tmp_path_factory.mktemp("long"), list(many(2_000))) as journal:
        yield journal


def title(source, **query):
    return page(source, "timeline", **query).context["title"]


def shown(text):
    return re.findall(r'class="ev-title" href="/event/([0-9a-f-]+)"', text)


def lanes_of(source, **query):
    return page(source, "timeline", **query).context["lanes"]


def test_the_first_page_says_how_much_changed_and_what_to_read_first(journal):
    context = page(journal, "timeline").context
    assert context["title"] == "5 changes in 4 hours, three worth a look first"
    assert [part.words for part in context["under"]] == ["2 partial", "1 running now", "2 carry signals"]
    assert [(look.row.title, look.signal and look.signal.words) for look in context["looks"]] == [
        ("prod/network: 1 created", "exposed to world"),
        ("prod/shop: 1 updated, 1 replaced, 1 failed", "capacity reduced"),
        (context["looks"][2].row.title, context["looks"][2].signal and context["looks"][2].signal.words),
    ]


def test_a_window_is_as_wide_as_has_events_unless_one_is_asked_for(journal):
    assert "4 hours" in title(journal)
    assert title(journal, window="1h") == "5 changes in an hour, three worth a look first"
    assert title(journal, window="7d").startswith("8 changes in 7 days")
    assert title(journal, to="2026-11-24T00:30Z", window="1h") == "No changes in an hour up to 01:30"
    assert title(journal, **{"from": "2026-11-24T01:40Z", "to": "2026-11-24T01:50Z"}) == (
        "1 change from 02:40 to 02:50, one worth a look first"
    )


def test_a_journal_whose_events_are_old_shows_the_newest_of_them(tmp_path):
    with recorded(tmp_path, [run(200 * 1_440, change("a.b"), now=NOW)]) as journal:
        text = html(journal, "timeline")
        assert Parsed(text).headings == ["1 change in 24 hours up to Fri 8 May, 04:22"]
        assert "first" not in Parsed(text).headings[0]


@pytest.mark.parametrize(
    "query",
    [{"window": "5h"}, {"from": "2026-11-24T03:00Z", "to": "2026-11-24T02:00Z"}, {"from": "x"}, {"to": "0000-99"},
     {"lanes": "colour"}, {"at": "noon"}, {"from": "2020-01-01"},
     {"plans": "maybe"}, {"all": "1"}, {"q": "web1"}, {"since": "2h"}, {"limit": "-1"}],
)  # fmt: skip
def test_a_window_that_is_none_is_refused_with_what_can_be_written(journal, query):
    answer = page(journal, "timeline", **query)
    assert answer.status == 400
    assert len(answer.context["text"]) > 30


def test_plans_are_shown_where_they_are_asked_for(journal):
    assert "1 create planned" not in html(journal, "timeline")
    assert "1 create planned" in html(journal, "timeline", plans="yes")


def test_filters_narrow_everything_and_are_named(journal):
    context = page(journal, "timeline", window="1h", environment="prod", service="shop").context
    assert context["title"].startswith("4 changes in an hour, in prod, of shop")
    assert {lane.name for lane in context["lanes"].shown} == {"prod / shop"}
    assert [(chip.name, chip.text) for chip in context["chips"]] == [("environment", "prod"), ("service", "shop")]
    assert "service=shop" not in context["chips"][1].href


def test_no_event_is_an_answer_that_says_what_was_last(journal, tmp_path):
    text = html(journal, "timeline", to="2026-11-24T00:30Z", window="1h")
    assert "The last change before was" in text
    with recorded(tmp_path, []) as empty:
        assert "Nothing has been recorded" in html(empty, "timeline")


def test_a_failure_that_a_later_run_has_finished_is_not_worth_a_look(tmp_path):
    failed = run(20, change("a.b"), now=NOW, outcome=Outcome.FAILED, title="the failure")
    other = run(30, change("a.b"), now=NOW, stack="other", outcome=Outcome.FAILED, title="another failure")
    later = run(10, change("a.b"), now=NOW, title="the finish")
    with recorded(tmp_path, [failed, other, later]) as journal:
        assert [look.row.title for look in page(journal, "timeline").context["looks"]] == ["another failure"]


def test_lanes_are_by_service_environment_stack_or_host(journal):
    by = {
        name: {lane.name: lane.number for lane in lanes_of(journal, window="1h", lanes=name).shown}
        for name in ("service", "environment", "stack", "host")
    }
    assert by["service"]["prod / network"] == by["stack"]["acme/infra prod/network"] == 1
    assert by["environment"]["prod"] == 5
    assert sum(by["stack"].values()) == sum(by["service"].values()) == 5
    assert by["host"]  # those of the playbook


def test_every_bar_of_the_window_leads_to_its_event(journal):
    text = html(journal, "timeline", window="1h")
    bars = re.findall(r'<a class="b b-(\w+)" href="/event/([0-9a-f-]+)" aria-label="([^"]*)"', text)
    lately = NOW - timedelta(hours=1)
    in_window = {event.id for event in EVENTS if event.phase == "applied" and event.started_at > lately}
    assert {bar[1] for bar in bars} == in_window == set(shown(text))
    assert {bar[0] for bar in bars} >= {"ok", "partial", "running"}
    assert "1 updated, 1 replaced, 1 failed, 02:47, partial" in {unescape(bar[2]) for bar in bars}


def test_a_moment_is_marked_and_leads_to_its_suspects(journal):
    text = html(journal, "timeline", window="1h", at="2026-11-24T02:00Z")
    assert '<line class="moment" x1="65.0%"' in text
    assert "picked </tspan>03:00" in text
    assert "/suspects?before=2026-11-24T02%3A00%3A00%2B00%3A00" in text


def test_many_events_are_counts_and_the_page_stays_small(long_journal):
    text = html(long_journal, "timeline", window="7d")
    assert len(text.encode()) < 100_000
    found = lanes_of(long_journal, window="7d")
    assert sum(lane.number for lane in found.shown) == 2_000
    assert all(lane.bins and not lane.bars for lane in found.shown)
    assert sum(lane.bad for lane in found.shown) == 200
    assert title(long_journal, window="7d").startswith("2,000 changes in 7 days")


def test_a_page_of_rows_follows_the_other(long_journal):
    pages, query = [], {"window": "24h"}
    for _ in range(4):
        text = html(long_journal, "timeline", **query)
        pages += shown(text)
        query = {"window": "24h", "before": re.search(r'before=([0-9a-f-]+)#in-window" rel="next"', text)[1]}
    assert pages == [event.id for event in many(200)]


def test_lanes_with_trouble_stay_when_there_are_too_many(tmp_path):
    events = [run(place, change("a.b"), now=NOW, service=f"s{place:02}", environment="prod",
                  outcome=Outcome.FAILED if place == 7 else Outcome.SUCCEEDED) for place in range(20)]  # fmt: skip
    events += [run(place, change("a.b"), now=NOW, service="s19", environment="prod") for place in range(3)]
    with recorded(tmp_path, events) as journal:
        found = lanes_of(journal, window="1h")
        assert {"prod / s07", "prod / s19"} <= {lane.name for lane in found.shown}
        assert (len(found.shown), found.folded, found.folded_events) == (12, 8, 8)
        assert len(lanes_of(journal, window="1h", all="yes").shown) == 20


def test_the_histogram_has_every_event_once_and_a_link_for_each_day(journal):
    found = page(journal, "timeline").context["histogram"]
    assert found.label == "3 days, 8 changes"
    assert [day.name for day in found.days] == ["Sun 22 Nov", "Mon 23 Nov", "Tue 24 Nov"]
    assert 0 <= found.brush[0] < found.brush[0] + found.brush[1] <= 100
    assert any(mark.height for mark in found.marks)


@pytest.mark.parametrize("now", [datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)])
def test_days_on_which_clocks_change_are_whole(tmp_path, now):
    with recorded(tmp_path, [run(5, change("a.b"), now=now)]) as journal:
        context = timeline.build(journal, request(now=now, window="24h")).context
        days = context["histogram"].days
        assert [round(day.width) for day in days][:2] != [0, 0]
        assert len({day.name for day in days}) == len(days) == 16
        assert sum(day.width for day in days) == pytest.approx(100, abs=0.2)


WINDOW = Window(NOW - timedelta(hours=4), NOW, "4h", is_now=True)
ITEMS = st.lists(
    st.tuples(
        st.integers(-30, 240), st.one_of(st.none(), st.integers(0, 300)), st.sampled_from(list(Kind)),
        st.sampled_from(["ok", "failed", "partial", "unknown", "running", "cancelled"]), st.text(max_size=60),
    ),
    max_size=25,
)  # fmt: skip


@given(ITEMS)
def test_bars_do_not_overlap_and_stay_in_the_plot(drawn):
    items = [
        Item(str(place), text, kind, Look(look, look, look == "ok"), "succeeded" if look == "ok" else look,
             NOW - timedelta(minutes=240 - start),
             None if length is None else NOW - timedelta(minutes=240 - start - length), "")
        for place, (start, length, kind, look, text) in enumerate(drawn)
    ]  # fmt: skip
    lane = bar_lane("prod / shop", "/list", items, WINDOW, request())
    assert len(lane.bars) == len(items)
    for bar in lane.bars:
        assert 0 <= bar.x <= 100
        assert bar.y + 12 <= lane.height
        assert not bar.width.endswith("%") or bar.x + float(bar.width[:-1]) <= 100.1
    boxes = [box(bar) for bar in lane.bars if bar.y < 10 + 24 * 5]  # the last track takes what has no room
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            assert one[2] != other[2] or one[1] <= other[0] or other[1] <= one[0]


def box(bar):
    """Left, right and track of a bar with its label, in pixels of a thousand."""
    has_icon = bar.mark or bar.look in {"cancelled", "failed"}
    wide = float(bar.width[:-1]) * 10 if bar.width.endswith("%") and not bar.mark else 0
    left, right = bar.x * 10, bar.x * 10 + max(wide, 14 if has_icon else 6)
    label = len(bar.label) * 6.4
    if bar.at_end:
        left -= label
    elif bar.text_x * 10 >= right - 14:
        right += label
    return left, right, bar.y


@pytest.mark.parametrize("text", [*ATTACKS.values(), LARGE], ids=[*ATTACKS, "large"])
def test_hostile_texts_stay_texts(tmp_path, text):
    event = hostile(SHOP, text)
    other = msgspec.structs.replace(event, id=EVENTS[0].id, outcome=Outcome.FAILED)
    with recorded(tmp_path, [event, other]) as journal:
        for lanes in ("service", "environment", "stack"):
            written = html(journal, "timeline", lanes=lanes)
            parsed = Parsed(written)
            assert len(written) < 100_000
            assert written.count("<script") == 1
            assert not {name for name, _ in parsed.attributes if name.startswith("on") or name == "style"}
            assert all(target.startswith(("/", "#")) for target in parsed.targets)
            assert not re.search("[\u202a-\u202e\u2066-\u2069]", written)


@pytest.mark.parametrize("text", [*ATTACKS.values(), LARGE], ids=[*ATTACKS, "large"])
def test_hostile_addresses_are_answers(journal, text):
    for name in ("from", "to", "window", "lanes", "at", "before", "plans", "all", "service", "text", "signal"):
        written = html(journal, "timeline", **{name: text[:3_000]})
        assert written.count("<script") == 1
        Parsed(written)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00Z", "1969-12-31T23:59Z", "9999-12-31T23:59Z"])
def test_a_time_that_is_out_of_reach_is_refused(journal, moment, zone):
    for query in ({"to": moment, "window": "30d"}, {"from": moment}, {"at": moment}, {"to": moment}):
        asked = request(zone=ZoneInfo(zone), **query)
        answer = timeline.build(journal, asked)
        if not (moment.startswith("9999") and "to" in query):  # which ends now
            assert (query, answer.status) == (query, 400)
        render(answer, asked)


def test_the_last_change_before_a_window_began_before_it(tmp_path):
    events = [run(minutes, change("a.b"), now=NOW, title=f"{minutes} min ago") for minutes in (300, 10)]
    with recorded(tmp_path, events) as journal:
        between = {"from": "2026-11-24T00:00Z", "to": "2026-11-24T01:00Z"}
        assert "The last change before was" in html(journal, "timeline", **between)
        assert page(journal, "timeline", **between).context["last"].title == "300 min ago"
        text = html(journal, "timeline", **{"from": "2026-11-22T00:00Z", "to": "2026-11-23T01:00Z"})
        assert "last change before" not in text
        assert "nothing before is recorded here. The newest change is" in text


@pytest.mark.parametrize("lanes", ["service", "environment", "stack"])
def test_a_run_that_lasted_into_a_window_is_counted_drawn_and_listed(tmp_path, lanes):
    long = run(60, change("a.b"), now=NOW, outcome=Outcome.FAILED, title="the long one",
               ended_at=NOW - timedelta(minutes=5))  # fmt: skip
    short = run(61, change("a.b"), now=NOW, title="over before", ended_at=NOW - timedelta(minutes=60))
    going = run(90, change("a.b"), now=NOW, title="still going", outcome=None, ended_at=None)
    with recorded(tmp_path, [long, short, going]) as journal:
        asked = {"from": "2026-11-24T01:40Z", "to": "2026-11-24T02:00Z", "lanes": lanes}
        context = page(journal, "timeline", **asked).context
        assert context["title"] == "2 changes from 02:40 to 03:00, one worth a look first"
        assert [part.words for part in context["under"]] == ["1 failed", "1 running now"]
        assert sum(lane.number for lane in context["lanes"].shown) == 2
        text = html(journal, "timeline", **asked)
        assert shown(text) == [long.id, going.id]
        for one in (long, going):
            assert f'class="b b-{"running" if one is going else "failed"}" href="/event/{one.id}"' in text
        following = html(journal, "timeline", **asked, before=long.id)
        assert shown(following) == [going.id]


def test_the_heading_says_how_many_are_worth_a_look_and_a_failure_with_a_warning_comes_first(tmp_path):
    warned = Signal(name="capacity_reduced", reason="2 → 1", address="a.b", severity=Severity.WARNING)
    events = [run(place + 1, change("a.b"), now=NOW, stack=f"s{place}", outcome=Outcome.FAILED, title=str(place))
              for place in range(6)]  # fmt: skip
    events.append(run(30, change("a.b"), now=NOW, stack="other", outcome=Outcome.PARTIAL, title="the warned one",
                      signals=(warned,)))  # fmt: skip
    with recorded(tmp_path, events) as journal:
        context = page(journal, "timeline", window="1h").context
        assert context["title"] == "7 changes in an hour, 7 worth a look: the gravest three first"
        assert [look.row.title for look in context["looks"]] == ["the warned one", "0", "1"]


def test_where_not_every_event_was_looked_at_the_heading_gives_a_lower_bound(tmp_path):
    events = [run(place, change("a.b"), now=NOW, stack=f"s{place}", outcome=Outcome.FAILED) for place in range(40)]
    with recorded(tmp_path, events) as journal:
        assert title(journal, window="1h").endswith(", at least 30 worth a look: the gravest three first")


@pytest.mark.parametrize("busy", [0, 1_600])
def test_a_run_that_lasted_into_a_window_is_in_the_lanes_of_its_hosts(tmp_path, busy):
    def sent(minutes, **fields):
        return run(minutes, now=NOW, kind=Kind.DEPLOYMENT, explicit=True, tool=None, vcs=None, service="shop",
                   actor=Actor(user="ann", host="web1"), **fields)  # fmt: skip

    long = sent(60, ended_at=NOW - timedelta(minutes=5), title="the long one")
    instant = sent(61, ended_at=None, title="a moment before")
    others = [run(25 + place % 10, now=NOW, ended_at=NOW, title=str(place)) for place in range(busy)]
    with recorded(tmp_path, [long, instant, *others]) as journal:
        asked = {"from": "2026-11-24T01:40Z", "to": "2026-11-24T02:00Z"}
        context = page(journal, "timeline", **asked, lanes="host").context
        assert [(lane.name, lane.number) for lane in context["lanes"].shown] == [("web1", 1)]
        assert [bar.name.partition(",")[0] for bar in context["lanes"].shown[0].bars] == ["the long one"]
        assert context["title"].startswith(f"{busy + 1:,} change")
        by_service = page(journal, "timeline", **asked).context["lanes"].shown
        assert sum(lane.number for lane in by_service) == busy + 1


def test_a_run_that_still_runs_is_found_behind_many_that_have_ended(tmp_path):
    going = run(500, change("a.b"), now=NOW, title="still going", outcome=None, ended_at=None)
    with recorded(tmp_path, [going, *many(300, now=NOW - timedelta(minutes=50))]) as journal:
        context = page(journal, "timeline", **{"from": "2026-11-24T01:40Z", "to": "2026-11-24T02:00Z"}).context
        assert context["title"].startswith("1 change from")


def test_the_histogram_begins_with_runs_that_lasted_into_it(tmp_path):
    long = run(60 * 24 * 4, change("a.b"), now=NOW, outcome=Outcome.FAILED, ended_at=NOW, title="the long one")
    with recorded(tmp_path, [long]) as journal:
        drawn = page(journal, "timeline", window="4h").context["histogram"]
        assert drawn.label == "3 days, 1 change"
        assert drawn.path.startswith("M0 ")
        assert [mark.x for mark in drawn.marks] == [0]


def test_what_was_sent_is_finished_by_what_is_sent_later_of_the_same_service(tmp_path):
    def sent(minutes, outcome=Outcome.FAILED, **fields):
        given = {"service": "shop", "environment": "prod", "kind": Kind.DEPLOYMENT, **fields}
        return run(minutes, now=NOW, explicit=True, outcome=outcome, tool=None, vcs=None, **given)

    other_stack = run(1, change("a.b"), now=NOW, tool=None, vcs=None)  # of the same host and folder
    events = [
        sent(50, title="finished"), sent(40, Outcome.SUCCEEDED), sent(30, title="open"),
        sent(45, title="elsewhere", environment="staging"), sent(46, title="another", service="cart"),
        sent(47, title="a build", kind=Kind.BUILD), sent(48, title="of no service", service=None), other_stack,
    ]  # fmt: skip
    with recorded(tmp_path, events) as journal:
        context = page(journal, "timeline", window="1h").context
        assert "5 worth a look" in context["title"]
        assert [look.row.title for look in context["looks"]] == ["open", "elsewhere", "another"]


def test_a_run_is_not_finished_by_what_was_sent_from_its_host_and_folder(tmp_path):
    failed = run(30, change("a.b"), now=NOW, vcs=None, outcome=Outcome.FAILED, title="open")
    sent = run(10, now=NOW, vcs=None, tool=None, explicit=True, kind=Kind.CUSTOM, title="sent there")
    with recorded(tmp_path, [failed, sent]) as journal:
        assert [look.row.title for look in page(journal, "timeline", window="1h").context["looks"]] == ["open"]


def test_the_histogram_of_what_is_in_bodies_is_counted_as_far_as_it_says(long_journal, monkeypatch):
    whole = page(long_journal, "timeline", window="4h").context["histogram"]
    assert "counted since" not in whole.label
    monkeypatch.setattr("change_events.server.histogram.BODIES", 300)
    assert page(long_journal, "timeline", window="4h").context["histogram"] == whole
    drawn = page(long_journal, "timeline", window="4h", actor="ann").context["histogram"]
    number, since = re.fullmatch(r"3 days, (\d+) changes, counted since (.+)", drawn.label).groups()
    assert 240 <= int(number) <= 300
    assert since == "Mon 23 Nov, 22:30"


def test_all_of_the_window_is_in_the_histogram_however_many_events_it_has(long_journal, monkeypatch):
    monkeypatch.setattr("change_events.server.histogram.BODIES", 100)
    context = page(long_journal, "timeline", window="24h", actor="ann").context
    number = int(re.search(r", ([\d,]+) changes, counted since", context["histogram"].label)[1].replace(",", ""))
    assert context["title"].startswith("1,441 changes in 24 hours")
    assert 1_441 <= number < 2_000


@pytest.mark.parametrize(("others", "number"), [(5, 1), (60, 0)])
def test_of_a_text_no_more_events_before_the_window_are_looked_at_than_without(tmp_path, monkeypatch, others, number):
    monkeypatch.setattr("change_events.server.running_in.LOOKED_AT", 50)
    monkeypatch.setattr("change_events.server.running_in.running_in.__kwdefaults__", {"most": 50})
    long = run(300, now=NOW, title="a rare text", ended_at=NOW - timedelta(minutes=30))
    before = [run(250 + place, now=NOW, title="another") for place in range(others)]
    with recorded(tmp_path, [long, *(msgspec.structs.replace(one, started_at=one.started_at + timedelta(minutes=40))
                                     for one in before)]) as journal:  # fmt: skip
        found = title(journal, window="1h", text="a rare text")
    assert found.startswith(f"{number or 'No'} change")


@pytest.mark.parametrize(("query", "days"), [
    ({"window": "1h"}, []),
    ({"window": "1h", "to": "2026-11-23T23:30:00Z"}, ["Tuesday 24 November", "Monday 23 November"]),
    ({"window": "1h", "to": "2026-11-23T22:30:00Z"}, ["Monday 23 November"]),
])  # fmt: skip
def test_rows_stand_below_their_day_unless_all_are_of_today(long_journal, query, days):
    assert re.findall(r'<p class="day">([^<]+)</p>', html(long_journal, "timeline", **query)) == days


def test_the_days_of_the_histogram_say_their_month(journal):
    words = [day.words for day in page(journal, "timeline", window="7d").context["histogram"].days]
    assert words[0] == "5 Aug"
    assert words[:5] == ["5 Aug", "12", "19", "26", "2 Sep"]


def test_no_time_of_the_axis_stands_where_now_does(journal):
    for minute in range(0, 30, 3):
        now = NOW + timedelta(minutes=minute)
        ticks = timeline.build(journal, request(now=now, window="4h")).context["axis"].ticks
        assert all(tick.x < 90.5 for tick in ticks if tick.words)
        assert len([tick for tick in ticks if tick.words]) >= 6


def test_a_card_of_long_ago_has_its_day(tmp_path):
    with recorded(tmp_path, [run(minutes, now=NOW, outcome=Outcome.FAILED, stack=str(minutes))
                             for minutes in (200, 2_160)]) as journal:  # fmt: skip
        looks = page(journal, "timeline", window="7d").context["looks"]
    assert [look.when for look in looks] == ["00:01, 3 h ago", "Sun 22 Nov, 15:21, 36 h ago"]


def test_lanes_of_hosts_say_that_other_changes_have_none(journal):
    lanes = page(journal, "timeline", lanes="host").context["lanes"]
    assert lanes.shown
    assert lanes.note == "Changes that name no host are among the rows below only."
