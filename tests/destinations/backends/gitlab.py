"""GitLab's REST API, as far as notes, commit statuses and deployments go.

https://docs.gitlab.com/api/notes/, …/commits/, …/deployments/: fields, values, lengths. Pages:
https://docs.gitlab.com/api/rest/#pagination. A job's token: https://docs.gitlab.com/ci/jobs/ci_job_token/. A project is
named by its path, URL-encoded. Quick actions are taken out of a note and executed as GitLab does it: a line that is
the name of one, outside of code; so this fake refuses every line that begins with a slash, wherever it stands.
"""

import re
from urllib.parse import parse_qs, unquote, urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, Refused, answer, json_of, need

STATES = {"pending", "running", "success", "failed", "canceled", "skipped"}
DEPLOYMENT_STATES = {"running", "success", "failed", "canceled"}
VERBS = {"running": "run", "success": "success", "failed": "drop", "canceled": "cancel"}
ENDED = {"success", "failed", "canceled"}
SHA = re.compile(r"[0-9a-f]{40}")
ACTION = re.compile(r"^\s*/[a-z]", re.MULTILINE | re.IGNORECASE)
NOW = "2026-11-23T12:35:00.000Z"
MOST = 1_000_000


class GitLab:
    """An instance: what was made there stays, for as long as this object."""

    def __init__(self, **prepared):
        self.notes = {}  # id: (merge request, body)
        self.statuses = []
        self.deployments = {}  # id: document
        self.merge_requests = {}  # commit: merge requests
        self.foreign = set()  # notes of other authors
        self.now = NOW
        self.projects = set()
        self.hidden = False  # the token may not see the project
        self.__dict__.update(prepared)

    def accept(self, received):
        parts = urlsplit(received.path)
        job = received.headers.get("job-token")
        need((job or received.headers.get("private-token")) == SECRET, "401 Unauthorized", 401)
        words = parts.path.strip("/").split("/")
        if received.method == "GET" and words in (
            ["api", "v4", "job"],
            ["api", "v4", "personal_access_tokens", "self"],
        ):
            need((words[2] == "job") == bool(job), "401 Unauthorized", 401)
            return answer(200, {"id": 8})
        need(words[:3] == ["api", "v4", "projects"] and len(words) >= 4, "404 Not Found", 404)
        self.projects.add(unquote(words[3]))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if job:
            reads = received.method == "GET" or words[4] == "deployments"
            need(reads, "403 Forbidden - this token may not do that", 403)
        made = self.find(received.method, words[4:], query)
        if received.method == "GET":
            need(received.body == b"", "no body")
            return made()
        return made(json_of(received))

    def find(self, method, path, query):  # noqa: PLR0911 - one case an endpoint
        match method, path:
            case "GET", []:
                need(not self.hidden, "404 Project Not Found", 404)
                return lambda: answer(200, {"id": 3, "path_with_namespace": "acme/infra"})
            case "GET", ["merge_requests", number, "notes"]:
                return lambda: self.listed(int(number), query)
            case "POST", ["merge_requests", number, "notes"]:
                return lambda body: self.noted(int(number), body)
            case "PUT", ["merge_requests", _, "notes", number]:
                return lambda body: self.edited(int(number), body)
            case "GET", ["repository", "commits", sha, "merge_requests"]:
                return lambda: answer(200, self.merge_requests.get(sha, []))
            case "POST", ["statuses", sha]:
                return lambda body: self.stated(sha, body)
            case "GET", ["deployments"]:
                return lambda: self.deployed(query)
            case "POST", ["deployments"]:
                return self.deploy
            case "PUT", ["deployments", number]:
                return lambda body: self.went(int(number), body)
        raise Refused(404, "404 Not Found")

    def listed(self, number, query):
        need(
            query.get("order_by", "created_at") in {"created_at", "updated_at"}, "order_by does not have a valid value"
        )
        size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
        need(size <= 100, "per_page")
        newest = query.get("sort", "desc") == "desc"
        found = [
            {"id": key, "body": text, "system": False}
            for key, (request, text) in sorted(self.notes.items(), reverse=newest)
            if request == number
        ]
        following = str(page + 1) if page * size < len(found) else ""
        return answer(200, found[(page - 1) * size : page * size], x_next_page=following)

    def body_of(self, document):
        need(set(document) == {"body"} and isinstance(document["body"], str), "body is missing")
        need(len(document["body"].encode("utf-16-le")) // 2 <= MOST, "Note is too long (maximum is 1000000 characters)")
        if ACTION.search(document["body"]):
            raise Refused(400, "Commands applied")
        return document["body"]

    def noted(self, number, document):
        key = max(self.notes, default=0) + 1
        self.notes[key] = (number, self.body_of(document))
        return answer(201, {"id": key, "body": document["body"]})

    def edited(self, number, document):
        need(number in self.notes, "404 Note Not Found", 404)
        need(number not in self.foreign, "403 Forbidden", 403)
        self.notes[number] = (self.notes[number][0], self.body_of(document))
        return answer(200, {"id": number, "body": document["body"]})

    def stated(self, sha, document):
        need(SHA.fullmatch(sha), "404 Commit Not Found", 404)
        known = {"state", "name", "description", "target_url", "pipeline_id", "ref", "context", "coverage"}
        need(set(document) <= known and document["state"] in STATES, "state does not have a valid value")
        for name in ("name", "description", "target_url", "ref"):
            need(len(document.get(name, "")) <= 255, f"{name} is too long (maximum is 255 characters)")
        need("pipeline_id" not in document or isinstance(document["pipeline_id"], int), "pipeline_id is invalid")
        now = next(
            (one["state"] for at, one in self.statuses[::-1] if (at, one["name"]) == (sha, document["name"])), ""
        )
        if now == document["state"] and now not in ENDED:
            raise Refused(400, f"Cannot transition status via :{VERBS[now]} from :{now} (Reason(s): Status cannot)")
        self.statuses.append((sha, document))
        return answer(201, {"id": len(self.statuses), "status": document["state"]})

    def deployed(self, query):
        need(query.get("order_by", "id") in {"id", "iid", "created_at", "updated_at", "ref"}, "order_by")
        found = [
            {"id": key} | document
            for key, document in sorted(self.deployments.items(), reverse=query.get("sort") == "desc")
            if document["environment"]["name"] == query["environment"]
        ]
        return answer(200, found[: int(query.get("per_page", 20))])

    def deploy(self, document):
        need(set(document) == {"environment", "sha", "ref", "tag", "status"}, "parameters are missing")
        need(SHA.fullmatch(document["sha"]) and document["ref"] and document["tag"] is False, "ref is invalid")
        need(document["status"] in DEPLOYMENT_STATES, "status does not have a valid value")
        key = max(self.deployments, default=0) + 1
        self.deployments[key] = {
            **document,
            "environment": {"name": document["environment"]},
            "deployable": None,
            "created_at": self.now,
        }
        return answer(201, {"id": key} | self.deployments[key])

    def went(self, number, document):
        need(number in self.deployments, "404 Deployment Not Found", 404)
        need(set(document) == {"status"} and document["status"] in DEPLOYMENT_STATES, "status is invalid")
        need(self.deployments[number]["status"] not in ENDED, "Cannot transition status")
        self.deployments[number]["status"] = document["status"]
        return answer(200, {"id": number} | self.deployments[number])


def error(status, message, **headers):
    return answer(status, {"message": message}, **headers)


AGAIN = 'Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")'
BACK = "Cannot transition status via :run from :success"
TOO_OFTEN = "This endpoint has been requested too many times. Try again later."
SCOPE = {"error": "insufficient_scope", "error_description": "The request requires higher privileges.", "scope": "api"}
NO_COMMIT = {"tiny", "boot", "long"}
BACKEND = Backend(
    options=lambda url: {"api": f"{url}/api/v4", "url": "https://github.com", "token": SECRET},
    accept=lambda received: GitLab().accept(received),
    variants={
        "": {},
        "status": {"publish": ["status"]},
        "deployment": {"publish": ["deployment"], "token_type": "job"},
    },
    samples={"": "updated", "status": "updated", "deployment": "deployment"},
    skipped={
        "": NO_COMMIT,
        "status": NO_COMMIT,
        "deployment": NO_COMMIT
        | {"updated", "huge", "failed", "partial", "planned", "started", "unicode", "controls", "many_tags", "build"}
        | {"stop", "ansible"},
    },
    several={"": 2, "deployment": 2},
    fixed=("status", "deployment"),
    payloads=("failed", "started", "planned"),
    answers=(
        Documented("noted", answer(201, {"id": 1, "body": "x"}), Result.DELIVERED),
        Documented("edited", answer(200, {"id": 1, "body": "x"}), Result.DELIVERED),
        Documented("only quick actions", answer(202, {"commands_changes": {}}), Result.PARK, "GitLab's API"),
        Documented("status", answer(201, {"id": 1, "status": "success"}), Result.DELIVERED, variant="status"),
        Documented("the same status", error(400, AGAIN), Result.DELIVERED, variant="status"),
        Documented("a status back", error(400, BACK), Result.PARK, "400", variant="status"),
        Documented("another status", error(409, "locked"), Result.RETRY, "409", variant="status"),
        Documented("deployed", answer(201, {"id": 1, "status": "success"}), Result.DELIVERED, variant="deployment"),
        Documented("protected", error(403, "403 Forbidden"), Result.PARK, "permission to deploy", variant="deployment"),
        Documented("another JSON", answer(200, {"ok": True}), Result.PARK, "GitLab's API"),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("bad token", error(401, "401 Unauthorized"), Result.PARK, "job token may not write notes"),
        Documented("bad token", error(401, "401 Unauthorized"), Result.PARK, "may not set statuses", variant="status"),
        Documented("no scope", answer(403, SCOPE), Result.PARK, "scope `api`"),
        Documented("hidden", error(404, "404 Project Not Found"), Result.PARK, "hidden"),
        Documented("too long", error(400, "Note is too long (maximum is 1000000 characters)"), Result.SHRINK, "400"),
        Documented("invalid", error(400, "body is missing"), Result.PARK, "400"),
        Documented("too large", answer(413), Result.SHRINK, "413"),
        Documented("slow down", error(429, TOO_OFTEN, retry_after="30"), Result.RETRY, "429", after=30),
        Documented("slow down until", error(429, TOO_OFTEN, ratelimit_reset="100"), Result.RETRY, "429", after=1),
        Documented("slow down, plainly", error(429, TOO_OFTEN), Result.RETRY, "429", after=60),
        Documented("down", answer(502), Result.RETRY, "502"),
    ),
)
