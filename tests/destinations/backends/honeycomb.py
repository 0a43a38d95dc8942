"""Honeycomb's markers: https://docs.honeycomb.io/api/markers/, /api/errors and /api/rate-limit."""

from urllib.parse import urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

FIELDS = {"start_time": int, "end_time": int, "message": str, "type": str, "url": str}
MADE = {"created_at": "2016-08-13T05:39:42Z", "start_time": 1471040808, "type": "deploy", "id": "d1c84ec0"}


def problem(status, detail):
    return {"status": status, "type": "https://api.honeycomb.io/problems/x", "title": "t", "detail": detail}


def accept(received):
    need(received.headers.get("x-honeycomb-team") == SECRET, "unknown API key - check your credentials", 401)
    dataset, _, marker = received.path.removeprefix("/1/markers/").partition("/")
    need(received.path.startswith("/1/markers/") and dataset in {"__all__", "my-service"}, "Dataset not found", 404)
    need((received.method, marker) in {("POST", ""), ("PUT", "d1c84ec0")}, "Not found", 404)
    need(len(received.body) <= 100_000, "too large", 413)
    body = json_of(received)
    need(body and all(isinstance(value, FIELDS[name]) for name, value in body.items()), "types of fields", 422)
    need(10**9 < body["start_time"] < 10**10, "start_time is in seconds", 422)
    need(body.get("end_time", 10**10) > body["start_time"], "end_time", 422)
    need(body["message"] and "\n" not in body["message"], "message", 422)
    need(urlsplit(body.get("url", "https:")).scheme in {"http", "https"}, "url", 422)
    return answer(200 if marker else 201, MADE)


BACKEND = Backend(
    options=lambda url: {"api_key": SECRET, "url": url},
    accept=accept,
    variants={"": {}, "dataset": {"dataset": "my-service", "type": "deploy"}},
    refusal=lambda why: problem(400, why),
    payloads=("started",),
    answers=(
        Documented("created", answer(201, MADE), Result.DELIVERED),
        Documented("bad key", answer(401, {"error": "unknown API key"}), Result.PARK, "401"),
        Documented("no permission", answer(403, problem(403, "no")), Result.PARK, "403"),
        Documented("no dataset", answer(404, problem(404, "Dataset not found")), Result.PARK, "dataset"),
        Documented("too large", answer(413), Result.SHRINK, "413"),
        Documented("invalid", answer(422, problem(422, "no")), Result.PARK, "422"),
        Documented("slow down", answer(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"), Result.RETRY, "429", after=0),
        Documented("their error", answer(500), Result.RETRY, "500"),
        Documented("a page of a proxy", answer(200, "<html>sign in"), Result.PARK, "no marker"),
    ),
)
