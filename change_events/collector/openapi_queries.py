"""The description of ``POST /v1/queries/…``, generated from the table of queries."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

from change_events.query.questions import QUESTIONS
from change_events.query.wire import JSON, LINES, PATH, PROBLEM, STATUS, TEAM_HEADER

_COMPONENT = "#/components/schemas/{name}"
_TEAM = {
    "name": TEAM_HEADER,
    "in": "header",
    "schema": {"type": "string"},
    "description": "The team that the token has to be for; another one is refused.",
}


def paths() -> dict[str, Any]:
    """Return a path for each query."""
    refusals = _refusals()
    return {f"{PATH}{name}": {"post": _operation(name, refusals)} for name in QUESTIONS}


def schemas() -> dict[str, Any]:
    """Return the arguments of all queries as components."""
    arguments = {one.arguments for one in QUESTIONS.values()}
    return msgspec.json.schema_components(sorted(arguments, key=repr), ref_template=_COMPONENT)[1]


def _operation(name: str, refusals: dict[str, Any]) -> dict[str, Any]:
    asked = {"$ref": _COMPONENT.format(name=QUESTIONS[name].arguments.__name__)}
    answered: dict[str, Any] = {JSON: {"schema": {"type": "object", "required": ["answer"]}}}
    if name == "list":
        lines = "An event on each line; the last line says how many there are, and where the next page begins."
        answered = {LINES: {"schema": {"type": "string", "description": lines}}}
    return {
        "operationId": f"query_{name}",
        "summary": f"Ask {name!r} about the events of the token's team.",
        "parameters": [_TEAM],
        "requestBody": {"required": True, "content": {JSON: {"schema": asked}}},
        "responses": {"200": {"description": "The answer.", "content": answered}, **refusals},
    }


def _refusals() -> dict[str, Any]:
    """Return the codes of problems by status."""
    codes = defaultdict(list)
    for code, status in STATUS.items():
        codes[str(status)].append(code.value)
    content = {PROBLEM: {"schema": {"$ref": _COMPONENT.format(name="Problem")}}}
    return {
        status: {"description": f"code: {', '.join(names)}.", "content": content} for status, names in codes.items()
    }
