"""Requests for short-lived tokens: OAuth 2.0 client credentials (RFC 6749 §4.4), and verdicts on their responses."""

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
    """Return the request for a token.

    Args:
        url: the token endpoint.
        client_id: id of the client.
        client_secret: secret of the client, never shown.
        more: further parameters, e.g. scope or audience.
        as_json: send the parameters as JSON, as some issuers require, instead of a form.
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
    """Return the verdict on a token response; delivery reads the token from it."""
    if is_page(response):
        return Verdict(Result.PARK, f"a page of HTML answers there ({response.status}); check the address")
    if response.status in _REFUSED:
        return Verdict(Result.PARK, f"the credentials are not accepted ({response.status}); correct them, {AGAIN}")
    return judge_status(response)
