"""One page that shows what the backend of each destination receives about a few events, and how it reads there.

``python -m tests.destinations.preview_page FILE`` (`make preview`) delivers them to the fake backends over HTTP, SMTP
and to a program, and fails where one is not delivered. Texts that a backend shows as Markdown or HTML are rendered in a
frame without scripts; everything else is text.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2
from markdown_it import MarkdownIt

from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import get, kinds
from change_events.destinations.base import DestinationSettings, Result, Verdict
from tests.destinations.backends.eventbridge import ACCESS_KEY, SECRET_KEY
from tests.destinations.backends.eventbridge import TOKEN as SESSION_TOKEN
from tests.destinations.kit.backend import SECRET, backend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.receiver import Received

EVENTS = ("updated", "partial", "deployment", "ansible", "controls", "unicode")
BUDGET = 60.0
LONGEST = 6_000  # characters of a body that are shown
SHORT = 1_500  # of a text that is shown as it is
LONG_LINE = 90  # characters from which on a text is shown by itself
TEMPLATE = Path(__file__).with_suffix(".html.j2")
AWS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": SESSION_TOKEN}
# what backends render, by the end of the path to a text
MARKDOWN = {
    "datadog": ("text", "message"),
    "discord": ("embeds.description",),
    "github": ("body",),
    "gitlab": ("body",),
    "mattermost": ("attachments.text",),
    "sematext": ("message",),
}
HTML = {"googlechat": ("textParagraph.text",)}
FRAME = (
    "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    "<style>body{font:14px sans-serif;margin:8px;overflow-wrap:anywhere}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:2px 6px}pre,code{background:#eee}</style>"
)


class Text(NamedTuple):
    """A text inside a payload: where it stands, itself, and the page that a backend makes of it, if it makes one."""

    label: str
    text: str
    page: str | None = None

    @property
    def height(self) -> int:
        """Lines that its frame has."""
        return min(30, 6 + len((self.text or self.page or "").splitlines()))


class Shown(NamedTuple):
    """A request as the backend has received it."""

    line: str
    body: str
    texts: tuple[Text, ...]


class Delivery(NamedTuple):
    """What became of one event."""

    event: str
    variant: str
    verdict: Verdict
    requests: tuple[Shown, ...]

    @property
    def skipped(self) -> str:
        """Why nothing was sent; empty where something was, or should have been."""
        return self.verdict.reason if self.verdict.result is Result.SKIPPED and not self.requests else ""

    @property
    def problem(self) -> str:
        """What is not as it should be, if something is."""
        if self.skipped or (self.verdict.result is Result.DELIVERED and self.requests and not self.verdict.reason):
            return ""
        return self.verdict.reason or "it was not delivered"


def deliveries(kind: str) -> Iterator[Delivery]:
    """Deliver each event to the plain destination of a kind, and one to each of its variants."""
    fake = backend(kind)
    for variant in fake.variants:
        names = EVENTS if not variant else (fake.sample(variant) if fake.skips(variant, "updated") else "updated",)
        for name in names:
            yield delivered(kind, variant, name)


def delivered(kind: str, variant: str, name: str) -> Delivery:
    """Deliver one event to its fake backend."""
    fake = backend(kind)
    with fake.serve() as server:
        more = fake.variants[variant]
        given = fake.options(server.url) | (more(server.url) if callable(more) else more)
        options = {option: value for option, value in given.items() if value is not None}
        event = fake.event(name)
        settings = DestinationSettings(kind, kind, options)
        with open_transport(settings) as transport:  # not `deliver`, which would park what is months old
            verdict = send_event(settings, transport, event, Effort(time.monotonic() + BUDGET))
        requests = tuple(shown(kind, received) for received in server.received)
    return Delivery(name, variant, verdict, requests)


def shown(kind: str, received: Received) -> Shown:
    """A request without the secrets of the fake backend."""
    line = f"{received.method} {received.path}".replace(SECRET, "(token)")
    if received.headers.get("content-type", "").startswith("message/rfc822"):
        return _mail(received)
    body = received.body.decode(errors="replace").replace(SECRET, "(token)")
    try:
        lines = [json.loads(line) for line in body.splitlines()]
    except ValueError:
        return Shown(line, _cut(body), ())
    texts = tuple(text for document in lines for text in _texts(kind, document))
    return Shown(line, _cut("\n".join(json.dumps(one, indent=2, ensure_ascii=False) for one in lines)), texts)


def _mail(received: Received) -> Shown:
    message = message_from_bytes(received.body, policy=policy.default)
    heads = "\n".join(f"{name}: {value}" for name, value in message.items())
    text, html = message.iter_parts()
    parts = (Text("text/plain", text.get_content()), Text("text/html", "", FRAME + html.get_content()))
    return Shown(f"a message of {len(received.body)} bytes", heads, parts)


def _texts(kind: str, content: Any, path: tuple[str, ...] = ()) -> Iterator[Text]:
    """The texts of a document that people read: long ones, and those that are rendered."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _texts(kind, value, (*path, str(name)))
    elif isinstance(content, list):
        for item in content:
            yield from _texts(kind, item, path)
    elif isinstance(content, str) and path:
        label = ".".join(path)
        if label.endswith(MARKDOWN.get(kind, ())):
            with_html = kind in {"github", "gitlab"}  # they take some elements; the frame runs no scripts
            yield Text(label, _cut(content), FRAME + MarkdownIt("js-default", {"html": with_html}).render(content))
        elif label.endswith(HTML.get(kind, ())):
            yield Text(label, _cut(content), FRAME + content)
        elif len(content) > LONG_LINE or "\n" in content:
            yield Text(label, _cut(content, SHORT))


def _cut(text: str, limit: int = LONGEST) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def page(found: dict[str, list[Delivery]]) -> str:
    """The page: escaped, without scripts, and nothing that is loaded."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    titles = {kind: get(kind).title for kind in found}
    return environment.from_string(TEMPLATE.read_text()).render(found=found, titles=titles)


def main(argv: list[str] | None = None) -> int:
    """Write the page. Returns 1 where an event was not delivered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--kinds", nargs="*", default=kinds(), choices=kinds(), help="only these")
    given = parser.parse_args(argv)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the mail server's own deprecations
    os.environ |= AWS | {"AWS_EC2_METADATA_DISABLED": "true"}
    found = {kind: list(deliveries(kind)) for kind in given.kinds}
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_text(page(found))
    problems = [(kind, one) for kind, some in found.items() for one in some if one.problem]
    for kind, one in problems:
        sys.stderr.write(f"{kind} {one.variant}: {one.event}: {one.problem}\n")
    number = sum(not one.skipped and not one.problem for some in found.values() for one in some)
    sys.stdout.write(f"{number} deliveries to {len(found)} kinds of destination: {given.file}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
