"""Google Chat, for people: a card in a space, posted by a webhook of that space.

Webhooks and threads: https://developers.google.com/workspace/chat/quickstart/webhooks. The card (``cardsV2``):
https://developers.google.com/workspace/chat/api/reference/rest/v1/cards; its texts are HTML of a few tags, so all that
an event holds is escaped. A message has at most 32,000 bytes, text and cards together
(https://developers.google.com/workspace/chat/create-messages), and all webhooks of a space share one request a second
(https://developers.google.com/workspace/chat/limits).

A webhook cannot change what it posted: start and end of a run are two cards, in the thread of their stack.
"""

from __future__ import annotations

from hashlib import sha256
from html import escape
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
from change_events.destinations.shared import chat, mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import address_of, extended, post, secrets_of, uri
from change_events.destinations.shared.responses import at, judge_no_page, parsed
from change_events.destinations.shared.size_limit import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(
    body_bytes=32_000,
    fields={"thread.threadKey": 4000},
    entries={"cardsV2.card.sections.widgets": 100},
    rate=Rate(1, 1),
)
_TITLE, _PARAGRAPH, _LINE, _MESSAGE = 200, 300, 180, 3000  # characters: a message is read at a glance
_MOST_LINES, _MOST_LINKS, _LINK_TEXT, _URL = 12, 4, 75, 1000
_KEY_LENGTH = 32
_REPLY = {"messageReplyOption": "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"}

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        secret=True,
        environment="TFEVENT_GOOGLECHAT_URL",
        help="URL of the space's webhook (https://chat.googleapis.com/v1/spaces/…); it holds a key and a token, so "
        "only its host is ever shown.",
    ),
    Option(
        name="thread",
        type="choice",
        choices=("stack", "none"),
        default="stack",
        help="Where a message goes: into one thread for each stack (a state, a playbook, a service), or each into a "
        "thread of its own.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the webhook. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    origin(options)
    given = str(options["url"]).strip()
    url, thread = given, {}
    if options.get("thread") != "none":
        url = extended(given, **_REPLY)
        thread = {"thread": {"threadKey": _thread_key(sealed.event)}}
    most = limit or LIMITS.body_bytes
    body = fitted(sealed.event, most, lambda event: msgspec.json.encode(document(event) | thread))
    return post(url, body, secrets=(*secrets_of(given), *secrets_of(url)), body_decides=True)


def _thread_key(event: ChangeEvent) -> str:
    """The same for all events of a stack; an explicit event without a tool belongs to its service or repository."""
    return f"tfevent-{sha256(chat.stack(event).encode()).hexdigest()[:_KEY_LENGTH]}"


def document(event: ChangeEvent) -> dict[str, Any]:
    """The message that holds the card of one event."""
    title = chat.title(event, _TITLE)
    card = {
        "header": {"title": clip(title, _TITLE), "subtitle": clip(mapping.result(event), _TITLE)},
        "sections": [{"widgets": _widgets(event)}],
    }
    return {
        "fallbackText": f"{clip(title, _TITLE)} ({mapping.result(event)})",
        "cardsV2": [{"cardId": "event", "card": card}],
    }


def _widgets(event: ChangeEvent) -> list[dict[str, Any]]:
    texts = [_escaped(clip(mapping.paragraph(event), _PARAGRAPH))]
    if message := mapping.chat_message(event):
        texts.append(_escaped(mapping.text_within(message, _MESSAGE)))
    if lines := mapping.worst(event, _MOST_LINES):
        texts.append("<br>".join(_escaped(clip(line, _LINE)) for line in lines))
    widgets: list[dict[str, Any]] = [{"textParagraph": {"text": text}} for text in texts]
    if buttons := _buttons(event):
        widgets.append({"buttonList": {"buttons": buttons}})
    return widgets


def _buttons(event: ChangeEvent) -> list[dict[str, Any]]:
    return [
        {"text": clip(link.title, _LINK_TEXT), "onClick": {"openLink": {"url": uri(link.url)}}}
        for link in chat.links(event, _MOST_LINKS, _URL)
    ]


def _escaped(text: str) -> str:
    """``text`` in which no tag begins; its lines stay lines."""
    return escape(chat.printable(text), quote=False).replace("\n", "<br>")


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: a success is the message that was made."""
    if response.well and not str(at(parsed(response), "name") or "").startswith("spaces/"):
        page = judge_no_page(response)
        return page if page.result is Result.PARK else Verdict(Result.PARK, "not an answer of Google Chat; check `url`")
    return judge_no_page(response)


DESTINATION = Destination(
    kind="googlechat",
    title="Google Chat",
    documentation=(
        "https://developers.google.com/workspace/chat/quickstart/webhooks",
        "https://developers.google.com/workspace/chat/create-messages",
        "https://developers.google.com/workspace/chat/api/reference/rest/v1/cards",
        "https://developers.google.com/workspace/chat/limits",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)
