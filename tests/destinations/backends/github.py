"""GitHub's REST API, as far as comments, statuses and deployments go.

https://docs.github.com/en/rest/issues/comments, …/commits/statuses, …/commits/commits, …/deployments/deployments and
…/deployments/statuses: fields, their values and lengths, statuses of answers. Comments are listed in ascending order
of their IDs; pages by https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api. Errors:
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api.
"""

import re
from urllib.parse import parse_qs, unquote, urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, Refused, answer, json_of, need

API = "2022-11-28"
STATES = {"error", "failure", "pending", "success"}
DEPLOYMENT_STATES = {"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}
SHA = re.compile(r"[0-9a-f]{40}")


class GitHub:
    """A repository's host: what was made there stays, for as long as this object."""

    def __init__(self, **prepared):
        self.comments = {}  # id: (pull request, body, author)
        self.statuses = []
        self.deployments = {}  # id: document
        self.deployment_statuses = []
        self.pulls = {}  # commit: pull requests
        self.commits = {}
        self.foreign = set()  # comments of other authors
        self.forbidden = set()  # purposes, by the last word of a path
        self.any_deployment = False  # one that another object of this class has made
        self.per_page = 100
        self.hidden = False  # the token may not see the repository
        self.__dict__.update(prepared)

    def accept(self, received):
        parts = urlsplit(received.path)
        need(received.headers.get("authorization") == f"Bearer {SECRET}", "Bad credentials", 401)
        need(received.headers.get("x-github-api-version") == API, "version", 400)
        need(received.headers.get("accept") == "application/vnd.github+json", "accept", 415)
        need(received.headers.get("user-agent"), "Request forbidden by administrative rules", 403)
        words = [unquote(word) for word in parts.path.strip("/").split("/")]
        if received.method == "GET" and words == ["rate_limit"]:
            return answer(200, {"resources": {"core": {"limit": 5000}}, "rate": {}})
        need(words[0] == "repos" and len(words) >= 3, "Not Found", 404)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        made = self.find(received.method, words[3:], query)
        if received.method == "GET":
            need(received.body == b"", "no body")
            return made()
        return made(json_of(received))

    def find(self, method, path, query):  # noqa: C901, PLR0911 - one case an endpoint
        if self.forbidden & set(path):
            raise Refused(403, "Resource not accessible by integration")
        match method, path:
            case "GET", []:
                need(not self.hidden, "Not Found", 404)
                return lambda: answer(200, {"id": 1296269, "full_name": "acme/infra"})
            case "GET", ["issues", number, "comments"]:
                return lambda: self.listed(int(number), query)
            case "POST", ["issues", number, "comments"]:
                return lambda body: self.commented(int(number), body)
            case "PATCH", ["issues", "comments", number]:
                return lambda body: self.edited(int(number), body)
            case "GET", ["commits", sha, "pulls"]:
                return lambda: answer(200, self.pulls.get(sha, []))
            case "GET", ["git", "commits", sha]:
                need(sha in self.commits, "Not Found", 404)
                return lambda: answer(200, self.commits[sha])
            case "POST", ["statuses", sha]:
                return lambda body: self.stated(sha, body)
            case "GET", ["deployments"]:
                return lambda: self.deployed(query)
            case "POST", ["deployments"]:
                return self.deploy
            case "POST", ["deployments", number, "statuses"]:
                return lambda body: self.went(int(number), body)
        raise Refused(404, "Not Found")

    def listed(self, number, query):
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        need(1 <= size <= 100, "per_page")
        found = [{"id": key, "body": text} for key, (pull, text) in sorted(self.comments.items()) if pull == number]
        last = max(1, -(-len(found) // size))
        link = f'<https://api.github.com/x?page={last}&per_page={size}>; rel="last"' if page < last else ""
        return answer(200, found[(page - 1) * size : page * size], **({"link": link} if link else {}))

    def body_of(self, document):
        need(set(document) == {"body"} and isinstance(document["body"], str), "body", 422)
        need(document["body"].strip(), "body can't be blank", 422)
        too_long = "body is too long (maximum is 65536 characters)"
        need(len(document["body"].encode("utf-16-le")) // 2 <= 65_536, too_long, 422)
        return document["body"]

    def commented(self, number, document):
        key = max(self.comments, default=0) + 1
        self.comments[key] = (number, self.body_of(document))
        return answer(201, {"id": key, "body": document["body"]})

    def edited(self, number, document):
        need(number in self.comments, "Not Found", 404)
        need(number not in self.foreign, "Resource not accessible by integration", 403)
        self.comments[number] = (self.comments[number][0], self.body_of(document))
        return answer(200, {"id": number, "body": document["body"]})

    def stated(self, sha, document):
        need(SHA.fullmatch(sha), f"No commit found for SHA: {sha}", 422)
        need(set(document) <= {"state", "target_url", "description", "context"}, "unknown field", 422)
        need(document["state"] in STATES, "state", 422)
        need(len(document.get("description", "")) <= 140, "description is too long", 422)
        need(len(document.get("context", "default")) <= 255, "context", 422)
        need(urlsplit(document.get("target_url", "https://x")).scheme in {"http", "https"}, "target_url", 422)
        self.statuses.append((sha, document))
        return answer(201, {"id": len(self.statuses), "state": document["state"]})

    def deployed(self, query):
        found = [
            {"id": key} | document
            for key, document in sorted(self.deployments.items(), reverse=True)
            if document["environment"] == query.get("environment", document["environment"])
            and document["ref"] == query.get("sha", document["ref"])
        ]
        return answer(200, found[: int(query.get("per_page", 30))])

    def deploy(self, document):
        known = {"ref", "task", "auto_merge", "required_contexts", "payload", "environment", "description"}
        need(set(document) <= known | {"transient_environment", "production_environment"}, "unknown field", 422)
        need(SHA.fullmatch(document["ref"]), "No ref found", 422)
        need(len(document["description"]) <= 140, "description is too long", 422)
        need(len(document["environment"]) <= 255, "environment", 422)
        need(document["auto_merge"] is False and document["required_contexts"] == [], "Conflict merging", 409)
        key = max(self.deployments, default=0) + 1
        self.deployments[key] = document
        return answer(201, {"id": key, "sha": document["ref"]})

    def went(self, number, document):
        need(self.any_deployment or number in self.deployments, "Not Found", 404)
        known = {"state", "target_url", "log_url", "description", "environment", "environment_url", "auto_inactive"}
        need(set(document) <= known and document["state"] in DEPLOYMENT_STATES, "state", 422)
        need(len(document["description"]) <= 140, "description is too long", 422)
        need(isinstance(document["auto_inactive"], bool), "auto_inactive", 422)
        self.deployment_statuses.append((number, document))
        return answer(201, {"id": len(self.deployment_statuses), "state": document["state"]})


def refused(why):
    return {"message": why, "documentation_url": "https://docs.github.com/rest", "status": "4xx"}


def error(status, message, **headers):
    return answer(status, refused(message), **headers)


NO_ACCESS = "Resource not accessible by integration"
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
VALIDATION = {"message": "Validation Failed", "errors": ["body is too long (maximum is 65536 characters)"]}
LONG_AGO = "1000000000"
NO_COMMIT = {"tiny", "boot", "long"}
BACKEND = Backend(
    options=lambda url: {"api": url, "web": "https://github.com", "token": SECRET},
    accept=lambda received: GitHub(any_deployment=True).accept(received),
    variants={
        "": {},
        "status": {"publish": ["status"]},
        "deployment": {"publish": ["deployment"]},
    },
    samples={"": "updated", "status": "updated", "deployment": "deployment"},
    skipped={
        "": NO_COMMIT,
        "status": NO_COMMIT,
        "deployment": NO_COMMIT
        | {"updated", "huge", "failed", "partial", "planned", "started", "unicode", "controls", "many_tags", "build"}
        | {"stop", "ansible"},
    },
    several={"": 2, "deployment": 3},
    fixed=("status", "deployment"),
    refusal=refused,
    payloads=("failed", "started", "planned"),
    answers=(
        Documented("commented", answer(201, {"id": 1, "body": "x"}), Result.DELIVERED),
        Documented("edited", answer(200, {"id": 1, "body": "x"}), Result.DELIVERED),
        Documented("status", answer(201, {"id": 1, "state": "success"}), Result.DELIVERED, variant="status"),
        Documented("deployed", answer(201, {"id": 1, "sha": "x"}), Result.DELIVERED, variant="deployment"),
        Documented("merged instead", answer(202, {"message": "Auto-merged"}), Result.PARK, "api", variant="deployment"),
        Documented("conflict", error(409, "Conflict merging main"), Result.PARK, "409", variant="deployment"),
        Documented("another JSON", answer(200, {"ok": True}), Result.PARK, "GitHub's API"),
        Documented("a page", answer(200, "<html>", content_type="text/html"), Result.PARK, "HTML"),
        Documented("bad token", error(401, "Bad credentials"), Result.PARK, "401"),
        Documented("no permission", error(403, NO_ACCESS), Result.PARK, "pull-requests: write"),
        Documented("no permission", error(403, NO_ACCESS), Result.PARK, "statuses: write", variant="status"),
        Documented("no permission", error(403, NO_ACCESS), Result.PARK, "deployments: write", variant="deployment"),
        Documented("hidden", error(404, "Not Found"), Result.PARK, "pull-requests: write"),
        Documented("hidden", error(404, "Not Found"), Result.PARK, "statuses: write", variant="status"),
        Documented("moved", error(301, "Moved Permanently"), Result.PARK, "301"),
        Documented("moved for now", error(307, "Moved"), Result.PARK, "307"),
        Documented("gone", error(410, "Gone"), Result.PARK, "410"),
        Documented("too long", answer(422, VALIDATION), Result.SHRINK, "422"),
        Documented("invalid", error(422, "Validation Failed"), Result.PARK, "422"),
        Documented("locked", error(423, "Locked"), Result.PARK, "423"),
        Documented("slow down", error(429, SECONDARY, retry_after="30"), Result.RETRY, "429", after=30),
        Documented("slow down, forbidden", error(403, SECONDARY, retry_after="7"), Result.RETRY, "403", after=7),
        Documented("secondary limit", error(403, SECONDARY), Result.RETRY, "403", after=60),
        Documented(
            "primary limit",
            error(403, "API rate limit exceeded", x_ratelimit_remaining="0", x_ratelimit_reset=LONG_AGO),
            Result.RETRY,
            "403",
            after=1,
        ),
        Documented("limit without a time", error(429, "no", x_ratelimit_remaining="0"), Result.RETRY, "429", after=60),
        Documented("down", answer(502), Result.RETRY, "502"),
        Documented("unavailable", answer(503), Result.RETRY, "503"),
    ),
)
