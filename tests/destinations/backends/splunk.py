"""Splunk's HTTP Event Collector: the pages "Format events for HTTP Event Collector" and "Troubleshoot HTTP Event
Collector" of https://help.splunk.com; codes 0 to 27.
"""

import re

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, Refused, answer, json_of, need

METADATA = {"time", "host", "source", "sourcetype", "index", "fields", "event"}


def code(number, text, **more):
    return {"text": text, "code": number, **more}


def accept(received):
    need(received.path == "/services/collector/event", "not found", 404)
    need(received.headers.get("authorization") == f"Splunk {SECRET}", "Invalid token", 403)
    need(len(received.body) <= 1_000_000, "too large", 413)
    try:
        body = json_of(received)
    except Refused:
        raise Refused(400, "Invalid data format") from None
    need(set(body) <= METADATA, "Invalid data format")
    need(body.get("event"), "Event field cannot be blank")
    need(re.search(rb'"time":\d{10}\.\d{1,3},', received.body), "time is <sec>.<ms>")
    need(body["source"] == "tfevent" and isinstance(body["sourcetype"], str), "metadata")
    need(all(isinstance(body[name], str) and body[name] for name in METADATA & set(body) - {"time", "fields", "event"}),
         "metadata are texts")  # fmt: skip
    need(all(isinstance(value, str) and value for value in body["fields"].values()), "Error in handling indexed fields")
    need(not set(body["fields"]) & set(body["event"]), "a field would have its value twice")
    need(body["event"]["title"], "title")
    for name in (b'"id"', b'"kind"', b'"severity"'):
        need(received.body.index(name, received.body.index(b'"event"')) < 5000, "stands where no field is found")
    return answer(200, code(0, "Success"))


BACKEND = Backend(
    options=lambda url: {"url": url, "token": SECRET},
    accept=accept,
    refusal=lambda why: code(6, why),
    variants={"": {}, "index": {"index": "changes", "channel": "11111111-2222-3333-4444-555555555555"}},
    answers=(
        Documented("taken", answer(200, code(0, "Success")), Result.DELIVERED),
        Documented("taken, to be acknowledged", answer(200, code(0, "Success", ackId=0)), Result.DELIVERED),
        Documented("taken by another collector", answer(200, "OK"), Result.DELIVERED),
        Documented("taken without a body", answer(200), Result.DELIVERED),
        Documented("queue almost full", answer(200, code(24, "HEC queue is approaching")), Result.DELIVERED, "full"),
        Documented("a refusal with 200", answer(200, code(7, "Incorrect index")), Result.PARK, "index"),
        Documented("an unknown code with 200", answer(200, code(99, "?")), Result.PARK, "99"),
        Documented("disabled", answer(403, code(1, "Token disabled")), Result.PARK, "disabled"),
        Documented("no token", answer(401, code(2, "Token is required")), Result.PARK, "token"),
        Documented("invalid token", answer(403, code(4, "Invalid token")), Result.PARK, "token"),
        Documented("no data", answer(400, code(5, "No data")), Result.PARK, "400"),
        Documented("bad format", answer(400, code(6, "Invalid data format")), Result.PARK, "400"),
        Documented("index", answer(400, code(7, "Incorrect index")), Result.PARK, "`index`"),
        Documented("internal", answer(500, code(8, "Internal server error")), Result.RETRY, "8"),
        Documented("busy", answer(503, code(9, "Server is busy")), Result.RETRY, "9"),
        Documented("no channel", answer(400, code(10, "Data channel is missing")), Result.PARK, "channel"),
        Documented("fields", answer(400, code(15, "Error in handling indexed fields")), Result.PARK, "400"),
        Documented("shutting down", answer(503, code(23, "Server is shutting down")), Result.RETRY, "23"),
        Documented("full", answer(429, code(26, "HEC queue is at capacity"), retry_after="4"), Result.RETRY, "26", 4),
        Documented("a page of Splunk Web", answer(200, "<html>"), Result.PARK, "url"),
        Documented("down", answer(502, "<html>"), Result.RETRY, "502"),
    ),
)
