"""EventBridge's PutEvents: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html.

The signature is checked step by step, without botocore, by
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; the size of an entry by
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html, with the smaller of the limits that AWS
gives. `aws_credentials` in conftest.py sets what boto3 finds. moto's whole server is in test_eventbridge.py.
"""

import hashlib
import hmac
import json
import re

import jsonschema

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need
from tools.schemas import FOLDER

ACCESS_KEY, SECRET_KEY, TOKEN = "AKIDEXAMPLE0000000", "wJalrXUtnFEMI/K7MDENG+" + "bPxRfiCYEXAMPLE", SECRET
REGION = "eu-central-1"
KIND = "application/x-amz-json-1.1"
SCHEMA = jsonschema.Draft202012Validator(json.loads((FOLDER / "change-event.schema.json").read_text()))
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<scope>\d{8}/[\w-]+/events/aws4_request), "
    r"SignedHeaders=(?P<signed>[\w;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def chained(key, *parts):
    for part in parts:
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key


def signature(received, scope, signed):
    headers = [f"{name}:{' '.join(received.headers[name].split())}\n" for name in signed.split(";")]
    digest = hashlib.sha256(received.body).hexdigest()
    canonical = f"{received.method}\n{received.path}\n\n{''.join(headers)}\n{signed}\n{digest}"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{received.headers['x-amz-date']}\n{scope}\n{hashed}"
    return chained(b"AWS4" + SECRET_KEY.encode(), *scope.split("/"), to_sign).hex()


def authenticated(received):
    given = AUTHORIZATION.fullmatch(received.headers.get("authorization", ""))
    need(given, "MissingAuthenticationTokenException")
    need(given["key"] == ACCESS_KEY, "UnrecognizedClientException")
    need(received.headers.get("x-amz-security-token") == TOKEN, "UnrecognizedClientException")
    need({"host", "x-amz-date", "x-amz-security-token", "x-amz-target"} <= set(given["signed"].split(";")), "signed")
    need(given["scope"].split("/")[1] == REGION, "InvalidSignatureException")
    need(signature(received, given["scope"], given["signed"]) == given["signature"], "InvalidSignatureException")


def size(entry):
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *entry.get("Resources", [])]
    return 14 + sum(len(text.encode()) for text in texts)


def accept(received):
    need((received.method, received.path) == ("POST", "/"), "UnknownOperationException", 404)
    need(received.headers.get("x-amz-target") == "AWSEvents.PutEvents", "UnknownOperationException")
    authenticated(received)
    entries = json_of(received, KIND)["Entries"]
    need(1 <= len(entries) <= 10, "ValidationException")
    need(sum(map(size, entries)) < 256 * 1024, "ValidationException")
    for entry in entries:
        need(entry["EventBusName"] == "changes" and entry["Source"] == "tfevent", "ResourceNotFoundException")
        need(0 < len(entry["DetailType"]) <= 128, "ValidationException")
        need(isinstance(entry["Time"], int) and 10**9 < entry["Time"] < 10**10, "SerializationException")
        need(all(arn.startswith("arn:") for arn in entry.get("Resources", [])), "ValidationException")
        problem = jsonschema.exceptions.best_match(SCHEMA.iter_errors(json.loads(entry["Detail"])))
        need(problem is None, f"MalformedDetail: {problem.message[:200] if problem else ''}")
    return answered(200, {"FailedEntryCount": 0, "Entries": [{"EventId": "1-2-3"}]})


def steady(shown):
    return re.sub(r"\d{8}(?=/eu-central-1/)", "DATE", re.sub(r"X-Amz-Date: \d{8}T\d{6}Z", "X-Amz-Date: DATE", shown))


def answered(status, content=None, **headers):
    return answer(status, content, content_type=KIND, **headers)


def error(code, status=400, message="The text of AWS", **headers):
    return answered(status, {"__type": f"com.amazon.coral.service#{code}", "message": message}, **headers)


def entry_error(code):
    return answered(200, {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "The text of AWS"}]})


LARGE = "Total size of the entries in the request is over the limit."
BACKEND = Backend(
    options=lambda url: {"bus": "changes", "region": REGION, "endpoint": url},
    accept=accept,
    refusal=lambda why: {"__type": why, "message": why},
    steady=steady,
    payloads=("boot",),
    answers=(
        Documented("taken", answered(200, {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}), Result.DELIVERED),
        Documented("entry: throttled", entry_error("ThrottlingException"), Result.RETRY, "transient"),
        Documented("entry: internal", entry_error("InternalFailure"), Result.RETRY, "transient"),
        Documented("entry: denied", entry_error("AccessDeniedException"), Result.PARK, "events:PutEvents"),
        Documented("entry: source", entry_error("NotAuthorizedForSourceException"), Result.PARK, "events:PutEvents"),
        Documented("entry: detail", entry_error("MalformedDetail"), Result.PARK, "refused"),
        Documented("entry: unnamed", answer(200, {"FailedEntryCount": 1}), Result.PARK, "refused"),
        Documented("no answer of its own", answer(200, "<html>login</html>"), Result.RETRY, "not as EventBridge"),
        Documented("broken off", answer(200), Result.RETRY, "not as EventBridge"),
        Documented("throttled", error("ThrottlingException"), Result.RETRY, "transient"),
        Documented("internal", error("InternalException", 500), Result.RETRY, "transient"),
        Documented("expired", error("ExpiredTokenException"), Result.RETRY, "transient"),
        Documented("bad key", error("UnrecognizedClientException"), Result.PARK, "credentials"),
        Documented("bad signature", error("InvalidSignatureException"), Result.PARK, "clock"),
        Documented("denied", error("AccessDeniedException"), Result.PARK, "events:PutEvents"),
        Documented("no bus", error("ResourceNotFoundException"), Result.PARK, "bus"),
        Documented("too large", error("ValidationException", message=LARGE), Result.SHRINK, "too large"),
        Documented("invalid", error("ValidationException"), Result.PARK, "400"),
        Documented(
            "in a header", answer(400, x_amzn_errortype="AccessDeniedException:http://x/"), Result.PARK, "allow"
        ),
        Documented("down", answer(503), Result.RETRY, "503"),
    ),
)
