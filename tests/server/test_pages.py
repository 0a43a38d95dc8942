"""The pages of an event, a thing, suspects and stacks: what they answer, where they lead, and that texts stay texts."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from change_events.history.suspects import Incident, suspects
from change_events.journal.drift_checks import KnownDrift, LastCheck
from change_events.model import ChangeOutcome, HostFailure, Kind, Outcome, Phase, Vcs
from change_events.server import urls
from change_events.server.cause_views import commit_page
from change_events.server.rendering import render
from tests.cli.sample import partial
from tests.history.past import ABSENT, UNKNOWN, change, run, secret
from tests.history.test_why import playbook, task
from tests.server.team import (
    EVENTS,
    LISTENER,
    NODE,
    NOW,
    SHOP,
    TARGETS,
    html,
    ids,
    many,
    numbered,
    page,
    recorded,
    request,
    shop,
)
from tests.summary.test_document import composed
from tests.summary.typical_events import EVENTS as TYPICAL
from tests.support.hostile import ATTACKS, LARGE, hostile
from tests.support.parsed_html import Parsed
from tests.support.selection import slow_except

PAGES = {
    "list": ("listing", {}, {"environment": "prod"}),
    "event": ("event", {"id": SHOP.id}, {}),
    "thing": ("thing", {}, {"at": NODE}),
    "suspects": ("suspects", {}, {"before": "03:20", "service": "shop", "environment": "prod"}),
    "stacks": ("stacks", {}, {}),
    "no match": ("listing", {}, {"environment": "prod", "signal": "exposed_to_wold"}),
    "never seen": ("thing", {}, {"at": "module.web.aws_instance.nod"}),
    "empty thing": ("thing", {}, {}),
    "no event": ("event", {"id": "ffff"}, {}),
    "wrong moment": ("suspects", {}, {"before": "tomorrow"}),
    "wrong time": ("listing", {}, {"since": "x"}),
}
SCRIPT = '<script type="module" src="/static/tfevent.js"></script>'
FIRST = {"list", "event", "thing", "suspects", "stacks"}


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    with recorded(tmp_path_factory.mktemp("team")) as journal:
        journal.keep_drift_checks([drifted()])
        yield journal


def drifted():
    return LastCheck(
        directory="/srv/network", workspace="default", checked_at=NOW.timestamp() - 600, known_at=NOW.timestamp() - 600,
        drift=(KnownDrift(address="aws_sg.web", action="update", fingerprints={"a": "b"},
                          since=NOW.timestamp() - 7_200),),
    )  # fmt: skip


def shown(source, name):
    module, path, query = PAGES[name]
    return html(source, module, path, **query)


def words(text):
    return " ".join("".join(Parsed(text).text).split())


def heading(text):
    (found,) = Parsed(text).headings
    return found


# -- each page


@pytest.mark.parametrize("name", sorted(FIRST))
def test_a_page_looks_as_the_golden_says(journal, name, golden):
    text = re.sub(r"tfevent \d+\.\d+\.\d+[^<]*", "tfevent 1.2.3", shown(journal, name))
    golden(f"pages/{name}.html")(text)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("list", "8 events in prod: 3 partial, 1 running"),
        ("event", "prod/shop: 1 updated, 1 replaced, 1 failed"),
        ("thing", NODE),
        ("suspects", "Likeliest of 4 events before 03:20: prod/shop: 1 updated, 1 replaced, 1 failed"),
        ("stacks", "4 stacks: 3 last runs did not end well, 1 directory with drift"),
        ("no match", "No event in prod with signal exposed to wold"),
        ("never seen", "No resource or host module.web.aws_instance.nod is known"),
        ("empty thing", "Which resource or host?"),
        ("no event", "There is no such event"),
        ("wrong moment", "This moment cannot be ranked"),
        ("wrong time", "This time cannot be read"),
    ],
)
def test_the_heading_answers(journal, name, sentence):
    assert heading(shown(journal, name)) == sentence


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_where_it_looks_in_which_zone_and_acts_without_scripts(journal, name):
    text = shown(journal, name)
    found = Parsed(text)
    assert "journal of web1" in text
    assert "Europe/Berlin, UTC+1" in text
    assert not {"style", "iframe", "object", "img"} & found.tags
    assert re.findall(r"<script[^>]*>.*?</script>", text, re.DOTALL) == [SCRIPT]
    assert not [name for name, _ in found.attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_pages_that_there_are(journal, name):
    known = re.compile(r"/(list|thing|suspects|stacks|feed\.(atom|json)|event/[0-9a-f-]{36}(\.json)?|static/[\w.]+)?")
    targets = [target for target in Parsed(shown(journal, name)).targets if not target.startswith(("#", "https://"))]
    assert len(targets) > 5
    for target in targets:
        assert known.fullmatch(urlsplit(target).path), target
        if target.startswith(("/list", "/thing", "/suspects")):
            module = {"/list": "listing"}.get(urlsplit(target).path, urlsplit(target).path[1:])
            assert page(journal, module, **dict(parse_qsl(urlsplit(target).query))).status in (200, 404)


@pytest.mark.parametrize("name", [*sorted(FIRST - {"event"}), "empty thing"])
def test_an_empty_journal_has_all_pages(tmp_path, name):
    module, path, _ = PAGES[name]
    with recorded(tmp_path, []) as journal:
        assert heading(html(journal, module, path)).startswith(("No", "Which", "0 events", "Nothing changed"))


def test_a_name_that_a_template_lacks_is_an_error(journal):
    found = page(journal, "stacks")
    broken = type(found)(found.template, {key: value for key, value in found.context.items() if key != "stacks"})
    with pytest.raises(Exception, match="'stacks' is undefined"):
        render(broken, request())


# -- event


def test_an_event_has_the_gravest_signal_first_and_each_section_in_its_place(journal):
    text = shown(journal, "event")
    assert re.findall(r'<li><a class="sig (\w+)"', text) == ["danger", "caution", "fact"]
    places = [text.index(part) for part in (">Signals</h2>", ">Failure</h2>", ">Why</h2>", ">Planned and became</h2>",
                                            ">Changes <span>", ">Who and where</h2>", ">Deliveries</h2>")]  # fmt: skip
    assert places == sorted(places)


def test_what_was_planned_stands_beside_what_became(journal):
    rows = re.findall(
        r'<th scope="row">(\w+)</th>.*?aria-label="(.*?)">(.*?)</div></td>(.*?)</tr>', shown(journal, "event")
    )
    found = {
        action: (label, re.findall(r"c-(\w+)\"", cells), re.findall(r">(\d+)<", figures))
        for action, label, cells, figures in rows
    }
    assert found == {
        "replace": ("1 applied", ["ok"], ["1", "1", "0", "0", "0"]),
        "update": ("1 applied, 1 failed", ["ok", "bad", "x"], ["2", "1", "1", "0", "0"]),
        "create": ("1 not attempted", ["none"], ["1", "0", "0", "1", "0"]),
    }  # fmt: skip


def test_very_many_changes_are_one_bar(tmp_path):
    changes = [change(f"aws_x.n{place}", outcome="failed" if place < 20 else "applied") for place in range(80)]
    with recorded(tmp_path, [shop(5, *changes, outcome=Outcome.PARTIAL, id=SHOP.id)]) as journal:
        text = html(journal, "event", {"id": SHOP.id})
    assert re.findall(r'<rect class="c-(\w+)" x="([\d.]+)%" y=".5" width="([\d.]+)%"', text) == [
        ("ok", "0", "75.0"), ("bad", "75.0", "25.0")
    ]  # fmt: skip
    assert 'class="sq"' not in text


def test_changes_are_worst_first_and_differ_by_character(journal):
    text = shown(journal, "event")
    links = [unescape(link) for link in re.findall(r'<article class="change">.*?href="(/[^"]+)"', text)]
    assert links == [urls.thing(one) for one in (LISTENER, "aws_route53_record.shop", TARGETS, NODE)]
    assert "&#34;t3.<del>large</del>&#34;" in text
    assert "web-http<ins>-v2</ins>" in text
    assert '<span class="hid">sensitive, rotated</span>' in text


def test_what_an_event_started_and_its_neighbours_are_links(journal):
    child = EVENTS[7].id
    text = shown(journal, "event")
    assert re.search(rf'href="/event/{child}"><bdi>shop 1\.5\.0 is in use', text)
    assert re.search(rf'<span class="quiet">before</span><a href="/event/{EVENTS[1].id}"', text)
    other = html(journal, "event", {"id": child})
    assert re.search(rf'<ul class="tree">\s*<li><span><a href="/event/{SHOP.id}"', other)
    order = ids()
    place = order.index(SHOP.id)
    assert f'href="/event/{order[place - 1]}" rel="prev"' in text
    assert f'href="/event/{order[place + 1]}" rel="next"' in text


def test_an_explicit_event_is_no_run_of_a_stack(tmp_path):
    said = {"kind": Kind.DEPLOYMENT, "explicit": True, "tool": None, "vcs": None}
    events = numbered([shop(40, change(NODE)), shop(30), shop(20, **said), shop(10, **said), shop(5, change(NODE))])
    events[1] = msgspec.structs.replace(events[1], explicit=True)
    with recorded(tmp_path, events) as journal:
        assert "In this stack" not in html(journal, "event", {"id": events[3].id})
        last = html(journal, "event", {"id": events[4].id})
    assert re.search(rf'<span class="quiet">before</span><a href="/event/{events[0].id}"', last)


def test_the_suspects_of_an_event_are_others(journal):
    text = shown(journal, "event")
    href = unescape(re.search(r'href="([^"]+)">Suspects before this', text)[1])
    ranked = html(journal, "suspects", **dict(parse_qsl(urlsplit(href).query)), window="3d")
    assert f'<h2><a href="/event/{EVENTS[1].id}"' in ranked
    assert f'<h2><a href="/event/{SHOP.id}"' not in ranked


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"at": NODE, "since": "abc"}, "`since` is not a parameter"),
        ({"at": NODE, "until": "abc"}, "is not a timestamp"),
        ({"at": NODE, "until": "2026-11-24T02:00"}, "is not a timestamp"),
        ({"at": "a\0"}, "NUL character"),
    ],
)
def test_an_address_of_a_thing_that_has_no_meaning_is_refused(journal, query, said):
    found = page(journal, "thing", **query)
    assert found.status == 400
    assert said in found.context["text"]


def test_no_page_has_a_nul(journal):
    for module, name in (
        ("timeline", "environment"),
        ("listing", "environment"),
        ("thing", "at"),
        ("suspects", "host"),
    ):
        assert "\0" not in html(journal, module, **{name: "\0"})


def test_runs_that_name_each_other_end(tmp_path):
    from change_events.model import Trace

    loop = [msgspec.structs.replace(event, trace=Trace(run_id=one, parent_run_id=other))
            for event, one, other in zip(EVENTS[:2], "ab", "ba", strict=True)]  # fmt: skip
    with recorded(tmp_path, loop) as journal:
        assert page(journal, "event", {"id": loop[0].id}).status == 200


def test_plans_and_checks_are_marked(journal):
    planned = next(event for event in EVENTS if event.phase is Phase.PLANNED)
    assert "<b>plan only</b>" in html(journal, "event", {"id": planned.id})
    assert '<span class="lbl">plan only</span>' in html(journal, "listing")


def test_how_far_a_delivery_has_come_is_said(tmp_path):
    with recorded(tmp_path, [SHOP]) as journal:
        (lease,) = journal.claim(["slack"], 1, 60)
        journal.park(lease, "channel is archived")
        text = html(journal, "event", {"id": SHOP.id})
    assert re.search(r'class="parked".*?slack.*?parked, 1 attempt: channel is archived', text, re.DOTALL)


@pytest.mark.parametrize(
    ("vcs", "href"),
    [
        (Vcs(remote="git@github.com:acme/infra.git"), "https://github.com/acme/infra/commit/abc123"),
        (Vcs(remote="https://gitlab.com/a/b/c.git"), "https://gitlab.com/a/b/c/-/commit/abc123"),
        (Vcs(remote="git@bitbucket.org:acme/infra.git"), "https://bitbucket.org/acme/infra/commits/abc123"),
        (Vcs(commit="fff", commit_url="https://git.example.org/x/-/commit/fff"), "https://git.example.org/x/-/commit/abc123"),
        (Vcs(remote="git@git.example.org:acme/infra.git"), ""),
        (Vcs(commit="fff", commit_url="javascript:fff"), ""),
        (Vcs(remote="/srv/git/infra.git"), ""),
        (None, ""),
    ],
)  # fmt: skip
def test_a_commit_leads_to_its_page_where_the_forge_is_known(vcs, href):
    assert commit_page("abc123", vcs) == href


# -- thing


def test_a_thing_has_its_last_change_its_values_and_what_was_taken_back(journal):
    text = shown(journal, "thing")
    assert "Last changed 34 min ago by deploy-bot: update, instance_type" in words(text)
    lanes = dict(re.findall(r'lane-name"><bdi>(.*?)</bdi>.*?v-cur"><code><bdi>(.*?)</bdi>', text))
    assert {path: unescape(value) for path, value in lanes.items()} == {
        "instance_type": '"t3.small"', "size": '"80"', "password": "(sensitive)"
    }  # fmt: skip
    label = unescape(re.search(r'aria-label="(instance_type:.*?)"', text)[1])
    assert (
        label
        == 'instance_type: "t3.small" at first, then "t3.large" from Fri 25 Sep, 04:21, then "t3.small" from 02:47'
    )
    assert f'takes back <a href="/event/{EVENTS[0].id}">' in text
    assert f'undone by <a href="/event/{SHOP.id}">' in text


def test_the_values_of_a_thing_fill_the_line(journal):
    spans = re.findall(r'<rect class="v[\w-]*" x="([\d.]+)%" y="6" width="([\d.]+)%"', shown(journal, "thing"))
    assert float(spans[0][0]) == 0
    for (x, width), (following, _) in itertools.pairwise(spans):
        assert float(x) + float(width) == pytest.approx(100 if float(following) == 0 else float(following), abs=0.02)


def test_what_failed_is_no_value(tmp_path):
    events = [shop(50, change(NODE, attributes={"a": ("1", "2")}), id=ids()[0]),
              shop(40, change(NODE, outcome="failed", attributes={"a": ("2", "3")}), id=ids()[1])]  # fmt: skip
    with recorded(tmp_path, events) as journal:
        text = html(journal, "thing", at=NODE)
    assert 'v-cur"><code><bdi>&#34;2&#34;</bdi>' in text
    assert "update, failed" in text


def test_a_destroyed_thing_has_no_present_value(tmp_path):
    events = [shop(50, change(NODE, attributes={"a": ("1", "2")}), id=ids()[0]),
              shop(40, change(NODE, "destroy"), id=ids()[1])]  # fmt: skip
    with recorded(tmp_path, events) as journal:
        text = html(journal, "thing", at=NODE)
    assert "Values over time" not in text
    assert ": destroy" in words(text)


def folder(parent, name):
    (parent / name).mkdir()
    return parent / name


def lanes(text):
    return [tuple(map(unescape, lane)) for lane in re.findall(
        r'(?:<p class="lane-name"><bdi>(.*?)</bdi></p>\s*)?<div class="chart-row"><div class="lane-name">'
        r'<bdi>(.*?)</bdi>.*?v-cur"><code><bdi>(.*?)</bdi>', text)]  # fmt: skip


def test_values_of_several_stacks_stand_apart(tmp_path):
    address = "terraform_data.web_pool"
    events = numbered([
        run(50, change(address, attributes={"input": ("1", "2")}), now=NOW, stack="prod/net"),
        run(40, change(address, attributes={"input": ("8", "9")}), now=NOW, stack="staging/app"),
        run(30, change(address, attributes={"input": ("9", "7")}), now=NOW, stack="staging/app"),
    ])  # fmt: skip
    with recorded(tmp_path, events) as journal:
        found = lanes(html(journal, "thing", at=address))
    assert [(stack.rpartition(" ")[2], *rest) for stack, *rest in found] == [
        ("staging/app", "input", '"7"'), ("prod/net", "input", '"2"')
    ]  # fmt: skip


def test_a_tainted_object_is_made_anew_with_what_it_had(tmp_path):
    tainted = {"reason": "replace_because_tainted"}
    events = numbered([
        shop(50, change("terraform_data.maybe", attributes={"triggers": ("1", "2"), "id": ("a", UNKNOWN)})),
        shop(40, change("terraform_data.maybe", "replace", "failed", attributes={"triggers": ("2", "4")})),
        shop(30, change("terraform_data.maybe", "replace", "failed", attributes={"id": ("b", UNKNOWN)}, **tainted)),
        shop(20, change("terraform_data.maybe", "replace", attributes={"id": ("c", UNKNOWN)}, **tainted)),
    ])  # fmt: skip
    with recorded(tmp_path, events) as journal:
        assert lanes(html(journal, "thing", at="terraform_data.maybe")) == [("", "triggers", '"4"')]
    events[2] = shop(30, change("terraform_data.maybe", "edit"), id=events[2].id)
    with recorded(folder(tmp_path, "by hand"), events) as journal:
        assert lanes(html(journal, "thing", at="terraform_data.maybe")) == [("", "triggers", '"2"')]


def test_what_an_attribute_holds_is_not_said_once_a_part_of_it_was_changed(tmp_path):
    events = numbered([
        shop(50, change(NODE, "create", attributes={"a": (ABSENT, ["1"])})),
        shop(40, change(NODE, attributes={"a[0]": ("1", "2")})),
    ])  # fmt: skip
    with recorded(tmp_path, events) as journal:
        found = lanes(html(journal, "thing", at=NODE))
    assert sorted(found) == [("", "a", "(not recorded)"), ("", "a[0]", '"2"')]


def test_what_failed_on_a_host_is_no_change_of_it(tmp_path):
    events = numbered([
        playbook(50, task("config", changed_on=("web1", "web2"), things=("web1.conf", "web2.conf")), now=NOW),
        playbook(40, task("restart", "failed", changed_on=("web2",), things=("nginx",),
                          failures=(HostFailure(host="web1", error="no unit"),)), now=NOW),
    ])  # fmt: skip
    with recorded(tmp_path, events) as journal:
        text = html(journal, "thing", at="web1")
    assert "Last changed 50 min ago" in words(text)
    assert "Last attempt: 02:41, change, failed" in words(text)
    assert "<title>web1: last changed 50 min ago" in text
    assert "on all its hosts together: web1.conf, web2.conf" in text
    assert "nginx" not in text
    assert "restart" in text
    assert urls.thing("restart") not in text, "a task is no thing"
    with recorded(folder(tmp_path, "failed"), events[1:]) as journal:
        assert "No change that succeeded is among these." in html(journal, "thing", at="web1")


def test_a_team_that_is_not_read_is_refused_and_named(journal):
    found = page(journal, "thing", at=NODE, team="nosuch")
    assert (found.status, found.context["text"]) == (400, "`nosuch` is not a team whose events you read here.")


def test_a_name_that_fits_several_things_offers_a_choice(journal):
    text = html(journal, "thing", at="aws_*")
    assert "Which one?" in text
    assert f'href="{urls.thing(TARGETS)}"' in text
    assert 'class="mono wrap"' in text


def test_an_id_is_a_thing_too(journal):
    text = html(journal, "thing", at="i-0f3a")
    assert NODE in unescape(text)
    assert "Which one?" not in text


def test_near_names_and_how_far_back_anything_is_known(journal):
    text = shown(journal, "never seen")
    assert page(journal, "thing", at="nothing.like.it").status == 404
    assert f'href="{urls.thing(NODE)}"' in text
    assert "since 2026-09-25" in words(text)


def test_older_changes_of_a_thing_are_a_page_on(tmp_path):
    with recorded(tmp_path, list(many(1_100))) as journal:
        first = html(journal, "thing", at="aws_instance.n0")
        seen = re.findall(r'<h3><a href="/event/([^"]+)"', first)
        href = re.search(r'href="([^"]+)" rel="next"', first)[1]
        second = html(journal, "thing", **dict(parse_qsl(urlsplit(unescape(href)).query)))
        older = re.findall(r'<h3><a href="/event/([^"]+)"', second)
    assert [len(seen), len(older)] == [20, 2]
    assert not set(seen) & set(older)


# -- suspects


def test_suspects_stand_as_they_are_ranked_with_their_points(journal):
    text = shown(journal, "suspects")
    incident = Incident(datetime(2026, 11, 24, 2, 20, tzinfo=UTC), timedelta(hours=6), "shop", "prod")
    ranking = suspects(journal, incident, limit=None)
    assert re.findall(r'id="s\d+">.*?href="/event/([^"]+)"', text, re.DOTALL) == [one.event for one in ranking.suspects]
    scores = re.findall(r'<dt class="sum">([\d.]+)</dt>', text)
    assert scores == [str(one.score) for one in ranking.suspects]
    points = re.findall(r"<dt(?: class=\"neg\")?>([+\u2212][\d.]+)</dt><dd><bdi>(.*?)</bdi>", text)
    assert [unescape(reason) for _, reason in points] == [
        reason.text for one in ranking.suspects for reason in one.reasons
    ]
    assert ("\u221215", "service network") in points


def test_the_moment_is_read_in_the_readers_zone_and_moves(journal):
    text = shown(journal, "suspects")
    assert 'value="03:20"' in text
    earlier = unescape(re.search(r'href="([^"]+)" rel="prev"', text)[1])
    assert "before=2026-11-24T03%3A15%3A00%2B01%3A00" in earlier
    assert "service=shop" in earlier


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"before": "in a while"}, "is not a time"),
        ({"before": "2027-01-01"}, "in the future"),
        ({"window": "long"}, "is not a duration"),
        ({"service": "shopp"}, "known: shop"),
        ({"host": "web99"}, "no change of host"),
        ({"before": "0001-01-01T00:00:00Z"}, "not before 1970"),
        ({"before": "0001-01-02"}, "not before 1970"),
        ({"before": "9999-12-31T23:59:59Z"}, "not before 1970"),
        ({"window": "99999999999999d"}, "is not a duration"),
        ({"befor": "03:20"}, "did you mean <code>before</code>?"),
        ({"host": "\0"}, "NUL character"),
    ],
)
def test_what_cannot_be_ranked_is_explained(journal, query, said):
    found = page(journal, "suspects", **query)
    assert found.status == 400
    assert said in html(journal, "suspects", **query)


def test_nothing_changed_is_an_answer(journal):
    assert (
        heading(html(journal, "suspects", before="2026-10-10", window="1h"))
        == "Nothing changed in the 1 h before Sat 10 Oct, 00:00"
    )


def test_what_is_only_computed_comes_last(tmp_path):
    attributes = {"id": ("a", UNKNOWN), "arn": ("b", UNKNOWN), "b": ("1", UNKNOWN), "desired_count": (4, 1)}
    with recorded(tmp_path, [shop(5, change(NODE, "replace", attributes=attributes))]) as journal:
        (first,) = page(journal, "suspects").context["suspects"]
    assert [one.path for one in first.attributes] == ["desired_count", "id", "arn"]


def test_a_time_without_events_is_as_long_as_was_asked_for(tmp_path):
    with recorded(tmp_path, []) as journal:
        assert "in the 6 h before" in heading(html(journal, "suspects", before="1970-01-02T00:00Z"))


def test_some_of_the_known_names_are_said_to_be_some(tmp_path):
    events = [shop(place, environment=f"e{place}") for place in range(1, 8)]
    with recorded(tmp_path, events) as journal:
        assert "known: e1, e2, e3, e4 and 3 more" in words(html(journal, "suspects", environment="nosuch"))


# -- stacks


def test_a_stack_without_a_commit_may_be_uncommitted(tmp_path):
    with recorded(tmp_path, [shop(5, change(NODE), vcs=Vcs(repository="acme/infra", dirty=True))]) as journal:
        assert "<code>uncommitted</code>" in html(journal, "stacks")


def test_stacks_whose_last_run_failed_come_first_with_what_is_open(journal):
    rows = re.findall(r'<tr><th scope="row" class="wrap">.*?</tr>', shown(journal, "stacks"), re.DOTALL)
    assert "acme/infra prod/shop" in rows[0]
    assert "CertificateNotFound; open for 33 min" in unescape(rows[0])
    assert "acme/infra prod/network" in rows[3]
    assert "open for" not in rows[3]
    assert "1 drifted, the oldest for 2 h" in rows[4]


def test_a_run_that_finished_a_failed_one_closes_it(tmp_path):
    finished = shop(3, change(LISTENER), id="019ab00f-0000-7000-8000-00000000000f")
    with recorded(tmp_path, [SHOP, finished]) as journal:
        text = html(journal, "stacks")
    assert heading(text) == "1 stack: each last run ended well"
    assert "partial 02:47, finished 03:18" in text


# -- texts of others


@pytest.mark.parametrize("attack", slow_except(ATTACKS, "script", "bidi"))
def test_hostile_text_stays_text(attack, tmp_path):
    text = ATTACKS[attack]
    typical = [hostile(composed(name), text) for name in TYPICAL]
    events = [hostile(event, text) for event in (*EVENTS, partial())] + typical
    for place, event in enumerate(events):
        events[place] = msgspec.structs.replace(event, id=f"019ad{place:03x}-0000-7000-8000-{place:012x}",
                                                started_at=NOW - timedelta(minutes=place))  # fmt: skip
    with recorded(tmp_path, events) as journal:
        texts = [html(journal, "event", {"id": event.id}) for event in events]
        texts += [html(journal, name, before="") for name in ("listing", "stacks", "suspects")]
        texts += [html(journal, "listing", environment=text), html(journal, "listing", text=text, since=text)]
        texts += [html(journal, "thing", at=text), html(journal, "suspects", service=text, before=text)]
    for one in texts:
        found = Parsed(one)
        assert not {"style", "img", "iframe", "details"} & found.tags
        assert re.findall(r"<script[^>]*>.*?</script>", one, re.DOTALL) == [SCRIPT]
        assert [name for name, _ in found.attributes if name == "style" or name.startswith("on")] == []
        assert [t for t in found.targets if not re.match(r"#[\w-]+\Z|/(?!/)|https://(?!evil)[\w.-]+/", t)] == []
        shown = "".join(found.text)
        assert [c for c in shown if not c.isprintable() and c != "\n"] == []


def test_characters_that_cannot_be_seen_are_shown_by_their_codes(tmp_path):
    bad = msgspec.structs.replace(SHOP, changes=(change(NODE, attributes={"a": ("x", "a\u202eb")}),))
    with recorded(tmp_path, [bad]) as journal:
        assert "a<mark>U+202E</mark>b" in html(journal, "event", {"id": SHOP.id})


def test_pages_of_very_long_texts_stay_small(tmp_path):
    with recorded(tmp_path, [hostile(SHOP, LARGE)]) as journal:
        texts = {name: html(journal, name, {"id": SHOP.id}) for name in ("listing", "event", "stacks", "suspects")}
    assert {name: len(text) for name, text in texts.items() if len(text.encode()) > 300_000} == {}


def test_an_event_of_a_thousand_changes_stays_small(tmp_path):
    changes = [change(f"aws_x.n{place}", attributes={f"a{n}": ("x" * 50, secret("f")) for n in range(9)})
               for place in range(1_000)]  # fmt: skip
    with recorded(tmp_path, [shop(5, *changes, id=SHOP.id)]) as journal:
        text = html(journal, "event", {"id": SHOP.id})
    assert len(text.encode()) < 500_000
    assert re.search(r"… and \d+ more: <code>tfevent events show", text)


def test_every_outcome_of_a_change_has_a_square():
    from change_events.server.pages.event import _LOOKS

    assert set(_LOOKS) == {one.value for one in ChangeOutcome} - {"planned"}


def test_no_page_says_that_every_secret_is_known(journal):
    for name in ("timeline", "list", "suspects", "stacks"):
        text = html(journal, {"list": "listing"}.get(name, name))
        assert "known secrets were redacted" in text
        assert "never recorded" not in text


def test_a_name_that_is_not_known_is_shown_with_the_codes_of_what_cannot_be_seen(journal):
    text = html(journal, "thing", at="\u202eabc")
    assert "<h1><bdi>No resource or host <mark>U+202E</mark>abc is known" in text


def test_what_was_done_to_siblings_stands_once_at_a_suspect(tmp_path):
    changes = [change(f"aws_instance.a[{place}]", attributes={"size": ("1", "2")}) for place in range(4)]
    with recorded(tmp_path, [run(5, *changes, change("a.b", attributes={"name": ("x", "y")}), now=NOW)]) as journal:
        [suspect] = page(journal, "suspects").context["suspects"]
    assert [row.path for row in suspect.attributes] == ["size", "name"]


@pytest.mark.parametrize(("name", "query", "searched"), [
    ("thing", {"at": "web99"}, ""), ("listing", {"x": "1"}, ""), ("event", {"x": "1"}, ""),
    ("listing", {"text": "what is sought"}, "what is sought"),
    ("timeline", {"text": "what is sought"}, "what is sought"),
])  # fmt: skip
def test_the_field_for_a_search_holds_what_was_searched_for_and_no_text_of_ours(journal, name, query, searched):
    text = html(journal, name, {"id": SHOP.id}, **query)
    assert f'placeholder="Address, host, commit or text" value="{searched}">' in text
