"""Any URL: the event's own JSON (``change_events/schema``), signed if there is a secret.

The headers and the signature are those of Standard Webhooks (https://www.standardwebhooks.com), so a receiver
can check them with a library of its language:

* ``webhook-id``: the event's id, the same at every attempt: use it to recognise what came twice. An event that is
  under way has ``-started`` after it, since the same event comes again when it has ended.
* ``webhook-timestamp``: seconds since 1970 at the time of this attempt.
* ``webhook-signature``: ``v1,`` and the base64 of HMAC-SHA256 over ``{id}.{timestamp}.{body}``; only with a
  secret. The key is the base64 after ``whsec_`` where the secret begins so, else the secret's UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    OptionError,
    Request,
    origin_of,
    user_agent,
)
from change_events.destinations.shared import mapping
from change_events.destinations.shared.request import address_of, secrets_of
from change_events.destinations.shared.responses import judge_no_sign_in
from change_events.destinations.shared.size_limit import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import SealedEvent

LIMITS = Limits(body_bytes=1_000_000)
_PREFIX = "whsec_"

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        secret=True,
        environment="TFEVENT_WEBHOOK_URL",
        help="Where to send; may hold credentials, so only its host is ever shown.",
    ),
    Option(
        name="secret",
        type="string",
        secret=True,
        environment="TFEVENT_WEBHOOK_SECRET",
        help="Key of the HMAC-SHA256 signature (Standard Webhooks; plain text, or `whsec_` and base64).",
    ),
    Option(name="headers", type="string-map", secret=True, help="More headers, for example Authorization."),
    Option(name="method", type="choice", choices=("POST", "PUT"), default="POST", help="HTTP method."),
    Option(
        name="max_bytes",
        type="integer",
        default=LIMITS.body_bytes,
        help="Largest body the receiver takes; larger events lose their least important parts.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the URL. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The request for one event, its body within ``limit`` bytes (by default the option ``max_bytes``).

    Raises:
        OptionError: no URL, a secret that is not base64 after ``whsec_``, or too small a ``max_bytes``.
    """
    url = str(options.get("url") or "")
    origin(options)
    extra = {str(name): str(value) for name, value in dict(options.get("headers") or {}).items()}
    body = _body(sealed, limit or int(options.get("max_bytes") or LIMITS.body_bytes))
    headers = {"Content-Type": "application/json", "User-Agent": user_agent()} | extra
    headers |= signed_headers(
        mapping.delivery_id(sealed.event), body, str(options.get("secret") or ""), int(time.time())
    )
    return Request(
        method=str(options.get("method") or "POST"),
        url=url,
        headers=headers,
        body=body,
        secrets=(*secrets_of(url), *extra.values()),
    )


def _body(sealed: SealedEvent, limit: int) -> bytes:
    if len(sealed.body) <= limit:
        return sealed.body
    return fitted(sealed.event, limit, msgspec.json.encode, option="max_bytes")


def signed_headers(event_id: str, body: bytes, secret: str, now: int) -> dict[str, str]:
    """The Standard Webhooks headers; without ``secret``, no signature. Raises OptionError."""
    headers = {"webhook-id": event_id, "webhook-timestamp": str(now)}
    if secret:
        import hashlib  # brings OpenSSL, and the process that sends is one of many
        import hmac

        content = f"{event_id}.{now}.".encode() + body
        digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
        headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
    return headers


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise OptionError("secret: what follows `whsec_` is not base64") from None


DESTINATION = Destination(
    kind="webhook",
    title="Webhook",
    documentation=("https://www.standardwebhooks.com",),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge_no_sign_in,
    origin=origin,
)
