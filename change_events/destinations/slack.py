"""Slack, for people: a short message in a channel, the worst first, with links to the run.

Two ways in: an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/), which has
its own channel and answers only ``ok``; or a bot token, with ``chat.postMessage`` and ``chat.update``
(https://docs.slack.dev/reference/methods/chat.postMessage/), which names what it posted, so that the message of a
started run can be brought up to date. The Web API answers 200 to refusals too; ``ok`` decides.

Texts are ``mrkdwn`` with ``& < >`` escaped, so nothing in an event becomes a mention or a link; lists stand in code
blocks, where signs of formatting mean nothing. The message of an explicit event is a ``markdown`` block. Lengths of
blocks: https://docs.slack.dev/reference/block-kit/blocks/. A whole message has a limit that is not documented: about
13,200 characters were refused (https://github.com/slackapi/bolt-js/issues/2509).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    OptionError,
    Rate,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import chat, mapping
from change_events.destinations.shared.clip import clip, units
from change_events.destinations.shared.request import address_of, post, secrets_of, uri
from change_events.destinations.shared.responses import AGAIN, is_page, judge_no_page, judge_status, parsed, retry_after
from change_events.destinations.shared.size_limit import fitted
from change_events.model import Outcome
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

API = "https://slack.com/api"
LIMITS = Limits(
    body_bytes=12_000,
    fields={"header": 150, "section": 3000, "context": 3000, "markdown": 12_000},
    entries={"blocks": 50, "context.elements": 10},
    rate=Rate(1, 1),
)
_TEXT, _LINE, _MESSAGE = 300, 180, 3000  # characters: a message is read at a glance
_MOST_LINES, _MOST_LINKS = 12, 5
_HANDLE = lazy_pattern(r"(?P<channel>[A-Z0-9]{1,32})/(?P<ts>\d{1,16}\.\d{1,9})")
_GOOD = {Outcome.SUCCEEDED, Outcome.NO_CHANGE}

_RETRY = {
    "rate_limited",
    "ratelimited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
}
_SHRINK = {"msg_too_long", "msg_blocks_too_long"}
_TOKEN = f"Slack does not accept the token; set another one, {AGAIN}"
_REFUSED = {
    **dict.fromkeys(("invalid_auth", "not_authed", "account_inactive", "token_expired", "token_revoked"), _TOKEN),
    "missing_scope": f"the token lacks the scope `chat:write`; add it, {AGAIN}",
    "not_in_channel": f"the bot is not in the channel; invite it, {AGAIN}",
    "channel_not_found": f"there is no such channel, or the bot may not see it; correct `channel`, {AGAIN}",
    "is_archived": f"the channel is archived; set another one, {AGAIN}",
    "message_not_found": "the message to bring up to date is gone",
    "cant_update_message": "the message to bring up to date is not this bot's",
    "edit_window_closed": "the workspace no longer lets the message be edited; `settle: reply` needs no edit",
}

OPTIONS = (
    Option(
        name="url",
        type="url",
        secret=True,
        environment="TFEVENT_SLACK_URL",
        help="Incoming webhook (https://hooks.slack.com/services/…); this, or `token` and `channel`.",
    ),
    Option(
        name="token",
        type="string",
        secret=True,
        environment="TFEVENT_SLACK_TOKEN",
        help="Bot token (xoxb-…) with the scope `chat:write`.",
    ),
    Option(
        name="channel",
        type="string",
        environment="TFEVENT_SLACK_CHANNEL",
        help="Channel to post to, by ID or name; the bot must be in it. Only with `token`.",
    ),
    Option(
        name="settle",
        type="choice",
        choices=("edit", "reply"),
        default="edit",
        help="What the end of a run does with the message of its start: edit it (without a notification), or reply "
        "to it, in the channel too where the run did not succeed. Only with `token`.",
    ),
    Option(name="api", type="url", default=API, help="Base address of the Web API, for a proxy or GovSlack."),
    CA_FILE,
)


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether it is one of the two ways in."""
    url, token, channel = (bool(options.get(name)) for name in ("url", "token", "channel"))
    if url and (token or channel):
        return (f"{'token' if token else 'channel'}: a webhook (`url`) has its own; leave out one of the two",)
    if url:
        return ()
    if not token:
        return ("url: missing; expected an incoming webhook's URL, or `token` and `channel`",)
    return () if channel else ("channel: missing; `token` needs it",)


def _checked(options: Mapping[str, Any]) -> None:
    for problem in check(options):
        raise OptionError(problem)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the webhook or the Web API. Raises OptionError."""
    _checked(options)
    return origin_of(address_of(options, "url") if options.get("url") else address_of(options, "api", API))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    origin(options)
    quiet = {"unfurl_links": False, "unfurl_media": False}
    if options.get("token"):
        return _call(sealed, options, "chat.postMessage", {"channel": str(options["channel"]), **quiet}, limit)
    url = str(options["url"]).strip()
    return post(url, _body(sealed, quiet, limit), secrets=secrets_of(url))


def update(sealed: SealedEvent, options: Mapping[str, Any], handle: str) -> Request:
    """The request that edits the message ``handle``, or replies to it.

    Raises:
        OptionError: as of :func:`render`; also if there is no token, or the handle is none of ours.
    """
    _checked(options)
    message = _HANDLE.fullmatch(handle)
    if not options.get("token") or message is None:
        return render(sealed, options)
    channel, ts = message["channel"], message["ts"]
    if options.get("settle") != "reply":
        return _call(sealed, options, "chat.update", {"channel": channel, "ts": ts})
    aloud = sealed.event.outcome not in _GOOD
    thread = {"thread_ts": ts, "reply_broadcast": aloud, "unfurl_links": False, "unfurl_media": False}
    return _call(sealed, options, "chat.postMessage", {"channel": channel, **thread})


def handle(response: Response) -> str | None:
    """Channel and timestamp of the message that was posted; an incoming webhook does not say."""
    content = parsed(response)
    if not isinstance(content, dict) or content.get("ok") is not True:
        return None
    found = f"{content.get('channel')}/{content.get('ts')}"
    return found if _HANDLE.fullmatch(found) else None


def _call(
    sealed: SealedEvent, options: Mapping[str, Any], method: str, arguments: dict[str, Any], limit: int | None = None
) -> Request:
    token = str(options["token"])
    return post(
        f"{address_of(options, 'api', API)}/{method}",
        _body(sealed, arguments, limit),
        headers={"Authorization": f"Bearer {token}"},
        content_type="application/json; charset=utf-8",
        secrets=(token,),
        body_decides=True,
    )


def _body(sealed: SealedEvent, arguments: dict[str, Any], limit: int | None) -> bytes:
    most = limit or LIMITS.body_bytes
    return fitted(sealed.event, most, lambda event: msgspec.json.encode(arguments | document(event)))


def document(event: ChangeEvent) -> dict[str, Any]:
    """The message: ``text`` for notifications, ``blocks`` for the channel."""
    return {"text": _escaped(f"{chat.title(event, _TEXT)} ({mapping.result(event)})", _TEXT), "blocks": _blocks(event)}


def _blocks(event: ChangeEvent) -> list[dict[str, Any]]:
    heading = {"type": "plain_text", "text": clip(chat.title(event, _TEXT), LIMITS.fields["header"]), "emoji": False}
    blocks = [{"type": "header", "text": heading}, _section(_escaped(mapping.paragraph(event), _TEXT))]
    if message := mapping.chat_message(event):
        blocks.append({"type": "markdown", "text": _markdown(message)})
    if lines := mapping.worst(event, _MOST_LINES):
        code = "\n".join(_escaped(line, _LINE) for line in lines)
        blocks.append(_section(f"```{code}```"))
    if links := _links(event):
        blocks.append({"type": "context", "elements": [_mrkdwn(link) for link in links]})
    return blocks


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}  # verbatim: no names or addresses are looked for in it


def _markdown(text: str) -> str:
    """Markdown in which ``<`` begins nothing: neither HTML nor a mention."""
    shown = chat.printable(text)
    return mapping.text_within(shown.replace("&", "&amp;").replace("<", "&lt;"), _MESSAGE)


def _links(event: ChangeEvent) -> list[str]:
    found = (f"<{_address(link.url)}|{_escaped(link.title, 75)}>" for link in mapping.links(event))
    return [text for text in found if units(text) <= LIMITS.fields["context"]][:_MOST_LINKS]


def _address(url: str) -> str:
    return escape(uri(url), quote=False)  # `uri` leaves none of | < > as it is


def _escaped(text: str, limit: int) -> str:
    """``text`` that begins neither a link nor a mention nor code."""
    shown = clip(text.replace("`", "'"), limit, lambda part: units(escape(part, quote=False)))
    return escape(shown, quote=False)


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: of the Web API by its ``ok`` and ``error``, of a webhook by its status."""
    content = parsed(response)
    ok = content.get("ok") if isinstance(content, dict) else None
    if ok is not False:
        if response.well and response.body_decides and ok is not True:
            return Verdict(Result.PARK, "not a response of Slack's Web API; check `api`")
        return _judge_webhook(response)
    error = content.get("error")
    if error in _SHRINK:
        return Verdict(Result.SHRINK, "the message is too long for Slack")
    if error in _RETRY or response.status in {429, 503}:
        return Verdict(Result.RETRY, "transient error of Slack", retry_after(response))
    return Verdict(Result.PARK, _REFUSED.get(str(error)) or "Slack refused the message")


def _judge_webhook(response: Response) -> Verdict:
    """A success says ``ok``, a refusal one word, both as text/html; the type of the answer means nothing."""
    if not response.well and response.body.strip().decode(errors="replace") in _SHRINK:
        return Verdict(Result.SHRINK, "the message is too long for Slack")
    return judge_no_page(response) if response.complete or is_page(response) else judge_status(response)


DESTINATION = Destination(
    kind="slack",
    title="Slack",
    documentation=(
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/",
        "https://docs.slack.dev/reference/methods/chat.postMessage/",
        "https://docs.slack.dev/reference/methods/chat.update/",
        "https://docs.slack.dev/reference/block-kit/blocks/",
        "https://docs.slack.dev/messaging/formatting-message-text/",
        "https://docs.slack.dev/apis/web-api/rate-limits",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    handle=handle,
    update=update,
    check=check,
)
