"""PagerDuty's Events API v2 for change events: https://developer.pagerduty.com/docs/events-api-v2/send-change-events/."""

from datetime import datetime

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

INVALID = {"status": "invalid event", "message": "Event object is invalid", "errors": ["'payload' is missing"]}


def accept(received):
    need(received.path == "/v2/change/enqueue", "Not Found", 404)
    need(len(received.body) <= 512 * 1024, "too large", 413)
    body = json_of(received)
    need(body["routing_key"] == SECRET, "'routing_key' is unknown")
    need(set(body) <= {"routing_key", "payload", "links"}, "unknown field")
    payload = body["payload"]
    need(set(payload) <= {"summary", "source", "timestamp", "custom_details"}, "unknown field of payload")
    need(0 < len(payload["summary"]) <= 1024, "length of summary")
    need(datetime.fromisoformat(payload["timestamp"]).tzinfo, "timestamp")
    need(isinstance(payload["custom_details"], dict) and isinstance(payload["source"], str), "types")
    need(
        all(link["href"].startswith("http") and set(link) <= {"href", "text"} for link in body.get("links", [])),
        "links",
    )
    return answer(202, {"status": "success", "message": "Event processed", "dedup_key": "x"})


BACKEND = Backend(
    options=lambda url: {"routing_key": SECRET, "url": url},
    accept=accept,
    refusal=lambda why: INVALID | {"errors": [why]},
    payloads=("failed",),
    answers=(
        Documented("accepted", answer(202, {"status": "success"}), Result.DELIVERED),
        Documented("another success", answer(200, {"status": "success"}), Result.PARK, "202"),
        Documented("a page", answer(202, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("invalid", answer(400, INVALID), Result.PARK, "400"),
        Documented("slow down", answer(429, {"message": "Requests throttled"}), Result.RETRY, "429", after=60),
        Documented("slow down so long", answer(429, retry_after="9"), Result.RETRY, "429", after=9),
        Documented("down", answer(503), Result.RETRY, "503"),
    ),
)
