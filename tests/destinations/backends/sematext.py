"""Sematext's event receiver: https://sematext.com/docs/events/adding/ and /docs/tags/common-schema/#events-tags.

It documents neither answers nor sizes: 403 with a JSON body for a bad token is what its own Logagent expects, and
64 KB is the smallest limit given for its logs. Its agents take any 2xx (sematext-agent-docker) and read JSON
(spm-agent), so a page of HTML is somebody else's.
"""

from datetime import datetime

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

FIELDS = {"timestamp", "type", "message", "title", "tags", "severity", "creator", "data", "os.host"}


def accept(received):
    need(received.method == "POST", "POST only", 405)
    need(received.path == f"/{SECRET}/event", "no such App", 403)
    need(len(received.body) <= 64 * 1024, "too large", 413)
    body = json_of(received)
    need(isinstance(body.get("type"), str) and body["type"], "type is required")
    need(isinstance(body.get("message"), str) and body["message"], "message is required")
    need(body["type"] not in {"infra", "agent"}, "reserved type")
    datetime.fromisoformat(body["timestamp"])
    need(body["severity"] in {"info", "warning", "error"}, "severity")
    need(all(isinstance(tag, str) for tag in body.get("tags", [])), "tags are texts")
    need(isinstance(body["data"], str), "data is text")
    own = {name: content for name, content in body.items() if name not in FIELDS}
    need(all(name.startswith("tfevent.") for name in own), "own fields have a prefix")
    need(all(isinstance(content, (str, int)) for content in own.values()), "own fields are texts and whole numbers")
    return answer(200, {"success": True})


BACKEND = Backend(
    options=lambda url: {"token": SECRET, "receiver": url},
    accept=accept,
    payloads=("boot", "failed", "planned"),
    answers=(
        Documented("taken", answer(200, {"success": True}), Result.DELIVERED),
        Documented("taken without a body", answer(201), Result.DELIVERED),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("bad token", answer(403, {"error": "Invalid token"}), Result.PARK, "403"),
        Documented("down", answer(503), Result.RETRY, "503"),
        Documented("slow down", answer(429, retry_after="7"), Result.RETRY, "429", after=7),
    ),
)
