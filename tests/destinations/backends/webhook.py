"""A receiver of Standard Webhooks (https://www.standardwebhooks.com) that checks schema and signature."""

import base64
import hashlib
import hmac
import json

import jsonschema

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need
from tools.schemas import FOLDER

SCHEMA = jsonschema.Draft202012Validator(json.loads((FOLDER / "change-event.schema.json").read_text()))


def accept(received):
    need(received.path == f"/hook/{SECRET}", "nothing here", 404)
    need(len(received.body) <= 1_000_000, "too large", 413)
    body = json_of(received)
    headers = received.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    digest = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
    need(headers["webhook-signature"] == f"v1,{digest}", "signature", 401)
    need(headers["webhook-id"] == body["id"] + ("" if "outcome" in body else "-started"), "id")
    problem = jsonschema.exceptions.best_match(SCHEMA.iter_errors(body))
    need(problem is None, f"schema: {problem.message if problem else ''}")
    return answer(204)


BACKEND = Backend(
    options=lambda url: {"url": f"{url}/hook/{SECRET}", "secret": SECRET},
    accept=accept,
    any_success=("",),
    payloads=("controls",),
    answers=(
        Documented("taken", answer(204), Result.DELIVERED),
        Documented("too large", answer(413), Result.SHRINK, "413"),
        Documented("gone", answer(410), Result.PARK, "410"),
        Documented("moved", answer(307, location="https://other.example"), Result.PARK, "307"),
        Documented("slow down", answer(429, retry_after="3"), Result.RETRY, "429", after=3),
        Documented("down", answer(502, "<html>"), Result.RETRY, "502"),
    ),
)
