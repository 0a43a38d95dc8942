"""Loki's push API with its default limits.

https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs and
https://grafana.com/docs/loki/latest/operations/request-validation-rate-limits/. The words of the refusals are those of
pkg/validation/validate.go in https://github.com/grafana/loki.
"""

import base64
import json
import re

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
NOW = 1_795_437_300 * 10**9
WEEK, GRACE = 7 * 86_400 * 10**9, 600 * 10**9


def authenticated(headers):
    if "x-scope-orgid" in headers:
        need(headers["x-scope-orgid"] == "team-a", "no org id", 401)
    else:
        login = base64.b64encode(f"12345:{SECRET}".encode()).decode()
        need(headers.get("authorization") == f"Basic {login}", "invalid credentials", 401)


def labelled(stream):
    need(stream, "error at least one label pair is required per stream")
    need(len(stream) <= 15, f"has {len(stream)} label names; limit 15")
    for name, text in stream.items():
        need(LABEL.fullmatch(name) and not name.startswith("__"), "Error parsing labels")
        need(len(name.encode()) <= 1024 and isinstance(text, str), "label name too long")
        need(len(text.encode()) <= 2048, "label value too long")


def accept(received):
    need((received.method, received.path) == ("POST", "/loki/api/v1/push"), "not found", 404)
    authenticated(received.headers)
    body = json_of(received)
    need(list(body) == ["streams"] and len(body["streams"]) == 1, "error at least one valid stream is required")
    (stream,) = body["streams"]
    labelled(stream["stream"])
    need({"job", "kind"} <= set(stream["stream"]), "missing required labels")
    for moment, line, *metadata in stream["values"]:
        need(isinstance(moment, str), "the timestamp is a text")
        need(int(moment) > NOW - WEEK, "has timestamp too old")
        need(int(moment) < NOW + GRACE, "has timestamp too new")
        need(len(line.encode()) <= 256 * 1024, "Max entry size '262144' bytes exceeded")
        need(all(isinstance(json.loads(line)[name], str) for name in ("title", "id", "level")), "a line of ours")
        for pairs in metadata:
            need(all(isinstance(text, str) for text in pairs.values()), "structured metadata are texts")
            need(all(LABEL.fullmatch(name) for name in pairs), "names as LogQL can write them")
            need(not set(pairs) & set(stream["stream"]), "no name twice")
            need(len(pairs) <= 128, "has too many structured metadata labels")
            need(sum(len((name + text).encode()) for name, text in pairs.items()) <= 65_536, "metadata too large")
    return answer(204)


def refused(text, status=400):
    return answer(status, text)


BACKEND = Backend(
    options=lambda url: {"url": f"{url}/", "user": "12345", "password": SECRET},
    accept=accept,
    variants={
        "": {},
        "tenant": {
            "user": None,
            "password": None,
            "tenant": "team-a",
            "metadata": "none",
            "labels": {"region": "eu-central-1", "job": "changes"},
            "headers": {"X-Gateway-Key": SECRET},
        },
    },
    refusal=str,
    payloads=("failed",),
    answers=(
        Documented("taken", answer(204), Result.DELIVERED),
        Documented("taken by a compatible server", answer(200, {}), Result.DELIVERED),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("blocked", answer(260, "ingestion blocked for user 1 until '…'"), Result.PARK, "260"),
        Documented("late", refused("entry ignored, reason: 'entry too far behind, …'"), Result.PARK, "newer"),
        Documented("order", refused("reason: 'entry out of order'"), Result.PARK, "newer"),
        Documented("old", refused("entry for stream '{}' has timestamp too old: …"), Result.PARK, "older"),
        Documented("new", refused("entry for stream '{}' has timestamp too new: …"), Result.PARK, "clock"),
        Documented("long line", refused("Max entry size '1024' bytes exceeded for stream"), Result.SHRINK, "too large"),
        Documented(
            "no metadata",
            refused("stream '{}' includes structured metadata, but this feature is disallowed."),
            Result.PARK,
            "metadata: none",
        ),
        Documented(
            "large metadata",
            refused("stream '{}' has structured metadata too large: '9' bytes, limit: '1' bytes."),
            Result.SHRINK,
            "too large",
        ),
        Documented("labels", refused("missing required labels cluster for user 1"), Result.PARK, "`labels`"),
        Documented("no tenant", refused("no org id", 401), Result.PARK, "tenant"),
        Documented("bad login", answer(401), Result.PARK, "401"),
        Documented("too large", answer(413), Result.SHRINK, "413"),
        Documented("rate", refused("Ingestion rate limit exceeded for user 1", 429), Result.RETRY, "429"),
        Documented("streams", refused("Maximum active stream limit exceeded", 429), Result.RETRY, "429"),
        Documented("down", answer(503), Result.RETRY, "503"),
    ),
)
