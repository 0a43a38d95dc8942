"""A comment for Jira in its two formats, both with the same parts: title, paragraph, the sender's text, lines, links.

Atlassian Document Format: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/. What stands in
its text nodes is text. Wiki markup: https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all. What
stands in ``{noformat}`` is text up to the next ``{noformat}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from change_events.destinations.shared import chat, mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import uri
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from change_events.model import ChangeEvent

_TITLE, _PARAGRAPH, _MESSAGE, _LINE, _URL = 300, 600, 4000, 300, 1000  # characters
_MOST_LINES, _MOST_LINKS = 15, 5
_MACRO = lazy_pattern(r"(?i)\{(?=noformat)")


def mark(event: ChangeEvent) -> str:
    """Return the last line of a comment, which identifies it later."""
    return f"tfevent {event.id}"


def document(event: ChangeEvent, marked: str) -> dict[str, Any]:
    """Return the comment as a document; ``marked`` is its last line."""
    content = [
        _paragraph(_text(chat.title(event, _TITLE), {"type": "strong"})),
        _paragraph(_text(clip(mapping.paragraph(event), _PARAGRAPH))),
    ]
    if message := _message(event):
        content.append(_code(message))
    if lines := _lines(event):
        content.append(_code(lines))
    if links := chat.links(event, _MOST_LINKS, _URL):
        nodes: list[dict[str, Any]] = []
        for link in links:
            nodes += [_text(" · ")] if nodes else []
            nodes.append(_text(_shown(link.title) or "Link", {"type": "link", "attrs": {"href": uri(link.url)}}))
        content.append(_paragraph(*nodes))
    content.append(_paragraph(_text(marked, {"type": "code"})))
    return {"type": "doc", "version": 1, "content": content}


def wiki(event: ChangeEvent, marked: str) -> str:
    """Return the comment as wiki markup; ``marked`` is its last line."""
    texts = [chat.title(event, _TITLE), clip(mapping.paragraph(event), _PARAGRAPH), _message(event), _lines(event)]
    pages = [f"[{_target(link.url)}]" for link in chat.links(event, _MOST_LINKS, _URL)]
    block = "\n\n".join(_unformatted(text) for text in texts if text)
    return "\n".join([f"{{noformat}}\n{block}\n{{noformat}}", *pages, marked])


def _message(event: ChangeEvent) -> str:
    return mapping.text_within(chat.printable(mapping.chat_message(event)), _MESSAGE).strip()


def _lines(event: ChangeEvent) -> str:
    return "\n".join(clip(chat.printable(line), _LINE) for line in mapping.worst(event, _MOST_LINES))


def _shown(text: str) -> str:
    return clip(" ".join(chat.printable(text).split()), _LINE)


def _unformatted(text: str) -> str:
    """``text`` in which nothing ends the block: a macro's name does not stand right behind its brace."""
    return _MACRO.sub("{ ", text)


def _target(url: str) -> str:
    """An address in which nothing ends the link or begins its title, and no sign means anything to the markup."""
    return quote(uri(url), safe=":/?#&=%@+,;.-_~$()'")


def _paragraph(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(nodes)}


def _code(text: str) -> dict[str, Any]:
    return {"type": "codeBlock", "content": [{"type": "text", "text": text}]}


def _text(text: str, *marks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": text, "marks": list(marks)} if marks else {"type": "text", "text": text}
