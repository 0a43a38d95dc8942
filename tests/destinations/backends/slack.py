"""Slack: incoming webhooks, and the Web API's chat.postMessage and chat.update.

A webhook answers in words that it calls text/html, ``ok`` as well as errors
(https://github.com/slackapi/node-slack-sdk/pull/480, https://github.com/integrations/slack/issues/770). Its errors:
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/ and
https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks. Blocks are checked by slack_sdk's
own models, which hold the documented limits; what it leaves open is checked here.
"""

import re

from slack_sdk.models.blocks import Block, MarkdownBlock

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

HTML = "text/html; charset=utf-8"
WEBHOOK = f"/services/T00/B00/{SECRET}"
ARGUMENTS = {
    WEBHOOK: {"unfurl_links", "unfurl_media"},
    "/api/chat.postMessage": {"channel", "unfurl_links", "unfurl_media", "thread_ts", "reply_broadcast"},
    "/api/chat.update": {"channel", "ts"},
}
NEEDED = {WEBHOOK: set(), "/api/chat.postMessage": {"channel"}, "/api/chat.update": {"channel", "ts"}}
TS = "1795437300.000100"
# Whatever stands in angle brackets is a link, a mention or a command; all others must be escaped.
ANGLES = re.compile(r"<(.*?)>", re.DOTALL)
LINK = re.compile(r"https?://[^\s|<>]+\|[^<>]*")
ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")


def mrkdwn(text):
    need(all(LINK.fullmatch(inside) for inside in ANGLES.findall(text)), "mentions and commands")
    rest = ANGLES.sub("", text)
    need("<" not in rest and ">" not in rest and not ENTITY.search(text), "& < > are escaped")
    need(rest.count("```") in {0, 2}, "code blocks end")
    need(1 <= len(text) <= 3000, "text objects hold 3000 characters")


def blocks_of(content):
    need(1 <= len(content) <= 50, "50 blocks a message", 400)
    found = Block.parse_all(content)
    need(len(found) == len(content), "known types of blocks")
    for block in found:
        block.to_dict()  # raises for what breaks a limit
        need(not isinstance(block, MarkdownBlock) or "<" not in block.text, "no mentions in Markdown")
    for element in [block.get("text") for block in content] + [e for b in content for e in b.get("elements", [])]:
        if isinstance(element, dict) and element["type"] == "mrkdwn":
            mrkdwn(element["text"])
        if isinstance(element, dict) and element["type"] == "plain_text":
            need(element["text"].isprintable(), "headings are one line")


def said(status, word):
    return answer(status, word, content_type=HTML)


def message(received):
    need(received.method == "POST", "POST only", 405)
    need(received.path in ARGUMENTS, "no_service", 404)
    body = json_of(received)
    blocks_of(body["blocks"])
    mrkdwn(body["text"])
    need(len(str(body["blocks"])) <= 13_000, "msg_blocks_too_long")
    given = set(body) - {"text", "blocks"}
    need(NEEDED[received.path] <= given <= ARGUMENTS[received.path], "invalid_arguments")
    return body


def accept(received):
    body = message(received)
    if received.path == WEBHOOK:
        return said(200, "ok")
    need(received.headers["content-type"] == "application/json; charset=utf-8", "missing_charset")
    if received.headers.get("authorization") != f"Bearer {SECRET}":
        return answer(200, {"ok": False, "error": "invalid_auth"})
    # what was posted is found again by the channel's ID, not by its name
    if body["channel"] != ("C024BE91L" if {"ts", "thread_ts"} & set(body) else "changes"):
        return answer(200, {"ok": False, "error": "channel_not_found"})
    if body.get("ts", body.get("thread_ts", TS)) != TS:
        return answer(200, {"ok": False, "error": "message_not_found"})
    return answer(200, {"ok": True, "channel": "C024BE91L", "ts": TS, "message": {"text": body["text"]}})


def bot(url):
    return {"url": None, "token": SECRET, "channel": "changes", "api": f"{url}/api"}


def error(name):
    return answer(200, {"ok": False, "error": name})


BACKEND = Backend(
    options=lambda url: {"url": f"{url}{WEBHOOK}"},
    accept=accept,
    variants={"": {}, "bot": bot, "thread": lambda url: bot(url) | {"settle": "reply"}},
    unnamed=("",),
    payloads=("failed", "started"),
    answers=(
        Documented("webhook", said(200, "ok"), Result.DELIVERED),
        Documented("webhook, as compatible servers answer", answer(200, "ok"), Result.DELIVERED),
        Documented("webhook: a page", said(200, "\n<!DOCTYPE html><title>Sign in"), Result.PARK, "HTML"),
        Documented("webhook: long blocks", said(400, "msg_blocks_too_long"), Result.SHRINK, "too long"),
        Documented("api: no JSON", answer(200, "ok"), Result.PARK, "Web API", variant="bot"),
        Documented("api: another JSON", answer(200, {"success": True}), Result.PARK, "Web API", variant="bot"),
        Documented("webhook: bad payload", said(400, "invalid_payload"), Result.PARK, "400"),
        Documented("webhook: prohibited", said(403, "action_prohibited"), Result.PARK, "403"),
        Documented("webhook: removed", said(404, "no_service"), Result.PARK, "404"),
        Documented("webhook: archived", said(410, "channel_is_archived"), Result.PARK, "410"),
        Documented("webhook: trouble", said(500, "rollup_error"), Result.RETRY, "500"),
        Documented("slow down", answer(429, retry_after="30"), Result.RETRY, "429", after=30),
        Documented("api", answer(200, {"ok": True, "channel": "C1", "ts": "1.2"}), Result.DELIVERED, variant="bot"),
        Documented(
            "api: warning", answer(200, {"ok": True, "warning": "superfluous_charset"}), Result.DELIVERED, variant="bot"
        ),
        Documented("api: bad token", error("invalid_auth"), Result.PARK, "token", variant="bot"),
        Documented("api: no scope", error("missing_scope"), Result.PARK, "chat:write", variant="bot"),
        Documented("api: not invited", error("not_in_channel"), Result.PARK, "invite", variant="bot"),
        Documented("api: no such channel", error("channel_not_found"), Result.PARK, "channel", variant="bot"),
        Documented("api: archived", error("is_archived"), Result.PARK, "archived", variant="bot"),
        Documented("api: gone", error("message_not_found"), Result.PARK, "gone", variant="bot"),
        Documented("api: not ours", error("cant_update_message"), Result.PARK, "not this bot's", variant="bot"),
        Documented("api: too late to edit", error("edit_window_closed"), Result.PARK, "settle: reply", variant="bot"),
        Documented("api: long text", error("msg_too_long"), Result.SHRINK, "too long", variant="bot"),
        Documented("api: long blocks", error("msg_blocks_too_long"), Result.SHRINK, "too long", variant="bot"),
        Documented("api: bad blocks", error("invalid_blocks"), Result.PARK, "refused", variant="bot"),
        Documented("api: unknown", answer(200, {"ok": False}), Result.PARK, "refused", variant="bot"),
        Documented("api: rate", error("rate_limited"), Result.RETRY, "transient", variant="bot"),
        Documented("api: broken", error("internal_error"), Result.RETRY, "transient", variant="bot"),
        Documented(
            "api: slow down",
            answer(429, {"ok": False, "error": "ratelimited"}, retry_after="3"),
            Result.RETRY,
            "transient",
            after=3,
            variant="bot",
        ),
    ),
)
