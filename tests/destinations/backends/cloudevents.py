"""A sink of CloudEvents 1.0 that reads them with the official SDK, and CDEvents by their documented fields.

Answers: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md; sizes, names: ``spec.md``.
"""

import json
import re

import jsonschema
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from change_events.destinations.base import Result
from tests.destinations.kit import cdevents
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, need
from tools.schemas import FOLDER

SCHEMA = jsonschema.Draft202012Validator(json.loads((FOLDER / "change-event.schema.json").read_text()))
FORMATS = jsonschema.FormatChecker(["uri-reference", "date-time"])


def accept(received):
    headers = received.headers
    need(received.path == f"/sink/{SECRET}", "nothing here", 404)
    need(headers.get("authorization") == f"Bearer {SECRET}-bearer", "who are you?", 401)
    size = len(received.body) + sum(len(name) + len(value) for name, value in headers.items())
    need(size <= 65_536, f"{size} bytes", 413)
    binary = "ce-specversion" in headers
    kinds = ("application/json", "application/cdevents+json") if binary else ("application/cloudevents+json",)
    need(headers["content-type"].partition(";")[0] in kinds, "content-type", 415)
    event = from_http_event(HTTPMessage(headers, received.body))
    names = event.get_attributes()
    need(all(re.fullmatch("[a-z0-9]{1,20}", name) for name in names), "names of attributes")
    need(all(value != "" for value in names.values()), "empty attributes")
    need(names["specversion"] == "1.0" and FORMATS.conforms(names["source"], "uri-reference"), "source")
    need(
        re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", names.get("traceparent", f"00-{'0' * 32}-{'0' * 16}-00")),
        "trace",
    )
    data = event.get_data()
    data = json.loads(data) if isinstance(data, (str, bytes)) else data
    if names["datacontenttype"] == "application/cdevents+json":
        check_cdevent(names, data)
        data = data["customData"]
    problem = jsonschema.exceptions.best_match(SCHEMA.iter_errors(data))
    need(problem is None, f"schema: {problem.message if problem else ''}")
    need(names["id"].startswith(data["id"]), "id")
    return answer(202)


def check_cdevent(names, data):
    problem = cdevents.problem(data)
    need(problem is None, problem)
    context = data["context"]
    said = (context["id"], context["source"], context["type"], data["subject"]["id"])
    need(said == tuple(names[name] for name in ("id", "source", "type", "subject")), "attributes differ")


BACKEND = Backend(
    options=lambda url: {"url": f"{url}/sink/{SECRET}", "token": f"{SECRET}-bearer", "headers": {"X-Key": SECRET}},
    accept=accept,
    any_success=("", "binary", "cdevents", "cdevents-binary"),
    variants={
        "": {},
        "binary": {"mode": "binary"},
        "cdevents": {"format": "cdevents"},
        "cdevents-binary": {"format": "cdevents", "mode": "binary"},
    },
    payloads=("boot", "planned"),
    answers=(
        Documented("taken", answer(200), Result.DELIVERED),
        Documented("created", answer(201), Result.DELIVERED),
        Documented("accepted", answer(202), Result.DELIVERED),
        Documented("no content", answer(204), Result.DELIVERED),
        Documented("moved", answer(301, location="https://other.example"), Result.PARK, "301"),
        Documented("gone", answer(410), Result.RETRY, "set another `url`", after=86_400),
        Documented("too large", answer(413), Result.SHRINK, "413"),
        Documented("unsupported", answer(415), Result.PARK, "try another `mode` or `format`"),
        Documented("slow down", answer(429, retry_after="120"), Result.RETRY, "429", after=120),
        Documented("down", answer(500), Result.RETRY, "500"),
    ),
)
