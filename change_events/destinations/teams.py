"""Microsoft Teams, for people: an Adaptive Card posted by a workflow ("When a Teams webhook request is received").

Set up a workflow: https://support.microsoft.com/en-us/office/create-incoming-webhooks-with-workflows-for-microsoft-teams.
The card's form: https://adaptivecards.io/explorer/AdaptiveCard.html (1.4); the envelope and ``msteams.width``:
https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-format. What comes from the
event stands in ``RichTextBlock``, which knows no Markdown; the message of an explicit event is a ``TextBlock``, which
knows some.

A workflow answers 202 before it has posted anything: whether the card arrived is only seen in its run history. A card
that is too large fails there, so it has to be small from the start. The connector takes about 28 KB
(https://learn.microsoft.com/en-us/connectors/teams/), counted with its own additions
(https://github.com/MicrosoftDocs/msteams-docs/issues/11274) and, as older webhooks did, perhaps two bytes a character:
half of it is safe. Rates of workflows are not documented; older webhooks took 4 requests a second.
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
    Verdict,
    origin_of,
)
from change_events.destinations.shared import chat, mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import address_of, post, secrets_of, uri
from change_events.destinations.shared.responses import judge_no_page
from change_events.destinations.shared.size_limit import fitted
from change_events.model import Severity
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=14_000, rate=Rate(4, 1))
_TITLE, _PARAGRAPH, _LINE, _MESSAGE = 200, 300, 180, 3000  # characters: a message is read at a glance
_MOST_LINES, _MOST_LINKS, _URL = 12, 4, 1000
_COLOURS = {Severity.WARNING: "warning", Severity.ERROR: "attention"}
# Webhooks of the older kind answer 200 and report a failure in the body.
_INNER = lazy_pattern(rb"Microsoft Teams endpoint returned HTTP error (\d{3})")

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        secret=True,
        environment="TFEVENT_TEAMS_URL",
        help="URL of the workflow's trigger; it holds a signature, so only its host is ever shown.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the workflow. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    origin(options)
    url = str(options["url"]).strip()
    body = fitted(sealed.event, limit or LIMITS.body_bytes, lambda event: msgspec.json.encode(document(event)))
    return post(url, body, secrets=secrets_of(url), body_decides=True)


def document(event: ChangeEvent) -> dict[str, Any]:
    """The message that holds the card of one event."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": clip(chat.title(event, _TITLE), _TITLE),
        "body": _body(event),
        "msteams": {"width": "Full"},
    }
    if links := _links(event):
        card["actions"] = links
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _body(event: ChangeEvent) -> list[dict[str, Any]]:
    colour = _COLOURS.get(event.severity, "default")
    parts = [
        _text(clip(chat.title(event, _TITLE), _TITLE), size="medium", weight="bolder", color=colour),
        _text(clip(mapping.paragraph(event), _PARAGRAPH)),
    ]
    if message := mapping.chat_message(event):
        parts.append({"type": "TextBlock", "text": _markdown(message), "wrap": True})
    for number, line in enumerate(mapping.worst(event, _MOST_LINES)):
        spacing = "none" if number else "default"
        parts.append(_text(clip(line, _LINE), spacing=spacing, fontType="monospace", size="small"))
    return parts


def _text(text: str, *, spacing: str = "default", **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": [{"type": "TextRun", "text": text, **style}]}


def _markdown(text: str) -> str:
    return mapping.text_within(chat.printable(text), _MESSAGE)


def _links(event: ChangeEvent) -> list[dict[str, Any]]:
    return [
        {"type": "Action.OpenUrl", "title": clip(link.title, 75), "url": uri(link.url)}
        for link in chat.links(event, _MOST_LINKS, _URL)
    ]


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; where a success reports a failure in its body, that failure counts."""
    inner = _INNER.search(response.body)
    return judge_no_page(Response(int(inner[1])) if inner else response)


DESTINATION = Destination(
    kind="teams",
    title="Microsoft Teams",
    documentation=(
        "https://learn.microsoft.com/en-us/connectors/teams/",
        "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using",
        "https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-format",
        "https://adaptivecards.io/explorer/AdaptiveCard.html",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)
