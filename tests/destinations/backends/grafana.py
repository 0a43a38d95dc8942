"""Grafana's annotations: https://grafana.com/docs/grafana/latest/developers/http_api/annotations/.

Tags are measured as Grafana does: the bytes of the JSON array, without escapes. Key and value of each are stored in
columns of varchar(100); what the database refuses is a 500.
"""

from html.parser import HTMLParser

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

FIELDS = {"time": int, "timeEnd": int, "tags": list, "text": str, "dashboardUID": str, "panelId": int}


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def accept(received):
    need(received.headers.get("authorization") == f"Bearer {SECRET}", "Invalid API key", 401)
    made = (received.method, received.path) == ("POST", "/sub/api/annotations")
    need(made or (received.method, received.path) == ("PATCH", "/sub/api/annotations/7"), "Not found", 404)
    body = json_of(received)
    need(all(isinstance(value, FIELDS[name]) for name, value in body.items()), "bad request data")
    need(body["text"], "text field should not be empty")
    need(body["time"] > 10**12 and body.get("timeEnd", 10**13) > body["time"], "times are milliseconds, the end later")
    tags = [tag.encode() for tag in body["tags"]]
    need(2 + sum(len(tag) + 2 for tag in tags) + len(tags) - 1 <= 500, "Tags length exceeds the maximum allowed.")
    for tag in body["tags"]:
        parts = [part.strip(" ") for part in tag.split(":")[:2]]
        need(all(len(part) <= 100 for part in parts), "Failed to save annotation", 500)
    elements = Elements()
    elements.feed(body["text"])
    need({tag for tag, _ in elements.found} <= {"b", "a", "br"}, "elements of the event's own")
    need("\n" not in body["text"], "white space of HTML begins no line")
    need(all(attrs.get("href", "https:").startswith("http") for _, attrs in elements.found), "links")
    return answer(200, {"message": "Annotation added", "id": 7} if made else {"message": "Annotation patched"})


BACKEND = Backend(
    options=lambda url: {"url": f"{url}/sub/", "token": SECRET},
    accept=accept,
    variants={"": {}, "panel": {"dashboard_uid": "abc", "panel_id": 2}},
    payloads=("started",),
    answers=(
        Documented("added", answer(200, {"message": "Annotation added", "id": 1}), Result.DELIVERED),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("no id", answer(200, {"message": "ok"}), Result.PARK, "names no annotation"),
        Documented("tags", answer(400, {"message": "Tags length exceeds the maximum allowed."}), Result.PARK, "400"),
        Documented("bad token", answer(401, {"message": "Invalid API key"}), Result.PARK, "401"),
        Documented("no permission", answer(403, {"message": "Access denied"}), Result.PARK, "annotations:create"),
        Documented("not stored", answer(500, {"message": "Failed to save annotation"}), Result.RETRY, "500"),
        Documented("down", answer(502, "<html>"), Result.RETRY, "502"),
    ),
)
