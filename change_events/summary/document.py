"""Events as one Markdown document for a comment, a job summary or a chat, cut to a size by importance.

Texts of an event have no effect where the document is posted: no mentions, references, links, images or HTML of
others. The sections are those of :mod:`change_events.summary.message`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Phase
from change_events.summary import answer, causes, explicit_message, playbook
from change_events.summary.change_text import fenced, partial
from change_events.summary.fitting import Section, fitted, utf8
from change_events.summary.message import context_lines, risk_signals, sections
from change_events.text.markdown import TITLE_LENGTH, code, one_line, plain, without_references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from change_events.model import ChangeEvent
    from change_events.summary.fitting import Measure

LEAST = 1_000
"""The smallest limit: what happened, and what was left out, fit in any case."""

_LEAST_DETAILS = 600  # for an event: its heading, and the first details
_ROOMY = 3_000  # above this, a third is enough for the list of events
_SHORT_TITLE = 40
_OWN_LINES, _OWN_LENGTH = 60, 1000  # of the sender's text in an explicit event


class Size(NamedTuple):
    """The size limit of a document.

    Attributes:
        limit: largest size according to ``measure``.
        measure: size of a text; additive for concatenated texts.
        finish: applied to each finished part, e.g. to escape the syntax of one backend.
    """

    limit: int
    measure: Measure = utf8
    finish: Callable[[str], str] = str

    def finished(self, markdown: str) -> str:
        """Return a part for the document, with references and mentions neutralised."""
        return self.finish(without_references(markdown))


def document(events: Sequence[ChangeEvent], size: Size, *, more: bool = False) -> str:
    """Return the events as Markdown within ``size``.

    Args:
        events: at least one, newest first, redacted.
        size: at least :data:`LEAST`.
        more: there are older events than these.

    Returns:
        A sentence on what changed, a list if there are several events, and the details of each, the most severe first.
        Omitted parts are counted.
    """
    if len(events) == 1:
        return _details(events[0], "##", size.limit, size)
    newest = f", only the newest {len(events)} events" if more else ""
    head = size.finished(f"## {plain(answer.sentence(events))}\n\n{answer.window(events)}{newest}\n")
    rows = Section("Events, newest first", "events", [size.finished(_row(event)) for event in events])
    room = size.limit - size.measure(head)
    text = head + fitted([rows], room // 3 if room > _ROOMY else room // 2, size.measure)
    return text + _all_details(events, size.limit - size.measure(text), size)


def _all_details(events: Sequence[ChangeEvent], room: int, size: Size) -> str:
    """Return the details of as many events as fit, the most severe first."""
    ordered = answer.gravest_first(events)
    note = f"\nThe details of {{}} of {len(events)} events are left out.\n"
    room -= size.measure(note)
    parts: list[str] = []
    for shown, event in enumerate(ordered):
        if room < _LEAST_DETAILS:
            parts.append(note.format(len(ordered) - shown))
            break
        share = room if event is ordered[-1] else max(room // 2, _LEAST_DETAILS)  # the rest is for later events
        parts.append("\n" + _details(event, "###", share - 1, size))
        room -= size.measure(parts[-1])
    return "".join(parts)


def _details(event: ChangeEvent, level: str, room: int, size: Size) -> str:
    return details(event, event.title, _facts(event), size._replace(limit=room), level)


def details(event: ChangeEvent, heading: str, facts: Iterable[str], size: Size, level: str = "###") -> str:
    """Return one event under a heading, within ``size``; omitted parts are counted.

    Args:
        event: redacted.
        heading: plain text, not Markdown.
        facts: paragraphs of Markdown below the heading.
        size: size limit of the result.
        level: Markdown prefix of the heading.
    """
    head = size.finished(f"{level} {plain(heading, TITLE_LENGTH)}\n")
    if size.measure(head) > size.limit // 2:
        head = size.finished(f"{level} {plain(heading, _SHORT_TITLE)}\n")
    for fact in facts:
        text = size.finished(f"\n{fact}\n")
        if size.measure(head) + size.measure(text) <= size.limit // 2:
            head += text
    foot = size.finished("".join(f"\n{line}" for line in context_lines(event)))
    if size.measure(head) + size.measure(foot) > size.limit * 3 // 4:
        foot = ""
    parts = [one._replace(items=[size.finished(item) for item in one.items]) for one in _sections(event)]
    body = fitted(parts, size.limit - size.measure(head) - size.measure(foot) - 1, size.measure)
    return head + body + (f"{foot}\n" if foot else "")


def _facts(event: ChangeEvent) -> Iterator[str]:
    yield answer.circumstances(event, code)
    if words := partial(event):
        yield words
    if words := answer.planned_and_result(event):
        yield words
    if event.truncated:
        yield f"This event was recorded without some details{answer.omitted(event.truncated)}."


def _sections(event: ChangeEvent) -> list[Section]:
    """Return the sections, the most important first; of an explicit event, the sender's text, then derived facts."""
    if event.explicit:
        own = explicit_message.own_part(event)
        lines = [one_line(line, _OWN_LENGTH) for line in own.splitlines()]
        message = "\n".join(fenced(lines[:_OWN_LINES], "", "text", len(lines)))
        return [
            Section("Failed", "failures", [f"- {code(failure.summary)}" for failure in event.failures]),
            Section("Risk signals", "risk signals", risk_signals(event)),
            Section("Message", "messages", [message] if message else []),
            Section("Commits", "lists of commits", explicit_message.commit_lists(event)),
        ]
    if event.playbook is None:
        return sections(event)
    why = [f"- {causes.shared_words(cause)}" for cause in causes.known(event.causes)]
    found = [Section("Risk signals", "risk signals", risk_signals(event)), Section("Causes", "causes", why)]
    chosen = sections(event)
    return [*chosen[: playbook.WRONG], *found, *chosen[playbook.WRONG :]]


def _row(event: ChangeEvent) -> str:
    outcome = answer.outcome_words(event)
    mark = f"**{outcome}**" if answer.went_wrong(event) else outcome
    names = ", ".join(dict.fromkeys(signal.name.replace("_", " ") for signal in event.signals))
    phase = "" if event.phase is Phase.APPLIED else f" ({event.phase.value})"
    return f"- {answer.clock(event.started_at)} {mark}{phase}: {plain(event.title)}" + (
        f" · {plain(names)}" if names else ""
    )
