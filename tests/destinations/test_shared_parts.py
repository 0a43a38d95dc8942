"""Clipping, tags, moments, what is said of an event, and the words of a refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from change_events.destinations.base import Limits, OptionError, Request, Response, Result, origin_of
from change_events.destinations.shared import mapping, request, timestamps
from change_events.destinations.shared.clip import clip, listed, tags_within, units, utf8
from change_events.destinations.shared.preview import preview
from change_events.destinations.shared.responses import at, judge_status, parsed, retry_after, words
from change_events.model import (
    Action,
    Actor,
    Change,
    ChangeOutcome,
    Ci,
    HostCounts,
    HostFailure,
    Kind,
    Link,
    Outcome,
    Phase,
    Signal,
    TaskRun,
)
from tests.destinations.kit.events import event
from tests.support.sealed import sealed

HOSTS = "web-000.example.com, web-001.example.com, web-002.example.com"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(TEXT, st.integers(0, 220), st.sampled_from([units, utf8, lambda text: units(text.replace("a", "&amp;"))]))
def test_a_clipped_text_fits_and_is_a_beginning(text, limit, measure):
    cut = clip(text, limit, measure)
    assert measure(cut) <= limit
    if measure(text) <= limit:
        assert cut == text
    elif cut:
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])


@given(TEXT)
def test_units_are_never_fewer_than_any_backend_counts(text):
    assert units(text) == len(text.encode("utf-16-le")) // 2 >= len(text)
    assert utf8(text) == len(text.encode())


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 4, "abc…"),
        ("abc def", 5, "abc…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("xe\u0301\u0323yz", 4, "x…"),
        ("x👍🏽yz", 5, "x…"),
        ("x👩\u200d👩\u200d👧yz", 9, "x…"),
        ("🚀🚀🚀", 5, "🚀🚀…"),
        ("a" + "\u0301" * 40 + "b", 40, "a" + "\u0301" * 38 + "…"),
        ("e\u0301\u0301\u0301", 3, "…"),
    ],
)
def test_what_is_one_character_to_a_reader_stays_whole(text, limit, cut):
    assert clip(text, limit) == cut


def test_lines_are_left_out_whole_and_counted():
    lines = ["one", "two", "three", "four"]
    assert listed(lines, 18) == "one\ntwo\nthree\nfour"
    assert listed(lines, 17) == "one\n… and 3 more"
    assert listed(lines * 1000, 30) == "one\ntwo\nthree\n… and 3997 more"
    assert listed(lines, 2) == "o…"
    assert listed([], 10) == ""


def test_tags_within_number_length_and_bytes():
    tags = ["env:prod", "", "env:prod", "a" * 30, "ü" * 10, "z:1"]
    assert tags_within(tags, Limits(body_bytes=1)) == (["env:prod", "a" * 30, "ü" * 10, "z:1"], 0)
    assert tags_within(tags, Limits(body_bytes=1, tags=2, tag_length=5)) == (["env:…", "aaaa…"], 2)
    few = tags_within(tags, Limits(body_bytes=1, tags_bytes=41))
    assert few == (["env:prod", "ü" * 10, "z:1"], 1)
    assert len(json.dumps(few.kept, ensure_ascii=False, separators=(",", ":")).encode()) == 41
    assert tags_within(["ab1", "ab2"], Limits(body_bytes=1, tag_length=2)) == (["a…"], 1)


@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds it
def test_all_forms_of_a_moment_are_the_same_moment(moment):
    ms = timestamps.milliseconds(moment)
    assert timestamps.iso(moment) == timestamps.iso(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms))
    assert timestamps.seconds(moment) == ms // 1000
    assert round(timestamps.decimal_seconds(moment) * 1000) == ms
    assert json.loads(json.dumps(timestamps.decimal_seconds(moment))) == timestamps.decimal_seconds(moment)
    assert timestamps.nanoseconds(moment) == f"{ms}000000"


def test_moments():
    moment = datetime(2026, 11, 23, 13, 34, 56, 789_999, tzinfo=timezone(timedelta(hours=1)))
    assert timestamps.iso(moment) == "2026-11-23T12:34:56.789Z"
    assert timestamps.milliseconds(moment) == 1_795_437_296_789
    assert timestamps.seconds(moment) == 1_795_437_296
    assert timestamps.decimal_seconds(moment) == 1_795_437_296.789
    assert timestamps.nanoseconds(moment) == "1795437296789000000"


def test_what_is_said_of_a_run():
    partial = event("partial").event
    assert mapping.creator(partial) == "alice"
    assert mapping.result(partial) == "partially failed in 1 min 16 s"
    assert mapping.paragraph(partial) == (
        "Terraform in acme/infra partially failed in 1 min 16 s. By alice on ci-runner-7. "
        "Commit 9d59409acf47 on main: Larger web servers."
    )
    assert mapping.worst(partial) == [
        "failed: aws_db_instance.main: modifying the database: StorageFull",
        "aws_instance.web: was replaced, the old one destroyed before there is a new one",
        "replaced aws_instance.web",
        "destroyed aws_instance.old",
        "update (not attempted) aws_route53_record.www",
    ]
    assert mapping.figures(partial) == {"created": 0, "updated": 0, "replaced": 1, "destroyed": 1, "failed": 1}
    assert mapping.run_url(partial) == "https://ci.example.com/runs/42"
    assert mapping.links(partial) == [
        Link(title="Run 42", url="https://ci.example.com/runs/42"),
        Link(title="Pull request 17", url="https://github.com/acme/infra/pull/17"),
        Link(
            title="Commit 9d59409acf47",
            url="https://github.com/acme/infra/commit/9d59409acf479dfa0df1aa568182e43e43df8bbe",
        ),
    ]


def test_what_is_said_of_other_events():
    assert mapping.result(event("started").event) == "under way"
    assert mapping.duration_ms(event("started").event) is None
    assert mapping.worst(event("started").event) == ["update aws_lb.main"]
    planned = event("planned").event
    assert mapping.result(planned) == "planned"
    assert mapping.worst(planned)[-1] == "destroy aws_vpc.main"
    assert mapping.figures(planned)["destroyed"] == 1
    deployment = event("deployment").event
    assert mapping.details(deployment)["version"] == "2.14.0"
    assert mapping.paragraph(deployment).startswith("Deployment of checkout 2.14.0 succeeded in 1 min 16 s. By alice")
    assert not {"created", "tool"} & set(mapping.details(deployment))
    assert mapping.details(event("tiny").event) == {
        "id": event("tiny").event.id,
        "kind": "custom",
        "phase": "applied",
        "outcome": "succeeded",
        "severity": "info",
        "duration_ms": 0,
    }


def test_what_is_said_of_a_task_that_came_around_very_often():
    def said(**more):
        task = TaskRun(rounds=101, **more)
        change = Change(address="Included", action=Action.CHANGE, type="m", name="Included", task=task)
        return mapping.worst(replace(event("ansible").event, changes=(change,), failures=()))

    assert said(hosts=HostCounts(changed=101), changed_on=("a",)) == ["change Included 101 times"]
    failed = HostCounts(failed=101)
    assert said(hosts=failed, failures=(HostFailure("a", "no"),)) == ["change Included on a and 100 more times: no"]


def test_what_is_said_of_a_playbook_run():
    playbook = event("ansible").event
    assert mapping.worst(playbook) == [
        "failed: web-400.example.com: ssh timed out",
        "failed: change site.yml: Restart nginx on web-017.example.com: Unable to restart service nginx",
        f"changed site.yml: Write the configuration on {HOSTS} and 496 more hosts",
        f"changed site.yml: Install nginx on {HOSTS} and 496 more hosts",
    ]
    assert mapping.playbook_figures(playbook) == {
        "tasks_changed": 2,
        "tasks_failed": 1,
        "hosts_changed": 498,
        "hosts_failed": 1,
        "hosts_unreachable": 1,
    }
    assert mapping.playbook_figures(event("updated").event) == {}
    assert mapping.details(playbook).items() >= mapping.playbook_figures(playbook).items()


@pytest.mark.parametrize("outcome", [None, *Outcome])
@pytest.mark.parametrize("phase", Phase)
def test_every_result_has_words(outcome, phase):
    assert mapping.result(sealed(1, outcome=outcome, phase=phase).event)


def test_worst_first_whatever_order_they_come_in():
    changes = (
        Change(address="n", action=Action.NO_OP),
        Change(address="c", action=Action.CREATE, outcome=ChangeOutcome.APPLIED),
        Change(address="o", action=Action.OTHER, raw_actions=("fly",), outcome=ChangeOutcome.UNKNOWN),
        Change(address="d", action=Action.DESTROY, outcome=ChangeOutcome.APPLIED),
        Change(address="f", action=Action.CREATE, outcome=ChangeOutcome.FAILED, error="no\x1b[31m room"),
    )
    signals = (Signal(name="s", reason="the state could not be saved"),)
    lines = mapping.worst(sealed(1, changes=changes, signals=signals).event)
    assert lines == [
        "failed: create f (no [31m room)",
        "the state could not be saved",
        "destroyed d",
        "fly (unknown) o",
        "created c",
    ]


def test_only_pages_of_the_web_are_links():
    urls = ("javascript:alert(1)", "ftp://x", "https://", "https://a b", "https://[", "http://ok.example/1")
    links = tuple(Link(title="t", url=url) for url in urls)
    actor = Actor(ci=Ci(system="x", run_url="https://ci.example/1"))
    found = mapping.links(sealed(1, kind=Kind.BUILD, links=links, actor=actor).event)
    assert found == [Link(title="Run", url="https://ci.example/1"), Link(title="t", url="http://ok.example/1")]


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0, "0.0 s"), (420, "0.4 s"), (17_900, "17 s"), (77_000, "1 min 17 s"), (7_384_000, "2 h 3 min")],
)
def test_durations(milliseconds, said):
    assert mapping.lasted(milliseconds) == said


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("text/plain; charset=utf-8", b"invalid_payload", "invalid_payload"),
        ("text/html", b"<html>no</html>", ""),
        ("text/html", b'"json"', "json"),
        ("text/html", b"invalid_payload", "invalid_payload"),
        ("text/html", b" <!DOCTYPE html>no", ""),
        ("", b"no_service", "no_service"),
        ("application/octet-stream", b"\x00\x01", ""),
        ("application/json", b"<html>", ""),
        ("application/json", b'{"message": "Tags length exceeds", "id": 7}', "Tags length exceeds"),
        ("application/json", b'{"error": {"code": 400, "message": "bad", "constraintViolations": []}}', "bad"),
        ("text/plain", b'{"errors": ["Event too far in the past"]}', "Event too far in the past"),
        ("application/json", b'{"status": "x", "message": "invalid", "errors": ["a", "b"]}', "a; b; invalid"),
        ("application/problem+json", b'{"title": "t", "detail": "d"}', "d; t"),
        (
            "application/json",
            b'{"error": {"message": "Violated.", "constraintViolations": [{"path": "x", "message": "no"}]}}',
            "Violated.; no",
        ),
        (
            "application/json",
            b'{"errors": true, "items": [{"create": {"status": 400, "error": {"type": "x", "reason": "no field"}}}]}',
            "no field",
        ),
        ("application/json", b"[" * 16_000, ""),
        ("application/json", b"[" * 900 + b'"x"' + b"]" * 900, ""),
        ("", b"", ""),
    ],
)
def test_the_words_of_a_refusal(kind, body, said):
    assert words(Response(400, {"content-type": kind}, body)) == said


@given(st.binary())
def test_no_body_breaks_the_reading(body):
    assert isinstance(words(Response(400, {"content-type": "application/json"}, body)), str)
    parsed(Response(200, {}, body))


def test_what_stands_deep_in_an_answer_is_found_or_nothing():
    content = {"items": [{"create": {"status": 201}}], "n": 1}
    assert at(content, "items", 0, "create", "status") == 201
    for path in (("items", 1), ("items", -1), ("items", "create"), ("n", "x"), ("absent",), (0,)):
        assert at(content, *path) is None
    assert at(None, "x") is None


def test_a_backend_may_name_what_to_retry_and_where_it_says_how_long():
    only = {429, 503}
    assert judge_status(Response(500), retry=only).result is Result.PARK
    assert judge_status(Response(503), retry=only).result is Result.RETRY
    assert judge_status(Response(407), retry=only).result is Result.RETRY, "the proxy's, not the backend's"
    asked = Response(429, {"x-wait": "9", "retry-after": "1"})
    assert judge_status(asked, wait_header="x-wait").after == 9
    assert retry_after(asked) == 1


def test_building_blocks():
    assert request.text_of({"a": " b "}, "a") == "b"
    assert request.address_of({"url": "https://h/x/"}, "url") == "https://h/x"
    assert request.address_of({}, "url", "https://d") == "https://d"
    assert request.site_of({}, "region", {"us": "https://us", "eu": "https://eu"}) == "https://us"
    for broken in (
        lambda: request.text_of({"a": " "}, "a"),
        lambda: request.address_of({}, "a"),
        lambda: request.address_of({"a": "ftp://h"}, "a"),
        lambda: request.site_of({"a": "mars"}, "a", {"us": ""}),
    ):
        with pytest.raises(OptionError, match=r"^a: "):
            broken()
    assert request.present({"a": None, "b": "", "c": [], "d": {}, "e": 0, "f": False}) == {"e": 0, "f": False}
    login = request.basic_login("user", "pass")
    assert login == ("Basic dXNlcjpwYXNz", ("pass", "dXNlcjpwYXNz"))


def test_a_preview_shows_all_but_secrets():
    body = b'{"key": "t\\u00f6ken", "text": "\xc3\xa9"}'
    request = Request("POST", "https://h.test/t%C3%B6ken/x", {"Authorization": "Bearer töken"}, body, ("töken",))
    assert preview(request) == (
        'POST https://h.test/(hidden)/x\nAuthorization: Bearer (hidden)\n\n{\n  "key": "(hidden)",\n  "text": "é"\n}\n'
    )
    lines = Request("PUT", "https://h.test/", {}, '{"a": 1}\n{"b": "\u2028\x85"}\n'.encode())
    assert preview(lines) == 'PUT https://h.test/\n\n{\n  "a": 1\n}\n{\n  "b": "\u2028\x85"\n}\n'
    assert preview(Request("PUT", "https://h.test/s", {}, b"\xff", ("https://h.test/s",))).startswith(
        f"PUT {origin_of('https://h.test/s')}/(hidden)\n"
    )


def test_risk_signals_are_tags_and_a_detail_the_gravest_first():
    names = [f"signal_{number}" for number in range(mapping.MOST_SIGNALS + 2)]
    made = sealed(1, signals=tuple(Signal(name=name, reason="r") for name in (names[0], *names))).event
    tags = [tag for tag in mapping.tags(made) if tag.startswith("signal:")]
    assert tags == [f"signal:{name}" for name in names[: mapping.MOST_SIGNALS]]
    assert mapping.details(made)["signals"] == ", ".join(names)
    with mapping.tags_named({"signal": "risk"}):
        assert "risk:signal_0" in mapping.tags(made)
    assert "signals" not in mapping.details(sealed(1, signals=()).event)
