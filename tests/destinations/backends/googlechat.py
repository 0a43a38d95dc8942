"""A webhook of a Google Chat space: spaces.messages.create with a key and a token in the address.

https://developers.google.com/workspace/chat/quickstart/webhooks; the card by
https://developers.google.com/workspace/chat/api/reference/rest/v1/cards (100 widgets a card, texts of a few HTML
tags); 32,000 bytes a message (https://developers.google.com/workspace/chat/create-messages). Errors are those of
Google's APIs: https://cloud.google.com/apis/design/errors.
"""

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

SPACE = "/v1/spaces/AAQA1b2c3d4/messages"
QUERY = f"key=AIzaSyDdI0hCZtE6vySjMm-WEfRq3CPzqKqqsHI&token={SECRET}"
OPTIONS = {"REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD", "REPLY_MESSAGE_OR_FAIL"}
TAGS = {"b", "i", "u", "s", "font", "a", "br"}
ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)


def paragraph(text):
    parser = Tags()
    parser.feed(text)
    need(parser.found <= {"br"}, f"tags: {parser.found - {'br'}}")
    need(not ENTITY.search(text), "& is escaped")


def widget(content):
    ((kind, inside),) = content.items()
    if kind == "textParagraph":
        paragraph(inside["text"])
    else:
        need(kind == "buttonList" and 1 <= len(inside["buttons"]) <= 10, "known widgets")
        for button in inside["buttons"]:
            need(button["text"] and set(button) == {"text", "onClick"}, "buttons")
            need(urlsplit(button["onClick"]["openLink"]["url"]).scheme in {"http", "https"}, "links")


def accept(received):
    parts = urlsplit(received.path)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    need(received.method == "POST" and parts.path == SPACE, "NOT_FOUND", 404)
    need(query.pop("token", "") == SECRET and query.pop("key", ""), "PERMISSION_DENIED", 403)
    reply = query.pop("messageReplyOption", None)
    need(not query and (reply is None or reply in OPTIONS), "Unknown name")
    need(len(received.body) <= 32_000, "message is too long")
    body = json_of(received)
    need(set(body) - {"thread"} == {"fallbackText", "cardsV2"}, "Unknown name")
    need(("thread" in body) == (reply is not None), "threads need the option")
    key = body.get("thread", {"threadKey": "x"})["threadKey"]
    need(1 <= len(key) <= 4000, "threadKey")
    (entry,) = body["cardsV2"]
    card = entry["card"]
    need(entry["cardId"] and set(card) == {"header", "sections"}, "card")
    need(card["header"]["title"] and set(card["header"]) == {"title", "subtitle"}, "header")
    widgets = [content for section in card["sections"] for content in section["widgets"]]
    need(1 <= len(widgets) <= 100, "widgets")
    for content in widgets:
        widget(content)
    return answer(200, {"name": "spaces/AAQA1b2c3d4/messages/x.y", "thread": {"name": "spaces/AAQA1b2c3d4/threads/x"}})


def error(status, name):
    return answer(status, {"error": {"code": status, "message": "…", "status": name}})


BACKEND = Backend(
    options=lambda url: {"url": f"{url}{SPACE}?{QUERY}"},
    accept=accept,
    variants={"": {}, "own thread": {"thread": "none"}},
    refusal=lambda why: {"error": {"code": 400, "message": why, "status": "INVALID_ARGUMENT"}},
    payloads=("failed",),
    answers=(
        Documented("posted", answer(200, {"name": "spaces/A/messages/x.y"}), Result.DELIVERED),
        Documented("another JSON", answer(200, {"ok": True}), Result.PARK, "Google Chat"),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("bad card", error(400, "INVALID_ARGUMENT"), Result.PARK, "400"),
        Documented("bad token", error(401, "UNAUTHENTICATED"), Result.PARK, "401"),
        Documented("removed", error(403, "PERMISSION_DENIED"), Result.PARK, "403"),
        Documented("no such space", error(404, "NOT_FOUND"), Result.PARK, "404"),
        Documented("slow down", error(429, "RESOURCE_EXHAUSTED"), Result.RETRY, "429"),
        Documented("down", error(503, "UNAVAILABLE"), Result.RETRY, "503"),
    ),
)
