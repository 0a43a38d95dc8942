"""Events as one Markdown document for a comment, a job summary or a chat, cut to a size by importance.

What an event says stays text wherever the document is posted: no mention, reference, link, image or HTML of others
takes effect. The sections are those of :mod:`change_events.summary.message`.
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

_LEAST_DETAILS = 600  # of an event: its heading, and the beginning of what happened
_ROOMY = 3_000  # a third of it is enough for the list of events
_SHORT_TITLE = 40
_OWN_LINES, _OWN_LENGTH = 60, 1000  # of the text that the sender of an explicit event wrote


class Size(NamedTuple):
    """How long a document may be.

    Attributes:
        limit: the most that ``measure`` may say of it.
        measure: of a text; that of two texts together is the sum of both.
        finish: applied to each part at last, e.g. to escape what one backend reads in its own way.
    """

    limit: int
    measure: Measure = utf8
    finish: Callable[[str], str] = str

    def finished(self, markdown: str) -> str:
        """A part as it stands in the document, in which nothing refers to or mentions anything."""
        return self.finish(without_references(markdown))


def document(events: Sequence[ChangeEvent], size: Size, *, more: bool = False) -> str:
    """The events in Markdown, within ``size``.

    Args:
        events: newest first, at least one. All of them are redacted.
        size: at least :data:`LEAST`.
        more: these are the newest of more events.

    Returns:
        The sentence that answers what changed, a list of the events if there are several, and the details of each, the
        gravest first; what is left out is counted.
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
    """The details of as many events as there is room for, the gravest first."""
    ordered = answer.gravest_first(events)
    note = f"\nThe details of {{}} of {len(events)} events are left out.\n"
    room -= size.measure(note)
    parts: list[str] = []
    for shown, event in enumerate(ordered):
        if room < _LEAST_DETAILS:
            parts.append(note.format(len(ordered) - shown))
            break
        share = room if event is ordered[-1] else max(room // 2, _LEAST_DETAILS)  # the rest is for those that follow
        parts.append("\n" + _details(event, "###", share - 1, size))
        room -= size.measure(parts[-1])
    return "".join(parts)


def _details(event: ChangeEvent, level: str, room: int, size: Size) -> str:
    return details(event, event.title, _facts(event), size._replace(limit=room), level)


def details(event: ChangeEvent, heading: str, facts: Iterable[str], size: Size, level: str = "###") -> str:
    """One event under a heading, within ``size``; what it does not have room for is counted.

    Args:
        event: redacted.
        heading: text, not Markdown.
        facts: paragraphs of Markdown below it.
        size: of the whole.
        level: the heading's marks.
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
    """The most important first; of an explicit event what its sender wrote, and what was found out."""
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
