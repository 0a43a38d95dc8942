"""The requests to a collector of a ledger, and the meaning of its responses."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from change_events.destinations.base import OptionError, Request, Response, Result, Verdict, user_agent
from change_events.destinations.shared.databases import is_token
from change_events.destinations.shared.postgres import TEAM
from change_events.destinations.shared.request import post
from change_events.destinations.shared.responses import AGAIN, at, judge_no_page, parsed

PURPOSE = "collector"
"""Of the requests, and so of the responses."""

EVENT_BYTES = 4_000_000
"""What a collector takes of one event."""

_NONE_THERE = "there is no collector at this address ({}); `tfevent events serve --collect` is one"
_REFUSED = {
    400: "it did not get the whole request (400)",
    404: f"{_NONE_THERE.format(404)}; correct `url`, {AGAIN}",
    405: f"{_NONE_THERE.format(405)}; correct `url`, {AGAIN}",
    415: "it does not take events of this form (415); upgrade the collector",
    422: "it takes this event for invalid (422); a newer tfevent may have made it: upgrade the collector",
}
_VARIABLE = "`TFEVENT_LEDGER_TOKEN`, which takes precedence over the file"
_OF_TOKEN = {  # verdicts by a collector's own problem code
    "token": "the token is not accepted, or no longer (401): set another one as `token` or as "
    f"{_VARIABLE}; `tfevent events ledger token create` makes one, {AGAIN}",
    "not_allowed": "it does not let this token record events (403): set one as `token` or as "
    f"{_VARIABLE}, that `tfevent events ledger token create --write` made, {AGAIN}",
}
_OF_GUARD = (
    "it does not answer requests under this name, or from here (403): its administrator allows them "
    "(`serve --allow-host`, `--behind-proxy`)"
)
_NO_COLLECTORS = {
    401: "something before the collector asks for a sign-in of its own, or `url` has a path too much (401): let `/v1/` "
    f"pass there, or correct `url`, {AGAIN}",
    403: f"something before the collector refuses, and not the collector (403): let `/v1/` pass there, {AGAIN}",
}
_ANOTHER = "what answers there is no collector; correct `url`"


class Looked(NamedTuple):
    """The result of a health check: seconds by which the ledger's clock is ahead, and a clause about the token."""

    skew: float
    bearer: str


def recording(url: str, token: str, body: bytes) -> Request:
    """Return the request that records an event. Raises OptionError if the token is invalid."""
    _check(token)
    return post(
        f"{url}/v1/events",
        body,
        secrets=(token,),
        headers={"Authorization": f"Bearer {token}"},
        body_decides=True,
        purpose=PURPOSE,
    )


def looking(url: str, token: str) -> Request:
    """Return the health check of collector, ledger and token. Raises OptionError if the token is invalid."""
    _check(token)
    headers = {"Authorization": f"Bearer {token}", "User-Agent": user_agent()}
    return Request("GET", f"{url}/v1/health", headers, b"", (token,), body_decides=True, purpose=PURPOSE)


def _check(token: str) -> None:
    if not is_token(token):
        raise OptionError("token: it has characters that a token has not")


def judge(response: Response) -> Verdict:
    """Return the verdict on a response to an event."""
    if response.well:
        is_taken = at(parsed(response), "received") == 1
        return Verdict(Result.DELIVERED) if is_taken else Verdict(Result.PARK, _ANOTHER)
    if response.status == 408:  # noqa: PLR2004
        return Verdict(Result.RETRY, "the event did not reach it in time (408)")
    if response.status == 400:  # noqa: PLR2004
        return Verdict(Result.RETRY, _REFUSED[400])
    if response.status in _NO_COLLECTORS:
        return _kept_out(response)
    if response.status in _REFUSED:
        return Verdict(Result.PARK, _REFUSED[response.status])
    return judge_no_page(response)


def _kept_out(response: Response) -> Verdict:
    """Return the verdict on a 401 or 403, which may also come from a proxy, sign-in or firewall."""
    problem: Any = parsed(response)
    code = at(problem, "code")
    if isinstance(code, str) and code in _OF_TOKEN:
        return Verdict(Result.PARK, _OF_TOKEN[code])
    if response.status == 403 and at(problem, "status") == 403:  # noqa: PLR2004
        return Verdict(Result.RETRY, _OF_GUARD)
    return Verdict(Result.PARK, _NO_COLLECTORS[response.status])


def looked(response: Response) -> Looked | Verdict:
    """Return the result of a health check; a verdict if something is wrong."""
    if not response.well:
        return judge(response)
    found: Any = parsed(response)
    text = at(found, "time")
    if at(found, "status") != "ok" or not isinstance(text, str):
        return Verdict(Result.PARK, _ANOTHER)
    if at(found, "may_write") is not True:
        return Verdict(Result.PARK, _OF_TOKEN["not_allowed"])
    try:
        return Looked(datetime.fromisoformat(text).timestamp() - time.time(), _bearer(found))
    except (ValueError, OverflowError):
        return Verdict(Result.PARK, _ANOTHER)


def _bearer(found: Any) -> str:
    """Return the team and expiry of the token, empty if not reported. Raises ValueError, OverflowError."""
    team, expires = at(found, "team"), at(found, "expires_at")
    if not isinstance(team, str) or not TEAM.fullmatch(team):
        return ""
    if not isinstance(expires, str):
        return f"the token is for team {team}"
    end = datetime.fromisoformat(expires).astimezone(UTC)
    return f"the token is for team {team}, and expires {end:%Y-%m-%d %H:%M} UTC"
