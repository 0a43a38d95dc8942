"""What is particular to Google Chat, Mattermost and Discord: hostile texts, threads, and edits."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from change_events.destinations import get
from change_events.destinations.base import Response
from change_events.model import Action, Actor, Change, Failure, Kind, Link, Tool, Vcs
from tests.destinations.kit.events import event
from tests.support.sealed import sealed

GOOGLE, MATTERMOST, DISCORD = get("googlechat"), get("mattermost"), get("discord")
SPACE = {"url": "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t"}
HOOK = {"url": "https://chat.example/hooks/abcdefgh"}
CHANNEL = {"url": "https://discord.com/api/webhooks/1/abcdefgh"}
HOSTILE = "@channel <users/all> <@1> <b>x</b> `code` *bold* [out](https://evil.example) ~town # 1"


def hostile():
    return sealed(
        1,
        title=HOSTILE,
        failures=(Failure(summary=f"``` {HOSTILE}"),),
        links=(Link(title=HOSTILE, url="https://e.example/a(b)@c"),),
    )


def body(destination, made, options):
    return json.loads(destination.render(made, options).body)


def paragraphs(message):
    widgets = message["cardsV2"][0]["card"]["sections"][0]["widgets"]
    return [widget["textParagraph"]["text"] for widget in widgets if "textParagraph" in widget]


def test_google_chat_shows_tags_as_text():
    message = body(GOOGLE, hostile(), SPACE)
    texts = paragraphs(message)
    assert "failed: ``` @channel &lt;users/all&gt; &lt;@1&gt; &lt;b&gt;x&lt;/b&gt;" in texts[-1]
    assert not any("<" in text.replace("<br>", "") for text in texts)
    assert message["cardsV2"][0]["card"]["header"]["title"] == HOSTILE  # plain text there


def test_google_chat_keeps_the_lines_of_a_message():
    written = sealed(1, explicit=True, message="one\n<two>\x1b[31m")
    assert paragraphs(body(GOOGLE, written, SPACE))[1] == "one<br>&lt;two&gt; [31m"


def thread(made, **options):
    request = GOOGLE.render(made, SPACE | options)
    option = parse_qs(urlsplit(request.url).query).get("messageReplyOption")
    return json.loads(request.body).get("thread", {}).get("threadKey"), option


def test_google_chat_has_a_thread_for_each_stack():
    stack = {"tool": Tool(name="terraform"), "vcs": Vcs(repository="acme/infra", path="network")}
    one, option = thread(sealed(1, **stack))
    assert option == ["REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"]
    assert thread(sealed(2, title="another run", **stack))[0] == one
    assert thread(sealed(1, **stack | {"vcs": Vcs(repository="acme/infra", path="dns")}))[0] != one
    assert thread(sealed(1, **stack | {"tool": Tool(name="terraform", workspace="prod")}))[0] != one
    shop = {"kind": Kind.DEPLOYMENT, "explicit": True, "tool": None, "environment": "prod", "service": "shop"}
    assert thread(sealed(1, **shop))[0] == thread(sealed(2, **shop, actor=Actor(host="another")))[0] != one
    assert thread(sealed(1, **stack), thread="none") == (None, None)


def test_mattermost_notifies_nobody_and_shows_markup_as_text():
    (attachment,) = body(MATTERMOST, hostile(), HOOK)["attachments"]
    quiet = "@\u2060channel"
    assert attachment["title"].startswith(rf"{quiet} <users/all\> <@" + "\u2060" + r"1\> <b\>x</b\> \`code\` \*bold\*")
    assert r"\[out\]\(https://evil.example\) \~town \# 1" in attachment["title"]
    assert attachment["fallback"].startswith(quiet)
    assert f"```\nfailed: ''' {quiet}" in attachment["text"]
    assert "(https://e.example/a%28b%29%40c)" in attachment["text"]


def test_mattermost_shows_the_senders_markdown_without_mentions():
    written = sealed(1, explicit=True, message="**out** @all [a](https://e.example)")
    assert "**out** @\u2060all [a](https://e.example)" in body(MATTERMOST, written, HOOK)["attachments"][0]["text"]


@pytest.mark.parametrize("channel", ["ops", "@ada"])
def test_mattermost_posts_where_it_is_asked_to(channel):
    assert body(MATTERMOST, sealed(), HOOK | {"channel": channel})["channel"] == channel
    assert "channel" not in body(MATTERMOST, sealed(), HOOK)


def test_discord_shows_markup_as_text_and_parses_no_mention():
    message = body(DISCORD, hostile(), CHANNEL)
    (embed,) = message["embeds"]
    assert message["allowed_mentions"] == {"parse": []}
    assert embed["title"].startswith(r"@channel \<users/all\> \<@1\> \<b\>x\</b\> \`code\` \*bold\*")
    assert r"\[out\]\(https://evil.example\)" in embed["title"]
    assert "```\nfailed: ''' @channel <users/all>" in embed["description"]
    assert "(https://e.example/a%28b%29@c)" in embed["description"]


def test_an_embed_of_discord_keeps_its_length_whatever_has_to_be_escaped():
    marks = "*" * 5000
    changes = tuple(Change(address=f"aws_instance.{marks}[{n}]", action=Action.UPDATE) for n in range(50))
    links = tuple(Link(title=marks, url=f"https://e.example/{n}{'a' * 100}") for n in range(9))
    made = sealed(1, title=marks, changes=changes, links=links, explicit=True, message="*x*\n" * 2000)
    (embed,) = body(DISCORD, made, CHANNEL)["embeds"]
    assert len(embed["title"]) <= 256
    assert 1000 < len(embed["description"]) <= 4096
    assert embed["description"].count("```") == 2


def test_discord_edits_what_a_started_run_posted():
    posted = Response(200, body=b'{"id": "17"}')
    assert DISCORD.handle(posted) == "17"
    for answered in (Response(204), Response(200, body=b'{"id": "../x"}'), Response(200, body=b'{"id": 17}')):
        assert DISCORD.handle(answered) is None
    within = {"url": CHANNEL["url"] + "?thread_id=9"}
    edit = DISCORD.update(event("updated"), within, "17")
    assert (edit.method, edit.url) == ("PATCH", f"{CHANNEL['url']}/messages/17?thread_id=9")
    first = DISCORD.render(event("started"), within)
    assert (first.method, first.url) == ("POST", f"{CHANNEL['url']}?thread_id=9&wait=true")
    again = DISCORD.update(event("updated"), CHANNEL, "../../other")
    assert (again.method, again.url) == ("POST", f"{CHANNEL['url']}?wait=true")
    assert "abcdefgh" not in edit.masked(f"{edit.url} abcdefgh")
