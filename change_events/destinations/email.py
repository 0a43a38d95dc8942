"""Mail by SMTP (RFC 5321), for people: what happened as text and as HTML, in threads of a stack.

TLS by STARTTLS (RFC 3207) or from the beginning (RFC 8314); a server that offers no STARTTLS gets nothing. A message is
marked as sent by a program (``Auto-Submitted``, RFC 3834), so that no one's absence answers it. Its ``Message-ID`` is
made of the event's id: what comes twice is the same message. ``References`` (RFC 5322 §3.6.4) name a message of the
stack that is never sent, by which programs show all of one stack together, and that of the run's start, if that was
sent.

Replies and what they mean: RFC 5321 §4.2; enhanced codes: RFC 3463; SIZE: RFC 1870; authentication: RFC 4954.
"""

from __future__ import annotations

from email.utils import format_datetime
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

from msgspec import structs

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    OptionError,
    Response,
    Result,
    Verdict,
    user_agent,
)
from change_events.destinations.shared import chat, mail, mapping
from change_events.destinations.shared.loopback import is_loopback
from change_events.destinations.shared.request import text_of, uri
from change_events.destinations.shared.responses import AGAIN
from change_events.destinations.shared.size_limit import fitted
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=100_000)  # ours: no server documents less than megabytes
_SUBJECT = 150  # characters
_SIZES = chat.Sizes(paragraph=500, message=20_000, lines=100, line=300, links=10, link_text=100, url=1000)
_MOST_TAGS = 20
_PORTS: dict[str, int] = {"starttls": 587, "tls": 465, "none": 25}
_HANDLE = lazy_pattern(r"<[\w.-]{1,100}@[A-Za-z0-9.-]{1,255}>")
_REFUSALS = {
    "auth": ("does not accept user and password", "correct them"),
    "rcpt": ("refused all recipients", "correct `to`"),
    "mail": ("refused the sender", "correct `from`"),
}
_TOO_LARGE = 552
_AUTH_REQUIRED = 530

OPTIONS = (
    Option(
        name="host",
        type="host",
        required=True,
        environment="TFEVENT_EMAIL_HOST",
        help="Name or address of the SMTP server.",
    ),
    Option(
        name="port",
        type="integer",
        environment="TFEVENT_EMAIL_PORT",
        help="Port of the server; by default 587, with `security: tls` 465, with `security: none` 25.",
    ),
    Option(
        name="security",
        type="choice",
        choices=("starttls", "tls", "none"),
        default="starttls",
        environment="TFEVENT_EMAIL_SECURITY",
        help="`starttls` requires the server to offer STARTTLS, `tls` is TLS from the beginning, `none` is plain text.",
    ),
    Option(
        name="username", type="string", environment="TFEVENT_EMAIL_USERNAME", help="User to log in as (PLAIN or LOGIN)."
    ),
    Option(
        name="password", type="string", secret=True, environment="TFEVENT_EMAIL_PASSWORD", help="Password of that user."
    ),
    Option(
        name="from",
        type="string",
        required=True,
        environment="TFEVENT_EMAIL_FROM",
        help="Address of the sender, with or without a name: `tfevent <tfevent@example.com>`.",
    ),
    Option(
        name="to",
        type="list",
        required=True,
        environment="TFEVENT_EMAIL_TO",
        help="Addresses of the recipients, as a list or with commas between them.",
    ),
    Option(
        name="thread",
        type="choice",
        choices=("stack", "run"),
        default="stack",
        help="What is shown as one conversation: all messages of a stack (a state, a playbook, a service), or the "
        "start and the end of a run.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Name and port of the server. Raises OptionError."""
    return _request(options, mail.GREET, b"").url


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether addresses are some, and a login is one that no one on the way reads."""
    found = []
    for name in ("from", "to"):
        try:
            mail.addresses(options.get(name), name)
        except OptionError as error:
            found.append(str(error))
    user, password = (bool(options.get(name)) for name in ("username", "password"))
    if user != password:
        found.append(f"{'password' if user else 'username'}: missing; the other one needs it")
    if password and options.get("security") == "none" and not is_loopback(str(options.get("host"))):
        found.append("security: `none` would send the password as plain text; expected starttls or tls")
    if int(options.get("port") or 1) > 65535:  # noqa: PLR2004
        found.append("port: expected a number up to 65535")
    return tuple(found)


def probe(options: Mapping[str, Any]) -> mail.MailRequest:
    """What greets the server, and neither logs in nor sends. Raises OptionError."""
    return _request(options, mail.GREET, b"")


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> mail.MailRequest:
    """The message about one event, within ``limit`` bytes (by default :data:`LIMITS`). Raises OptionError."""
    return _mail(sealed, options, limit, None)


def update(sealed: SealedEvent, options: Mapping[str, Any], handle: str) -> mail.MailRequest:
    """The message about the end of a run as an answer to that about its start. Raises OptionError."""
    return _mail(sealed, options, None, handle if _HANDLE.fullmatch(handle) else None)


def handle(response: Response) -> str | None:
    """The Message-ID that was sent."""
    found = response.headers.get("message-id", "")
    return found if _HANDLE.fullmatch(found) else None


def _request(options: Mapping[str, Any], method: str, body: bytes, **more: Any) -> mail.MailRequest:
    host = text_of(options, "host")
    for problem in check(options):
        raise OptionError(problem)
    security: mail.Security = options.get("security") or "starttls"
    port = int(options.get("port") or _PORTS[security])
    shown = f"[{host}]" if ":" in host else host
    user, password = str(options.get("username") or ""), str(options.get("password") or "")
    sender = mail.addresses(options.get("from"), "from")[0].address
    recipients = tuple(one.address for one in mail.addresses(options.get("to"), "to"))
    return mail.MailRequest(
        method,
        f"{'smtps' if security == 'tls' else 'smtp'}://{shown}:{port}",
        {"MAIL FROM": f"<{sender}>", "RCPT TO": ", ".join(f"<{one}>" for one in recipients)},
        body,
        secrets=mail.login_secrets(user, password),
        server=host,
        port=port,
        security=security,
        username=user,
        password=password,
        sender=sender,
        recipients=recipients,
        **more,
    )


def _mail(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None, start: str | None) -> mail.MailRequest:
    request = _request(options, mail.SEND, b"")
    headers = _headers(sealed.event, options, start)
    encode = lambda event: mail.message(headers, _text(event), _html(event))  # noqa: E731 - it has no name of its own
    body = fitted(sealed.event, limit or LIMITS.body_bytes, encode)
    return structs.replace(request, body=body, message_id=dict(headers)["Message-ID"])


def _headers(event: ChangeEvent, options: Mapping[str, Any], start: str | None) -> list[tuple[str, str]]:
    """The headers that do not depend on how much of the event fits."""
    sender = mail.addresses(options.get("from"), "from")[0]
    stack = sha256(chat.stack(event).encode()).hexdigest()[:32]
    root = f"<stack.{stack}@{sender.domain}>" if options.get("thread") != "run" else None
    found = {
        "Date": format_datetime(mapping.moment(event)),
        "From": str(sender),
        "To": ", ".join(str(one) for one in mail.addresses(options.get("to"), "to")),
        "Subject": chat.title(event, _SUBJECT),
        "Message-ID": f"<{mapping.delivery_id(event)}@{sender.domain}>",
        "In-Reply-To": start,
        "References": " ".join(one for one in (root, start) if one),
        "Auto-Submitted": "auto-generated",
        "User-Agent": user_agent(),
        "X-Tfevent-Kind": event.kind.value,
        "X-Tfevent-Outcome": event.outcome.value if event.outcome else "started",
        "X-Tfevent-Severity": event.severity.value,
    }
    return [(name, value) for name, value in found.items() if value]


def _text(event: ChangeEvent) -> str:
    parts = [
        chat.title(event, _SIZES.line),
        one_line(mapping.paragraph(event), _SIZES.paragraph),
        chat.printable(_message(event)),
        "\n".join(f"* {line}" for line in _lines(event)),
        "\n".join(f"{one_line(link.title, _SIZES.link_text)}: {uri(link.url)}" for link in _links(event)),
        _tags(event),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(event: ChangeEvent) -> str:
    """A page with no element that an event could have made, and with nothing that is loaded from anywhere."""
    links = " · ".join(
        f'<a href="{escape(uri(link.url))}">{escape(one_line(link.title, _SIZES.link_text))}</a>'
        for link in _links(event)
    )
    lines = "".join(f"<li>{escape(line)}</li>\n" for line in _lines(event))
    parts = [
        f"<h2>{escape(chat.title(event, _SIZES.line))}</h2>",
        f"<p>{escape(one_line(mapping.paragraph(event), _SIZES.paragraph))}</p>",
        _block('<pre style="white-space: pre-wrap">', escape(chat.printable(_message(event))), "</pre>"),
        _block("<ul>\n", lines, "</ul>"),
        _block("<p>", links, "</p>"),
        _block("<p><small>", escape(_tags(event)), "</small></p>"),
    ]
    bar = f"border-left: 4px solid #{chat.colour(event):06x}; padding-left: 12px; font-family: sans-serif"
    content = "\n".join(part for part in parts if part)
    return f'<!DOCTYPE html>\n<html>\n<body>\n<div style="{bar}">\n{content}\n</div>\n</body>\n</html>\n'


def _block(begin: str, content: str, end: str) -> str:
    return f"{begin}{content}{end}" if content else ""


def _message(event: ChangeEvent) -> str:
    return mapping.text_within(mapping.chat_message(event), _SIZES.message)


def _lines(event: ChangeEvent) -> list[str]:
    return mapping.worst(event, _SIZES.lines)


def _links(event: ChangeEvent) -> list[Any]:
    return chat.links(event, _SIZES.links, _SIZES.url)


def _tags(event: ChangeEvent) -> str:
    found = list(mapping.pairs(event).items())[:_MOST_TAGS]
    return ", ".join(f"{one_line(name, 80)}: {one_line(value, 80)}" for name, value in found)


def judge(response: Response) -> Verdict:
    """What a reply means, by its code and by what it is the reply to."""
    code, stage = response.status, response.headers.get("stage", "")
    if response.well:
        return Verdict(Result.DELIVERED, _refused(response))
    if code == _TOO_LARGE and stage != "rcpt":
        size = int(response.headers.get("size") or 0)
        return Verdict(Result.SHRINK, "the message is too large for the server", room=size or None)
    if 400 <= code < 500 or code == _TOO_LARGE:  # noqa: PLR2004 - SMTP's own class; a full mailbox may be emptied
        return Verdict(Result.RETRY, f"transient error ({code})")
    if code == _AUTH_REQUIRED and stage != "auth":
        return Verdict(Result.PARK, f"the server requires a login ({code}); set `username` and `password`, {AGAIN}")
    what, remedy = _REFUSALS.get(stage, ("refused the message", ""))
    return Verdict(Result.PARK, f"the server {what} ({code})" + (f"; {remedy}, {AGAIN}" if remedy else ""))


def _refused(response: Response) -> str:
    refused, all_of_them = response.headers.get("refused", ""), response.headers.get("recipients", "")
    return f"{refused} of {all_of_them} recipients refused" if refused else ""


DESTINATION = Destination(
    kind="email",
    title="Email",
    documentation=(
        "https://www.rfc-editor.org/rfc/rfc5321",
        "https://www.rfc-editor.org/rfc/rfc5322",
        "https://www.rfc-editor.org/rfc/rfc3207",
        "https://www.rfc-editor.org/rfc/rfc1870",
        "https://www.rfc-editor.org/rfc/rfc3834",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    handle=handle,
    update=update,
    check=check,
    transport="smtp",
    probe=probe,
)
