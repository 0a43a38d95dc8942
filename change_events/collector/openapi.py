"""The OpenAPI 3.1 description of the collector's routes, with the schema of an event."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import change_events
from change_events.collector import openapi_queries
from change_events.collector.bodies import EARLIEST, LATEST, LINE_TYPES
from change_events.query.wire import JSON, PROBLEM

_EVENT = {"$ref": "#/components/schemas/ChangeEvent"}
_HEALTH = {
    "type": "object",
    "required": ["status", "time"],
    "properties": {
        "status": {"const": "ok"},
        "time": {"type": "string", "format": "date-time", "description": "The ledger's clock."},
        "team": {"type": "string", "description": "With a token: whose events its bearer writes and reads."},
        "may_write": {"type": "boolean", "description": "With a token: it may record events."},
        "may_read": {"type": "boolean", "description": "With a token: it may ask about events."},
        "expires_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "With a token: from when on it is refused; null for never.",
        },
    },
}
_RECORDED = {
    "type": "object",
    "required": ["received", "written"],
    "properties": {
        "received": {"type": "integer", "description": "Events in the request; all of them are in the ledger now."},
        "written": {"type": "integer", "description": "Those that it did not have already."},
    },
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "code": {
            "type": "string",
            "description": "What is wrong, to a program: of a question, and where a token is not accepted (`token`) or "
            "not for this (`not_allowed`).",
        },
        "errors": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["index", "problem"],
                "properties": {
                    "index": {"type": "integer", "description": "Of the event in the request, from 0."},
                    "key": {"type": "string", "description": "Where in the event, such as `changes[0].action`."},
                    "problem": {"type": "string"},
                },
            },
        },
    },
}
_REFUSALS = {
    400: "The body broke off.",
    401: "There is no token, or it is unknown, has expired or was revoked.",
    403: "The token may not do this, or the server does not know the name or the site of the request.",
    404: "There is no such route.",
    405: "The route has other methods.",
    408: "The body did not come in time.",
    413: "The body, one event, or the number of events is too large.",
    414: "The address is too long.",
    415: "The type of the body, or its encoding, is not one of those that are taken.",
    422: "An event is not valid: nothing of the request was recorded.",
    429: "Too many requests come with this token.",
    431: "The headers are too large.",
    500: "A mistake of the collector: nothing was recorded.",
    503: "The ledger does not work at the moment, or the collector is busy.",
}
_WAIT = {
    "Retry-After": {
        "description": "Seconds after which the same request may be made again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_TIMES = f" With a time zone, from {EARLIEST.isoformat()} to {LATEST.isoformat()}."
_EVERYWHERE = (400, 403, 404, 405, 414, 431, 500, 503)


def _refusals(*statuses: int) -> dict[str, Any]:
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status): {"description": _REFUSALS[status], "content": content}
        | ({"headers": _WAIT} if status in {429, 503} else {})
        for status in sorted({*_EVERYWHERE, *statuses})
    }


def _answer(schema: str, text: str) -> dict[str, Any]:
    return {"200": {"description": text, "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}}


_PATHS: dict[str, Any] = {
    "/v1/events": {
        "post": {
            "operationId": "recordEvents",
            "summary": "Record events of the token's team.",
            "description": "All events of a request are recorded, or none. Recording is idempotent by the event's ID "
            "and by whether it has ended: a request may be made again. The start of a run gives way to its end, "
            "whichever comes first.",
            "parameters": [
                {
                    "name": "Content-Encoding",
                    "in": "header",
                    "schema": {"enum": ["gzip", "identity"]},
                    "description": "How the body is encoded.",
                }
            ],
            "requestBody": {
                "required": True,
                "content": {
                    JSON: {"schema": {"oneOf": [_EVENT, {"type": "array", "items": _EVENT, "minItems": 1}]}},
                    **{
                        kind: {"schema": {"type": "string", "description": "An event on each line."}}
                        for kind in LINE_TYPES
                    },
                },
            },
            "responses": _answer("Recorded", "All of them are in the ledger.")
            | _refusals(401, 408, 413, 415, 422, 429),
        }
    },
    "/v1/health": {
        "get": {
            "operationId": "health",
            "summary": "Whether the collector and its ledger work, and what a token may do.",
            "security": [{}, {"token": []}],
            "responses": _answer("Health", "Both work.") | _refusals(401, 429),
        }
    },
    "/v1/openapi.json": {
        "get": {
            "operationId": "describe",
            "summary": "This document.",
            "security": [{}],
            "responses": {"200": {"description": "It.", "content": {JSON: {"schema": {"type": "object"}}}}}
            | _refusals(),
        }
    },
}


@cache
def document() -> dict[str, Any]:
    """Return the description as JSON-like data; do not modify it."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": "tfevent collector", "version": change_events.__version__},
        "security": [{"token": []}],
        "paths": _PATHS | openapi_queries.paths(),
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "tfel_…",
                    "description": "Made by `tfevent events ledger token create`.",
                }
            },
            "schemas": {
                "Recorded": _RECORDED,
                "Health": _HEALTH,
                "Problem": _PROBLEM,
                **_event_schemas(),
                **openapi_queries.schemas(),
            },
        },
    }


def _event_schemas() -> dict[str, Any]:
    """Return the published schema of an event, with its parts as components."""
    text = resources.files("change_events").joinpath("schema/change-event.schema.json").read_text("utf-8")
    parts: dict[str, Any] = json.loads(text.replace("#/$defs/", "#/components/schemas/"))["$defs"]
    for name in ("started_at", "ended_at"):
        parts["ChangeEvent"]["properties"][name]["description"] += _TIMES
    return parts
