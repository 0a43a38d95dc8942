"""Common parts of chat messages: title, paragraph, the sender's text, the worst lines, a few links."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import uri
from change_events.model import Outcome, Severity
from change_events.model.stack import stack_key
from change_events.text.markdown import one_line, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.model import ChangeEvent, Link

_GREEN, _GREY, _YELLOW, _RED = 0x2EA043, 0x8B949E, 0xD29922, 0xDA3633


class Sizes(NamedTuple):
    """The size limits of a message's parts, in characters.

    Attributes:
        message: size of the sender's text.
        lines: number of lines of results, with ``line`` characters each.
        links: number of links, each with a URL of at most ``url`` characters.
    """

    paragraph: int
    message: int
    lines: int
    line: int
    links: int
    link_text: int
    url: int


def stack(event: ChangeEvent) -> str:
    """Return the key of a thread; an explicit event without a tool belongs to its service."""
    return (mapping.place(event) if event.tool is None else "") or stack_key(event)


def title(event: ChangeEvent, limit: int) -> str:
    """Return the title on one line, never empty."""
    return one_line(event.title, limit) or event.kind.value


def printable(text: str) -> str:
    """Return ``text`` with its lines, with other unprintable characters replaced by blanks."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def links(event: ChangeEvent, most: int, longest: int) -> list[Link]:
    """Return the first links with URLs of at most ``longest`` characters."""
    return [link for link in mapping.links(event) if len(uri(link.url)) <= longest][:most]


def title_link(event: ChangeEvent, longest: int) -> str | None:
    """Return the URL of the title's link."""
    found = links(event, 1, longest)
    return uri(found[0].url) if found else None


def colour(event: ChangeEvent) -> int:
    """Return red, yellow, green or grey, as 0xRRGGBB."""
    if event.severity is Severity.ERROR:
        return _RED
    if event.severity is Severity.WARNING:
        return _YELLOW
    return _GREEN if event.outcome is Outcome.SUCCEEDED else _GREY


def markdown(
    event: ChangeEvent, sizes: Sizes, escaped: Callable[[str, int], str], target: Callable[[str], str] = page
) -> list[str]:
    """Return the parts of a message in Markdown, in order.

    Args:
        event: the event.
        sizes: sizes of the parts.
        escaped: escapes a text to one line of at most so many characters for the backend.
        target: escapes a URL so that it does not end a link.
    """
    parts = [escaped(mapping.paragraph(event), sizes.paragraph)]
    if message := mapping.chat_message(event):
        parts.append(mapping.text_within(printable(message), sizes.message))
    if lines := mapping.worst(event, sizes.lines):
        code = "\n".join(clip(line.replace("`", "'"), sizes.line) for line in lines)
        parts.append(f"```\n{code}\n```")
    if found := links(event, sizes.links, sizes.url):
        parts.append(" · ".join(f"[{escaped(link.title, sizes.link_text)}]({target(link.url)})" for link in found))
    return parts
