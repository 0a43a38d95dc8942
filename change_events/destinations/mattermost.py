"""Mattermost, for people: a message with one attachment, posted by an incoming webhook.

The request and its answers: https://developers.mattermost.com/integrate/webhooks/incoming/; attachments:
https://developers.mattermost.com/integrate/reference/message-attachments/. Texts are Markdown in which ``@channel`` and
names notify people, in attachments too; what an event holds notifies no one, since an invisible character (U+2060)
follows each ``@``. Servers before 5.33 refuse attachments of more than 8,000 characters
(https://github.com/mattermost/mattermost/blob/master/server/public/model/post.go), so a message stays below that.

The answer is ``ok`` and names nothing, so a message cannot be brought up to date. Rates are set by the server's own
administrator; by default there is no limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import chat, mapping
from change_events.destinations.shared.request import address_of, post, present, secrets_of
from change_events.destinations.shared.responses import AGAIN, at, judge_no_page, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.markdown import one_line, page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=7_900)
_TITLE = 200  # characters
_SIZES = chat.Sizes(paragraph=300, message=3000, lines=12, line=180, links=4, link_text=75, url=500)
_SPECIAL = lazy_pattern(r"([\\`*_\[\]()#+|~>!])")
_QUIET_AT = "@\u2060"
_REFUSED = {
    "web.incoming_webhook.disabled.app_error": f"the server has no incoming webhooks enabled; enable them, {AGAIN}",
    "web.incoming_webhook.invalid.app_error": f"there is no such webhook; correct `url`, {AGAIN}",
    "web.incoming_webhook.channel.app_error": f"there is no such channel; correct `channel`, {AGAIN}",
    "web.incoming_webhook.channel_locked.app_error": f"the webhook has a fixed channel; remove `channel`, {AGAIN}",
    "web.incoming_webhook.permissions.app_error": f"the webhook may not post to the channel; correct it, {AGAIN}",
}
_TOO_LONG = {"web.incoming_webhook.split_props_length.app_error", "web.incoming_webhook.parse_multipart.app_error"}

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        secret=True,
        environment="TFEVENT_MATTERMOST_URL",
        help="URL of the incoming webhook (https://mattermost.example.com/hooks/…); it holds a token, so only its "
        "host is ever shown.",
    ),
    Option(
        name="channel",
        type="string",
        environment="TFEVENT_MATTERMOST_CHANNEL",
        help="Channel to post to, as its URL spells it, or `@user`; by default that of the webhook.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the webhook. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    origin(options)
    url = str(options["url"]).strip()
    channel = present({"channel": options.get("channel")})
    most = limit or LIMITS.body_bytes
    body = fitted(sealed.event, most, lambda event: msgspec.json.encode(channel | document(event)))
    return post(url, body, secrets=secrets_of(url))


def document(event: ChangeEvent) -> dict[str, Any]:
    """The message that holds the attachment of one event."""
    title = chat.title(event, _TITLE)
    attachment = {
        "fallback": _silent(f"{title} ({mapping.result(event)})"),
        "color": f"#{chat.colour(event):06x}",
        "title": _silent(_escaped(title, _TITLE)),
        "title_link": chat.title_link(event, _SIZES.url),
        "text": "\n\n".join(_silent(part) for part in chat.markdown(event, _SIZES, _escaped, _target)),
    }
    return {"attachments": [present(attachment)]}


def _target(url: str) -> str:
    return page(url).replace("@", "%40")  # an address has no room for what follows each @


def _escaped(text: str, limit: int) -> str:
    """``text`` on one line, in which no sign means anything to Markdown."""
    return _SPECIAL.sub(r"\\\1", one_line(text, limit))


def _silent(text: str) -> str:
    """``text`` that mentions no one."""
    return text.replace("@", _QUIET_AT)


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: a refusal has an id that says why."""
    name = at(parsed(response), "id")
    if not response.well and name in _TOO_LONG:
        return Verdict(Result.SHRINK, "the message is too long for Mattermost")
    if not response.well and isinstance(name, str) and name in _REFUSED:
        return Verdict(Result.PARK, _REFUSED[name])
    return judge_no_page(response)


DESTINATION = Destination(
    kind="mattermost",
    title="Mattermost",
    documentation=(
        "https://developers.mattermost.com/integrate/webhooks/incoming/",
        "https://developers.mattermost.com/integrate/reference/message-attachments/",
        "https://docs.mattermost.com/collaborate/mention-people.html",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)
