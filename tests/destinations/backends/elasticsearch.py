"""Elasticsearch's and OpenSearch's ``_bulk``, with what is stored, and index templates.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk; field values by
https://www.elastic.co/docs/reference/ecs (the allowed values of ``event.category`` and ``event.type``).
"""

import base64
import json
from datetime import datetime
from urllib.parse import urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, need

TYPES = {
    "configuration": {"access", "change", "creation", "deletion", "info"},
    "host": {"access", "change", "end", "info", "start"},
    "process": {"access", "change", "end", "info", "start"},
}
FIELDS = {
    *("@timestamp", "message", "tags", "ecs", "log", "event", "user", "host", "service", "related", "error"),
    *("trace", "span", "tfevent"),
}
LOGINS = {
    f"ApiKey {base64.b64encode(f'id:{SECRET}'.encode()).decode()}",
    f"Basic {base64.b64encode(f'elastic:{SECRET}'.encode()).decode()}",
}


def bulk(status, operation="create", **item):
    return {"errors": status >= 300, "took": 5, "items": [{operation: {"_id": "x", "status": status, **item}}]}


def refused(status, kind):
    return answer(200, bulk(status, error={"type": kind, "reason": "why"}))


def accept(received):
    need(received.headers.get("authorization") in LOGINS, "missing authentication credentials", 401)
    need(len(received.body) <= 10 * 1024 * 1024, "too large", 413)
    path = urlsplit(received.path).path
    if (received.method, path.rpartition("/")[0]) == ("PUT", "/_index_template"):
        return _template(json.loads(received.body))
    need((received.method, path) == ("POST", "/logs-tfevent.change-default/_bulk"), "no handler found", 400)
    need(received.headers["content-type"] == "application/x-ndjson", "content type", 406)
    need(received.body.endswith(b"\n"), "The bulk request must be terminated by a newline [\\n]")
    action, document = map(json.loads, received.body.decode().removesuffix("\n").split("\n"))
    need(set(action) == {"create"} and set(action["create"]) == {"_id"}, "data streams take create only")
    need(0 < len(action["create"]["_id"].encode()) <= 512, "id is too long")
    _check(document)
    return answer(200, bulk(201, result="created"))


def _check(document):
    need(set(document) <= FIELDS, f"unknown fields: {set(document) - FIELDS}")
    event = document["event"]
    need(event["kind"] == "event" and isinstance(event["action"], str), "event.kind")
    for moment in (document["@timestamp"], event["start"], event.get("end", event["start"])):
        need(datetime.fromisoformat(moment).tzinfo, "date")
    need(event.get("outcome") in {None, "success", "failure", "unknown"}, "event.outcome")
    allowed = set.union(*(TYPES[name] for name in event.get("category", TYPES)))
    need(event["type"] and set(event["type"]) <= allowed, f"event.type: {event['type']}")
    need(json.loads(event["original"])["id"] == event["id"], "event.original")
    need(isinstance(event.get("duration", 0), int), "event.duration")
    need(document["message"], "message")
    for name, value in _leaves(document):
        need("." not in name, f"{name} would be taken apart")
        need(isinstance(value, (str, int)), f"type of {name}")
        text = name in {"message", "original", "summary"}
        need(text or len(str(value).encode("utf-16-le")) // 2 <= 1024, f"{name} is ignored above 1024")


def _leaves(content, name=""):
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _leaves(value, key)
    elif isinstance(content, list):
        for value in content:
            yield from _leaves(value, name)
    else:
        yield name, content


def _template(body):
    need(
        set(body) <= {"index_patterns", "priority", "template", "_meta", "data_stream", "composed_of", "version"},
        "keys",
    )
    need(body["index_patterns"] and body["priority"] > 500, "would not go before the template for logs-*-*")
    need(body["template"]["mappings"]["properties"]["@timestamp"] == {"type": "date"}, "@timestamp")
    return answer(200, {"acknowledged": True})


BACKEND = Backend(
    options=lambda url: {"url": url, "api_key": f"id:{SECRET}"},
    accept=accept,
    refusal=lambda why: {"error": {"type": "illegal_argument_exception", "reason": why}, "status": 400},
    variants={"": {}, "password": {"api_key": "", "username": "elastic", "password": SECRET}},
    payloads=("started",),
    answers=(
        Documented("created", answer(200, bulk(201)), Result.DELIVERED),
        Documented("there already", refused(409, "version_conflict_engine_exception"), Result.DELIVERED),
        Documented("queue full", refused(429, "es_rejected_execution_exception"), Result.RETRY, "429"),
        Documented("shard not there", refused(503, "unavailable_shards_exception"), Result.RETRY, "503"),
        Documented("mapping", refused(400, "document_parsing_exception"), Result.PARK, "400"),
        Documented("no index", refused(404, "index_not_found_exception"), Result.PARK, "404"),
        Documented("no right to the index", refused(403, "security_exception"), Result.PARK, "403"),
        Documented("bad request", answer(400, {"error": {"reason": "no"}, "status": 400}), Result.PARK, "400"),
        Documented("bad login", answer(401, {"error": {"reason": "no"}, "status": 401}), Result.PARK, "401"),
        Documented("too large", answer(413), Result.SHRINK, "413"),
        Documented("busy", answer(429, retry_after="2"), Result.RETRY, "429", after=2),
        Documented("no master", answer(503, {"error": {"reason": "no"}, "status": 503}), Result.RETRY, "503"),
        Documented("template", answer(200, {"acknowledged": True}), Result.DELIVERED),
        Documented("a page of Kibana", answer(200, "<html>"), Result.PARK, "url"),
        Documented("no items", answer(200, {"errors": False}), Result.PARK, "url"),
    ),
)
