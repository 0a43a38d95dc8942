"""GitLab: a note on the merge request, updated and not repeated; a commit status; a deployment.

Notes: https://docs.gitlab.com/api/notes/. Which merge request a commit belongs to, and statuses:
https://docs.gitlab.com/api/commits/. Deployments: https://docs.gitlab.com/api/deployments/; no ID of an event fits in,
so a repetition is known by environment, commit and time. What a job's token may not do:
https://docs.gitlab.com/ci/jobs/ci_job_token/#job-token-access.

A status that is set to the state it has is refused ("Cannot transition status via :run from :running"): it is there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    OptionError,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import code_hosts, publications, review_comment
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.code_hosts import Change
from change_events.destinations.shared.publications import (
    DEPLOYMENT,
    STATUS,
    identifier,
    named,
)
from change_events.destinations.shared.request import address_of, post, present, text_of
from change_events.destinations.shared.responses import (
    AGAIN,
    at,
    content_of,
    judge_no_page,
    parsed,
    retry_after,
    wait_until,
    words,
)
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.destinations.base import Steps
    from change_events.destinations.shared.publications import Known
    from change_events.model import ChangeEvent, SealedEvent

URL = "https://gitlab.com"
LIMITS = Limits(
    body_bytes=1_000_000,
    fields={"body": 1_000_000, "name": 255, "description": 255, "target_url": 255, "ref": 255, "environment": 255},
)
_PAGE = 50  # notes of a page
_PAGE_BYTES = 64 * 1024 * 1024  # notes may be long, and a page that is cut cannot be read
_MOST_DEPLOYMENTS = 20  # newest ones among which a repetition is looked for
_CLOCKS = timedelta(seconds=2)  # by which the clocks of a runner and of GitLab may differ
_JOB = " with a job token"
_MINUTE = 60.0
_TRANSITION = lazy_pattern(r"Cannot transition status via :(\w+) from :(\w+)")
_REPEATED = {("run", "running"), ("success", "success"), ("drop", "failed"), ("cancel", "canceled")}
_OPEN = {"created", "running", "blocked"}
_WITH_API = "with the scope `api` and the role"
# What a request is for: what answers it, and what a token needs for it; a job's token may not do all of it.
_PURPOSES = {
    "find the merge request": ("list", f"a token {_WITH_API} Reporter"),
    "find the note": ("list", f"a token {_WITH_API} Reporter"),
    "note": ("object", f"a token {_WITH_API} Reporter; a job token may not write notes"),
    "status": ("object", f"a token {_WITH_API} Developer; a job token may not set statuses"),
    "find the deployment": ("list", f"a token {_WITH_API} Developer, or a job token"),
    "deployment": ("object", f"a token {_WITH_API} Developer, or a job token; and permission to deploy there"),
    "read the project": ("object", f"a token {_WITH_API} Reporter"),
    "read the token": ("object", f"a token {_WITH_API} Reporter"),
    "read the job": ("object", "the token of a running job"),
}

OPTIONS = (
    Option(
        name="token",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_GITLAB_TOKEN",
        help="A project, group or personal access token with the scope `api`; for deployments alone a job's "
        "`CI_JOB_TOKEN` does.",
    ),
    Option(
        name="token_type",
        type="choice",
        choices=("access", "job"),
        default="access",
        environment="TFEVENT_GITLAB_TOKEN_TYPE",
        help="Whether `token` is an access token or a job's token (`CI_JOB_TOKEN`).",
    ),
    publications.publish_option("gitlab", "merge request"),
    Option(
        name="url",
        type="url",
        default=URL,
        environment="TFEVENT_GITLAB_URL",
        help="Address of the instance, for one that is self-managed. Only events of projects there are published.",
    ),
    Option(name="api", type="url", help="Base address of the REST API; by default `url` and `/api/v4`."),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the instance. Raises OptionError."""
    return origin_of(address_of(options, "api", address_of(options, "url", URL)))


def inapplicable(event: ChangeEvent, options: Mapping[str, Any]) -> str | None:
    """Return why the event cannot be published, as a clause."""
    return publications.inapplicable(event, options, str(options.get("url") or URL))


class _Api:
    """Requests about one event. Raises OptionError."""

    def __init__(self, sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> None:
        self.event = sealed.event
        self.limit = limit or LIMITS.body_bytes
        self.token = text_of(options, "token")
        self.is_job = options.get("token_type") == "job"
        web = address_of(options, "url", URL)
        base = address_of(options, "api", f"{web}/api/v4")
        self.place = code_hosts.place(self.event, web)
        self.marker = review_comment.marker_of(self.event)
        self.base = f"{base}/projects"

    def request(
        self, purpose: str, path: str, document: Any = None, *, method: str = "", project: str = "", **query: str | int
    ) -> Request:
        """A request below the commit's project, or another one; ``document`` is its body, encoded or not."""
        body = code_hosts.encoded(document)
        if len(body) > self.limit:
            raise OptionError(f"{self.limit} bytes are too few for any event")
        return post(
            f"{self.base}/{quote(project or self.place.repository, safe='')}/{path}"
            + (f"?{urlencode(query)}" if query else ""),
            body,
            headers={"JOB-TOKEN" if self.is_job else "PRIVATE-TOKEN": self.token},
            secrets=(self.token,),
            method=method or ("GET" if document is None else "POST"),
            body_decides=True,
            purpose=purpose + _JOB if self.is_job else purpose,
            answer_bytes=_PAGE_BYTES,
        )

    def find_change(self) -> Request:
        """Merge requests that the commit belongs to."""
        return self.request("find the merge request", f"repository/commits/{self.place.commit}/merge_requests")

    def change_of(self, found: Any) -> str | None:
        """The number of the one that the commit is the head or the merge of, or that alone has it."""
        commit, names = self.place.commit, ("sha", "merge_commit_sha", "squash_commit_sha")
        return code_hosts.number_of(found, "iid", lambda one: commit in [one.get(name) for name in names])

    def find_comments(self, change: Change, page: int) -> Request:
        """A page of notes, the newest first."""
        return self.request(
            "find the note",
            f"merge_requests/{change.number}/notes",
            project=change.repository,
            per_page=_PAGE,
            page=page,
            sort="desc",
            order_by="created_at",
        )

    def page_after(self, page: int, response: Response | None) -> int | None:
        """The page that follows, if there is one."""
        following = response.headers.get("x-next-page", "").strip() if response else ""
        return int(following) if following.isascii() and following.isdigit() and int(following) > page else None

    def comment(self, change: Change, number: str | None) -> Request:
        """Make a note, or edit the one of this number."""
        body = review_comment.document(self.event, self.marker, self.limit, LIMITS.fields["body"])
        if number is None:
            return self.request("note", f"merge_requests/{change.number}/notes", body, project=change.repository)
        path = f"merge_requests/{change.number}/notes/{number}"
        return self.request("note", path, body, method="PUT", project=change.repository)

    def status(self) -> Request:
        """Set the status of the commit, in the pipeline that ran this if it was one of GitLab's."""
        ci = self.event.actor.ci if self.event.actor else None
        pipeline = ci.run_id if ci and ci.system == "GitLab CI" and ci.run_id and ci.run_id.isdecimal() else None
        target = code_hosts.run_page(self.event) or ""
        document = {
            "state": self._state(),
            "name": clip(code_hosts.status_name(self.event), LIMITS.fields["name"]),
            "description": code_hosts.status_text(self.event, LIMITS.fields["description"]),
            "target_url": target if len(target) <= LIMITS.fields["target_url"] else None,
            "pipeline_id": int(pipeline) if pipeline else None,
            "ref": None if pipeline else self._branch(),
        }
        return self.request("status", f"statuses/{self.place.commit}", present(document))

    def deployment(self) -> Request:
        """Create the deployment."""
        document = {
            "environment": code_hosts.environment(self.event, LIMITS.fields["environment"]),
            "sha": self.place.commit,
            "ref": self._branch() or self.place.commit,
            "tag": False,
            "status": self._state(),
        }
        return self.request("deployment", "deployments", document)

    def deployment_status(self, number: str) -> Request:
        """How the deployment stands."""
        return self.request("deployment", f"deployments/{number}", {"status": self._state()}, method="PUT")

    def find_deployment(self) -> Request:
        """The newest deployments to this environment."""
        return self.request(
            "find the deployment",
            "deployments",
            environment=code_hosts.environment(self.event, LIMITS.fields["environment"]),
            order_by="id",
            sort="desc",
            per_page=_MOST_DEPLOYMENTS,
        )

    def deployment_of(self, found: Any) -> tuple[str, bool] | None:
        """The deployment that this event has made already, and whether it stands as it should.

        No job has made it (those are GitLab's own), it has our commit, is no older than the event, and is under way
        or ended as the event did.
        """
        earliest = self.event.started_at - _CLOCKS
        for one in found:
            number, status, made = identifier(one), at(one, "status"), _moment(at(one, "created_at"))
            ours = at(one, "sha") == self.place.commit and at(one, "deployable") is None
            if number and ours and made and made >= earliest and (status in _OPEN or status == self._state()):
                return number, status == self._state()
        return None

    def _state(self) -> str:
        return code_hosts.state_of(self.event, running="running", good="success", bad="failed", other="canceled")

    def _branch(self) -> str | None:
        branch = self.event.vcs.branch if self.event.vcs else None
        return branch if branch and branch.isprintable() and len(branch) <= LIMITS.fields["ref"] else None


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The request that carries the event, of several the first that can be made of it. Raises OptionError."""
    origin(options)
    text_of(options, "token")
    api = _Api(sealed, options, limit)
    name = publications.first(api.event, api.place, options)
    if name == STATUS:
        return api.status()
    if name == DEPLOYMENT:
        return api.deployment()
    return api.comment(api.place.change or Change(api.place.repository, "0"), None)


def access(here: SealedEvent, options: Mapping[str, Any]) -> Request:
    """What reads the project that tfevent runs in, else the token itself; of a job's token its job.

    https://docs.gitlab.com/api/projects/, …/personal_access_tokens/ and …/jobs/ (what a job token may read).
    """
    api = _Api(here, options)
    base = api.base.removesuffix("/projects")
    if api.is_job:
        return msgspec.structs.replace(api.request("read the job", ""), url=f"{base}/job")
    if api.place.repository:
        made = api.request("read the project", "")
        return msgspec.structs.replace(made, url=made.url.rstrip("/"))
    return msgspec.structs.replace(api.request("read the token", ""), url=f"{base}/personal_access_tokens/self")


def steps(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None, handle: str | None) -> Steps:
    """Yield all requests for one event; each is idempotent. Raises OptionError."""
    api = _Api(sealed, options, limit)
    return (yield from publications.publish(api, options, handle, status=_set_status, deployment=_publish_deployment))


def _set_status(api: _Api) -> Steps:
    return (yield api.status()).verdict


def _publish_deployment(api: _Api, known: Known | None) -> Steps:
    if known:
        reply = yield api.deployment_status(known.number)
        if reply.verdict.result is Result.DELIVERED:
            return named(reply.verdict, DEPLOYMENT, known.number)
    found = yield api.find_deployment()
    if found.verdict.result is not Result.DELIVERED:
        return found.verdict
    if earlier := api.deployment_of(content_of(found)):
        number, stands = earlier
        verdict = found.verdict if stands else (yield api.deployment_status(number)).verdict
        return named(verdict, DEPLOYMENT, number)
    made = yield api.deployment()
    return named(made.verdict, DEPLOYMENT, identifier(content_of(made)))


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; what the token lacks is named, also where GitLab hides what it may not see."""
    expected, need = _PURPOSES.get(response.purpose.removesuffix(_JOB), ("object", f"a token {_WITH_API} Developer"))
    if response.well:
        return _judge_success(response, expected)
    said = words(response)
    if (match := _TRANSITION.search(said)) and (match[1], match[2]) in _REPEATED:
        return Verdict(Result.DELIVERED)
    if response.status == 429:  # noqa: PLR2004 - HTTP's own, as those below
        return Verdict(Result.RETRY, "its rate limit is reached (429)", _wait(response))
    if response.status == 409 and response.purpose.startswith("status"):  # noqa: PLR2004
        return Verdict(Result.RETRY, "another status is being set (409)")
    if response.status == 400 and "too long" in said:  # noqa: PLR2004
        return Verdict(Result.SHRINK, "a text is too long for GitLab (400)")
    refused = {
        400: "GitLab refuses the values (400)",
        401: f"the token is not accepted (401): it takes {need}; set one, {AGAIN}",
        403: f"the token may not do that (403): it takes {need}; set one, {AGAIN}",
        404: f"it is not there (404), or hidden from the token: it takes {need}; correct that, {AGAIN}",
    }.get(response.status)
    return Verdict(Result.PARK, refused) if refused else judge_no_page(response)


def _judge_success(response: Response, expected: str) -> Verdict:
    found = parsed(response)
    good = isinstance(found, list) if expected == "list" else identifier(found) is not None
    if good and response.status != 202:  # noqa: PLR2004
        return Verdict(Result.DELIVERED)
    page = judge_no_page(response)
    return page if page.result is Result.PARK else Verdict(Result.PARK, "not an answer of GitLab's API; check `url`")


def _wait(response: Response) -> float:
    """Seconds by ``Retry-After``, else until ``RateLimit-Reset`` (seconds since 1970)."""
    asked = retry_after(response)
    return asked if asked is not None else wait_until(response, "ratelimit-reset") or _MINUTE


DESTINATION = Destination(
    kind="gitlab",
    title="GitLab",
    documentation=(
        "https://docs.gitlab.com/api/notes/",
        "https://docs.gitlab.com/api/commits/",
        "https://docs.gitlab.com/api/deployments/",
        "https://docs.gitlab.com/api/rest/",
        "https://docs.gitlab.com/ci/jobs/ci_job_token/",
        "https://docs.gitlab.com/user/project/quick_actions/",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    steps=steps,
    access=access,
    inapplicable=inapplicable,
)
