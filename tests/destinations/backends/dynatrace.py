"""Dynatrace's events API v2: https://docs.dynatrace.com/docs/dynatrace-api/environment-api/events-v2/post-event."""

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

INFORMATIONAL = {"CUSTOM_ANNOTATION", "CUSTOM_CONFIGURATION", "CUSTOM_DEPLOYMENT", "CUSTOM_INFO"}
FIELDS = {"eventType", "title", "startTime", "endTime", "timeout", "entitySelector", "properties"}
DEPLOYMENT = {"name", "version", "project", "release_stage", "release_product", "release_build_version", "ci_back_link"}
OWN = {"dt.event.source", *(f"dt.event.deployment.{name}" for name in DEPLOYMENT)}


def results(*statuses):
    items = [{"correlationId": "933613657e1c8fcf", "status": status} for status in statuses]
    return {"reportCount": len(items), "eventIngestResults": items}


def violated(why):
    violations = [{"path": "x", "message": why, "parameterLocation": "PAYLOAD_BODY", "location": None}]
    return {"error": {"code": 400, "message": "Constraints violated.", "constraintViolations": violations}}


def units(text):
    return len(text.encode("utf-16-le")) // 2


def accept(received):
    need(received.path == "/e/abc/api/v2/events/ingest", "not found", 404)
    need(received.headers.get("authorization") == f"Api-Token {SECRET}", "Token Authentication failed", 401)
    need(len(received.body) <= 1_000_000, "too large", 413)
    body = json_of(received)
    need(set(body) <= FIELDS and body["eventType"] in INFORMATIONAL and body["title"], "fields")
    need(10**12 < body["startTime"] < 10**13, "startTime is in milliseconds")
    need(body.get("endTime", 10**13) > body["startTime"], "endTime must be later than startTime")
    properties = body["properties"]
    need(0 < len(properties) <= 100, "at most 100 properties")
    for key, value in properties.items():
        need(isinstance(value, str) and units(value) <= 4096, f"value of {key}")
        need(0 < units(key) <= 100, f"key {key}")
        need(not key.startswith("dt.") or key in OWN, f"{key} is reserved")
    return answer(201, results("OK"))


BACKEND = Backend(
    options=lambda url: {"url": f"{url}/e/abc/", "token": SECRET},
    accept=accept,
    refusal=violated,
    variants={"": {}, "entities": {"entity_selector": "type(SERVICE),tag(prod)"}},
    payloads=("boot", "planned"),
    answers=(
        Documented("ingested", answer(201, results("OK", "OK")), Result.DELIVERED),
        Documented("of many entities", answer(201, results(*["OK"] * 1000)), Result.DELIVERED),
        Documented("of one entity", answer(201, results("OK", "INVALID_METADATA")), Result.DELIVERED, "1 of 2"),
        Documented("times", answer(201, results("INVALID_TIMESTAMPS")), Result.PARK, "times"),
        Documented("entities", answer(201, results("INVALID_ENTITY_TYPE")), Result.PARK, "entity_selector"),
        Documented("a new status", answer(201, results("INVALID_MOOD")), Result.PARK, "did not take"),
        Documented("no entity", answer(201, results()), Result.PARK, "entity_selector"),
        Documented("a page of a proxy", answer(200, "<html>sign in"), Result.PARK, "url"),
        Documented("invalid", answer(400, violated("no")), Result.PARK, "400"),
        Documented("bad token", answer(401, {"error": {"code": 401, "message": "no"}}), Result.PARK, "401"),
        Documented("no scope", answer(403, {"error": {"code": 403, "message": "no"}}), Result.PARK, "403"),
        Documented("busy", answer(429), Result.RETRY, "429"),
        Documented("down", answer(503), Result.RETRY, "503"),
    ),
)
