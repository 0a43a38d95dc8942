"""The message of an explicit event: the sender's text, then derived facts, within a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.summary.message import context_lines
from change_events.text.markdown import clip, code, plain
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import ChangeEvent, Commit, Vcs

_COMMITS = 20  # listed in a message; the event has more
_AUTHORS = 3  # listed by name
_LEAST_OWN = 0.5  # share of the size reserved for the sender's text
_ID = 12  # characters of a commit's id
_CUT = "\n\n… cut"


def message(event: ChangeEvent, own: str, limit: int) -> str:
    """Return the message in at most ``limit`` bytes of UTF-8.

    Args:
        event: the event without its message.
        own: Markdown text of the sender, redacted.
        limit: largest size in bytes.
    """
    own = own.strip()
    facts = list(_facts(event))
    room = limit - len(own.encode()) - 2
    added = "\n\n".join(facts)
    if len(added.encode()) > max(room, int(limit * (1 - _LEAST_OWN))):
        added = _fitting(facts, max(room, int(limit * (1 - _LEAST_OWN))))
    own = _shortened(own, limit - len(added.encode()) - 2)
    return clip("\n\n".join(part for part in (own, added) if part), limit)


def own_part(event: ChangeEvent) -> str:
    """Return the sender's part of an event's message; the whole message if the part cannot be determined."""
    return _apart(event)[0]


def without_context(event: ChangeEvent) -> str:
    """Return the message without actor, commit and links, for formats that show these separately."""
    own, found = _apart(event)
    if not found:
        return own
    parts = [own, _commits(event.vcs) if event.vcs and event.vcs.commits else "", *_command(event)]
    return "\n\n".join(part for part in parts if part)


def worded(event: ChangeEvent, limit: int) -> ChangeEvent:
    """Add the derived facts to the message of an explicit event; return other events unchanged."""
    if not event.explicit:
        return event
    return msgspec.structs.replace(event, message=message(event, own_part(event), limit))


def _apart(event: ChangeEvent) -> tuple[str, bool]:
    """Return the sender's part, and whether derived facts follow it, complete or cut."""
    facts = list(_facts(event))
    for number in range(len(facts), 0, -1):
        added = "\n\n".join(facts[:number])
        if event.message.endswith(added):
            return event.message.removesuffix(added).strip(), True
    return event.message, False


def _shortened(text: str, room: int) -> str:
    if len(text.encode()) <= room:
        return text
    return clip(text, room - len(_CUT.encode())) + _CUT


def _fitting(facts: list[str], room: int) -> str:
    """Return the leading facts that fit."""
    kept: list[str] = []
    for fact in facts:
        room -= len(fact.encode()) + 2
        if room < 0:
            break
        kept.append(fact)
    return "\n\n".join(kept)


def _facts(event: ChangeEvent) -> Iterator[str]:
    if event.failures:
        yield "\n".join(f"- {code(failure.summary)}" for failure in event.failures)
    if event.signals:
        yield "\n".join(f"- {plain(signal.reason)}" for signal in event.signals)
    yield from commit_lists(event)
    yield from _command(event)
    if lines := list(context_lines(event)):
        yield "\n".join(lines)


def commit_lists(event: ChangeEvent) -> list[str]:
    """Return the commits since the previous version, as one text with a heading; none if that version is unknown."""
    if event.vcs and event.vcs.commits:
        return [_commits(event.vcs)]
    return [_no_commits(event.vcs, event.vcs.previous)] if event.vcs and event.vcs.previous else []


def _command(event: ChangeEvent) -> Iterator[str]:
    if event.tool and event.tool.command:
        yield f"Command {code(event.tool.command)}"


def _commits(vcs: Vcs) -> str:
    count = len(vcs.commits) + vcs.commits_omitted
    since = f" since {code(vcs.previous[:_ID])}" if vcs.previous else ""
    head = f"**{number_of(count, 'commit')}{since}**, by {_authors(vcs.commits)}"
    shown = vcs.commits[:_COMMITS]
    lines = [f"- {code(commit.id[:_ID])} {plain(commit.subject or '', 120)}".rstrip() for commit in shown]
    left = count - len(shown)
    return "\n".join([head, "", *lines, *([f"- … and {left} more"] if left else [])])


def _no_commits(vcs: Vcs, previous: str) -> str:
    """Return the previous version and why its commits are not known."""
    if vcs.commits_unknown:
        return f"Previous commit {code(previous[:_ID])}: {plain(vcs.commits_unknown)}"
    return f"No commits since {code(previous[:_ID])}"


def _authors(commits: tuple[Commit, ...]) -> str:
    names = list(dict.fromkeys(commit.author for commit in commits if commit.author))
    named = ", ".join(plain(name, 60) for name in names[:_AUTHORS])
    more = len(names) - _AUTHORS
    return f"{named} and {more} more" if more > 0 else named or "unknown"
