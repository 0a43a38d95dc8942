"""Discord, for people: one embed in a channel, posted by a webhook of that channel.

The request: https://discord.com/developers/docs/resources/webhook#execute-webhook. With ``wait=true`` the answer is the
message that was made; its id is what a settled run edits
(https://discord.com/developers/docs/resources/webhook#edit-webhook-message). Lengths of an embed and of all its texts
together: https://discord.com/developers/docs/resources/message#embed-object-embed-limits. Mentions are switched off by
``allowed_mentions``, so nobody is notified whatever a text holds.

How many requests a webhook takes is not documented; the headers of its answers say five in two seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

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
from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import address_of, post, present, secrets_of, uri
from change_events.destinations.shared.responses import at, judge_no_page, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import iso
from change_events.model import Outcome, Severity
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
_PARAGRAPH, _LINE, _MESSAGE = 300, 120, 1200  # characters: a message is read at a glance, and all of it fits the embed
_MOST_LINES, _MOST_LINKS, _LINK_TEXT, _URL = 10, 3, 60, 150
_GREEN, _GREY, _YELLOW, _RED = 0x2EA043, 0x8B949E, 0xD29922, 0xDA3633
_SPECIAL = lazy_pattern(r"([\\`*_\[\]()#|~<>])")
_HANDLE = lazy_pattern(r"\d{1,32}")
_GONE = {
    10008: "the message to bring up to date is gone",
    10015: "the webhook was deleted; make another one, then `tfevent events flush --parked`",
    50027: "the webhook's token is not accepted; copy its URL again, then `tfevent events flush --parked`",
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
    """Scheme and host of the webhook. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The request for one event, its body within ``limit`` bytes (by default :data:`LIMITS`). Raises OptionError."""
    address = _address(options, wait="true")
    return _request(sealed.event, options, address, limit or LIMITS.body_bytes)


def update(sealed: SealedEvent, options: Mapping[str, Any], handle: str) -> Request:
    """The request that edits the message ``handle``. Raises OptionError."""
    if not _HANDLE.fullmatch(handle):
        return render(sealed, options)
    edit = _request(sealed.event, options, _address(options, f"/messages/{handle}"), LIMITS.body_bytes)
    return msgspec.structs.replace(edit, method="PATCH")


def handle(response: Response) -> str | None:
    """The id of the message that was made."""
    found = at(parsed(response), "id")
    return found if isinstance(found, str) and _HANDLE.fullmatch(found) else None


def _address(options: Mapping[str, Any], path: str = "", **query: str) -> str:
    """The webhook's own address with more of a path and a query; what it has of a query stays. Raises OptionError."""
    origin(options)
    parts = urlsplit(str(options["url"]).strip())
    words = urlencode({**dict(parse_qsl(parts.query)), **query})
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + path, query=words, fragment=""))


def _request(event: ChangeEvent, options: Mapping[str, Any], address: str, most: int) -> Request:
    body = fitted(event, most, lambda smaller: msgspec.json.encode(document(smaller)))
    secrets = (*secrets_of(str(options["url"]).strip()), *secrets_of(address))
    return post(address, body, secrets=secrets, body_decides=True)


def document(event: ChangeEvent) -> dict[str, Any]:
    """The message that holds the embed of one event."""
    links = mapping.links(event)
    embed = {
        "title": clip(_escaped(event.title or event.kind.value, 200), LIMITS.fields["embeds.title"]),
        "url": next((uri(link.url) for link in links if len(uri(link.url)) <= _URL), None),
        "description": _description(event),
        "color": _colour(event),
        "timestamp": iso(event.ended_at or event.started_at),
    }
    return {"embeds": [present(embed)], "allowed_mentions": {"parse": []}}


def _description(event: ChangeEvent) -> str:
    parts = [_escaped(mapping.paragraph(event), _PARAGRAPH)]
    if message := mapping.chat_message(event):
        shown = "".join(c if c.isprintable() or c == "\n" else " " for c in message)
        parts.append(mapping.text_within(shown, _MESSAGE))
    if lines := mapping.worst(event, _MOST_LINES):
        code = "\n".join(clip(line.replace("`", "'"), _LINE) for line in lines)
        parts.append(f"```\n{code}\n```")
    if links := _links(event):
        parts.append(" · ".join(links))
    return "\n".join(parts)


def _links(event: ChangeEvent) -> list[str]:
    short = [link for link in mapping.links(event) if len(uri(link.url)) <= _URL]
    return [
        f"[{_escaped(link.title, _LINK_TEXT)}]({uri(link.url).replace('(', '%28').replace(')', '%29')})"
        for link in short[:_MOST_LINKS]
    ]


def _colour(event: ChangeEvent) -> int:
    if event.severity is Severity.ERROR:
        return _RED
    if event.severity is Severity.WARNING:
        return _YELLOW
    return _GREEN if event.outcome is Outcome.SUCCEEDED else _GREY


def _escaped(text: str, limit: int) -> str:
    """``text`` on one line, in which no sign means anything to Discord's Markdown."""
    return _SPECIAL.sub(r"\\\1", one_line(text, limit))


def judge(response: Response) -> Verdict:
    """What an answer means: a success is the message that was made."""
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
