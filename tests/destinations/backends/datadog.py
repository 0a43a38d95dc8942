"""Datadog's event intakes, which read requests with the models of the official client.

https://docs.datadoghq.com/api/latest/events/post-an-event/ and /rate-limits/. What the models do not say (18 hours, 200
characters of a tag, 100 properties, ten levels) is checked beside them.
"""

from datetime import UTC, datetime, timedelta

from datadog_api_client.configuration import Configuration
from datadog_api_client.model_utils import validate_and_convert_types
from datadog_api_client.v1.model.event_create_request import EventCreateRequest
from datadog_api_client.v2.model.event_create_request_payload import EventCreateRequestPayload

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need
from tests.destinations.kit.events import END

APP_KEY = f"{SECRET}-app"
CONFIGURATION = Configuration()


def accept(received):
    need(received.headers.get("dd-api-key") == SECRET, "Forbidden", 403)
    body = json_of(received)
    if received.path == "/api/v1/events":
        return accept_plain(body)
    need(received.path == "/api/v2/events", "Not found", 404)
    need(received.headers.get("dd-application-key") == APP_KEY, "Forbidden", 403)
    return accept_change(body)


def accept_plain(body):
    read(body, EventCreateRequest)
    need(isinstance(body["date_happened"], int), "date_happened is a number")
    check_age(datetime.fromtimestamp(body["date_happened"], UTC))
    check_tags(body["tags"])
    need(body["title"] and body["text"].startswith("%%% \n") and body["text"].endswith("\n %%%"), "markdown")
    need(body["text"].count("%%%") == 2, "markdown ends early")
    return answer(202, {"status": "ok", "event": {"id_str": "1", "title": body["title"]}})


def accept_change(body):
    read(body, EventCreateRequestPayload)
    event = body["data"]["attributes"]
    need(event["category"] == "change" and event["integration_id"] == "custom-events", "category")
    check_age(datetime.fromisoformat(event["timestamp"]))
    check_tags(event["tags"])
    need(len(event["attributes"]["change_metadata"]) <= 100, "properties")
    return answer(202, {"data": {"type": "event", "attributes": {}}})


def read(body, model):
    """The official client's own reading of the request; what fits none of its nested models it keeps unparsed."""
    made = validate_and_convert_types(
        body, (model,), ["body"], spec_property_naming=True, check_type=True, configuration=CONFIGURATION
    )
    need(not made._unparsed, "a nested part is not as the models say")


def check_age(moment):
    need(moment >= END - timedelta(hours=18), "Event too far in the past")


def check_tags(tags):
    need(0 < len(tags) <= 100 and all(0 < len(tag) <= 200 for tag in tags), "tags")


BACKEND = Backend(
    options=lambda url: {"api_key": SECRET, "app_key": APP_KEY, "url": url},
    accept=accept,
    variants={"": {}, "v2": {"api": "v2"}},
    refusal=lambda why: {"errors": [why]},
    payloads=("failed", "started"),
    answers=(
        Documented("taken", answer(202, {"status": "ok"}), Result.DELIVERED),
        Documented("another success", answer(200, {"status": "ok"}), Result.PARK, "202"),
        Documented("a page", answer(202, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("too old", answer(400, '{"errors":["Event too far in the past"]}'), Result.PARK, "400"),
        Documented("forbidden", answer(403, {"errors": ["Forbidden"]}), Result.PARK, "403"),
        Documented("slow down", answer(429, {"errors": ["x"]}, x_ratelimit_reset="13"), Result.RETRY, "429", after=13),
        Documented("a proxy's", answer(429, retry_after="60"), Result.RETRY, "429", after=60),
        Documented("both", answer(429, x_ratelimit_reset="13", retry_after="60"), Result.RETRY, "429", after=13),
        Documented("maintenance", answer(503, retry_after="90"), Result.RETRY, "503", after=90),
        Documented("down", answer(500, {"errors": ["x"]}), Result.RETRY, "500"),
    ),
)
