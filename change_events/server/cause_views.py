"""Causes on pages: a sentence, the path from the attribute to the line, and links to commits and pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.context.repository import change_number, repository_of
from change_events.model import CauseKind, Confidence
from change_events.report.facts import href
from change_events.summary.causes import KINDS
from change_events.summary.change_text import file_place
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.context.repository import Repository
    from change_events.model import Cause, CauseCommit, SharedCause, Vcs

_ID = 7
_LONG = 300
_ATTRIBUTES = 3


class CommitView(NamedTuple):
    """A commit: ``href`` is its page, ``change_href`` that of its pull request; empty if unknown."""

    name: str
    href: str
    subject: str
    author: str
    change: str
    change_href: str


class CauseView(NamedTuple):
    """One cause: ``because text in place, sort, commit``; for an unknown cause, ``text`` is the reason.

    Attributes:
        changes: number of changes it explains; 0 for the cause of a single change, or of none.
        sort: kind of the cause in words; empty for an edited line.
        commits: commits, newest first.
        path: path from the attributes to the line.
    """

    changes: int
    unknown: bool
    likely: bool
    text: str
    place: str
    sort: str
    commits: tuple[CommitView, ...]
    path: tuple[str, ...]


def shared_view(cause: SharedCause, vcs: Vcs | None) -> CauseView:
    """Return a shared cause of an event made from ``vcs``."""
    return cause_view(cause, vcs)._replace(changes=cause.changes)


def cause_view(cause: Cause, vcs: Vcs | None) -> CauseView:
    """Return the cause of one change."""
    place = one_line(file_place(cause.file, cause.line))
    return CauseView(
        changes=0,
        unknown=cause.kind is CauseKind.UNKNOWN,
        likely=cause.confidence is Confidence.LIKELY,
        text=one_line(cause.text),
        place=place,
        sort=KINDS.get(cause.kind, ""),
        commits=tuple(_commit(commit, vcs) for commit in cause.commits),
        path=tuple(_path(cause, place)),
    )


def _path(cause: Cause, place: str) -> Iterator[str]:
    if not cause.attributes or cause.kind is CauseKind.UNKNOWN:
        return
    more = len(cause.attributes) - _ATTRIBUTES
    shown = ", ".join(one_line(path) for path in cause.attributes[:_ATTRIBUTES])
    yield shown + (f" and {more} more" if more > 0 else "")
    yield from (part for part in (one_line(cause.text), place) if part)


def _commit(commit: CauseCommit, vcs: Vcs | None) -> CommitView:
    change = commit.pull_request or ""
    return CommitView(
        name=one_line(commit.id[:_ID]),
        href=commit_page(commit.id, vcs),
        subject=one_line(commit.subject or "", _LONG),
        author=one_line(commit.author or "", _LONG),
        change=one_line(change, 40),
        change_href=href(_repository(vcs).change_page(change_number(change.lstrip("#!")))) if vcs and change else "",
    )


def commit_page(commit: str, vcs: Vcs | None) -> str:
    """Return the URL of another commit of the repository; empty if unknown.

    It is derived from the URL of the event's own commit, since a CI system may have named the server.
    """
    if vcs is None or not commit:
        return ""
    if vcs.commit and vcs.commit_url and vcs.commit_url.endswith(vcs.commit):
        return href(vcs.commit_url.removesuffix(vcs.commit) + commit) if commit.isalnum() else ""
    return href(_repository(vcs).commit_page(commit))


def _repository(vcs: Vcs) -> Repository:
    return repository_of(vcs.remote or vcs.url or "")
