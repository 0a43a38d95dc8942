"""Verdicts on responses of Jira: to comments, look-ups of comments and of the user, and deployments."""

from __future__ import annotations

from typing import Any

from change_events.destinations.base import Response, Result, Verdict
from change_events.destinations.shared.oauth import TOKEN, judge_token
from change_events.destinations.shared.responses import AGAIN, at, judge_no_page, judge_only, parsed

LOOKUP, DEPLOYMENT, MYSELF = "find the comment", "deployment", "read the user"
MEANT = "`projects` names those that are meant"
_DENIED, _ACCEPTED = 403, 202


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; the required content depends on the request."""
    if response.purpose == TOKEN:
        return judge_token(response)
    if response.purpose == DEPLOYMENT:
        return _judge_deployment(response)
    if response.status == _DENIED:
        needed = "the permissions Browse Projects, Add Comments and Edit Own Comments"
        return Verdict(Result.PARK, f"the user may not do that (403); it needs {needed}; {AGAIN}")
    verdict = judge_no_page(response)
    content = parsed(response)
    expected, good = {
        LOOKUP: ("list of comments", isinstance(at(content, "comments"), list)),
        MYSELF: ("user", isinstance(at(content, "self"), str)),
    }.get(response.purpose, ("comment", is_id(at(content, "id"))))
    if verdict.result is Result.DELIVERED and not good:
        return Verdict(Result.PARK, f"its answer has no {expected}; check `url`")
    return verdict


def _judge_deployment(response: Response) -> Verdict:
    """Return the verdict on a deployment: 202, and a body that separates accepted, rejected and unknown."""
    if response.status == _DENIED:
        return Verdict(Result.PARK, f"the OAuth credentials lack the permission Deployments (403); {AGAIN}")
    verdict = judge_only(_ACCEPTED, response)
    if verdict.result is not Result.DELIVERED:
        return verdict
    content = parsed(response)
    unknown = at(content, "unknownIssueKeys") or ()
    named = ", ".join(key for key in unknown if isinstance(key, str) and key.isascii() and key.isprintable())[:100]
    if at(content, "rejectedDeployments"):
        return Verdict(Result.PARK, "Jira rejects the deployment")
    if at(content, "acceptedDeployments"):
        return Verdict(Result.DELIVERED, f"Jira does not know {named}" if named else "")
    if named:
        return Verdict(Result.PARK, f"Jira knows none of the issues ({named}); {MEANT}")
    return Verdict(Result.PARK, f"its answer names no deployment; check `api`, {AGAIN}")


def is_id(found: Any) -> bool:
    """Return whether it is the ID of a comment."""
    return isinstance(found, str) and found.isascii() and found.isdigit()
