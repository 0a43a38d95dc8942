"""A program that takes events: what it reads is checked by the event's schema, its exit code by sysexits.h."""

import json
import re
import sys

import jsonschema

from change_events.destinations.base import Result
from tests.destinations.kit import program
from tests.destinations.kit.backend import Answer, Backend, Documented, answer, json_of, need
from tools.schemas import FOLDER

SCHEMA = jsonschema.Draft202012Validator(json.loads((FOLDER / "change-event.schema.json").read_text()))


def accept(received):
    need(received.body.endswith(b"\n") and received.body.count(b"\n") == 1, "one line")
    need(len(received.body) <= 1_000_000, "too large", 413)
    problem = jsonschema.exceptions.best_match(SCHEMA.iter_errors(json_of(received)))
    need(problem is None, f"schema: {problem.message if problem else ''}")
    return answer(204)


def steady(shown):
    return re.sub(r"^(\w+) .*", r"\1 /opt/notify/notify", shown, count=1)


def ended(code, text=""):
    return Answer(400, text.encode(), {"content-type": "text/plain", "x-exit": str(code)})


BACKEND = Backend(
    options=lambda url: {"command": [sys.executable, "-IS", program.__file__, url]},
    accept=accept,
    steady=steady,
    payloads=("controls",),
    answers=(
        Documented("taken", answer(204), Result.DELIVERED),
        Documented("again", ended(75), Result.RETRY, "exit code 75"),
        Documented("refused", ended(65, "no such team"), Result.PARK, "exit code 65"),
        Documented("any other code", ended(3), Result.PARK, "exit code 3"),
    ),
)
