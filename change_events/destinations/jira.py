"""Jira: a comment on the issues that an event names, or a deployment record on them.

* Comments: ``POST /rest/api/3/issue/{key}/comment`` of Jira Cloud, in the Atlassian Document Format
  (https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/), or ``/rest/api/2`` of Data
  Center, in wiki markup (https://docs.atlassian.com/software/jira/docs/api/REST/latest/). A comment ends with the
  event's id: by that a repetition, or the end of a run, finds it among the latest and changes it.
* Deployments: ``POST /jira/deployments/0.1/cloud/{cloudId}/bulk`` with OAuth credentials of the site
  (https://developer.atlassian.com/cloud/jira/software/integrate-jsw-cloud-with-onpremises-tools/). Pipeline,
  environment and ``deploymentSequenceNumber`` are one deployment, of which a higher ``updateSequenceNumber`` replaces a
  lower one (https://developer.atlassian.com/cloud/jira/software/rest/api-group-deployments/).

Texts of events are text nodes in the one format and stand in ``{noformat}`` in the other: neither has markup, mentions
or images. Lengths of deployments are those of the API; a comment takes 32,767 characters, and ours are shorter.
"""

from __future__ import annotations

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
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import jira_comment, mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.issue_keys import issue_keys
from change_events.destinations.shared.jira_answers import DEPLOYMENT, LOOKUP, MEANT, MYSELF, is_id, judge
from change_events.destinations.shared.oauth import client_credentials
from change_events.destinations.shared.request import address_of, basic_login, post, present, text_of, uri
from change_events.destinations.shared.responses import at, content_of
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import iso, milliseconds
from change_events.model import Kind, Outcome, Phase
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.destinations.base import Steps
    from change_events.model import ChangeEvent, SealedEvent

API = "https://api.atlassian.com"
MOST_COMMENTS = 8  # issues of one event that are commented: each takes two requests
LIMITS = Limits(
    body_bytes=30_000,
    fields={
        **dict.fromkeys(("displayName", "description", "label", "pipeline.id", "environment.id"), 255),
        "url": 2000,
        "comment": 32_767,
    },
    entries={"associations.values": 500},
)
_LOOKED_THROUGH = 50  # of an issue's latest comments
_MISSING = 404
_STATES = {
    None: "in_progress",
    Outcome.SUCCEEDED: "successful",
    Outcome.NO_CHANGE: "successful",
    Outcome.PARTIAL: "failed",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "cancelled",
    Outcome.DECLINED: "cancelled",
    Outcome.UNKNOWN: "unknown",
}
# the beginnings of names that environments have, by Jira's types of them
_ENVIRONMENTS = {
    "production": ("prod", "prd", "live"),
    "staging": ("stag", "stg", "preprod", "pre-prod", "uat"),
    "testing": ("test", "tst", "qa"),
    "development": ("dev",),
}

OPTIONS = (
    Option(
        name="record",
        type="choice",
        choices=("comment", "deployment"),
        default="comment",
        environment="TFEVENT_JIRA_RECORD",
        help="What the issues get: a comment, or a deployment record (Jira Cloud only).",
    ),
    Option(
        name="url",
        type="url",
        environment="TFEVENT_JIRA_URL",
        help="Address of the site (https://NAME.atlassian.net) or of Data Center, for comments.",
    ),
    Option(
        name="user",
        type="string",
        environment="TFEVENT_JIRA_USER",
        help="E-mail address that the API token belongs to (Jira Cloud); without it, `token` is a personal access "
        "token of Data Center.",
    ),
    Option(
        name="token",
        type="string",
        secret=True,
        environment="TFEVENT_JIRA_TOKEN",
        help="API token, or personal access token, of a user who may browse the projects and add comments.",
    ),
    Option(
        name="cloud_id",
        type="string",
        environment="TFEVENT_JIRA_CLOUD_ID",
        help="ID of the cloud site (https://NAME.atlassian.net/_edge/tenant_info), for deployments.",
    ),
    Option(
        name="client_id",
        type="string",
        environment="TFEVENT_JIRA_CLIENT_ID",
        help="Client ID of the site's OAuth credentials with the permission `Deployments`.",
    ),
    Option(
        name="client_secret",
        type="string",
        secret=True,
        environment="TFEVENT_JIRA_CLIENT_SECRET",
        help="Secret of these OAuth credentials.",
    ),
    Option(
        name="projects",
        type="string",
        environment="TFEVENT_JIRA_PROJECTS",
        help="Keys of the projects whose issues are meant, separated by commas; without it, whatever looks like an "
        "issue key (`UTF-8` does not).",
    ),
    Option(name="api", type="url", default=API, help="Base address of Atlassian's API, for a proxy."),
    CA_FILE,
)


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether what comments or deployments need is there."""
    deployment = options.get("record") == "deployment"
    needed = ("cloud_id", "client_id", "client_secret") if deployment else ("url", "token")
    why = f"`record: {'deployment' if deployment else 'comment'}` needs it"
    return tuple(f"{name}: missing; {why}" for name in needed if not options.get(name))


def inapplicable(event: ChangeEvent, options: Mapping[str, Any]) -> str | None:
    """Why there is nothing to send of an event: it names no issue, or is no deployment."""
    if not _keys(event, options):
        of = f" of {options['projects']}" if options.get("projects") else ""
        return f"neither branch nor commits nor links name a Jira issue{of}"
    if options.get("record") != "deployment":
        return None
    if event.kind not in {Kind.DEPLOYMENT, Kind.INFRASTRUCTURE} or event.phase is not Phase.APPLIED:
        return "it is not a deployment"
    return (
        None if _page(event, options) else "a deployment record needs a page to link to, and no run or commit has one"
    )


def _keys(event: ChangeEvent, options: Mapping[str, Any]) -> list[str]:
    return issue_keys(event, str(options.get("projects") or ""))


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the site, or of Atlassian's API. Raises OptionError."""
    if options.get("record") == "deployment":
        return origin_of(address_of(options, "api", API))
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The deployment, or the comment on the first issue, its body within ``limit`` bytes. Raises OptionError."""
    for problem in check(options):
        raise OptionError(problem)
    most = limit or LIMITS.body_bytes
    keys = _keys(sealed.event, options)
    if not keys:
        raise OptionError("projects: the event names no issue of them")
    if options.get("record") == "deployment":
        return _deployment(sealed, options, keys, most)
    return _request(options, "POST", _comments_of(options, keys[0]), _comment(sealed, options, most))


def steps(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None, _handle: str | None) -> Steps:
    """The requests for one event: the deployment, or for each issue the look-up of its comments and the comment.

    Raises:
        OptionError: as of :func:`render`.
    """
    if why := inapplicable(sealed.event, options):
        return Verdict(Result.SKIPPED, why)
    made = render(sealed, options, limit)
    if made.purpose == DEPLOYMENT:
        return (yield made).verdict
    mark, written = jira_comment.mark(sealed.event), False
    missing: list[str] = []
    for key in _keys(sealed.event, options)[:MOST_COMMENTS]:
        url = _comments_of(options, key)
        query = urlencode({"orderBy": "-created", "maxResults": _LOOKED_THROUGH})
        looked = yield _request(options, "GET", f"{url}?{query}", b"", LOOKUP)
        if looked.response is not None and looked.response.status == _MISSING:
            missing.append(key)
            continue
        if looked.verdict.result is not Result.DELIVERED:
            return looked.verdict
        found = _marked(content_of(looked), mark)
        address, method = (url, "POST") if found is None else (f"{url}/{found}", "PUT")
        reply = yield msgspec.structs.replace(made, method=method, url=address)
        if reply.verdict.result is not Result.DELIVERED:
            return reply.verdict
        written = True
    reason = f"there is no issue {', '.join(missing)}, or the user may not see it; {MEANT}" if missing else ""
    return Verdict(Result.DELIVERED if written else Result.PARK, reason)


def access(_here: SealedEvent, options: Mapping[str, Any]) -> Request:
    """What reads the user that the token belongs to; for deployments, what obtains a token with the credentials.

    https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/
    """
    if options.get("record") == "deployment":
        return _token(options, address_of(options, "api", API))
    version = "3" if options.get("user") else "2"
    return _request(options, "GET", f"{address_of(options, 'url')}/rest/api/{version}/myself", b"", MYSELF)


# -- comments ----------------------------------------------------------------------------------------------------------


def _comment(sealed: SealedEvent, options: Mapping[str, Any], limit: int) -> bytes:
    form = jira_comment.document if options.get("user") else jira_comment.wiki
    mark = jira_comment.mark(sealed.event)
    return fitted(sealed.event, limit, lambda event: msgspec.json.encode({"body": form(event, mark)}))


def _comments_of(options: Mapping[str, Any], key: str) -> str:
    version = "3" if options.get("user") else "2"
    return f"{address_of(options, 'url')}/rest/api/{version}/issue/{quote(key, safe='')}/comment"


def _marked(content: Any, mark: str) -> str | None:
    """The id of the comment that has ``mark`` in its text."""
    for comment in at(content, "comments") or ():
        found = at(comment, "id")
        if is_id(found) and mark in msgspec.json.encode(at(comment, "body")).decode():
            return str(found)
    return None


def _request(options: Mapping[str, Any], method: str, url: str, body: bytes, purpose: str = "") -> Request:
    token = text_of(options, "token")
    if options.get("user"):
        login = basic_login(str(options["user"]), token)
        header, secrets = login.header, login.secrets
    else:
        header, secrets = f"Bearer {token}", (token,)
    headers = {"Accept": "application/json", "Authorization": header}
    return post(url, body, secrets=secrets, headers=headers, method=method, body_decides=True, purpose=purpose)


# -- deployments -------------------------------------------------------------------------------------------------------


def _deployment(sealed: SealedEvent, options: Mapping[str, Any], keys: list[str], limit: int) -> Request:
    whole = sealed.event
    page = _page(whole, options)
    if page is None:
        raise OptionError("url: missing; the event has no page of its own to link to")
    fixed = {
        "schemaVersion": "1.0",
        "deploymentSequenceNumber": milliseconds(whole.started_at),
        "updateSequenceNumber": milliseconds(mapping.moment(whole)) + (whole.outcome is not None),
        "associations": [{"associationType": "issueIdOrKeys", "values": keys[: LIMITS.entries["associations.values"]]}],
        "url": page,
        "pipeline": {**_pipeline(whole), "url": page},
        "environment": _environment(whole),
    }

    def encode(event: ChangeEvent) -> bytes:
        deployment = fixed | deployment_record(event)
        return msgspec.json.encode({"deployments": [deployment], "providerMetadata": {"product": "tfevent"}})

    base = address_of(options, "api", API)
    url = f"{base}/jira/deployments/0.1/cloud/{quote(text_of(options, 'cloud_id'), safe='')}/bulk"
    accepted = {"Accept": "application/json"}
    return post(
        url,
        fitted(whole, limit, encode),
        secrets=(),
        headers=accepted,
        body_decides=True,
        purpose=DEPLOYMENT,
        token=_token(options, base),
    )


def _token(options: Mapping[str, Any], base: str) -> Request:
    client, secret = text_of(options, "client_id"), text_of(options, "client_secret")
    return client_credentials(f"{base}/oauth/token", client, secret, {"audience": "api.atlassian.com"}, as_json=True)


def _page(event: ChangeEvent, options: Mapping[str, Any]) -> str | None:
    """The address that the record leads to: of the run, the pull request or the commit, else the site."""
    pages = [uri(link.url) for link in mapping.links(event)]
    site = [str(options["url"])] if options.get("url") else []
    return next((page for page in (*pages, *site) if len(page) <= LIMITS.fields["url"]), None)


def _pipeline(event: ChangeEvent) -> dict[str, str]:
    """What deployments follow one another: of one service, else of one repository."""
    name = one_line(event.service or mapping.repository(event).path or (event.tool.name if event.tool else "tfevent"))
    return {"id": _field("pipeline.id", name), "displayName": _field("displayName", name)}


def _environment(event: ChangeEvent) -> dict[str, str]:
    workspace = event.tool.workspace if event.tool else None
    name = one_line(event.environment or workspace or "default")
    lower = name.lower()
    kinds = (kind for kind, names in _ENVIRONMENTS.items() if lower.startswith(names))
    return {
        "id": _field("environment.id", name),
        "displayName": _field("displayName", name),
        "type": next(kinds, "unmapped"),
    }


def deployment_record(event: ChangeEvent) -> dict[str, Any]:
    """The fields of a deployment that may be made shorter."""
    took = mapping.duration_ms(event)
    fields = {
        "displayName": _field("displayName", one_line(event.title)) or event.kind.value,
        "description": _field("description", one_line(mapping.paragraph(event), 2 * LIMITS.fields["description"])),
        "label": _field("label", one_line(event.version or "")),
        "lastUpdated": iso(mapping.moment(event)),
        "state": _STATES[event.outcome],
        "duration": None if took is None else took // 1000,
    }
    return present(fields)


def _field(name: str, text: str) -> str:
    return clip(text, LIMITS.fields[name])


DESTINATION = Destination(
    kind="jira",
    title="Jira",
    documentation=(
        "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/",
        "https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/",
        "https://docs.atlassian.com/software/jira/docs/api/REST/latest/",
        "https://developer.atlassian.com/cloud/jira/software/integrate-jsw-cloud-with-onpremises-tools/",
        "https://developer.atlassian.com/cloud/jira/software/rest/api-group-deployments/",
        "https://developer.atlassian.com/cloud/jira/platform/rate-limiting/",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    check=check,
    inapplicable=inapplicable,
    steps=steps,
    access=access,
)
