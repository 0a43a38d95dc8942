"""An OpenTelemetry collector that reads log records with the protocol's own messages.

https://opentelemetry.io/docs/specs/otlp/#otlphttp-response; JSON by https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
"""

import base64

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need


def accept(received):
    need(received.path == "/v1/logs", "404 page not found", 404)
    need(received.headers.get("api-key") == SECRET, "who are you?", 401)
    need(len(received.body) <= 64 * 1024 * 1024, "too large", 413)
    request = json_format.ParseDict(with_base64_ids(json_of(received)), ExportLogsServiceRequest())
    [resource] = request.resource_logs
    [scope] = resource.scope_logs
    [record] = scope.log_records
    need(scope.scope.name == "tfevent" and scope.scope.version, "scope")
    need(0 < len(record.event_name) <= 256 and " " not in record.event_name, "event name")
    need(record.severity_number in {9, 13, 17} and record.severity_text, "severity")
    need(0 < record.time_unix_nano <= record.observed_time_unix_nano, "times")
    need(len(record.trace_id) in {0, 16} and len(record.span_id) in {0, 8}, "ids")
    need(record.body.string_value, "body")
    for attributes in (resource.resource.attributes, record.attributes):
        names = [attribute.key for attribute in attributes]
        need(len(names) == len(set(names)), "names of attributes must be unique")
        need(all(attribute.value.WhichOneof("value") for attribute in attributes), "values")
    need(any(attribute.key == "service.name" for attribute in resource.resource.attributes), "service.name")
    return answer(200, {})


def with_base64_ids(body):
    """Protobuf's JSON has bytes in base64; OTLP's has these two in hex."""
    for record in body["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        for name in ("traceId", "spanId"):
            if name in record:
                record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
    return body


BACKEND = Backend(
    options=lambda url: {"endpoint": url, "headers": {"api-key": SECRET}},
    accept=accept,
    payloads=("failed", "started"),
    answers=(
        Documented("taken", answer(200, {}), Result.DELIVERED),
        Documented("taken, empty partial success", answer(200, {"partialSuccess": {}}), Result.DELIVERED),
        Documented(
            "rejected",
            answer(200, {"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "too old"}}),
            Result.PARK,
            "rejected",
        ),
        Documented(
            "warning", answer(200, {"partialSuccess": {"errorMessage": "deprecated"}}), Result.DELIVERED, "warning"
        ),
        Documented("taken without a body", answer(200), Result.DELIVERED),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("bad data", answer(400, {"code": 3, "message": "bad"}), Result.PARK, "400"),
        Documented("too large", answer(413), Result.SHRINK, "413"),
        Documented("slow down", answer(429, retry_after="30"), Result.RETRY, "429", after=30),
        Documented("overloaded", answer(503, {"code": 14, "message": "try again"}), Result.RETRY, "503"),
        Documented("gateway", answer(502), Result.RETRY, "502"),
        Documented("gateway timeout", answer(504), Result.RETRY, "504"),
        Documented("not to be retried", answer(500), Result.PARK, "500"),
    ),
)
