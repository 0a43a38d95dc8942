"""GitHub: a comment on the pull request, updated and not repeated; a commit status; a deployment.

Comments: https://docs.github.com/en/rest/issues/comments (a pull request is an issue there). Which pull request a
commit belongs to: https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit.
Statuses: https://docs.github.com/en/rest/commits/statuses. Deployments, and their statuses:
https://docs.github.com/en/rest/deployments/deployments and https://docs.github.com/en/rest/deployments/statuses.
A comment has at most 65,536 characters (422 says so: "body is too long (maximum is 65536 characters)").

In a workflow for a pull request the checked-out commit is a merge of GitHub's own for the test, "Merge HEAD into
BASE"; the status belongs on HEAD, where people see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

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
    origin_of,
)
from change_events.destinations.shared import code_hosts, publications, review_comment
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.code_hosts import Change
from change_events.destinations.shared.github_answers import judge
from change_events.destinations.shared.publications import (
    DEPLOYMENT,
    STATUS,
    identifier,
    named,
)
from change_events.destinations.shared.request import address_of, post, present, text_of
from change_events.destinations.shared.responses import at, content_of, parsed
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.destinations.base import Steps
    from change_events.destinations.shared.publications import Known
    from change_events.model import ChangeEvent, SealedEvent

API = "https://api.github.com"
LIMITS = Limits(
    body_bytes=4 * 65_536,  # the longest comment in UTF-8
    fields={"body": 65_536, "description": 140, "environment": 255},
)
_PAGE = 50  # comments of a page
_PAGE_BYTES = 24 * 1024 * 1024  # a page of the longest comments, escaped
_MOST_DEPLOYMENTS = 30  # newest ones among which a repetition is looked for
_LAST_PAGE = lazy_pattern(r'<[^>]*[?&]page=(\d{1,6})[^>]*>\s*;\s*rel="last"')
_TEST_MERGE = lazy_pattern(r"Merge ([0-9a-f]{40}) into ([0-9a-f]{40})")

OPTIONS = (
    Option(
        name="token",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_GITHUB_TOKEN",
        help="A job's `GITHUB_TOKEN`, a fine-grained personal access token, or an installation token of a GitHub App.",
    ),
    publications.publish_option("github", "pull request"),
    Option(
        name="api",
        type="url",
        default=API,
        environment="TFEVENT_GITHUB_API",
        help="Base address of the REST API; of GitHub Enterprise Server https://HOST/api/v3.",
    ),
    Option(
        name="web",
        type="url",
        help="Address of the pages, where it does not follow from `api` (a proxy, say). Only events of "
        "repositories there are published.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the API. Raises OptionError."""
    return origin_of(address_of(options, "api", API))


def web_of(options: Mapping[str, Any]) -> str:
    """Where the pages are: the option ``web``, else what goes with the API's address."""
    if web := str(options.get("web") or "").strip():
        return web
    host = urlsplit(str(options.get("api") or API)).hostname or ""
    if host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com")):
        host = host.removeprefix("api.")
    return f"https://{host}"


def inapplicable(event: ChangeEvent, options: Mapping[str, Any]) -> str | None:
    """Return why the event cannot be published, as a clause."""
    return publications.inapplicable(event, options, web_of(options))


class _Api:
    """Requests about one event. Raises OptionError."""

    def __init__(self, sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> None:
        self.event = sealed.event
        self.limit = limit or LIMITS.body_bytes
        self.token = text_of(options, "token")
        base = address_of(options, "api", API)
        self.place = code_hosts.place(self.event, web_of(options))
        self.marker = review_comment.marker_of(self.event)
        self.base = f"{base}/repos"

    def request(
        self, purpose: str, path: str, document: Any = None, *, method: str = "", **query: str | int | None
    ) -> Request:
        """A request to ``path``, which begins with the repository's; ``document`` is its body, encoded or not."""
        body = code_hosts.encoded(document)
        return post(
            f"{self.base}/{quote(path)}" + (f"?{urlencode(query)}" if query else ""),
            body,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            secrets=(self.token,),
            method=method or ("GET" if document is None else "POST"),
            body_decides=True,
            purpose=purpose,
            answer_bytes=_PAGE_BYTES,
        )

    def find_change(self) -> Request:
        """Pull requests that the commit belongs to."""
        return self.request(
            "find the pull request", f"{self.place.repository}/commits/{self.place.commit}/pulls", per_page=_PAGE
        )

    def change_of(self, found: Any) -> str | None:
        """The number of the one that the commit is the head or the merge of, or that alone has it."""
        commit = self.place.commit
        return code_hosts.number_of(
            found, "number", lambda one: commit in {one.get("merge_commit_sha"), at(one, "head", "sha")}
        )

    def find_comments(self, change: Change, page: int) -> Request:
        """A page of comments, which come in the order of their making."""
        return self.request(
            "find the comment", f"{change.repository}/issues/{change.number}/comments", per_page=_PAGE, page=page
        )

    def page_after(self, page: int, response: Response | None) -> int | None:
        """After the first page the last one, and so on towards the first: new comments are at the end."""
        match = _LAST_PAGE.search(response.headers.get("link", "")) if response and page == 1 else None
        following = int(match[1]) if match else page - 1
        return following if following > 1 else None

    def comment(self, change: Change, number: str | None) -> Request:
        """Make a comment, or edit the one of this number."""
        body = review_comment.document(self.event, self.marker, self.limit, LIMITS.fields["body"])
        if number is None:
            return self.request("comment", f"{change.repository}/issues/{change.number}/comments", body)
        return self.request("comment", f"{change.repository}/issues/comments/{number}", body, method="PATCH")

    def status(self, commit: str) -> Request:
        """Set the status of a commit."""
        document = {
            "state": code_hosts.state_of(self.event, running="pending", good="success", bad="failure", other="error"),
            "context": code_hosts.status_name(self.event),
            "description": code_hosts.status_text(self.event, LIMITS.fields["description"]),
            "target_url": code_hosts.run_page(self.event),
        }
        return self._within(
            self.request("set the status", f"{self.place.repository}/statuses/{commit}", present(document))
        )

    def deployment(self) -> Request:
        """Create the deployment, asking for no merge and no checks: it has been made, or is being made."""
        document: dict[str, Any] = {
            "ref": self.place.commit,
            "environment": code_hosts.environment(self.event, LIMITS.fields["environment"]),
            "description": clip(one_line(self.event.title), LIMITS.fields["description"]),
            "payload": {"tfevent": self.event.id},
            "auto_merge": False,
            "required_contexts": [],
        }
        return self._within(self.request("deployment", f"{self.place.repository}/deployments", document))

    def deployment_status(self, number: str) -> Request:
        """How the deployment stands."""
        document = {
            "state": code_hosts.state_of(
                self.event, running="in_progress", good="success", bad="failure", other="error"
            ),
            "description": code_hosts.status_text(self.event, LIMITS.fields["description"]),
            "log_url": code_hosts.run_page(self.event),
            "auto_inactive": self._replaces_others(),
        }
        return self._within(
            self.request(
                "deployment status", f"{self.place.repository}/deployments/{number}/statuses", present(document)
            )
        )

    def find_deployment(self) -> Request:
        """The newest deployments of this commit to this environment."""
        sha, environment = self.place.commit, code_hosts.environment(self.event, LIMITS.fields["environment"])
        return self.request(
            "find the deployment",
            f"{self.place.repository}/deployments",
            sha=sha,
            environment=environment,
            per_page=_MOST_DEPLOYMENTS,
        )

    def _replaces_others(self) -> bool:
        """Whether earlier deployments to the environment are over: not those of a repository's other services."""
        name = self.place.repository.rpartition("/")[2]
        return not self.event.service or self.event.service.lower() == name.lower()

    def _within(self, request: Request) -> Request:
        if len(request.body) > self.limit:
            raise OptionError(f"{self.limit} bytes are too few for any event")
        return request


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The request that carries the event, of several the first that can be made of it. Raises OptionError."""
    origin(options)
    text_of(options, "token")
    api = _Api(sealed, options, limit)
    name = publications.first(api.event, api.place, options)
    if name == STATUS:
        return api.status(api.place.commit or "")
    if name == DEPLOYMENT:
        return api.deployment()
    return api.comment(api.place.change or Change(api.place.repository, "0"), None)


def access(here: SealedEvent, options: Mapping[str, Any]) -> Request:
    """What reads the repository that tfevent runs in, else the token's rate limit, which every token may see.

    https://docs.github.com/en/rest/repos/repos#get-a-repository and https://docs.github.com/en/rest/rate-limit.
    """
    api = _Api(here, options)
    if api.place.repository:
        return api.request("read the repository", api.place.repository)
    request = api.request("read the rate limit", "")
    return msgspec.structs.replace(request, url=f"{api.base.removesuffix('/repos')}/rate_limit")


def steps(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None, handle: str | None) -> Steps:
    """Yield all requests for one event; each is idempotent. Raises OptionError."""
    api = _Api(sealed, options, limit)
    return (yield from publications.publish(api, options, handle, status=_set_status, deployment=_publish_deployment))


def _set_status(api: _Api) -> Steps:
    commit = api.place.commit or ""
    subject = api.event.vcs.subject if api.event.vcs else None
    if api.place.change and subject and _TEST_MERGE.fullmatch(subject):
        reply = yield api.request("find the commit", f"{api.place.repository}/git/commits/{commit}")
        if reply.verdict.result is not Result.DELIVERED:
            return reply.verdict
        commit = _tested(content_of(reply)) or commit
    return (yield api.status(commit)).verdict


def _tested(content: Any) -> str | None:
    """The head of the pull request of which a commit is GitHub's merge for the test; None where it is not."""
    match = _TEST_MERGE.match(str(at(content, "message") or ""))
    if match and (at(content, "parents", 0, "sha"), at(content, "parents", 1, "sha")) == (match[2], match[1]):
        return match[1]
    return None


def _publish_deployment(api: _Api, known: Known | None) -> Steps:
    if known:
        reply = yield api.deployment_status(known.number)
        if reply.verdict.result is Result.DELIVERED:
            return named(reply.verdict, DEPLOYMENT, known.number)
    found = yield api.find_deployment()
    if found.verdict.result is not Result.DELIVERED:
        return found.verdict
    number = _deployment(content_of(found), api.event.id)
    if number is None:
        made = yield api.deployment()
        number = identifier(content_of(made))
        if made.verdict.result is not Result.DELIVERED or number is None:
            return made.verdict
    return named((yield api.deployment_status(number)).verdict, DEPLOYMENT, number)


def _deployment(found: Any, event_id: str) -> str | None:
    """The deployment that this event has made already."""
    for one in found:
        payload = one.get("payload") if isinstance(one, dict) else None
        if isinstance(payload, str):
            payload = parsed(Response(200, {}, payload.encode()))
        if at(payload, "tfevent") == event_id:
            return identifier(one)
    return None


DESTINATION = Destination(
    kind="github",
    title="GitHub",
    documentation=(
        "https://docs.github.com/en/rest/issues/comments",
        "https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit",
        "https://docs.github.com/en/rest/commits/statuses",
        "https://docs.github.com/en/rest/deployments/deployments",
        "https://docs.github.com/en/rest/deployments/statuses",
        "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api",
        "https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api",
        "https://docs.github.com/en/rest/about-the-rest-api/api-versions",
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
