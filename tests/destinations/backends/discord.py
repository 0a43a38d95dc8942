"""A webhook of Discord: executing it, and editing what it posted.

https://discord.com/developers/docs/resources/webhook: ``wait`` answers 200 with the message, without it 204. Embed
limits: https://discord.com/developers/docs/resources/message#embed-object-embed-limits. Errors by code:
https://discord.com/developers/docs/topics/opcodes-and-status-codes#json. A 429 says ``retry_after`` in its body, in
seconds, and in the header: https://discord.com/developers/docs/topics/rate-limits.
"""

import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

HOOK = f"/api/webhooks/223704706495545344/{SECRET}"
MESSAGE = "1295437300000100864"
THREAD = "1170000000000000001"
LENGTHS = {"title": 256, "description": 4096, "url": 2048}
LINK = re.compile(r"(?<!\\)\[((?:[^\[\]\\]|\\.)*)\]\((https?://[^()\s]+)\)")


def units(text):
    return len(text.encode("utf-16-le")) // 2


def embed_of(embed):
    need(set(embed) <= {"title", "url", "description", "color", "timestamp"}, "unknown field")
    for name, most in LENGTHS.items():
        need(units(embed.get(name, "x")) <= most, f"Must be {most} or fewer in length: {name}")
        need(embed.get(name, "x"), f"{name} is required")
    need(0 <= embed["color"] <= 0xFFFFFF, "color")
    need(datetime.fromisoformat(embed["timestamp"]).tzinfo is not None, "timestamp")
    need("url" not in embed or urlsplit(embed["url"]).scheme in {"http", "https"}, "Scheme must be http or https")
    need(embed["description"].count("```") in {0, 2}, "code blocks end")
    return units(embed["title"]) + units(embed["description"])


def accept(received):
    parts = urlsplit(received.path)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    need(parts.path.startswith(HOOK), "Unknown Webhook", 404)
    edits = parts.path != HOOK
    need(received.method == ("PATCH" if edits else "POST"), "405: Method Not Allowed", 405)
    need(not edits or parts.path == f"{HOOK}/messages/{MESSAGE}", "Unknown Message", 404)
    need(set(query) <= {"thread_id"} | (set() if edits else {"wait"}), "query")
    need(query.get("thread_id", THREAD) == THREAD, "Unknown Channel", 404)
    body = json_of(received)
    need(set(body) == {"embeds", "allowed_mentions"}, "known fields")
    need(body["allowed_mentions"] == {"parse": []}, "nobody is mentioned")
    need(1 <= len(body["embeds"]) <= 10, "ten embeds at most")
    need(sum(embed_of(embed) for embed in body["embeds"]) <= 6000, "6000 characters over all embeds")
    if not edits and query.get("wait") != "true":
        return answer(204)
    return answer(200, {"id": MESSAGE, "channel_id": "1", "type": 0, "embeds": body["embeds"]})


def error(status, code, message, **headers):
    return answer(status, {"message": message, "code": code}, **headers)


TOO_MANY = {"message": "You are being rate limited.", "retry_after": 2.5, "global": False}
BACKEND = Backend(
    options=lambda url: {"url": url + HOOK},
    accept=accept,
    variants={"": {}, "thread": lambda url: {"url": f"{url}{HOOK}?thread_id={THREAD}"}},
    refusal=lambda why: {"message": why, "code": 50035},
    payloads=("failed", "started"),
    answers=(
        Documented("posted", answer(200, {"id": MESSAGE, "type": 0}), Result.DELIVERED),
        Documented("without its message", answer(204), Result.PARK, "Discord"),
        Documented("another JSON", answer(200, {"ok": True}), Result.PARK, "Discord"),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("bad form", error(400, 50035, "Invalid Form Body"), Result.PARK, "400"),
        Documented("empty", error(400, 50006, "Cannot send an empty message"), Result.PARK, "400"),
        Documented("bad token", error(401, 50027, "Invalid Webhook Token"), Result.PARK, "token"),
        Documented("deleted", error(404, 10015, "Unknown Webhook"), Result.PARK, "deleted"),
        Documented("message gone", error(404, 10008, "Unknown Message"), Result.PARK, "gone"),
        Documented("too large", error(413, 40005, "Request entity too large"), Result.SHRINK, "413"),
        Documented("slow down", answer(429, TOO_MANY, retry_after="3"), Result.RETRY, "429", after=3),
        Documented("down", answer(502), Result.RETRY, "502"),
    ),
)
