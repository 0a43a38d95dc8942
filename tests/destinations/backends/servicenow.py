"""ServiceNow: the Table API's change_request, standard changes from a template, events of Event Management, OAuth.

From the documentation of the Table API (201 with the record, 200 for changes and lists, errors as ``error.message`` and
``error.detail``), of the Change Management API (fields as value and display value), and of event collection by web
service (``records``; at most 100 characters in most fields). Dates are ``yyyy-MM-dd HH:mm:ss``.
"""

import json
import re
from base64 import b64encode
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, Refused, answer, json_of, need

SYS_ID = "a9e30c7dc61122760116894de7bcc7bd"
TEMPLATE = "508e02ec47410200e90d87e8dee49058"
TABLE = "/api/now/table/change_request"
BASIC = "Basic " + b64encode(f"tfevent:{SECRET}".encode()).decode()
TOKEN = "Zx-token-77777777"
ID = re.compile(r"[0-9a-f-]{36}")
LENGTHS = {"short_description": 160, "description": 4000, "close_notes": 4000, "correlation_id": 100}
CHANGE = {
    *("short_description", "description", "start_date", "end_date", "work_start", "work_end", "type"),
    *("correlation_id", "correlation_display", "assignment_group", "state", "close_code", "close_notes"),
}
EVENT = {
    **dict.fromkeys(("source", "event_class", "node", "type", "resource", "metric_name"), 100),
    "message_key": 1024,
    "description": 4000,
    "additional_info": 4000,
    "severity": 1,
    "time_of_event": 19,
}
STATES = ["-5", "-4", "-3", "-2", "-1", "0", "3"]


def refusal(why):
    return {"error": {"message": "Operation Failed", "detail": why}, "status": "failure"}


def token(received):
    form = {name: values[0] for name, values in parse_qs(received.body.decode()).items()}
    need(received.headers["content-type"] == "application/x-www-form-urlencoded", "a form", 415)
    need(form.get("grant_type") == "client_credentials", "unsupported_grant_type")
    need((form.get("client_id"), form.get("client_secret")) == ("c0ffee", SECRET), "access_denied", 401)
    return answer(200, {"access_token": TOKEN, "scope": "useraccount", "token_type": "Bearer", "expires_in": 1799})


def date(text):
    datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - it is UTC by definition


def change(received, *, new):
    fields = json_of(received)
    need(fields and set(fields) <= CHANGE, f"unknown fields {set(fields) - CHANGE}")
    need(all(isinstance(value, str) for value in fields.values()), "all fields are texts")
    need(all(len(fields.get(name, "")) <= most for name, most in LENGTHS.items()), "too long")
    for name in ("start_date", "end_date", "work_start", "work_end"):
        date(fields[name]) if name in fields else None
    if set(fields) == {"state"} or "close_code" in fields:
        need(fields["state"] in STATES, "Invalid state")
        need(fields["state"] != "3" or fields.get("close_code"), "Data Policy: Close code is mandatory", 403)
        return fields
    need(fields["short_description"] and ID.fullmatch(fields["correlation_id"]), "mandatory")
    need(fields["correlation_display"] == "tfevent", "where it is from")
    need("[code]" not in fields.get("work_notes", ""), "no journal fields")
    need(not new or fields.get("type") in {"standard", None}, "Invalid type")
    return fields


def events(received):
    (record,) = json_of(received)["records"]
    need(set(record) <= set(EVENT), f"unknown fields {set(record) - set(EVENT)}")
    need(all(isinstance(value, str) and len(value) <= EVENT[name] for name, value in record.items()), "lengths")
    need(record["severity"] in set("012345"), "severity")
    need(record["source"] and record["message_key"], "mandatory")
    date(record["time_of_event"])
    need(isinstance(json.loads(record["additional_info"]), dict), "additional_info is a JSON object")
    return answer(200, {"result": {"Default Bulk Endpoint": "1 events were inserted"}})


def accept(received):
    parts = urlsplit(received.path)
    if parts.path == "/oauth_token.do":
        return token(received)
    need(received.headers.get("authorization") in {BASIC, f"Bearer {TOKEN}"}, "User Not Authenticated", 401)
    need(received.headers.get("accept") == "application/json", "XML is not expected", 406)
    match received.method, parts.path:
        case "POST", "/api/global/em/jsonv2":
            return events(received)
        case "GET", path if path == TABLE:
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            need(query["sysparm_fields"] == "sys_id,state" and query["sysparm_limit"] == "1", "what is asked")
            need(re.fullmatch(r"correlation_id=[0-9a-f-]{36}", query["sysparm_query"]), "Invalid query")
            return answer(200, {"result": []})
        case "POST", path if path == TABLE:
            change(received, new=True)
            return answer(201, {"result": {"sys_id": SYS_ID, "state": "-5", "number": "CHG0030001"}})
        case "POST", path if path == f"/api/sn_chg_rest/change/standard/{TEMPLATE}":
            need("type" not in change(received, new=True), "the template decides")
            shown = {"sys_id": SYS_ID, "state": "-5"}
            return answer(200, {"result": {k: {"value": v, "display_value": v} for k, v in shown.items()}})
        case "PATCH", path if path == f"{TABLE}/{SYS_ID}":
            state = change(received, new=False).get("state", "-5")
            return answer(200, {"result": {"sys_id": SYS_ID, "state": state}})
    raise Refused(404, "No Record found")


def oauth(url):
    return {"user": None, "password": None, "client_id": "c0ffee", "client_secret": SECRET}


RECORD = {"result": {"sys_id": SYS_ID, "state": "-5"}}
HIBERNATING = "<html><head><title>Instance Hibernating page</title></head><body class='instance-hibernating-page'>"
LOGIN = "<!DOCTYPE html><html><head><title>Log in | ServiceNow</title></head>"
DENIED = refusal("ACL Exception Insert Failed due to security constraints")

BACKEND = Backend(
    options=lambda url: {"url": url, "user": "tfevent", "password": SECRET},
    accept=accept,
    refusal=refusal,
    variants={
        "": {},
        "template": {"template": TEMPLATE, "assignment_group": "d625dccec0a8016700a222a0f7900d06"},
        "event": {"record": "em_event"},
        "oauth": oauth,
    },
    several={"": 2, "template": 2, "oauth": 3},
    payloads=("started", "failed"),
    answers=(
        Documented("created", answer(201, RECORD), Result.DELIVERED),
        Documented("created from a template", answer(200, {"result": {"sys_id": {"value": SYS_ID}}}), Result.DELIVERED),
        Documented(
            "event",
            answer(200, {"result": {"Default Bulk Endpoint": "1 events were inserted"}}),
            Result.DELIVERED,
            variant="event",
        ),
        Documented("event: another answer", answer(200, {"ok": True}), Result.PARK, "count of events", variant="event"),
        Documented(
            "event: no plugin",
            answer(400, {"error": {"message": "Requested URI does not represent any resource"}}),
            Result.PARK,
            "400",
            variant="event",
        ),
        Documented("no record", answer(200, {"result": {}}), Result.PARK, "no record"),
        Documented("hibernating", answer(200, HIBERNATING, content_type="text/html"), Result.RETRY, "hibernating"),
        Documented("a page to log in at", answer(200, LOGIN, content_type="text/html"), Result.PARK, "HTML"),
        Documented("bad login", answer(401, refusal("Required to provide Auth information")), Result.PARK, "401"),
        Documented("acl", answer(403, DENIED), Result.PARK, "ACL"),
        Documented("no such table", answer(400, {"error": {"message": "Invalid table"}}), Result.PARK, "400"),
        Documented(
            "rate",
            answer(429, {"error": {"message": "Rate limit exceeded"}}, retry_after="600"),
            Result.RETRY,
            "429",
            after=600,
        ),
        Documented("down", answer(503, refusal("Service unavailable")), Result.RETRY, "503"),
        Documented(
            "transaction cancelled", answer(500, refusal("maximum execution time exceeded")), Result.RETRY, "500"
        ),
        Documented("nothing found", answer(200, {"result": []}), Result.DELIVERED, of="find the change"),
        Documented(
            "found",
            answer(200, {"result": [RECORD["result"]]}),
            Result.DELIVERED,
            of="find the change",
        ),
        Documented("no list", answer(200, RECORD), Result.PARK, "no list", of="find the change"),
        Documented("may not read", answer(403, DENIED), Result.PARK, "403", of="find the change"),
        Documented(
            "token",
            answer(200, {"access_token": TOKEN, "expires_in": 1799}),
            Result.DELIVERED,
            variant="oauth",
            of="token",
        ),
        Documented(
            "bad client",
            answer(401, {"error": "server_error", "error_description": "access_denied"}),
            Result.PARK,
            "credentials",
            variant="oauth",
            of="token",
        ),
        Documented(
            "a page for a token",
            answer(200, LOGIN, content_type="text/html"),
            Result.PARK,
            "HTML",
            variant="oauth",
            of="token",
        ),
        Documented("no token for now", answer(503), Result.RETRY, "503", variant="oauth", of="token"),
    ),
)
