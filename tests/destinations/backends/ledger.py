"""A PostgreSQL in front of the fake backend: what is recorded is posted there, and checked by the event's schema.

Or a collector, by its OpenAPI document (`GET /v1/openapi.json`).
"""

import json
from urllib.parse import urlsplit

import jsonschema

from change_events.destinations.base import Result
from tests.destinations.kit import postgres
from tests.destinations.kit.backend import SECRET, Answer, Backend, Documented, answer, json_of, need
from tools.schemas import FOLDER

SCHEMA = jsonschema.Draft202012Validator(json.loads((FOLDER / "change-event.schema.json").read_text()))


def accept(received):
    if received.headers.get("authorization"):
        return collected(received)
    need(received.headers["x-team"] == "ops", "team")
    need(int(received.headers["x-entry-bytes"]) > 2, "entries")
    problem = jsonschema.exceptions.best_match(SCHEMA.iter_errors(json_of(received)))
    need(problem is None, f"schema: {problem.message if problem else ''}")
    return answer(200)


def collected(received):
    need((received.method, received.path) == ("POST", "/v1/events"), "no such route", 404)
    need(received.headers["authorization"] == f"Bearer {SECRET}", "the token is unknown", 401)
    need(len(received.body) <= 4_000_000, "too large", 413)
    problem = jsonschema.exceptions.best_match(SCHEMA.iter_errors(json_of(received)))
    need(problem is None, f"schema: {problem.message if problem else ''}", 422)
    return answer(200, {"received": 1, "written": 1})


def of_collector(name, given, result, *says):
    return Documented(name, given, result, *says, variant="collector")


def options(url):
    parts = urlsplit(url)
    where = (
        f"127.0.0.1:{postgres.front()}/{parts.port}" if parts.hostname == "127.0.0.1" else f"{parts.hostname}/events"
    )
    return {"url": f"postgresql://tfevent@{where}?sslmode=disable", "team": "ops", "password": SECRET}


def refusal(status, code=None):
    """A problem document of a collector: of its own with a code, of the guard before it without."""
    document = {"type": "about:blank", "title": "Refused", "status": status, "detail": "no"}
    return answer(status, document | ({"code": code} if code else {}))


def failed(state, text="no"):
    return Answer(400, text.encode(), {"content-type": "text/plain", "x-state": state})


BACKEND = Backend(
    options=options,
    accept=accept,
    payloads=("controls",),
    variants={"": {}, "collector": lambda url: {"url": url, "token": SECRET, "team": None, "password": None}},
    answers=(
        Documented("recorded", answer(200), Result.DELIVERED),
        Documented("deadlock_detected", failed("40P01"), Result.RETRY, "40P01"),
        Documented("too_many_connections", failed("53300"), Result.RETRY, "53300"),
        Documented("disk_full", failed("53100"), Result.RETRY, "53100"),
        Documented("read_only_sql_transaction", failed("25006"), Result.RETRY, "primary"),
        Documented("query_canceled", failed("57014"), Result.RETRY, "in time"),
        Documented("lock_not_available", failed("55P03"), Result.RETRY, "locked"),
        Documented("insufficient_privilege", failed("42501"), Result.PARK, "may not write"),
        Documented("undefined_function", failed("42883"), Result.PARK, "too old"),
        Documented("undefined_table", failed("42P01"), Result.PARK, "no ledger"),
        Documented("invalid_parameter_value", failed("22023"), Result.PARK, "invalid"),
        Documented("raise_exception", failed("P0001"), Result.PARK, "refused the event (P0001)"),
        of_collector("recorded", answer(200, {"received": 1, "written": 1}), Result.DELIVERED),
        of_collector("recorded before", answer(200, {"received": 1, "written": 0}), Result.DELIVERED),
        of_collector("somebody else", answer(200, {"ok": True}), Result.PARK, "no collector"),
        of_collector("a page", answer(200, "<html>"), Result.PARK, "no collector"),
        of_collector("broken off", answer(400, {}), Result.RETRY, "400"),
        of_collector("unauthorized", refusal(401, "token"), Result.PARK, "as `TFEVENT_LEDGER_TOKEN`"),
        of_collector("for reading", refusal(403, "not_allowed"), Result.PARK, "token create --write"),
        of_collector("another name", refusal(403), Result.RETRY, "--allow-host"),
        of_collector("a sign-in before it", answer(401, "<html>"), Result.PARK, "a path too much"),
        of_collector("a firewall before it", answer(403, "<html>"), Result.PARK, "and not the collector"),
        of_collector("a gateway before it", answer(401, {"status": 401}), Result.PARK, "sign-in of its own"),
        of_collector("not found", answer(404, {}), Result.PARK, "serve --collect"),
        of_collector("no method", answer(405, "This server only answers GET"), Result.PARK, "serve --collect"),
        of_collector("slow", answer(408, {}), Result.RETRY, "408"),
        of_collector("unsupported", answer(415, {}), Result.PARK, "upgrade"),
        of_collector("invalid", answer(422, {}), Result.PARK, "upgrade"),
        of_collector("too often", answer(429, {}, retry_after="7"), Result.RETRY, "429", 7),
        of_collector("mistake", answer(500, {}), Result.RETRY, "500"),
        of_collector("unavailable", answer(503, {}, retry_after="5"), Result.RETRY, "503", 5),
    ),
)
