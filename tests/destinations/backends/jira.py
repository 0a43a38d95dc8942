"""Jira: comments of Cloud (documents) and Data Center (wiki markup), deployments with OAuth credentials of a site.

From the reference of both APIs: 201 with the comment, 200 for changes and lists; ``errorMessages`` and ``errors`` of
refusals. Documents are checked by the nodes and marks of Atlassian's document format that may occur here. Deployments:
202 with what was accepted, rejected and unknown; lengths and states as in the API's schema.
"""

import re
from base64 import b64encode
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from msgspec.structs import replace

from change_events.destinations.base import Result
from change_events.model import Vcs
from tests.destinations.kit.backend import SECRET, Backend, Documented, Refused, answer, json_of, need

CLOUD, CLIENT = "11223344-a1b2-3b33-c444-def123456789", "cId-77"
TOKEN = "eyJraWQ.jira-token.sig"
BASIC = "Basic " + b64encode(f"bot@example.com:{SECRET}".encode()).decode()
COMMENTS = re.compile(r"/rest/api/(?P<version>[23])/issue/OPS-7/comment(/10000)?")
STATES = {"unknown", "pending", "in_progress", "cancelled", "failed", "rolled_back", "successful"}
TYPES = {"unmapped", "development", "testing", "staging", "production"}
FIELDS = {
    *("schemaVersion", "deploymentSequenceNumber", "updateSequenceNumber", "associations", "displayName", "url"),
    *("description", "lastUpdated", "label", "duration", "state", "pipeline", "environment"),
}


def refusal(why):
    return {"errorMessages": [why], "errors": {}}


def text_of(node, inside):
    """A text node, with the marks it may have."""
    need(set(node) <= {"type", "text", "marks"} and node["type"] == "text" and node["text"], "text nodes hold text")
    for mark in node.get("marks", ()):
        need(inside != "codeBlock", "no marks in code")
        need(mark["type"] in {"strong", "code", "link"}, "known marks")
        need(mark["type"] != "link" or mark["attrs"]["href"].startswith(("http:", "https:")), "links lead to the web")
    return node["text"]


def document(body):
    need(set(body) == {"type", "version", "content"} and (body["type"], body["version"]) == ("doc", 1), "INVALID_INPUT")
    texts = []
    for block in body["content"]:
        need(block["type"] in {"paragraph", "codeBlock"} and set(block) == {"type", "content"}, "INVALID_INPUT")
        texts += [text_of(node, block["type"]) for node in block["content"]]
    need(sum(map(len, texts)) <= 32_767, "CONTENT_LIMIT_EXCEEDED")
    return texts[-1]


def wiki(body):
    """Nothing but links and the mark is outside of the one block of plain text."""
    need(isinstance(body, str) and len(body) <= 32_767, "The entered text is too long")
    before, block, after = re.split(r"\{noformat\}", body)
    need(before == "" and block.strip(), "text is not formatted")
    need("{noformat" not in block.lower(), "nothing ends the block")
    *links, last = after.strip().splitlines()
    need(all(re.fullmatch(r"\[https?://[^\s|\[\]{}!*^]+\]", link) for link in links), "links")
    return last


def comment(received, version):
    body = json_of(received)
    need(set(body) == {"body"}, "no other fields")
    last = (document if version == "3" else wiki)(body["body"])
    need(re.fullmatch(r"tfevent [0-9a-f-]{36}", last), "the last line names the event")
    return {"id": "10000", "body": body["body"]}


def deployment(received):
    content = json_of(received)
    need(set(content) == {"deployments", "providerMetadata"}, "no other fields")
    (one,) = content["deployments"]
    need(set(one) <= FIELDS, f"unknown {set(one) - FIELDS}")
    need(0 < one["deploymentSequenceNumber"] < 2**53 and one["updateSequenceNumber"] >= one["deploymentSequenceNumber"],
         "sequence numbers")  # fmt: skip
    need(all(0 < len(one.get(name, "x")) <= 255 for name in ("displayName", "description", "label")), "lengths")
    need(one["url"].startswith("https://") and len(one["url"]) <= 2000, "url")
    need(one["state"] in STATES and one["environment"]["type"] in TYPES, "enumerations")
    need(
        all(0 < len(one[name]["id"]) <= 255 and one[name]["displayName"] for name in ("pipeline", "environment")), "ids"
    )
    need(one["pipeline"]["url"].startswith("https://"), "url of the pipeline")
    datetime.fromisoformat(one["lastUpdated"])
    need(one["associations"] == [{"associationType": "issueIdOrKeys", "values": ["OPS-7"]}], "associations")
    key = {"pipelineId": one["pipeline"]["id"], "environmentId": one["environment"]["id"]}
    key["deploymentSequenceNumber"] = one["deploymentSequenceNumber"]
    return answer(202, {"acceptedDeployments": [key], "rejectedDeployments": [], "unknownIssueKeys": []})


def accept(received):
    parts = urlsplit(received.path)
    authorization = received.headers.get("authorization")
    if parts.path == "/oauth/token":
        wanted = {"audience": "api.atlassian.com", "grant_type": "client_credentials"}
        need(json_of(received) == wanted | {"client_id": CLIENT, "client_secret": SECRET}, "access_denied", 401)
        return answer(200, {"access_token": TOKEN, "expires_in": 900, "token_type": "Bearer", "scope": "write"})
    if parts.path == f"/jira/deployments/0.1/cloud/{CLOUD}/bulk":
        need(authorization == f"Bearer {TOKEN}", "Unauthorized", 401)
        need(received.method == "POST", "POST only", 405)
        return deployment(received)
    if received.method == "GET" and (user := re.fullmatch(r"/rest/api/([23])/myself", parts.path)):
        need(authorization == (BASIC if user[1] == "3" else f"Bearer {SECRET}"), "must be authenticated", 401)
        return answer(200, {"self": "https://acme.atlassian.net/rest/api/3/user?accountId=5b10", "active": True})
    match = COMMENTS.fullmatch(parts.path)
    if match is None:
        raise Refused(404, "Issue does not exist or you do not have permission to see it.")
    need(authorization == (BASIC if match["version"] == "3" else f"Bearer {SECRET}"), "must be authenticated", 401)
    if received.method == "GET":
        need(parse_qs(parts.query) == {"orderBy": ["-created"], "maxResults": ["50"]}, "query")
        return answer(200, {"comments": [], "maxResults": 50, "total": 0, "startAt": 0})
    need((received.method, match[2]) in {("POST", None), ("PUT", "/10000")}, "method", 405)
    return answer(201 if received.method == "POST" else 200, comment(received, match["version"]))


def named(event):
    """The event, made from a commit that names an issue."""
    vcs = event.vcs or Vcs(commit="c0ffee1234" * 4, url="https://github.com/acme/infra")
    return replace(event, vcs=replace(vcs, subject=f"OPS-7: {vcs.subject or ''}"))


OAUTH = {"record": "deployment", "cloud_id": CLOUD, "client_id": CLIENT, "client_secret": SECRET}
OF_DEPLOYMENT = {"variant": "deployment"}
KEY = {"pipelineId": "shop", "environmentId": "prod", "deploymentSequenceNumber": 1}
REJECTED = {"rejectedDeployments": [{"key": KEY, "errors": [{"message": "label is too long"}]}]}
SITE = "https://acme.atlassian.net"
LOOKUP = "find the comment"

BACKEND = Backend(
    options=lambda url: {"url": url, "user": "bot@example.com", "token": SECRET},
    accept=accept,
    refusal=refusal,
    variants={
        "": {},
        "datacenter": {"user": None},
        "deployment": lambda url: OAUTH | {"api": url, "url": SITE, "user": None, "token": None},
    },
    suit=named,
    samples={"deployment": "deployment"},
    skipped={"deployment": {"tiny", "planned", "build", "boot", "stop", "controls", "many_tags"}},
    several={"": 2, "datacenter": 2, "deployment": 2},
    payloads=("started", "failed"),
    answers=(
        Documented("added", answer(201, {"id": "10000", "self": "https://x"}), Result.DELIVERED),
        Documented("another answer", answer(200, {"ok": True}), Result.PARK, "no comment"),
        Documented("bad", answer(400, refusal("Comment body can not be empty!")), Result.PARK, "400"),
        Documented("bad token", answer(401, refusal("Client must be authenticated")), Result.PARK, "401"),
        Documented("no permission", answer(403, refusal("no permission to comment")), Result.PARK, "Add Comments"),
        Documented("too large", answer(413, refusal("limit")), Result.SHRINK, "413"),
        Documented("slow down", answer(429, refusal("Rate limit"), retry_after="42"), Result.RETRY, "429", after=42),
        Documented("down", answer(503), Result.RETRY, "503"),
        Documented("listed", answer(200, {"comments": [], "total": 0}), Result.DELIVERED, of=LOOKUP),
        Documented("no list", answer(200, {"id": "1"}), Result.PARK, "list", of=LOOKUP),
        Documented("no issue", answer(404, refusal("Issue does not exist")), Result.PARK, "404", of=LOOKUP),
        Documented("accepted", answer(202, {"acceptedDeployments": [KEY]}), Result.DELIVERED, **OF_DEPLOYMENT),
        Documented(
            "one is unknown",
            answer(202, {"acceptedDeployments": [KEY], "unknownIssueKeys": ["UTF-8"]}),
            Result.DELIVERED,
            "UTF-8",
            **OF_DEPLOYMENT,
        ),
        Documented("rejected", answer(202, REJECTED), Result.PARK, "rejects", **OF_DEPLOYMENT),
        Documented("all are unknown", answer(202, {"unknownIssueKeys": ["A-1"]}), Result.PARK, "none", **OF_DEPLOYMENT),
        Documented("an empty answer", answer(202, {}), Result.PARK, "no deployment", **OF_DEPLOYMENT),
        Documented("no scope", answer(403, {"message": "Forbidden"}), Result.PARK, "Deployments", **OF_DEPLOYMENT),
        Documented("rate", answer(429, retry_after="9"), Result.RETRY, "429", after=9, **OF_DEPLOYMENT),
        Documented("token", answer(200, {"access_token": TOKEN}), Result.DELIVERED, of="token", **OF_DEPLOYMENT),
        Documented("bad client", answer(401, {"error": "access_denied"}), Result.PARK, "credentials", of="token",
                   **OF_DEPLOYMENT),
    ),
)  # fmt: skip
