"""Renders the sender's parts of an explicit event: message, commits and data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.cli.render.changes import INDENT
from change_events.cli.render.terminal import clean, clean_lines, indented, paint
from change_events.summary.explicit_message import own_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.model import ChangeEvent, Vcs

_ID = 10  # characters of a commit


def sections(event: ChangeEvent, limit: int | None) -> Sequence[tuple[str, list[str]]]:
    """Yield headings and lines, none for empty sections; at most ``limit`` commits, None for all."""
    message = own_part(event) if event.explicit else ""
    return (
        ("Message", [f"{INDENT}{line}" for line in clean_lines(message)]),
        ("Commits", list(_commits(event.vcs, limit)) if event.vcs else []),
        ("Data", list(_data(event))),
    )


def _commits(vcs: Vcs, limit: int | None) -> Iterator[str]:
    if vcs.previous and not vcs.commits:
        why = vcs.commits_unknown or "no commits since"
        yield f"{INDENT}previous {clean(vcs.previous[:_ID])}: {clean(why)}"
    shown = vcs.commits[:limit]
    for commit in shown:
        author = paint(f"  {clean(commit.author)}", dim=True) if commit.author else ""
        yield f"{INDENT}{clean(commit.id[:_ID])} {clean(commit.subject or '')}{author}"
    left = len(vcs.commits) - len(shown) + vcs.commits_omitted
    if left:
        yield f"{INDENT}… and {left} more"


def _data(event: ChangeEvent) -> Iterator[str]:
    if event.data:
        text = indented(msgspec.json.encode(event.data))
        yield from (f"{INDENT}{line}" for line in text.splitlines())
