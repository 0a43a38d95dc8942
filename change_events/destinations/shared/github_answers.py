"""Verdicts on responses of GitHub's REST API, and the permission a token needs for each request.

Permissions by endpoint: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens;
errors: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api. A repository that a token may
not see answers 404, as one that is not there.
"""

from __future__ import annotations

from change_events.destinations.base import Response, Result, Verdict
from change_events.destinations.shared.publications import identifier
from change_events.destinations.shared.responses import AGAIN, at, judge_no_page, parsed, retry_after, wait_until, words

_MINUTE = 60.0
# By purpose of a request: its endpoint, and the permission a token needs.
_PURPOSES = {
    "find the pull request": ("list", "pull-requests: read"),
    "find the comment": ("list", "pull-requests: read"),
    "comment": ("object", "pull-requests: write"),
    "find the commit": ("commit", "contents: read"),
    "set the status": ("object", "statuses: write"),
    "find the deployment": ("list", "deployments: read"),
    "deployment": ("object", "deployments: write"),
    "deployment status": ("object", "deployments: write"),
    "read the repository": ("object", "metadata: read"),
    "read the rate limit": ("rate limit", "metadata: read"),
}


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; it names a missing permission, even if GitHub answers 404."""
    expected, permission = _PURPOSES.get(response.purpose, ("object", "pull-requests: write"))
    if response.well:
        return _judge_success(response, expected)
    if (wait := _rate_limit(response)) is not None:
        return Verdict(Result.RETRY, f"its rate limit is reached ({response.status})", wait)
    if response.status == 422 and "too long" in words(response):  # noqa: PLR2004 - HTTP's own, as those below
        return Verdict(Result.SHRINK, "the comment is too long for GitHub (422)")
    if response.status in {301, 302, 307, 308}:
        return Verdict(Result.PARK, f"the repository has another name now ({response.status}); correct git's remote")
    refused = {
        401: f"the token is not accepted (401): expired, or withdrawn; set another one, {AGAIN}",
        403: f"the token lacks the permission `{permission}` (403); add it, {AGAIN}",
        404: f"it is not there (404), or the token lacks the permission `{permission}` for the repository; "
        f"add it, {AGAIN}",
        409: "it refuses that because of a conflict (409)",
        410: f"it is gone (410): comments are switched off, or the API's version is; correct that, {AGAIN}",
        422: f"GitHub refuses the values to {response.purpose or 'set'} (422)",
    }.get(response.status)
    return Verdict(Result.PARK, refused) if refused else judge_no_page(response)


def _judge_success(response: Response, expected: str) -> Verdict:
    content = parsed(response)
    good = isinstance(content, list) if expected == "list" else identifier(content) is not None
    if expected == "commit":
        good = isinstance(at(content, "sha"), str)
    elif expected == "rate limit":
        good = isinstance(at(content, "resources"), dict)
    if good and response.status != 202:  # noqa: PLR2004
        return Verdict(Result.DELIVERED)
    page = judge_no_page(response)
    return page if page.result is Result.PARK else Verdict(Result.PARK, "not an answer of GitHub's API; check `api`")


def _rate_limit(response: Response) -> float | None:
    """Return the seconds to wait if a rate limit is reached; None otherwise.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: 403 or 429; ``retry-after``, else
    ``x-ratelimit-reset`` where nothing remains, else a minute.
    """
    if response.status not in {403, 429}:
        return None
    asked = retry_after(response)
    if asked is not None:
        return asked
    if response.headers.get("x-ratelimit-remaining", "").strip() == "0":
        return wait_until(response, "x-ratelimit-reset") or _MINUTE
    limited = response.status == 429 or "rate limit" in words(response).lower()  # noqa: PLR2004
    return _MINUTE if limited else None
