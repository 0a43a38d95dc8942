"""Discord, for people: one embed in a channel, posted by a webhook of that channel.

The request: https://discord.com/developers/docs/resources/webhook#execute-webhook. With ``wait=true`` the answer is the
message that was made; its id is what a settled run edits
(https://discord.com/developers/docs/resources/webhook#edit-webhook-message). Lengths of an embed and of all its texts
together: https://discord.com/developers/docs/resources/message#embed-object-embed-limits. Mentions are switched off by
``allowed_mentions``, so no one is notified whatever a text holds.

How many requests a webhook takes is not documented; the headers of its answers say five in two seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    Rate,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import chat
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.mapping import moment
from change_events.destinations.shared.request import address_of, extended, post, present, secrets_of
from change_events.destinations.shared.responses import AGAIN, at, judge_no_page, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import iso
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(
    body_bytes=24_000,
    fields={"embeds.title": 256, "embeds.description": 4096, "embeds": 6000},
    entries={"embeds": 10},
    rate=Rate(5, 2),
)
# all of it fits the embed, however much of a text has to be escaped
_SIZES = chat.Sizes(paragraph=300, message=1200, lines=10, line=120, links=3, link_text=60, url=150)
_SPECIAL = lazy_pattern(r"([\\`*_\[\]()#|~<>])")
_HANDLE = lazy_pattern(r"\d{1,32}")
_GONE = {
    10008: "the message to bring up to date is gone",
    10015: f"the webhook was deleted; make another one, {AGAIN}",
    50027: f"the webhook's token is not accepted; copy its URL again, {AGAIN}",
}

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        secret=True,
        environment="TFEVENT_DISCORD_URL",
        help="URL of the channel's webhook (https://discord.com/api/webhooks/…); with `?thread_id=…` it posts to a "
        "thread. It holds a token, so only its host is ever shown.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the webhook. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    address = _address(options, wait="true")
    return _request(sealed.event, options, address, limit or LIMITS.body_bytes)


def update(sealed: SealedEvent, options: Mapping[str, Any], handle: str) -> Request:
    """Return the request that edits the message ``handle``. Raises OptionError."""
    if not _HANDLE.fullmatch(handle):
        return render(sealed, options)
    edit = _request(sealed.event, options, _address(options, f"/messages/{handle}"), LIMITS.body_bytes)
    return msgspec.structs.replace(edit, method="PATCH")


def handle(response: Response) -> str | None:
    """Return the ID of the created message."""
    found = at(parsed(response), "id")
    return found if isinstance(found, str) and _HANDLE.fullmatch(found) else None


def _address(options: Mapping[str, Any], path: str = "", **query: str) -> str:
    """The webhook's own address with more of a path and a query. Raises OptionError."""
    origin(options)
    return extended(str(options["url"]).strip(), path, **query)


def _request(event: ChangeEvent, options: Mapping[str, Any], address: str, most: int) -> Request:
    body = fitted(event, most, lambda smaller: msgspec.json.encode(document(smaller)))
    secrets = (*secrets_of(str(options["url"]).strip()), *secrets_of(address))
    return post(address, body, secrets=secrets, body_decides=True)


def document(event: ChangeEvent) -> dict[str, Any]:
    """The message that holds the embed of one event."""
    embed = {
        "title": clip(_escaped(chat.title(event, 200), 200), LIMITS.fields["embeds.title"]),
        "url": chat.title_link(event, _SIZES.url),
        "description": "\n".join(chat.markdown(event, _SIZES, _escaped)),
        "color": chat.colour(event),
        "timestamp": iso(moment(event)),
    }
    return {"embeds": [present(embed)], "allowed_mentions": {"parse": []}}


def _escaped(text: str, limit: int) -> str:
    """``text`` on one line, in which no sign means anything to Discord's Markdown."""
    return _SPECIAL.sub(r"\\\1", one_line(text, limit))


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: a success is the message that was made."""
    content = parsed(response)
    if response.well and handle(response) is None:
        page = judge_no_page(response)
        return page if page.result is Result.PARK else Verdict(Result.PARK, "not an answer of Discord; check `url`")
    code = at(content, "code")
    if not response.well and isinstance(code, int) and code in _GONE:
        return Verdict(Result.PARK, _GONE[code])
    return judge_no_page(response)


DESTINATION = Destination(
    kind="discord",
    title="Discord",
    documentation=(
        "https://discord.com/developers/docs/resources/webhook",
        "https://discord.com/developers/docs/resources/message#embed-object",
        "https://discord.com/developers/docs/topics/rate-limits",
        "https://discord.com/developers/docs/topics/opcodes-and-status-codes#json",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    handle=handle,
    update=update,
)
