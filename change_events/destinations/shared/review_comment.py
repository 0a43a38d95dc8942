"""One comment of a pull or merge request: its text, and the hidden line by which it is found again.

What an event says stands in code, inline or in blocks. There GitHub (https://github.github.com/gfm/#code-spans) and
GitLab (https://docs.gitlab.com/user/markdown/) read neither Markdown nor HTML, and neither mentions, references nor
addresses. Backticks become apostrophes, so that no code ends early. GitLab executes a line that begins with the name
of a quick action (https://docs.gitlab.com/user/project/quick_actions/): no line of a text begins with a slash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.destinations.base import OptionError
from change_events.destinations.shared import chat, mapping
from change_events.destinations.shared.clip import clip, units
from change_events.destinations.shared.code_hosts import stack_id
from change_events.destinations.shared.size_limit import DoesNotFit, fit
from change_events.destinations.shared.timestamps import milliseconds
from change_events.model import ValueKind
from change_events.summary.value_text import WORDS
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.markdown import one_line, page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import AttributeChange, ChangeEvent, Value

_MARKER = lazy_pattern(r"<!-- tfevent stack=(?P<stack>[0-9a-f]{16}) at=(?P<at>\d{1,16}) -->")
_TITLE, _FACT, _LINK, _URL = 200, 120, 75, 1000  # characters
_VALUE = 200
_MOST_LINKS = 8
_OPEN_LINES = 12  # of what happened; more of them are folded away
_ZERO_WIDTH = "\u200b"
_SPECIAL_VALUES = {**WORDS, ValueKind.LARGE: "(large)"}


class Marker(NamedTuple):
    """What the hidden line says: whose comment it is, and the moment of the event it shows, in milliseconds."""

    stack: str
    at: int


def marker_of(event: ChangeEvent) -> Marker:
    """Return the marker of the comment on ``event``."""
    return Marker(stack_id(event), milliseconds(mapping.moment(event)))


def read_marker(text: object) -> Marker | None:
    """Return the marker at the beginning of a comment; None if it is not one of ours, or quotes one."""
    match = _MARKER.match(text) if isinstance(text, str) else None
    return Marker(match["stack"], int(match["at"])) if match else None


def document(event: ChangeEvent, marker: Marker, limit: int, characters: int) -> bytes:
    """Return the JSON object with the comment as its ``body``, without the least important parts if necessary.

    Args:
        event: what the comment is about.
        marker: of the whole event, however much of it is left out.
        limit: the most bytes of the object.
        characters: the most characters of the comment.

    Raises:
        OptionError: the limit is too small for any event.
    """

    def encode(smaller: ChangeEvent) -> bytes:
        return msgspec.json.encode({"body": body(smaller, marker)})

    def measure(smaller: ChangeEvent) -> int:
        text = body(smaller, marker)
        return len(msgspec.json.encode({"body": text})) if units(text) <= characters else limit + 1

    try:
        return encode(fit(event, limit, measure))
    except DoesNotFit as error:
        raise OptionError(str(error)) from error


def body(event: ChangeEvent, marker: Marker) -> str:
    """Return the comment on ``event`` in Markdown."""
    return "\n\n".join([f"<!-- tfevent stack={marker.stack} at={marker.at} -->", *_parts(event)])


def _parts(event: ChangeEvent) -> Iterator[str]:
    yield f"### {code(chat.title(event, _TITLE), _TITLE)}"
    yield " · ".join(_facts(event))
    if message := mapping.chat_message(event):
        yield fenced(message.splitlines())
    lines = [line for one in mapping.worst(event) for line in one.splitlines()]
    if lines:
        yield fenced(lines) if len(lines) <= _OPEN_LINES else _folded(f"What happened ({len(lines)} lines)", lines)
    if attributes := list(_attributes(event)):
        yield _folded("Changed attributes", attributes)
    if links := chat.links(event, _MOST_LINKS, _URL):
        yield " · ".join(f"[{code(link.title, _LINK)}]({page(link.url)})" for link in links)
    if event.truncated and event.truncated.note:
        yield f"Shortened: {code(event.truncated.note, _TITLE)}"


def _facts(event: ChangeEvent) -> Iterator[str]:
    result, vcs = mapping.result(event), event.vcs
    yield f"**{result[0].upper()}{result[1:]}**"
    yield code(event.tool.name, _FACT) if event.tool else event.kind.value
    named = {"environment": event.environment, "service": event.service, "version": event.version}
    yield from (f"{name} {code(text, _FACT)}" for name, text in named.items() if text)
    who = [f"by {code(name, _FACT)}" for name in [mapping.creator(event)] if name]
    who += [f"on {code(host, _FACT)}" for host in [mapping.host(event)] if host]
    if who:
        yield " ".join(who)
    if vcs and vcs.commit:
        line = f"commit {code(vcs.commit[:12], _FACT)}"
        line += f" on {code(vcs.branch, _FACT)}" if vcs.branch else ""
        yield line + (" with uncommitted changes" if vcs.dirty else "")


def _attributes(event: ChangeEvent) -> Iterator[str]:
    for change in event.changes:
        if change.attributes:
            yield one_line(change.address)
            yield from (_attribute(one) for one in change.attributes)
        if change.attributes and change.attributes_omitted:
            yield f"  … and {change.attributes_omitted} more"


def _attribute(one: AttributeChange) -> str:
    note = " (forces replacement)" if one.forces_replacement else ""
    marks = {side.fingerprint for side in (one.before, one.after)}
    rotated = " (rotated)" if one.after.kind is ValueKind.SENSITIVE and len(marks) > 1 and None not in marks else ""
    return f"  {one_line(one.path)}: {_value(one.before)} → {_value(one.after)}{rotated}{note}"


def _value(side: Value) -> str:
    return _SPECIAL_VALUES.get(side.kind) or one_line(side.text or "", _VALUE)


def code(text: str, limit: int) -> str:
    """Return ``text`` on one line as inline code, never empty."""
    line = clip(one_line(text, 10 * limit).replace("`", "'"), limit).strip()
    return f"`{line or '?'}`"


def fenced(lines: list[str]) -> str:
    """Return lines as a code block."""
    return "\n".join(["```text", *map(_harmless, lines), "```"])


def _harmless(line: str) -> str:
    """Return ``line`` without effect as the end of a block or a quick action."""
    shown = chat.printable(line).replace("`", "'").rstrip()
    return _ZERO_WIDTH + shown if shown.lstrip().startswith(("/", "~~~")) else shown


def _folded(summary: str, lines: list[str]) -> str:
    """Return a collapsed code block; the summary is trusted."""
    return f"<details><summary>{summary}</summary>\n\n{fenced(lines)}\n\n</details>"
