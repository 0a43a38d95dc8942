"""What is particular to Slack and Microsoft Teams, which people read."""

from __future__ import annotations

import json
import time

import pytest

from change_events.delivery.transport import open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Response
from change_events.model import Action, Change, Failure, Kind, Link, Outcome, Severity
from tests.destinations.kit.backend import SECRET, backend
from tests.destinations.kit.events import event
from tests.support.sealed import sealed
from tests.support.trusted import load

SLACK, TEAMS = get("slack"), get("teams")
HOOK = {"url": "https://hooks.slack.com/services/T0/B0/x"}
BOT = {"token": "xoxb-1", "channel": "#changes"}
FLOW = {"url": "https://prod.example/workflows/1/invoke?sig=abcdefgh/"}
LOUD = "<!channel> & <@U1|x> `code` *bold*"


def slack(made, options=HOOK):
    return json.loads(SLACK.render(made, options).body)


def texts(message):
    """All texts of a message's blocks, by the type of text."""
    parts = []
    for block in message["blocks"]:
        parts += [block if block["type"] == "markdown" else block.get("text"), *block.get("elements", ())]
    return [(part["type"], part["text"]) for part in parts if part]


def card(made):
    return json.loads(TEAMS.render(made, FLOW).body)["attachments"][0]["content"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (HOOK, None),
        (BOT, None),
        ({}, "url: missing; expected an incoming webhook's URL, or `token` and `channel`"),
        ({"channel": "#changes"}, "url: missing; expected an incoming webhook's URL, or `token` and `channel`"),
        ({"token": "xoxb-1"}, "channel: missing; `token` needs it"),
        (HOOK | BOT, "token: a webhook (`url`) has its own; leave out one of the two"),
        (HOOK | {"channel": "#x"}, "channel: a webhook (`url`) has its own; leave out one of the two"),
    ],
)
def test_slack_has_two_ways_in(options, problem):
    assert SLACK.problems(options) == ((problem,) if problem else ())
    if problem:
        for made in (SLACK.origin, lambda given: SLACK.render(sealed(), given)):
            with pytest.raises(OptionError) as caught:
                made(options)
            assert str(caught.value) == problem


def test_variables_alone_make_a_slack_destination(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    environ = {"TFEVENT_SLACK_TOKEN": "xoxb-1", "TFEVENT_SLACK_CHANNEL": "C1"}
    (made,) = load(tmp_path, environ).destinations
    assert (made.kind, made.options) == ("slack", {"token": "xoxb-1", "channel": "C1"})


def test_addresses_of_slack():
    assert SLACK.origin(HOOK) == "https://hooks.slack.com"
    assert SLACK.origin(BOT) == "https://slack.com"
    request = SLACK.render(sealed(), BOT | {"api": "https://slack-gov.com/api/"})
    assert request.url == "https://slack-gov.com/api/chat.postMessage"
    assert request.headers["Authorization"] == "Bearer xoxb-1"


def test_nothing_of_an_event_is_a_mention_or_ends_the_code():
    made = sealed(
        1,
        title=LOUD,
        failures=(Failure(summary=f"``` {LOUD}"),),
        links=(Link(title=LOUD, url="https://e.example/a|b?<c>"),),
    )
    message = slack(made)
    escaped = "&lt;!channel&gt; &amp; &lt;@U1|x&gt; 'code' *bold*"
    assert message["text"].startswith(escaped)
    assert ("plain_text", LOUD) in texts(message)
    assert ("mrkdwn", f"```failed: ''' {escaped}```") in texts(message)
    assert ("mrkdwn", f"<https://e.example/a%7Cb?%3Cc%3E|{escaped}>") in texts(message)


def test_the_message_of_an_explicit_event_is_markdown_without_mentions():
    written = sealed(1, explicit=True, message="**out**\n<!channel> R&D [a](https://e.example)\x1b[31m")
    assert ("markdown", "**out**\n&lt;!channel> R&amp;D [a](https://e.example) [31m") in texts(slack(written))
    assert "markdown" not in dict(texts(slack(sealed(1, message="**ours**"))))
    assert "markdown" not in dict(texts(slack(sealed(1, explicit=True, message=sealed().event.title))))


def test_a_message_is_short_however_much_happened():
    changes = tuple(Change(address=f"aws_instance.n[{n}]", action=Action.UPDATE) for n in range(5000))
    for made in (event("huge"), sealed(1, changes=changes)):
        assert len(SLACK.render(made, HOOK).body) < 2000
        code = next(text for _, text in texts(slack(made)) if text.startswith("```"))
        assert len(code.splitlines()) == 13
        assert code.endswith("more```")
    assert len(TEAMS.render(event("huge"), FLOW).body) < 4000


def test_the_message_of_a_started_run_is_edited_or_replied_to():
    handle = "C1/17.5"
    edited = SLACK.update(event("updated"), BOT, handle)
    assert edited.url.endswith("/chat.update")
    body = json.loads(edited.body)
    assert (body["channel"], body["ts"]) == ("C1", "17.5")
    assert "thread_ts" not in body
    reply = BOT | {"settle": "reply"}
    for name, aloud in (("updated", False), ("partial", True), ("failed", True)):
        answered = SLACK.update(event(name), reply, handle)
        assert answered.url.endswith("/chat.postMessage")
        body = json.loads(answered.body)
        assert (body["channel"], body["thread_ts"], body["reply_broadcast"]) == ("C1", "17.5", aloud)
    unknown = sealed(1, outcome=Outcome.UNKNOWN)
    assert json.loads(SLACK.update(unknown, reply, handle).body)["reply_broadcast"] is True


@pytest.mark.parametrize(("options", "handle"), [(HOOK, "C1/17.5"), (BOT, "17"), (BOT, "C1/17.5\n"), (BOT, "c/1.2/..")])
def test_without_a_message_to_settle_another_one_is_posted(options, handle):
    assert SLACK.update(event("updated"), options, handle) == SLACK.render(event("updated"), options)


@pytest.mark.parametrize(
    ("answer", "handle"),
    [
        (b'{"ok": true, "channel": "C1", "ts": "17.5"}', "C1/17.5"),
        (b'{"ok": false, "channel": "C1", "ts": "17.5"}', None),
        (b'{"ok": true, "channel": "../C1", "ts": "17.5"}', None),
        (b'{"ok": true, "channel": "C1", "ts": 17.5, "x": "/"}', "C1/17.5"),
        (b'{"ok": true, "channel": "C1"}', None),
        (b"ok", None),
    ],
)
def test_what_was_posted_is_known_by_channel_and_time(answer, handle):
    assert SLACK.handle(Response(200, {}, answer)) == handle


def test_slack_reports_why_a_message_cannot_be_brought_up_to_date():
    options = {"token": SECRET, "channel": "changes"}
    with backend("slack").serve() as server:
        settings = DestinationSettings("slack", "slack", options | {"api": f"{server.url}/api"})
        request = SLACK.update(event("updated"), settings.options, "C024BE91L/1.1")
        with open_transport(settings) as transport:
            verdict = SLACK.judge(transport.send(request, time.monotonic() + 60))
    assert verdict.reason == "the message to bring up to date is gone"


@pytest.mark.parametrize("destination", [SLACK, TEAMS])
def test_the_address_of_a_webhook_stays_as_it_is_and_is_not_reported(destination):
    url = "https://chat.example/hooks/abcdefghijkl?sig=mnopqrstuv/"
    request = destination.render(sealed(), {"url": url})
    assert request.url == url
    shown = request.clean("no /hooks/abcdefghijkl with sig=mnopqrstuv/")
    assert "abcdefgh" not in shown
    assert "mnopqrst" not in shown


def test_text_of_an_event_is_no_markdown_in_teams():
    shown = card(sealed(1, title="**a** [b](https://c.example)", failures=(Failure(summary="_x_ *y*"),)))
    runs = [part["inlines"][0]["text"] for part in shown["body"] if part["type"] == "RichTextBlock"]
    assert runs[0] == "**a** [b](https://c.example)"
    assert runs[-1] == "failed: _x_ *y*"
    assert not [part for part in shown["body"] if part["type"] == "TextBlock"]
    written = card(sealed(1, kind=Kind.DEPLOYMENT, explicit=True, message="- **out**\n- [a](https://e.example)\0"))
    (text,) = [part["text"] for part in written["body"] if part["type"] == "TextBlock"]
    assert text == "- **out**\n- [a](https://e.example) "


@pytest.mark.parametrize(
    ("severity", "colour"),
    [(Severity.INFO, "default"), (Severity.WARNING, "warning"), (Severity.ERROR, "attention")],
)
def test_the_worse_the_louder(severity, colour):
    assert card(sealed(1, severity=severity))["body"][0]["inlines"][0]["color"] == colour


def test_links_are_few_and_those_too_long_are_left_out():
    links = tuple(Link(title=f"Page {n}", url=f"https://e.example/{n}") for n in range(9))
    shown = card(sealed(1, links=(Link(title="long", url="https://e.example/" + "x" * 2000), *links)))
    assert [action["title"] for action in shown["actions"]] == ["Page 0", "Page 1", "Page 2", "Page 3"]
    assert "actions" not in card(sealed())
    long = Link(title="long", url="https://e.example/" + "x" * 3000)
    context = [text for _, text in texts(slack(sealed(1, links=(long, *links)))) if text.startswith("<")]
    assert context == [f"<https://e.example/{n}|Page {n}>" for n in range(5)]
