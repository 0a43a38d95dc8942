"""Requests for short-lived tokens: OAuth 2.0 client credentials (RFC 6749 §4.4) and what their answers mean."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from change_events.destinations.base import Request, Response, Result, Verdict
from change_events.destinations.shared.request import post
from change_events.destinations.shared.responses import AGAIN, is_page, judge_status

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "token"  # noqa: S105 - a word
"""The purpose of a request for a token, by which its answer is known."""

_REFUSED = {400, 401, 403}


def client_credentials(
    url: str, client_id: str, client_secret: str, more: Mapping[str, str] | None = None, *, as_json: bool = False
) -> Request:
    """The request for a token.

    Args:
        url: the token endpoint.
        client_id: who asks.
        client_secret: the proof, never shown.
        more: further parameters: a scope, an audience.
        as_json: the parameters are sent as JSON, which some issuers ask for, and not as a form.
    """
    fields = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
        **(more or {}),
    }
    body = msgspec.json.encode(fields) if as_json else urlencode(fields).encode()
    kind = "application/json" if as_json else "application/x-www-form-urlencoded"
    return post(
        url,
        body,
        secrets=(client_secret, *_as_form(client_secret)),
        headers={"Accept": "application/json"},
        content_type=kind,
        body_decides=True,
        purpose=TOKEN,
    )


def _as_form(secret: str) -> tuple[str, ...]:
    encoded = urlencode({"": secret})[1:]
    return (encoded,) if encoded != secret else ()


def judge_token(response: Response) -> Verdict:
    """What the answer to a request for a token means; delivery looks for the token in it."""
    if is_page(response):
        return Verdict(Result.PARK, f"a page of HTML answers there ({response.status}); check the address")
    if response.status in _REFUSED:
        return Verdict(Result.PARK, f"the credentials are not accepted ({response.status}); correct them, {AGAIN}")
    return judge_status(response)
