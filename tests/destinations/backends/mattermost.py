"""An incoming webhook of Mattermost.

https://developers.mattermost.com/integrate/webhooks/incoming/: ``ok`` as text is the success; errors are JSON with an
``id`` (https://github.com/mattermost/mattermost/blob/master/server/i18n/en.json). Attachments need ``fallback``; their
texts are Markdown and mention people (https://developers.mattermost.com/integrate/reference/message-attachments/).
Servers before 5.33 hold 8,000 characters of them.
"""

import re
from urllib.parse import urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

HOOK = f"/hooks/{SECRET}"
MENTION = re.compile(r"@[A-Za-z0-9._-]")
FIELDS = {"fallback", "color", "title", "title_link", "text"}


def accept(received):
    need(received.path == HOOK, "web.incoming_webhook.invalid.app_error", 400)
    need(received.method == "POST", "405", 405)
    body = json_of(received)
    need(set(body) <= {"attachments", "channel"}, "known fields")
    need(body.get("channel", "ops") == "ops", "web.incoming_webhook.channel.app_error", 404)
    need(len(body["attachments"]) == 1, "one attachment")
    (attachment,) = body["attachments"]
    need(set(attachment) <= FIELDS and attachment["fallback"], "fields of an attachment")
    need(re.fullmatch(r"#[0-9a-f]{6}", attachment["color"]), "color")
    need(urlsplit(attachment.get("title_link", "http://x")).scheme in {"http", "https"}, "title_link")
    texts = [attachment[name] for name in ("fallback", "title", "text")]
    need(not any(MENTION.search(text) for text in texts), "nobody is mentioned")
    need(attachment["text"].count("```") in {0, 2}, "code blocks end")
    need(len(str(body["attachments"])) <= 8000, "web.incoming_webhook.split_props_length.app_error")
    return answer(200, "ok")


def error(status, name):
    return answer(status, {"id": name, "message": "…", "detailed_error": "", "request_id": "x", "status_code": status})


BACKEND = Backend(
    options=lambda url: {"url": url + HOOK},
    accept=accept,
    variants={"": {}, "channel": {"channel": "ops"}},
    refusal=lambda why: {"id": why, "message": why, "status_code": 400},
    payloads=("failed",),
    answers=(
        Documented("posted", answer(200, "ok"), Result.DELIVERED),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("no such webhook", error(400, "web.incoming_webhook.invalid.app_error"), Result.PARK, "url"),
        Documented("no such channel", error(404, "web.incoming_webhook.channel.app_error"), Result.PARK, "channel"),
        Documented("locked", error(403, "web.incoming_webhook.channel_locked.app_error"), Result.PARK, "fixed"),
        Documented("not allowed", error(403, "web.incoming_webhook.permissions.app_error"), Result.PARK, "may not"),
        Documented("switched off", error(501, "web.incoming_webhook.disabled.app_error"), Result.PARK, "enabled"),
        Documented("long", error(400, "web.incoming_webhook.split_props_length.app_error"), Result.SHRINK, "long"),
        Documented("bad payload", error(400, "web.incoming_webhook.parse.app_error"), Result.PARK, "400"),
        Documented("slow down", answer(429, retry_after="5"), Result.RETRY, "429", after=5),
        Documented("down", answer(503), Result.RETRY, "503"),
    ),
)
